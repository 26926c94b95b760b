"""The works of the calendar: retention, and keeping the database small."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from db.connection import Database
from db.erasure import Erasure
from db.errors import StorageError
from db.memories import Memories
from db.turns import Turns
from echo.settings import Settings

log = logging.getLogger(__name__)

DECIDED_FOR: Final = timedelta(days=1)
"""How long it is kept who had the word after a message: no thought about it is taken up later."""


class Upkeep:
    """Erases what is older than the settings keep it, and empties the write-ahead log."""

    def __init__(
        self,
        erasure: Erasure,
        turns: Turns,
        memories: Memories,
        database: Database,
        settings: Settings,
        clock: Callable[[], datetime],
    ) -> None:
        self._erasure = erasure
        self._turns = turns
        self._memories = memories
        self._database = database
        self._settings = settings
        self._clock = clock

    async def retention(self) -> None:
        """Erase what is too old."""
        now = self._clock()
        try:
            texts_before = now - timedelta(days=self._settings.data_retention_days)
            await self._memories.drop_before(texts_before)
            swept = await self._erasure.sweep(
                texts_before,
                now - timedelta(days=self._settings.journal_retention_days),
                now - timedelta(days=self._settings.measures_retention_days),
            )
            await self._turns.drop_before(now - DECIDED_FOR)
        except StorageError as error:
            log.warning("The clean-up failed and is tried again tomorrow: %s", error)
            return
        log.info("The clean-up erased %d rows and files.", swept.total)

    async def checkpoint(self) -> None:
        """Give free pages back and empty the write-ahead log."""
        try:
            await self._database.compact()
        except StorageError as error:
            log.info("The database could not be made smaller now: %s", error)
