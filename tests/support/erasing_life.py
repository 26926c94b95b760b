"""One life of a process that erases the one profile of a data folder, and perhaps ends itself on the way."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from db.errors import StorageError
from echo.erasing import Erasing
from echo.settings import Settings
from echo.store import open_store
from states.model import ProfileSnapshot
from tests.support.clock import HandClock
from tests.support.collecting_life import PATIENCE, Countdown
from tests.support.snapshots import NOON

MASTER_KEY = bytes(range(32))


class NoServers:
    """There is no server of models."""

    async def remove(self, profile: ProfileSnapshot) -> None:
        """Nothing is there to be removed."""


def obey(line: bytes) -> int:
    """Erase in the folder of an order, killed at the given statement of the writer (0: not at all)."""
    home, count = json.loads(line)
    asyncio.run(live(Path(home), count))
    return 0


async def live(home: Path, count: int) -> None:
    """Erase to the end, receipt included."""
    async with asyncio.timeout(PATIENCE), open_store(home, MASTER_KEY, HandClock(NOON)) as store:
        (profile,), _ = await store.steps.load()
        if count:
            async with store.database.write() as connection:
                await connection.set_trace_callback(Countdown(count))
        parts = (store.erasure, store.erasures, store.receipts, store.consents, NoServers())
        try:
            await Erasing(*parts, None, Settings(data_dir=home), HandClock(NOON)).erase(profile)
        except StorageError as error:
            raise SystemExit(str(error)) from error
