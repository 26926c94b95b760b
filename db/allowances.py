"""What the subject allowed besides their consent, and when they took it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import aiosqlite

from db.codec import maybe_time_from_text, time_from_text, time_to_text
from db.connection import Database
from db.sql import SQL
from states.effects import RecordAllowance, WithdrawAllowance
from states.model import Allowance


@dataclass(frozen=True, slots=True)
class Allowed:
    """One *I allow this*, and when it was taken back (None: it holds, unless all was forgotten since)."""

    given: RecordAllowance
    withdrawn_at: datetime | None


class Allowances:
    """Reads what `Steps` has written."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, profile_id: int) -> list[Allowed]:
        """All that the subject ever allowed, oldest first."""
        async with self._database.read() as connection:
            return [
                Allowed(
                    RecordAllowance(
                        row["user_id"],
                        Allowance(row["allowance"]),
                        time_from_text(row["given_at"]),
                        row["text_version"],
                        row["text_hash"],
                    ),
                    maybe_time_from_text(row["withdrawn_at"]),
                )
                async for row in SQL.allowances_of(connection, profile_id=profile_id)
            ]


async def put_allowance(connection: aiosqlite.Connection, profile_id: int, given: RecordAllowance) -> None:
    """Write what was allowed, within the transaction that is open."""
    await SQL.add_allowance(
        connection,
        profile_id=profile_id,
        allowance=given.allowance.value,
        user_id=given.user_id,
        given_at=time_to_text(given.given_at),
        text_version=given.text_version,
        text_hash=given.text_hash,
    )


async def withdraw_allowance(connection: aiosqlite.Connection, profile_id: int, taken: WithdrawAllowance) -> None:
    """Write that it was taken back, and erase what was kept for it, within the transaction that is open."""
    await SQL.withdraw_allowance(
        connection,
        profile_id=profile_id,
        allowance=taken.allowance.value,
        withdrawn_at=time_to_text(taken.withdrawn_at),
    )
    if taken.allowance is Allowance.QUIZ:
        await SQL.erase_open_moments(connection, profile_id=profile_id)
