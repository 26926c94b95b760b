"""How far a profile's places were read, what came of each, and how its collecting goes about it."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Sequence

import aiosqlite

from db.connection import Database
from db.keys import Keyring
from db.sql import SQL
from db.stored import Coverage, Outcome, PlaceResult, Plan, Range


class Collections:
    """What a collecting needs to go on where it stopped."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    async def ranges(self, profile_id: int) -> dict[int, tuple[Range, ...]]:
        """What was read, by channel, newest first."""
        return (await self.standing(profile_id))[0]

    async def places(self, profile_id: int) -> dict[int, PlaceResult]:
        """What came of each place, by channel."""
        return (await self.standing(profile_id))[1]

    async def standing(self, profile_id: int) -> tuple[dict[int, tuple[Range, ...]], dict[int, PlaceResult]]:
        """`ranges` and `places` of one and the same moment, so that whoever goes on from them counts no page twice."""

        def both(connection: sqlite3.Connection) -> tuple[list[sqlite3.Row], list[sqlite3.Row]]:
            profile = {"profile_id": profile_id}
            connection.execute("BEGIN")
            try:
                ranges = connection.execute(SQL.ranges_of.sql, profile).fetchall()
                return ranges, connection.execute(SQL.places_of.sql, profile).fetchall()
            finally:
                connection.rollback()

        async with self._database.read() as connection:
            ranges, places = await connection.visit(both)
        found: dict[int, list[Range]] = defaultdict(list)
        for row in ranges:
            found[row["channel_id"]].append(Range(row["top_id"], row["before_id"]))
        return (
            {channel_id: tuple(each) for channel_id, each in found.items()},
            {row["channel_id"]: _result(row) for row in places},
        )

    async def forget_ranges(self, profile_id: int) -> None:
        """Let the next collecting read everything anew."""
        async with self._database.write() as connection:
            await SQL.erase_ranges(connection, profile_id=profile_id)

    async def note_places(self, profile_id: int, results: Sequence[PlaceResult]) -> None:
        """Keep what came of places, in place of what was kept of them before; their ranges stay as they are.

        Raises KeyDestroyed where the profile was forgotten meanwhile.
        """
        await self._keyring.key_for(profile_id)
        async with self._database.write() as connection:
            await self._keyring.require(connection, profile_id)
            await connection.visit(lambda visited: put_places(visited, profile_id, results))

    async def plan(self, profile_id: int) -> Plan | None:
        """How the collecting that is not finished goes about it, if there is one."""
        async with self._database.read() as connection:
            row = await SQL.plan_of(connection, profile_id=profile_id)
        return None if row is None else Plan(row["method"], row["upper_id"], row["requests"], row["made"])

    async def put_plan(self, profile_id: int, plan: Plan) -> None:
        """Keep the plan, in place of an older one; raises KeyDestroyed where the profile was forgotten meanwhile."""
        await self._keyring.key_for(profile_id)
        async with self._database.write() as connection:
            await self._keyring.require(connection, profile_id)
            await SQL.put_plan(
                connection,
                profile_id=profile_id,
                method=plan.method,
                upper_id=plan.upper_id,
                requests=plan.requests,
                made=plan.made,
            )

    async def end_plan(self, profile_id: int) -> None:
        """Drop the plan: the collecting is finished."""
        async with self._database.write() as connection:
            await SQL.erase_plan(connection, profile_id=profile_id)


def _result(row: sqlite3.Row) -> PlaceResult:
    return PlaceResult(
        row["channel_id"],
        Outcome(row["outcome"]),
        row["reason"],
        row["pages"],
        row["seen"],
        row["kept"],
        json.loads(row["dropped"]),
    )


def put_coverage(connection: sqlite3.Connection, profile_id: int, coverage: Coverage) -> None:
    """Let all ranges of a channel be these, and its result the given one; in the connection's thread."""
    place = {"profile_id": profile_id, "channel_id": coverage.channel_id}
    connection.execute(SQL.erase_ranges_of.sql, place)
    ranges = [{**place, "top_id": each.top_id, "before_id": each.before_id} for each in coverage.ranges]
    connection.executemany(SQL.add_ranges.sql, ranges)
    if coverage.result is not None:
        put_places(connection, profile_id, [coverage.result])


def put_places(connection: sqlite3.Connection, profile_id: int, results: Sequence[PlaceResult]) -> None:
    """Let these be what came of their places; in the connection's thread."""
    connection.executemany(
        SQL.put_places.sql,
        [
            {
                "profile_id": profile_id,
                "channel_id": each.channel_id,
                "outcome": each.outcome.value,
                "reason": each.reason,
                "pages": each.pages,
                "seen": each.seen,
                "kept": each.kept,
                "dropped": json.dumps(dict(each.dropped)),
            }
            for each in results
        ],
    )


async def erase_collections(connection: aiosqlite.Connection, profile_id: int) -> int:
    """Erase all that is kept of a profile's collecting and of changes to its corpus; how many rows that were."""
    erased = 0
    for erase in (SQL.erase_ranges, SQL.erase_places, SQL.erase_plan, SQL.drop_changes, SQL.erase_amendments):
        erased += int(await erase(connection, profile_id=profile_id))
    return erased
