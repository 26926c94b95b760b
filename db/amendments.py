"""What changed in corpora that models do not know yet: ids of messages, until models are amended or learnt anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

import aiosqlite

from db.connection import Database
from db.sql import SQL


@dataclass(frozen=True, slots=True)
class Noted:
    """The messages that were written, edited or removed, each once; `upto` names the newest of the notes."""

    message_ids: frozenset[int]
    upto: int


class Amendments:
    """Reads and ends what the corpus notes (`note`), in the transaction in which it changes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pending(self, profile_id: int) -> Noted:
        """What a profile's model does not know yet."""
        async with self._database.read() as connection:
            rows = [row async for row in SQL.pending_amendments(connection, profile_id=profile_id)]
        return Noted(frozenset(row["message_id"] for row in rows), rows[-1]["id"] if rows else 0)

    async def newest(self, profile_id: int) -> int:
        """Up to which note a corpus that is read from now on holds what changed; 0 where nothing is noted."""
        async with self._database.read() as connection:
            return int(await SQL.newest_amendment(connection, profile_id=profile_id))

    async def drop(self, profile_id: int, upto: int) -> None:
        """The model knows this much; what was noted since stays."""
        async with self._database.write() as connection:
            await SQL.drop_amendments(connection, profile_id=profile_id, upto=upto)


async def note(connection: aiosqlite.Connection, changed: Iterable[tuple[int, int]]) -> None:
    """Note messages that changed, as (profile id, message id), within the transaction in which they do.

    A profile that has no model, and is not just learning one, has nothing to be amended.
    """
    await SQL.add_amendments(connection, [{"profile_id": of, "message_id": message_id} for of, message_id in changed])


def note_at_once(connection: sqlite3.Connection, changed: Iterable[tuple[int, int]]) -> None:
    """The same in the connection's thread."""
    rows = [{"profile_id": of, "message_id": message_id} for of, message_id in changed]
    connection.executemany(SQL.add_amendments.sql, rows)
