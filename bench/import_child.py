"""One import in a process of its own: `python -m bench.import_child FILE FOLDER` prints its peak memory in MB."""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from db.connection import Database
from db.corpus import Corpus
from db.keys import Keyring
from echo.corpus.cleaning import clean_text
from echo.corpus.importing import Clean
from echo.importing import Source, import_into
from states.model import ProfileSnapshot, ProfileState
from tests.support.snapshots import NOON, birth, changed_to
from tests.support.stored_steps import steps_of

NOW = datetime(2026, 6, 1, tzinfo=UTC)


async def imported(path: Path, home: Path, clean: Clean) -> float:
    """Seconds that it took to import a file into a new data folder."""
    async with Database(home / "echo.db") as database:
        keyring, steps = Keyring(database, bytes(32)), steps_of(database)
        await keyring.open()
        born = (await steps.record(birth())).snapshot
        assert isinstance(born, ProfileSnapshot)
        agreed = await steps.record(changed_to(born, replace(born, state=ProfileState.READY)))
        profile = agreed.snapshot
        assert isinstance(profile, ProfileSnapshot)
        corpus = Corpus(database, keyring, lambda: NOON)
        began = time.perf_counter()
        found = await import_into(corpus, profile, Source(path), NOW, context=12, clean=clean)
        spent = time.perf_counter() - began
        assert found.added == found.own > 0
        return spent


def peak() -> float:
    """Megabytes that this process has taken at the most.

    Not by `getrusage`: what it tells of a process begins with the size of the one that started it.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    asyncio.run(imported(Path(sys.argv[1]), Path(sys.argv[2]), clean_text))
    print(peak())
