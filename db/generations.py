"""What each echo said, and why: drafts and what became of them, their texts as ciphertext."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import aiosqlite

from db.cipher import Cipher
from db.codec import time_from_text, time_to_text
from db.connection import Database
from db.errors import NothingStored
from db.keys import Keyring
from db.sql import SQL
from states.model import SessionSnapshot


@dataclass(frozen=True, slots=True)
class Said:
    """Message `part` (from 0) of a draft stood in the channel as `message_id` at `at`."""

    part: int
    message_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Generation:
    """One draft. Seconds: `delay` before the first text, `typing` of it typing, `gaps` before each later text.

    `chance` (0..1) is how likely speaking was, `why` the reason, `model` what made it; `said` is what was sent of it.
    """

    id: int
    profile_id: int
    session_id: int
    turn: int
    created_at: datetime
    texts: tuple[str, ...]
    delay: float
    typing: float
    gaps: tuple[float, ...]
    chance: float
    why: str
    model: str
    said: tuple[Said, ...]


class Generations:
    """Stores drafts and reads them back."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    async def draft(
        self,
        session: SessionSnapshot,
        turn: int,
        texts: Sequence[str],
        delay: float,
        typing: float,
        gaps: Sequence[float],
        chance: float,
        why: str,
        model: str,
        at: datetime,
    ) -> int:
        """Keep the draft of thought `turn`; its id, which is the same when a crash made the thought be thought twice.

        The newer draft then replaces the older one, unless some of that was said already: that one stays.
        Raises KeyDestroyed where the profile was forgotten meanwhile.
        """
        cipher = await self._keyring.key_for(session.profile_id)
        sealed = cipher.seal(json.dumps(list(texts)).encode(), *_place(session.profile_id, session.id, turn))
        async with self._database.write() as connection:
            await self._keyring.require(connection, session.profile_id)
            put = await SQL.put_draft(
                connection,
                profile_id=session.profile_id,
                session_id=session.id,
                turn=turn,
                created_at=time_to_text(at),
                texts=sealed,
                delay=delay,
                typing=typing,
                gaps=json.dumps(list(gaps)),
                chance=chance,
                why=why,
                model=model,
            )
            return int(put or await SQL.draft_of(connection, session_id=session.id, turn=turn))

    async def texts(self, generation_id: int, profile_id: int) -> tuple[str, ...]:
        """The messages of a draft; raises NothingStored where it is not kept (any more)."""
        cipher = await self._keyring.key_for(profile_id)
        async with self._database.read() as connection:
            row = await SQL.generation(connection, id=generation_id, profile_id=profile_id)
        if row is None:
            raise NothingStored("What was to be said is not stored any more: nothing was said.")
        return _open(cipher, row)

    async def mark_said(self, generation_id: int, part: int, message_id: int, at: datetime) -> None:
        """Note that a part stands in the channel; a second time changes nothing."""
        async with self._database.write() as connection:
            await SQL.put_said_part(
                connection, generation_id=generation_id, part=part, message_id=message_id, said_at=time_to_text(at)
            )

    async def blank(self, profile_id: int, message_id: int) -> None:
        """Forget the words that were said as this message; what else its draft holds stays."""
        cipher = await self._keyring.key_for(profile_id)
        async with self._database.write() as connection:
            row = await SQL.said_message(connection, message_id=message_id)
            if row is None or row["profile_id"] != profile_id:
                return
            texts = list(_open(cipher, row))
            texts[row["part"]] = ""
            sealed = cipher.seal(json.dumps(texts).encode(), *_place(profile_id, row["session_id"], row["turn"]))
            await SQL.reseal_generation(connection, id=row["id"], texts=sealed)

    async def latest(self, profile_id: int, limit: int) -> list[Generation]:
        """The newest `limit` drafts of a profile, oldest first, opened."""
        cipher = await self._keyring.key_for(profile_id)
        async with self._database.read() as connection:
            rows = [row async for row in SQL.latest_generations(connection, profile_id=profile_id, rows=limit)]
            return [_generation(cipher, row, await _said(connection, row["id"])) for row in reversed(rows)]


async def _said(connection: aiosqlite.Connection, generation_id: int) -> tuple[Said, ...]:
    rows = SQL.said_parts(connection, generation_id=generation_id)
    return tuple([Said(row["part"], row["message_id"], time_from_text(row["said_at"])) async for row in rows])


def _place(profile_id: int, session_id: int, turn: int) -> tuple[str | int, ...]:
    return ("generation", profile_id, session_id, turn)


def _open(cipher: Cipher, row: sqlite3.Row) -> tuple[str, ...]:
    return tuple(json.loads(cipher.open(row["texts"], *_place(row["profile_id"], row["session_id"], row["turn"]))))


def _generation(cipher: Cipher, row: sqlite3.Row, said: tuple[Said, ...]) -> Generation:
    return Generation(
        id=row["id"],
        profile_id=row["profile_id"],
        session_id=row["session_id"],
        turn=row["turn"],
        created_at=time_from_text(row["created_at"]),
        texts=_open(cipher, row),
        delay=row["delay"],
        typing=row["typing"],
        gaps=tuple(json.loads(row["gaps"])),
        chance=row["chance"],
        why=row["why"],
        model=row["model"],
        said=said,
    )
