"""Sealing and storing messages against the plain calls that it is made of."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.figures import Figure, Scale, by_turns
from db.connection import Database
from db.corpus import Corpus, StoredMessage
from db.keys import Keyring
from states.model import ProfileSnapshot
from tests.support.snapshots import NOON, birth, messages
from tests.support.stored_steps import steps_of

MESSAGES: Final = 20_000
PAGE: Final = 100
"""Messages of one page of Discord's, which is what collecting stores at a time."""
BATCH: Final = 1000
_INSERT: Final = (
    "INSERT INTO user_messages (user_id, server_id, channel_id, message_content, timestamp, message_id, profile_id, "
    "own, stored_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


async def measure(scale: Scale, folder: Path) -> list[Figure]:
    """Messages a second, in large batches and page by page."""
    rows, numbers = messages(scale.of(MESSAGES, 1000)), count()

    async def stored(size: int) -> float:
        return await _stored(folder / f"echo-{next(numbers)}.db", rows, size)

    async def plain() -> float:
        return _plainly(folder / f"plain-{next(numbers)}.db", folder / "echo-0.db", rows)

    await stored(BATCH)
    named = "json, AES-GCM and executemany by 1,000"
    batched = await by_turns(scale.runs, lambda: stored(BATCH), plain)
    paged = await by_turns(scale.runs, lambda: stored(PAGE), plain)
    return [
        Figure("storing, 1,000 at a time", "messages/s", batched[0], named, batched[1]),
        Figure("storing, a page of 100 at a time", "messages/s", paged[0], named, paged[1]),
    ]


async def _stored(path: Path, rows: Sequence[StoredMessage], size: int) -> float:
    """Messages a second into a new file, `size` at a time."""
    async with Database(path) as database:
        keyring, steps = Keyring(database, bytes(32)), steps_of(database)
        await keyring.open()
        corpus = Corpus(database, keyring, lambda: NOON)
        profile = (await steps.record(birth())).snapshot
        assert isinstance(profile, ProfileSnapshot)
        began = time.perf_counter()
        for start in range(0, len(rows), size):
            await corpus.store(profile, rows[start : start + size])
        return len(rows) / (time.perf_counter() - began)


def _plainly(path: Path, like: Path, rows: Sequence[StoredMessage]) -> float:
    """Messages a second without Echo: a table and indexes as in the file `like`, one thread, no lock, no check."""
    with closing(sqlite3.connect(f"file:{like}?mode=ro", uri=True)) as known:
        wanted = "SELECT sql FROM sqlite_master WHERE tbl_name = 'user_messages' AND sql IS NOT NULL"
        schema = [sql for (sql,) in known.execute(wanted)]
    with closing(sqlite3.connect(path)) as connection:
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")
        for sql in schema:
            connection.execute(sql)
        aead = AESGCM(bytes(32))
        began = time.perf_counter()
        for start in range(0, len(rows), BATCH):
            with connection:
                connection.executemany(_INSERT, [_sealed(aead, row) for row in rows[start : start + BATCH]])
        return len(rows) / (time.perf_counter() - began)


def _sealed(aead: AESGCM, row: StoredMessage) -> tuple[object, ...]:
    nonce, place = os.urandom(12), f"{row.server_id}|{row.user_id}|{row.channel_id}|{row.message_id}".encode()
    sealed = nonce + aead.encrypt(nonce, json.dumps([row.text, row.author, row.reply_to]).encode(), place)
    return row.user_id, row.server_id, row.channel_id, sealed, row.ts, row.message_id, 1, row.own, "2026-06-15"
