"""Who has the word after a message: decided once, before anybody acts on it, and the same after a restart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from db.codec import time_to_text
from db.connection import Database
from db.sql import SQL


@dataclass(frozen=True, slots=True)
class Decided:
    """The word is `profile_id`'s (None: nobody's of those who were not addressed), with probability `chance` (0..1).

    `why` is the reason in a word.
    """

    profile_id: int | None
    chance: float
    why: str


class Turns:
    """Records decisions by channel and message."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, channel_id: int, message_id: int) -> Decided | None:
        """What was decided of a message, if anything was."""
        async with self._database.read() as connection:
            row = await SQL.decided_turn(connection, channel_id=channel_id, message_id=message_id)
        return None if row is None else Decided(*row)

    async def decide(self, channel_id: int, message_id: int, decided: Decided, at: datetime) -> Decided:
        """Record a decision; what counts is returned, which is an earlier one where there is one."""
        async with self._database.write() as connection:
            await SQL.decide_turn(
                connection,
                channel_id=channel_id,
                message_id=message_id,
                profile_id=decided.profile_id,
                chance=decided.chance,
                why=decided.why,
                decided_at=time_to_text(at),
            )
            return Decided(*await SQL.decided_turn(connection, channel_id=channel_id, message_id=message_id))
