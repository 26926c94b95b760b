"""Scorecards: how like its person each model of an echo was found. They hold figures, and no words of anybody."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Final

from db.codec import time_from_text, time_to_text
from db.connection import Database
from db.sql import SQL
from states.scores import Axis, Better, Scorecard

KEPT: Final = 50
"""Versions of one profile of which the card is kept, the newest."""


class Scorecards:
    """Keeps one card for each version of a profile's model."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, profile_id: int, card: Scorecard) -> None:
        """Keep a card, in place of an earlier one of the same version."""
        async with self._database.write() as connection:
            await SQL.put_scorecard(
                connection,
                profile_id=profile_id,
                version=card.version,
                axes=_written(card.axes),
                weakest=card.weakest,
                passed=int(card.passed),
                sentence=card.sentence,
                moments=card.moments,
                seconds=card.seconds,
                at=time_to_text(card.at),
            )
            await SQL.drop_older_scorecards(connection, profile_id=profile_id, kept=KEPT)

    async def of(self, profile_id: int) -> tuple[Scorecard, ...]:
        """The cards of one profile, oldest first."""
        async with self._database.read() as connection:
            return tuple([_card(row) async for row in SQL.scorecards_of(connection, profile_id=profile_id)])

    async def every(self) -> dict[int, tuple[Scorecard, ...]]:
        """The cards of all profiles, by profile, oldest first."""
        found: dict[int, tuple[Scorecard, ...]] = {}
        async with self._database.read() as connection:
            async for row in SQL.every_scorecard(connection):
                found[row["profile_id"]] = (*found.get(row["profile_id"], ()), _card(row))
        return found


def _written(axes: Sequence[Axis]) -> str:
    return json.dumps([[a.key, a.figure, a.ceiling, a.floor, a.better.value] for a in axes], separators=(",", ":"))


def _card(row: sqlite3.Row) -> Scorecard:
    return Scorecard(
        version=row["version"],
        axes=tuple(
            Axis(key, figure, ceiling, floor, Better(better))
            for key, figure, ceiling, floor, better in json.loads(row["axes"])
        ),
        weakest=row["weakest"],
        passed=bool(row["passed"]),
        sentence=row["sentence"],
        moments=row["moments"],
        seconds=row["seconds"],
        at=time_from_text(row["at"]),
    )
