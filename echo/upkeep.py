"""The works of the calendar: retention, and keeping the database small."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from db.connection import Database
from db.errors import StorageError
from db.retention import Resting, Retention
from echo.settings import Settings

log = logging.getLogger(__name__)

DECIDED_FOR: Final = timedelta(days=1)
"""How long it is kept who had the word after a message: no thought about it is taken up later."""


def bounds(settings: Settings, now: datetime) -> Mapping[str, datetime]:
    """From when on each group of `db.retention` is kept."""
    own = settings.retention
    days = {
        "messages": settings.data_retention_days,
        "journal": settings.journal_retention_days,
        "measures": settings.measures_retention_days,
        "generations": own.generations,
        "sessions": own.sessions,
        "feedback": own.feedback,
        "receipts": own.receipts,
        "audit": own.audit,
        "logs": own.logs,
    }
    return {"turns": now - DECIDED_FOR, **{group: now - timedelta(days=kept) for group, kept in days.items()}}


class Upkeep:
    """Erases what is older than the settings keep it, and empties the write-ahead log. `resting` keeps sessions that
    are to be erased from coming online meanwhile."""

    def __init__(
        self,
        retention: Retention,
        database: Database,
        settings: Settings,
        clock: Callable[[], datetime],
        resting: Resting,
    ) -> None:
        self._retention = retention
        self._database = database
        self._settings = settings
        self._clock = clock
        self._resting = resting

    async def retention(self) -> None:
        """Erase what is too old."""
        try:
            swept = await self._retention.sweep(bounds(self._settings, self._clock()), self._resting)
        except StorageError as error:
            log.warning("The clean-up failed and is tried again tomorrow: %s", error)
            return
        log.info("The clean-up erased %d rows and files, at most %.0f ms at once.", swept.total, swept.longest * 1000)

    async def checkpoint(self) -> None:
        """Give free pages back and empty the write-ahead log."""
        try:
            await self._database.compact()
        except StorageError as error:
            log.info("The database could not be made smaller now: %s", error)
