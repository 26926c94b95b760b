"""Importing against the plain calls that it is made of, and whether its memory grows with what is imported."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from itertools import count, cycle, islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.chats import read, small_chat
from bench.figures import Figure, Scale, by_turns
from bench.import_child import imported
from bench.starting import ROOT
from echo.corpus.cleaning import Kind, clean_text
from echo.corpus.importing import Clean
from echo.corpus.pseudonyms import People
from echo.discord.snowflakes import COUNTER_BITS
from tests.support.snapshots import CHANNEL, SERVER, SUBJECT

MESSAGES: Final = 20_000
FEW, MANY = 10_000, 1_000_000
"""Messages of the two imports whose memory is compared."""
BATCH: Final = 500
FIRST: Final = 1_500_000_000.0
"""Epoch seconds of the first message; the others follow a second apart."""
_EPOCH: Final = 1_420_070_400.0
_COLUMNS: Final = (
    "user_id, server_id, channel_id, message_content, timestamp, message_id, profile_id, own, stored_at, provenance, "
    "bare, words"
)
_INSERT: Final = f"INSERT INTO user_messages ({_COLUMNS}) VALUES ({', '.join('?' * 12)})"
_NOTHING: Final[Mapping[str, int]] = MappingProxyType({})


async def measure(scale: Scale, folder: Path) -> list[Figure]:
    """Messages a second with and without the patterns of scrubbing, and megabytes at the most."""
    texts, name = _texts(folder)
    path, numbers = folder / "talk.jsonl", count()
    size = _write(path, texts, scale.of(MESSAGES, 1000))
    await imported(path, folder / "model", clean_text)

    def echo(clean: Clean) -> Any:
        async def measured() -> float:
            return size / await imported(path, folder / f"echo-{next(numbers)}", clean)

        return measured

    async def plain() -> float:
        return size / _plainly(path, folder / f"plain-{next(numbers)}.db", folder / "model" / "echo.db")

    bare = await by_turns(scale.runs, echo(partial(clean_text, scrubber=_unscrubbed)), plain)
    whole = await by_turns(scale.runs, echo(clean_text), plain)
    named = "json, AES-GCM and executemany by 500"
    note = f"{size:,} lines with texts of {name}; the file is read twice, checked and then stored"
    return [
        Figure("importing, without the patterns of scrubbing", "messages/s", bare[0], named, bare[1], note),
        Figure("importing, whole", "messages/s", whole[0], named, whole[1]),
        await _memory(scale, folder, texts),
    ]


async def _memory(scale: Scale, folder: Path, texts: Sequence[str]) -> Figure:
    few, many = scale.of((FEW, MANY), (500, 5_000))
    path = folder / "many.jsonl"
    peaks = []
    for size in (many, few):
        _write(path, texts, size)
        peaks.append(await _peak(path, folder / f"memory-{size}"))
    path.unlink()
    note = f"{peaks[0] - peaks[1]:+.1f} MB from {few:,} to {many:,} messages; at most 50 MB are wanted"
    return Figure(f"peak memory of importing {many:,} messages", "MB", (peaks[0],), f"{few:,}", (peaks[1],), note)


async def _peak(path: Path, home: Path) -> float:
    """Megabytes that a process of its own took at the most while it imported a file."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore", "-m", "bench.import_child", str(path), str(home)),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    told, _ = await child.communicate()
    assert child.returncode == 0, "the import broke"
    return float(told)


def _texts(folder: Path) -> tuple[list[str], str]:
    """Texts of which the words are kept, so that both sides store as many; and whose they are."""
    chat, people = small_chat(folder), People(SUBJECT, "Ottilie", "bench")
    kept = [one.text for one in read(chat) if clean_text(one.text, people).kind is Kind.WORDS]
    return kept, chat.name


def _write(path: Path, texts: Sequence[str], size: int) -> int:
    """Neutral lines of the subject's, each with all of its ids; how many."""
    with path.open("w", encoding="utf-8") as file:
        for number, text in enumerate(islice(cycle(texts), size)):
            ts = FIRST + number
            row = {
                "author": "Ottilie",
                "author_id": str(SUBJECT),
                "channel": "weir",
                "channel_id": str(CHANNEL),
                "server_id": str(SERVER),
                "ts": ts,
                "id": str(int((ts - _EPOCH) * 1000) << COUNTER_BITS),
                "text": text,
            }
            file.write(json.dumps(row) + "\n")
    return size


def _unscrubbed(text: str) -> tuple[str, Mapping[str, int]]:
    return text, _NOTHING


def _plainly(path: Path, database: Path, like: Path) -> float:
    """Seconds without Echo: a table and indexes as in the file `like`, one connection, no lock, no check."""
    with closing(sqlite3.connect(f"file:{like}?mode=ro", uri=True)) as known:
        wanted = "SELECT sql FROM sqlite_master WHERE tbl_name = 'user_messages' AND sql IS NOT NULL"
        schema = [sql for (sql,) in known.execute(wanted)]
    with closing(sqlite3.connect(database)) as connection:
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")
        for sql in schema:
            connection.execute(sql)
        aead, began = AESGCM(bytes(32)), time.perf_counter()
        for batch in _batches(path):
            with connection:
                connection.executemany(_INSERT, [_sealed(aead, row) for row in batch])
        return time.perf_counter() - began


def _batches(path: Path) -> Iterator[list[dict[str, Any]]]:
    with path.open("rb") as file:
        while batch := [json.loads(line) for line in islice(file, BATCH)]:
            yield batch


def _sealed(aead: AESGCM, row: dict[str, Any]) -> tuple[object, ...]:
    nonce, ids = os.urandom(12), (int(row["author_id"]), int(row["server_id"]), int(row["channel_id"]), int(row["id"]))
    sealed = nonce + aead.encrypt(nonce, json.dumps([row["text"], row["author"], None]).encode(), b"%d|%d|%d|%d" % ids)
    return *ids[:3], sealed, row["ts"], ids[3], 1, True, "2026-06-15", "export", True, True
