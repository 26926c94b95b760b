"""Where the messages stood that models have learnt from: ids, kept as long as the model, longer than the messages."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping

from db.connection import Database
from db.keys import Keyring
from db.sql import SQL

BATCH = 1000
"""Rows of one transaction."""


class Sources:
    """Keeps the channel of each message that a profile's models know."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    async def add(self, profile_id: int, channels: Mapping[int, int]) -> None:
        """These messages are learnt from; message id -> channel id.

        Raises KeyDestroyed where the profile was forgotten meanwhile.
        """
        rows = [{"profile_id": profile_id, "message_id": one, "channel_id": place} for one, place in channels.items()]
        for start in range(0, len(rows), BATCH):
            some = rows[start : start + BATCH]

            def add(connection: sqlite3.Connection, some: list[dict[str, int]] = some) -> None:
                self._keyring.require_at_once(connection, profile_id)
                connection.executemany(SQL.add_sources.sql, some)

            await self._database.write_at_once(add)

    async def note_version(self, profile_id: int, version: int, channel_ids: Iterable[int]) -> None:
        """This version is learnt from what stood in these channels, in place of what was noted of it before.

        Raises KeyDestroyed where the profile was forgotten meanwhile.
        """
        async with self._database.write() as connection:
            await self._keyring.require(connection, profile_id)
            await SQL.drop_learnt_channels(connection, profile_id=profile_id, version=version)
            for channel_id in sorted(set(channel_ids)):
                await SQL.add_learnt_channel(connection, profile_id=profile_id, version=version, channel_id=channel_id)

    async def remove(self, profile_id: int, message_ids: Iterable[int]) -> None:
        """No model knows these any more."""
        ids = sorted(set(message_ids))
        for start in range(0, len(ids), BATCH):
            async with self._database.write() as connection:
                await SQL.drop_sources(connection, profile_id=profile_id, ids=json.dumps(ids[start : start + BATCH]))

    async def of(self, profile_id: int) -> dict[int, list[int]]:
        """The ids of the messages by channel."""

        def all_of_it(connection: sqlite3.Connection) -> list[sqlite3.Row]:
            return connection.execute(SQL.sources_of.sql, {"profile_id": profile_id}).fetchall()

        async with self._database.read() as connection:
            rows = await connection.visit(all_of_it)
        found: defaultdict[int, list[int]] = defaultdict(list)
        for message_id, channel_id in rows:
            found[channel_id].append(message_id)
        return dict(found)

    async def channels_of(self, profile_id: int, version: int) -> frozenset[int]:
        """The channels of which a version has learnt anything; none where that is not known."""
        async with self._database.read() as connection:
            rows = SQL.learnt_channels(connection, profile_id=profile_id, version=version)
            return frozenset([row["channel_id"] async for row in rows])
