"""The journal: every recorded step, without anything that anybody wrote."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from db.connection import Database
from db.rows import to_journal_line
from db.sql import SQL
from states.board import JournalLine
from states.model import MachineKey

AT_ONCE: Final = 500
"""Lines that change in one transaction: some milliseconds."""


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

    async def forget_author(self, session_ids: Iterable[int], user_id: int) -> None:
        """Let no line of these sessions tell any more who it was whose message was heard."""
        async with self._database.read() as connection:
            sessions = json.dumps(sorted(session_ids))
            rows = SQL.journal_lines_by_author(connection, ids=sessions, user_id=user_id)
            found = [row["id"] async for row in rows]
        for start in range(0, len(found), AT_ONCE):
            async with self._database.write() as connection:
                await SQL.forget_journal_author(connection, ids=json.dumps(found[start : start + AT_ONCE]))
