"""Beginning conversations: whether an echo may, when it would next, and whether anybody is there for it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from db.errors import StorageError
from db.outbox import OutboxRow
from echo.errors import EchoError
from echo.ports import Engine, Heard
from echo.recall import Recall
from states import events as ev
from states.board import Board
from states.broken import LOOK_AGAIN
from states.effects import PlanOpening
from states.model import Allowance, ProfileSnapshot, SessionSnapshot, Snapshot
from states.session import LATE

log = logging.getLogger(__name__)

LULL: Final = 900.0
"""Seconds since the last word: sooner, a talk is going on and nobody begins another."""
ABSENT: Final = 7 * 86400.0
"""Seconds without a human's word after which nobody seems to be there to talk to."""


@dataclass(slots=True)
class Beginning:
    """Does the effect `PlanOpening`. `per_day`: how many conversations an echo begins in a channel in a day at most."""

    board: Board
    engine: Engine
    recall: Recall
    per_day: int
    clock: Callable[[], datetime]

    def may(self, profile: ProfileSnapshot) -> bool:
        """Whether its subject lets this echo begin conversations, whoever runs Echo does, and it can speak."""
        return profile.can_speak and Allowance.OPENERS in profile.allows and self.per_day > 0

    def holds_back(self, session: SessionSnapshot) -> bool:
        """Whether this thought was to begin a conversation, and that is not for the echo to do (any more)."""
        return session.opening and (self._is_late(session) or not self.may(self.board.profiles[session.profile_id]))

    def _is_late(self, session: SessionSnapshot) -> bool:
        """Whether nothing of it is said yet, and its hour is over: Echo stood still meanwhile."""
        return session.part == 0 and session.since is not None and self.clock() - session.since > LATE

    async def plan(self, row: OutboxRow, snapshot: Snapshot) -> ev.Event:
        """When the subject would next begin a conversation here; where they wouldn't, or it isn't theirs to, later."""
        assert isinstance(snapshot, SessionSnapshot) and isinstance(row.effect, PlanOpening)
        now, profile = self.clock(), self.board.profiles[snapshot.profile_id]
        later = ev.OpeningPlanned(now, now + LOOK_AGAIN, begins=False)
        if not self.may(profile):
            return later
        try:
            recalled = await self.recall.of(profile, snapshot.channel_id)
            seed = (snapshot.id * 1_000_003 + snapshot.turn) * 31 + int(now.timestamp())
            channel = str(snapshot.channel_id)
            when = await self.engine.next_opening(recalled.blob, recalled.name, channel, now.timestamp(), seed)
        except (EchoError, StorageError) as error:
            log.info("%s looks later when to begin a conversation: %s", row.key, error)
            return later
        if when is None:
            return later
        return ev.OpeningPlanned(now, datetime.fromtimestamp(when, UTC), begins=True)


def is_company(heard: Sequence[Heard], now: float) -> bool:
    """Whether somebody is there to begin a conversation with, and none is going on. `now` in seconds since the epoch.

    The last word must be a human's: an echo that was not answered does not go on talking to itself.
    """
    said = [one for one in heard if one.human or one.speaker is not None]
    return bool(said) and said[-1].human and LULL <= now - said[-1].ts <= ABSENT
