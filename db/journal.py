"""The journal: every recorded step, without anything that anybody wrote."""

from __future__ import annotations

from db.connection import Database
from db.rows import to_journal_line
from db.sql import SQL
from states.board import JournalLine
from states.model import MachineKey


class Journal:
    """Reads what `Steps` has written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def latest(self, limit: int) -> list[JournalLine]:
        """The newest `limit` lines, oldest first."""
        async with self._database.read() as connection:
            lines = [to_journal_line(row) async for row in SQL.latest_journal_lines(connection, lines=limit)]
        return lines[::-1]

    async def of(self, key: MachineKey) -> list[JournalLine]:
        """All lines of one machine, oldest first."""
        async with self._database.read() as connection:
            rows = SQL.journal_lines_of(connection, kind=key.kind.value, id=key.id)
            return [to_journal_line(row) async for row in rows]
