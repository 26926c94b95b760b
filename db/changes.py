"""What changed in corpora that their machines do not know yet, and how far corpora were compared with Discord."""

from __future__ import annotations

from dataclasses import dataclass

from db.connection import Database
from db.sql import SQL


@dataclass(frozen=True, slots=True)
class Change:
    """So many stored messages, context among them, were added, edited and removed."""

    added: int = 0
    edited: int = 0
    removed: int = 0

    def __bool__(self) -> bool:
        return bool(self.added or self.edited or self.removed)


class Changes:
    """Keeps what a profile's machine is still to be told.

    It is noted before the corpus changes and taken back once the machine has recorded it: whatever ends the process in
    between, a machine may hear of a change twice, never not at all.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, profile_id: int, change: Change) -> None:
        """Add to what is to be told."""
        async with self._database.write() as connection:
            await SQL.add_change(
                connection,
                profile_id=profile_id,
                added=change.added,
                edited=change.edited,
                removed=change.removed,
            )

    async def pending(self) -> dict[int, Change]:
        """What is to be told, by profile."""
        async with self._database.read() as connection:
            rows = [row async for row in SQL.pending_changes(connection)]
        return {row["profile_id"]: Change(row["added"], row["edited"], row["removed"]) for row in rows}

    async def take(self, profile_id: int, change: Change) -> None:
        """So much was told; what was noted meanwhile stays."""
        async with self._database.write() as connection:
            await SQL.take_change(
                connection,
                profile_id=profile_id,
                added=change.added,
                edited=change.edited,
                removed=change.removed,
            )
            await SQL.drop_empty_changes(connection, profile_id=profile_id)

    async def drop(self, profile_id: int) -> None:
        """Nobody is there to be told any more."""
        async with self._database.write() as connection:
            await SQL.drop_changes(connection, profile_id=profile_id)


class Reconciliations:
    """How far each server's stored messages were compared with what stands on Discord, newest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reached(self, server_id: int) -> int | None:
        """All from this id on was compared; None where nothing is left over from an earlier comparison."""
        async with self._database.read() as connection:
            found = await SQL.reconciled_down_to(connection, server_id=server_id)
        return None if found is None else int(found)

    async def reach(self, server_id: int, before_id: int | None) -> None:
        """Keep where the comparison goes on; None: it came to its end."""
        async with self._database.write() as connection:
            if before_id is None:
                await SQL.end_reconciling(connection, server_id=server_id)
            else:
                await SQL.put_reconciled(connection, server_id=server_id, before_id=before_id)
