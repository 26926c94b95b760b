"""A profile's corpus: what the subject wrote and what they answered, as ciphertext, and how far it was read."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from db.cipher import Cipher
from db.codec import time_to_text
from db.connection import Database
from db.keys import Keyring
from db.sql import SQL
from states.model import ProfileSnapshot

PAGE = 1000
"""Rows that are sealed, written, read and opened at a time; 500 to 1,000 is where SQLite is quickest."""
CONTEXT_REACH = 12 * 3600.0
"""Seconds before the oldest of the subject's messages from which on others' messages are context."""


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """One message. `user_id` and `author` are who wrote it; `own`: that is the subject. `ts`: epoch seconds, UTC."""

    message_id: int
    user_id: int
    server_id: int
    channel_id: int
    ts: float
    text: str
    author: str
    own: bool
    reply_to: int | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a channel was read: all from the cut-off down to `before_id`. `seen` and `kept` count messages."""

    channel_id: int
    before_id: int
    done: bool
    seen: int
    kept: int


class Corpus:
    """Stores and reads the messages of profiles. `clock` gives the time of storing, from which retention counts."""

    def __init__(self, database: Database, keyring: Keyring, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._keyring = keyring
        self._clock = clock

    async def cursors(self, profile_id: int) -> dict[int, Cursor]:
        """The cursors of a profile by channel."""
        async with self._database.read() as connection:
            rows = [row async for row in SQL.cursors_of(connection, profile_id=profile_id)]
        return {
            row["channel_id"]: Cursor(row["channel_id"], row["before_id"], bool(row["done"]), row["seen"], row["kept"])
            for row in rows
        }

    async def store(self, profile: ProfileSnapshot, rows: Sequence[StoredMessage], cursor: Cursor | None) -> None:
        """Keep messages and how far their channel was read, together; a message that is kept already stays as it is.

        Raises KeyDestroyed where the profile was forgotten meanwhile.
        """
        cipher = await self._keyring.key_for(profile.id)
        stored_at = time_to_text(self._clock())
        sealed = await asyncio.to_thread(_seal, cipher, profile.id, rows, stored_at) if rows else []
        async with self._database.write() as connection:
            await self._keyring.require(connection, profile.id)
            for start in range(0, len(sealed), PAGE):
                await SQL.add_messages(connection, sealed[start : start + PAGE])
            if cursor is not None:
                await SQL.put_cursor(
                    connection,
                    profile_id=profile.id,
                    channel_id=cursor.channel_id,
                    before_id=cursor.before_id,
                    done=cursor.done,
                    seen=cursor.seen,
                    kept=cursor.kept,
                )

    async def count(self, profile_id: int) -> int:
        """How many of the subject's own messages are stored."""
        async with self._database.read() as connection:
            return int(await SQL.count_own_messages(connection, profile_id=profile_id))

    async def read(self, profile_id: int, newest: int) -> list[StoredMessage]:
        """The subject's `newest` newest messages and others' since CONTEXT_REACH before them, oldest first.

        Raises Tampered where a row does not open, KeyDestroyed where the profile was forgotten.
        """
        cipher = await self._keyring.key_for(profile_id)
        async with self._database.read() as connection:
            first = await SQL.oldest_of_newest(connection, profile_id=profile_id, newest=newest)
        if first is None:
            return []
        found: list[StoredMessage] = []
        last = (first["timestamp"] - CONTEXT_REACH, 0)
        while True:
            page = await self._page(profile_id, tuple(first), last)
            found.extend(await asyncio.to_thread(_open, cipher, profile_id, page))
            if len(page) < PAGE:
                return found
            last = (page[-1]["timestamp"], page[-1]["message_id"])

    async def clear_cursors(self, profile_id: int) -> None:
        """Let the next collecting begin at the cut-off again."""
        async with self._database.write() as connection:
            await SQL.clear_cursors(connection, profile_id=profile_id)

    async def _page(self, profile_id: int, first_own: tuple[float, int], last: tuple[float, int]) -> list[sqlite3.Row]:
        # Page by page, so that reading a long corpus holds back neither other readers nor the emptying of the log.
        async with self._database.read() as connection:
            rows = SQL.messages_after(
                connection,
                profile_id=profile_id,
                own_timestamp=first_own[0],
                own_id=first_own[1],
                after_timestamp=last[0],
                after_id=last[1],
                page=PAGE,
            )
            return [row async for row in rows]


def _place(profile_id: int, server_id: int, user_id: int, channel_id: int, message_id: int) -> tuple[str | int, ...]:
    return ("message", profile_id, server_id, user_id, channel_id, message_id)


def _seal(cipher: Cipher, profile_id: int, rows: Iterable[StoredMessage], stored_at: str) -> list[dict[str, Any]]:
    return [
        {
            "user_id": row.user_id,
            "server_id": row.server_id,
            "channel_id": row.channel_id,
            "message_content": cipher.seal(
                # Lone surrogates are no UTF-8, but JSON's escapes carry them.
                json.dumps([row.text, row.author, row.reply_to]).encode(),
                *_place(profile_id, row.server_id, row.user_id, row.channel_id, row.message_id),
            ),
            "timestamp": row.ts,
            "message_id": row.message_id,
            "profile_id": profile_id,
            "own": row.own,
            "stored_at": stored_at,
        }
        for row in rows
    ]


def _open(cipher: Cipher, profile_id: int, rows: Iterable[sqlite3.Row]) -> list[StoredMessage]:
    return [_open_one(cipher, profile_id, row) for row in rows]


def _open_one(cipher: Cipher, profile_id: int, row: sqlite3.Row) -> StoredMessage:
    user_id, server_id, channel_id = row["user_id"], row["server_id"], row["channel_id"]
    place = _place(profile_id, server_id, user_id, channel_id, row["message_id"])
    text, author, reply_to = json.loads(cipher.open(row["message_content"], *place))
    return StoredMessage(
        message_id=row["message_id"],
        user_id=user_id,
        server_id=server_id,
        channel_id=channel_id,
        ts=row["timestamp"],
        text=text,
        author=author,
        own=bool(row["own"]),
        reply_to=reply_to,
    )
