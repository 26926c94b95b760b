"""How long a sweep holds the writer at once, against one statement that erases the same rows."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Final

from bench.figures import Figure, Scale, by_turns
from db.audit import Audit
from db.codec import time_to_text
from db.connection import Database
from db.keys import Keyring
from db.models import Models
from db.retention import Retention
from db.tuning import TuningFiles
from states.model import ProfileSnapshot, ProfileState
from tests.support.snapshots import CHANNEL, NOON, SERVER, SUBJECT, birth, changed_to
from tests.support.stored_steps import steps_of

ROWS: Final = 100_000
"""Messages that are too old, of 108 bytes of ciphertext each."""
LATER: Final = NOON + timedelta(days=31)


async def measure(scale: Scale, folder: Path) -> list[Figure]:
    """Milliseconds for which nobody else could write, at the most; and seconds that all of it takes."""
    rows, numbers = scale.of(ROWS, 3000), count()
    await _fill(folder / "full.db", rows)
    seconds: list[float] = []

    async def of_a_copy(work: Callable[[Database, Path], Awaitable[float]]) -> float:
        home = folder / f"copy-{next(numbers)}"
        home.mkdir()
        shutil.copy(folder / "full.db", home / "echo.db")
        async with Database(home / "echo.db") as database:
            held = await work(database, home)
            async with database.read() as connection:
                ((left,),) = await connection.execute_fetchall("SELECT count(*) FROM user_messages")
                assert left == 0
        shutil.rmtree(home)
        return held * 1000

    async def swept(database: Database, home: Path) -> float:
        keyring = Keyring(database, bytes(32))
        audit = Audit(database, keyring, lambda: LATER)
        retention = Retention(database, Models(database, keyring, home), TuningFiles(database, keyring, home), audit)
        began = time.perf_counter()
        found = await retention.sweep({"messages": LATER - timedelta(days=30)})
        seconds.append(time.perf_counter() - began)
        assert found.of("messages") == rows
        return found.longest

    async def at_once(database: Database, home: Path) -> float:
        async with database.write() as connection:
            began = time.perf_counter()
            await connection.execute_fetchall("DELETE FROM user_messages")
        return time.perf_counter() - began

    echo, plain = await by_turns(scale.runs, lambda: of_a_copy(swept), lambda: of_a_copy(at_once))
    name = f"the longest that a sweep of {rows:,} messages holds the writer"
    return [
        Figure(name, "ms", echo, "one statement for all of them", plain, "50 ms are allowed"),
        Figure(f"a sweep of {rows:,} messages", "s", tuple(seconds[-len(echo) :]), note="others write in between"),
    ]


async def _fill(path: Path, rows: int) -> None:
    async with Database(path) as database:
        steps = steps_of(database)
        born = (await steps.record(birth())).snapshot
        assert isinstance(born, ProfileSnapshot)
        await steps.record(changed_to(born, replace(born, state=ProfileState.READY, due={})))
        async with database.write() as connection:
            await connection.executemany(
                "INSERT INTO user_messages (user_id, server_id, channel_id, message_content, timestamp, message_id, "
                "profile_id, own, stored_at) VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?)",
                (
                    (SUBJECT, SERVER, CHANNEL, os.urandom(108), float(number), number, born.id, time_to_text(NOON))
                    for number in range(rows)
                ),
            )
        await database.compact()
