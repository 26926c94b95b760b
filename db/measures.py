"""What each answer of an engine took: figures without any text, and what they come to for each profile."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

import aiosqlite

from db.connection import Database
from db.sql import SQL
from db.stored import AnswerMeasured
from states.measures import Measures, Spread, Summary
from states.objections import Objection

NEWEST: Final = 60
"""Answers of which the board shows what each took: as many as a narrow screen has cells for."""
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
MOST: Final = 2**40
"""No figure of one answer is larger; what a server claims beyond that would overflow a sum."""
_KINDS: Final = frozenset(kind.value for kind in Objection)
NAMED: Final = 200
"""Characters of a name that are kept."""


@dataclass(frozen=True, slots=True)
class HostMeasured:
    """How many answers were asked of a base model on a host, and how many of these failed."""

    host: str
    base: str
    answers: int
    failures: int


class MeasureLog:
    """Keeps what answers took, and sums it up."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, measured: Sequence[AnswerMeasured]) -> None:
        """Keep these, in one transaction; those of a profile that is forgotten or unknown are dropped.

        Figures come from servers that may claim anything: what is no number or below 0 is kept as 0, what is above
        MOST as MOST.
        """
        async with self._database.write() as connection:
            await SQL.put_measures(connection, [_bounded(one) for one in measured])

    async def profiles(self, since: datetime) -> list[int]:
        """The ids of the profiles of which there are measurements since then, in order."""
        async with self._database.read() as connection:
            return [row["profile_id"] async for row in SQL.measured_profiles(connection, since=since.timestamp())]

    async def summary(self, profile_id: int, since: datetime) -> Summary:
        """What the profile's answers took since then."""
        async with self._database.read() as connection:
            return await _summary(connection, profile_id, since)

    async def shown(self, profile_id: int, now: datetime) -> Measures | None:
        """What the board shows of a profile; None where nothing was asked of it within a day."""
        async with self._database.read() as connection:
            day = await _summary(connection, profile_id, now - DAY)
            if not day.outcomes:
                return None
            hour = await _summary(connection, profile_id, now - HOUR)
            since = (now - DAY).timestamp()
            newest = SQL.newest_measures(connection, profile_id=profile_id, since=since, rows=NEWEST)
            rows = [row async for row in newest][::-1]
        speeds = (row["tokens"] / row["token_seconds"] for row in rows if row["tokens"] and row["token_seconds"] > 0)
        return Measures(hour, day, tuple(row["seconds"] for row in rows), tuple(speeds))

    async def hosts(self, since: datetime) -> list[HostMeasured]:
        """What was asked of each host and base model since then, by name."""
        async with self._database.read() as connection:
            rows = SQL.measured_hosts(connection, since=since.timestamp())
            return [HostMeasured(row["host"], row["base"], row["answers"], row["failures"]) async for row in rows]


def _bounded(one: AnswerMeasured) -> dict[str, int | float | str | None]:
    figures = {name: _sane(figure) for name, figure in asdict(one).items() if name != "objections"}
    kinds = {kind: _sane(count) for kind, count in sorted(one.objections) if kind in _KINDS and count > 0}
    return {**figures, "objections": json.dumps(kinds) if kinds else ""}


def _sane(figure: int | float | str | None) -> int | float | str | None:
    match figure:
        case None:
            return None
        case str():
            return figure[:NAMED].encode("utf-8", "replace").decode()
        case float():
            return 0.0 if math.isnan(figure) else min(max(figure, 0.0), float(MOST))
        case _:
            return min(max(figure, 0), MOST)


async def _summary(connection: aiosqlite.Connection, profile_id: int, since: datetime) -> Summary:
    of = {"profile_id": profile_id, "since": since.timestamp()}
    outcomes = [(row["outcome"], row["answers"]) async for row in SQL.measured_outcomes(connection, **of)]
    failures = [(row["failure"], row["answers"]) async for row in SQL.measured_failures(connection, **of)]
    sums = await SQL.measured_sums(connection, **of)
    objections: Counter[str] = Counter()
    async for row in SQL.measured_objections(connection, **of):
        for kind, count in json.loads(row["objections"]).items():
            objections[kind] += count * row["answers"]
    spreads = {row["what"]: Spread(row["p50"], row["p95"]) async for row in SQL.measured_spreads(connection, **of)}
    return Summary(
        outcomes=tuple(outcomes),
        failures=tuple(failures),
        first_token=spreads.get("first_token"),
        seconds=spreads.get("seconds"),
        wait=spreads.get("wait"),
        objections=tuple(sorted(objections.items(), key=lambda item: (-item[1], item[0]))),
        **dict(sums),
    )
