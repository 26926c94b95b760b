"""Who agreed to what, and when."""

from __future__ import annotations

from db.codec import time_from_text
from db.connection import Database
from db.sql import SQL
from states.effects import RecordConsent


class Consents:
    """Reads what `Steps` has written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, profile_id: int) -> list[RecordConsent]:
        """The subject's answers, oldest first."""
        async with self._database.read() as connection:
            return [
                RecordConsent(row["user_id"], time_from_text(row["given_at"]), row["text_version"], row["text_hash"])
                async for row in SQL.consents_of(connection, profile_id=profile_id)
            ]
