"""The base models that servers' echoes speak by, where somebody chose one for all of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from db.codec import time_to_text
from db.connection import Database
from db.sql import SQL


class ServerBases:
    """Keeps one choice for each server; `clock` gives the time of it. Raises StorageError."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def choose(self, server_id: int, base: str) -> None:
        """Keep the choice in the place of an earlier one; "" is none: what the settings say."""
        async with self._database.write() as connection:
            if base:
                now = time_to_text(self._clock())
                await SQL.put_server_base(connection, server_id=server_id, base=base, chosen_at=now)
            else:
                await SQL.drop_server_base(connection, server_id=server_id)

    async def every(self) -> dict[int, str]:
        """The choices, by server."""
        async with self._database.read() as connection:
            return {row["server_id"]: row["base"] async for row in SQL.server_bases(connection)}
