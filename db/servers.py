"""What holds for a whole server: that its echoes are silenced, and which roles its managers trust."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime

from db.codec import time_from_text, time_to_text
from db.connection import Database
from db.sql import SQL
from states.halts import Halt


class Servers:
    """Keeps both over restarts; `clock` gives the time of a change. Raises StorageError."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def halt(self, server_id: int, halt: Halt) -> None:
        """Keep that a server is silenced; an earlier halt stands."""
        async with self._database.write() as connection:
            at = time_to_text(halt.at)
            await SQL.put_server_halt(connection, server_id=server_id, halted_by=halt.by, halted_at=at)

    async def resume(self, server_id: int) -> None:
        """Keep that it is not any more."""
        async with self._database.write() as connection:
            await SQL.drop_server_halt(connection, server_id=server_id)

    async def halts(self) -> dict[int, Halt]:
        """What is silenced, by server."""
        async with self._database.read() as connection:
            return {
                row["server_id"]: Halt(time_from_text(row["halted_at"]), row["halted_by"])
                async for row in SQL.server_halts(connection)
            }

    async def trust(self, server_id: int, role_id: int, by: int) -> None:
        """Keep that a server's managers trust whoever has this role."""
        async with self._database.write() as connection:
            await SQL.put_trusted_role(
                connection,
                server_id=server_id,
                role_id=role_id,
                trusted_by=by,
                trusted_at=time_to_text(self._clock()),
            )

    async def distrust(self, server_id: int, role_id: int) -> None:
        """Keep that they do not any more."""
        async with self._database.write() as connection:
            await SQL.drop_trusted_role(connection, server_id=server_id, role_id=role_id)

    async def trusted(self) -> Mapping[int, frozenset[int]]:
        """The roles that are trusted, by server."""
        found: defaultdict[int, set[int]] = defaultdict(set)
        async with self._database.read() as connection:
            async for row in SQL.trusted_roles(connection):
                found[row["server_id"]].add(row["role_id"])
        return {server_id: frozenset(roles) for server_id, roles in found.items()}
