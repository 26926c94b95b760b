"""Taking out of one corpus what its subject does not let be read any more."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from db.amendments import note
from db.collections import put_places
from db.connection import Database
from db.sql import SQL
from db.stored import Outcome, PlaceResult

BATCH = 500
"""Rows removed in one transaction: some milliseconds, so that other steps get their turn in between."""
NOT_AGREED = "The person has not agreed that it is read."


async def channels_of(database: Database, profile_id: int) -> set[int]:
    """The channels and threads of which a profile's corpus holds anything."""
    async with database.read() as connection:
        return {row["channel_id"] async for row in SQL.channels_of(connection, profile_id=profile_id)}


async def remove_channels(database: Database, profile_id: int, channel_ids: Iterable[int]) -> int:
    """Remove from one corpus all that came from channels, with what was made of it; how many messages there were.

    The model is to be amended by what is removed. That a channel was not read is kept, so that it is read from its
    beginning where the subject agrees to it later.
    """
    return sum([await _remove(database, profile_id, channel_id) for channel_id in sorted(set(channel_ids))])


async def remove_since(database: Database, profile_id: int, since: datetime) -> int:
    """Remove from one corpus all that was written at this time or later; how many messages there were."""
    removed, last = 0, BATCH
    while last == BATCH:
        async with database.write() as connection:
            rows = SQL.remove_of_profile_since(connection, profile_id=profile_id, since=since.timestamp(), batch=BATCH)
            gone = [row["message_id"] async for row in rows]
            await note(connection, [(profile_id, one) for one in gone])
            if gone:
                await SQL.drop_datasets_of(connection, profile_ids=json.dumps([profile_id]))
                await SQL.erase_open_moments(connection, profile_id=profile_id)
        last = len(gone)
        removed += last
    return removed


async def _remove(database: Database, profile_id: int, channel_id: int) -> int:
    place, removed, last = {"profile_id": profile_id, "channel_id": channel_id}, 0, BATCH
    skipped = PlaceResult(channel_id, Outcome.SKIPPED, NOT_AGREED)
    while last == BATCH:
        async with database.write() as connection:
            rows = SQL.remove_of_profile_from_place(connection, batch=BATCH, **place)
            gone = [row["message_id"] async for row in rows]
            await note(connection, [(profile_id, one) for one in gone])
            await SQL.drop_datasets_of(connection, profile_ids=json.dumps([profile_id]))
            await SQL.drop_moments_of_profile_in_place(connection, **place)
            await SQL.erase_ranges_of(connection, **place)
            await connection.visit(lambda visited: put_places(visited, profile_id, [skipped]))
        last = len(gone)
        removed += last
    return removed
