"""What each answer of an engine took: figures without any text, and what they come to for each profile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

import aiosqlite

from db.connection import Database
from db.sql import SQL
from db.stored import AnswerMeasured
from states.measures import Measures, Spread, Summary

NEWEST: Final = 60
"""Answers of which the board shows what each took: as many as a narrow screen has cells for."""
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


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
        """Keep these, in one transaction; those of a profile that is forgotten or unknown are dropped."""
        async with self._database.write() as connection:
            await SQL.put_measures(connection, [asdict(one) for one in measured])

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
            if not day.total:
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


async def _summary(connection: aiosqlite.Connection, profile_id: int, since: datetime) -> Summary:
    of = {"profile_id": profile_id, "since": since.timestamp()}
    outcomes = [(row["outcome"], row["answers"]) async for row in SQL.measured_outcomes(connection, **of)]
    sums = await SQL.measured_sums(connection, **of)
    spreads = {row["what"]: Spread(row["p50"], row["p95"]) async for row in SQL.measured_spreads(connection, **of)}
    return Summary(
        outcomes=tuple(outcomes),
        first_token=spreads.get("first_token"),
        seconds=spreads.get("seconds"),
        wait=spreads.get("wait"),
        **dict(sums),
    )
