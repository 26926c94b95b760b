"""What was said in each session: bounded, as ciphertext under the profile's key."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from db.cipher import Cipher
from db.codec import time_to_text
from db.connection import Database
from db.keys import Keyring
from db.sql import SQL
from states.model import SessionSnapshot

MOST = 200
"""Messages that are kept of a session, the newest."""
BYTES = 32_768
"""Of their ciphertext."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """One message: the echo's `own`, or one that it answered. `ts` in seconds since the epoch, UTC.

    `author` and `text` are what may be stored of them: scrubbed, other people's names replaced.
    """

    message_id: int
    ts: float
    author: str
    text: str
    own: bool


class Memories:
    """Keeps what was said, by session. `clock` gives the time of storing, from which retention counts."""

    def __init__(self, database: Database, keyring: Keyring, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._keyring = keyring
        self._clock = clock

    async def add(self, session: SessionSnapshot, said: Sequence[Remembered]) -> None:
        """Keep messages, and of the whole session the newest MOST in BYTES. One that is kept already stays as it is.

        Raises KeyDestroyed where the profile was forgotten meanwhile.
        """
        cipher = await self._keyring.key_for(session.profile_id)
        stored_at = time_to_text(self._clock())
        async with self._database.write() as connection:
            await self._keyring.require(connection, session.profile_id)
            for one in said:
                content = json.dumps([one.ts, one.author, one.text]).encode()
                await SQL.add_memory(
                    connection,
                    profile_id=session.profile_id,
                    session_id=session.id,
                    channel_id=session.channel_id,
                    message_id=one.message_id,
                    own=one.own,
                    content=cipher.seal(content, *_place(session.profile_id, session.id, one.message_id)),
                    stored_at=stored_at,
                )
            await SQL.trim_memories(connection, session_id=session.id, most=MOST, size=BYTES)

    async def of(self, session: SessionSnapshot) -> list[Remembered]:
        """What is kept of a session, oldest first.

        Raises Tampered where a row does not open, KeyDestroyed where the profile was forgotten.
        """
        async with self._database.read() as connection:
            rows = [row async for row in SQL.memories_of(connection, session_id=session.id)]
        if not rows:
            return []
        cipher = await self._keyring.key_for(session.profile_id)
        return [_open(cipher, row) for row in rows]

    async def of_profile(self, profile_id: int) -> list[Remembered]:
        """What is kept of all sessions of a profile; raises as `of` does."""
        async with self._database.read() as connection:
            rows = [row async for row in SQL.memories_of_profile(connection, profile_id=profile_id)]
        cipher = await self._keyring.key_for(profile_id) if rows else None
        return [_open(cipher, row) for row in rows if cipher is not None]

    async def remove(self, message_ids: Iterable[int]) -> int:
        """Forget messages that were deleted or edited, in all sessions; how many rows there were."""
        ids = json.dumps(sorted(set(message_ids)))
        async with self._database.write() as connection:
            return int(await SQL.drop_memories_of_messages(connection, ids=ids))

    async def remove_places(self, channel_ids: Iterable[int]) -> int:
        """Forget all that was said in channels that are gone; how many rows there were."""
        async with self._database.write() as connection:
            return sum(
                [int(await SQL.drop_memories_of_place(connection, channel_id=channel_id)) for channel_id in channel_ids]
            )


def _place(profile_id: int, session_id: int, message_id: int) -> tuple[str | int, ...]:
    return ("memory", profile_id, session_id, message_id)


def _open(cipher: Cipher, row: sqlite3.Row) -> Remembered:
    content = cipher.open(row["content"], *_place(row["profile_id"], row["session_id"], row["message_id"]))
    ts, author, text = json.loads(content)
    return Remembered(row["message_id"], ts, author, text, bool(row["own"]))
