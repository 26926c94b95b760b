"""What is held of one person as rows, for them to see; and which exports were given to whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from db.codec import maybe_time_from_text, time_to_text
from db.connection import Database
from db.held import ERASED, STAYING
from db.sql import SQL

DECODED: Final = frozenset(
    {"user_messages", "generations", "memories", "wishes", "consents", "allowances", "receipts", "audit"}
)
"""Tables whose rows are read by those who know their form: what they hold is encrypted, or has a reader of its own."""
SECRET: Final = frozenset({"profile_keys"})
"""What is nobody's to see: it opens the rest."""


@dataclass(frozen=True, slots=True)
class Given:
    """A message of an export that stands in somebody's direct messages."""

    id: int
    channel_id: int
    message_id: int


class Exports:
    """Reads rows as they are, and remembers what was given out. `clock` says when that was."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def rows_of(self, profile_id: int) -> dict[str, list[dict[str, Any]]]:
        """All rows of a profile in all tables but DECODED and SECRET ones; what is ciphertext in them is left out."""
        found = {}
        async with self._database.read() as connection:
            tables = {"echo_profiles": "id"}
            tables |= dict.fromkeys(sorted({*ERASED, *STAYING} - DECODED - SECRET), "profile_id")
            for table, column in tables.items():
                rows = await connection.execute_fetchall(f"SELECT * FROM {table} WHERE {column} = ?", (profile_id,))
                found[table] = [_plain(dict(row)) for row in rows]
        return found

    async def last(self, user_id: int) -> datetime | None:
        """When somebody was given one last."""
        async with self._database.read() as connection:
            return maybe_time_from_text(await SQL.last_export(connection, user_id=user_id))

    async def note(self, user_id: int, channel_id: int, message_id: int) -> None:
        """A message with a part of an export stands there."""
        async with self._database.write() as connection:
            at = time_to_text(self._clock())
            await SQL.add_export(connection, user_id=user_id, at=at, channel_id=channel_id, message_id=message_id)

    async def due(self, before: datetime) -> list[Given]:
        """What was given before that and stands there still."""
        async with self._database.read() as connection:
            return [Given(*row) async for row in SQL.exports_due(connection, before=time_to_text(before))]

    async def removed(self, given: Given) -> None:
        """It stands there no more."""
        async with self._database.write() as connection:
            await SQL.mark_export_removed(connection, id=given.id)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not isinstance(value, bytes)}
