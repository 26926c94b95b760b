"""Queued effects: what must happen once though the process dies."""

from __future__ import annotations

from datetime import datetime

from db.codec import time_to_text
from db.connection import Database
from db.errors import NothingStored
from db.rows import OutboxRow, to_outbox_row
from db.sql import SQL

__all__ = ["Outbox", "OutboxRow"]


class Outbox:
    """The rows that steps have queued, until they are settled."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pending(self) -> list[OutboxRow]:
        """What is not settled, oldest first."""
        async with self._database.read() as connection:
            return [to_outbox_row(row) async for row in SQL.pending_outbox_rows(connection)]

    async def begin(self, row_id: int, at: datetime) -> OutboxRow:
        """Note, before something that can't be taken back, that it is being tried; the row as it now stands.

        `started_at` keeps the first try's time: what a crash left in doubt may have happened since then. Raises
        NothingStored where there is no such row.
        """
        async with self._database.write() as connection:
            row = await SQL.begin_outbox_row(connection, id=row_id, at=time_to_text(at))
        if row is None:
            raise NothingStored("What was to be done is not queued any more: nothing was done.")
        return to_outbox_row(row)

    async def settle(self, row_id: int) -> None:
        """Done, or not wanted any more: never to be done again. A second time changes nothing."""
        async with self._database.write() as connection:
            await SQL.settle_outbox_row(connection, id=row_id)
