"""Ends what is under way for a profile before it is forgotten."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from states.board import Board
from states.decide import Refusal, Step
from states.effects import Effect, Forget
from states.model import MachineKey, ProfileSnapshot

BEING_FORGOTTEN = "Its profile is being forgotten."
NO_CONSENT = "Not both of its keys are in: its person's consent and a manager's."


class Offline(Protocol):
    """Takes sessions offline (`echo.router.Router`)."""

    async def offline(self, session_id: int, by: int, reason: str) -> Step | Refusal: ...


async def _nothing_runs(key: MachineKey, but: type[Effect]) -> None:
    return


class SessionEnds:
    """Takes a profile's sessions offline and waits until all other work for it has ended.

    `work_ended` is given by the composition root, because what performs work comes after what it is made of.
    """

    def __init__(self, board: Board, requests: Offline) -> None:
        self._board = board
        self._requests = requests
        self.work_ended: Callable[[MachineKey, type[Effect]], Awaitable[None]] = _nothing_runs

    async def __call__(self, profile: ProfileSnapshot) -> None:
        for session in [s for s in self._board.sessions.values() if s.profile_id == profile.id]:
            if session.state.is_online:
                await self._requests.offline(session.id, 0, BEING_FORGOTTEN)
            await self.work_ended(session.key, Forget)
        await self.work_ended(profile.key, Forget)
