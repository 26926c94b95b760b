"""Who answers where several echoes hear the same message: decided once, and bounded among bots."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final
from weakref import WeakValueDictionary

from db.errors import StorageError
from db.turns import Decided, Turns
from echo.errors import EchoError
from echo.ports import Heard, Why
from echo.share import UNBOUNDED, Ceiling, room
from states.board import Board
from states.effects import Compose
from states.model import Deadline, SessionSnapshot, SessionState

log = logging.getLogger(__name__)

LOOKED_BACK: Final = 40
"""Messages of a channel that are looked at to decide who speaks."""

ChanceOf = Callable[[SessionSnapshot], Awaitable[float]]
"""The probability (0..1) with which the echo of a session would speak unasked."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """Whether an echo has the word: with what probability (0..1), why, and for how many messages at most."""

    speaks: bool
    chance: float
    why: Why
    room: int = UNBOUNDED


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds echoes, from the settings: turns of bots in a row, and shares of the talk."""

    bot_turns: int
    ceiling: Ceiling


@dataclass(frozen=True, slots=True)
class _Matter:
    """One message that is decided about, in its talk (oldest first)."""

    channel_id: int
    message_id: int
    heard: Sequence[Heard]

    @property
    def message(self) -> Heard | None:
        """The message, where it still stands there."""
        return next((one for one in self.heard if one.message_id == self.message_id), None)


class Floor:
    """Gives the word. `called(channel id, message id)` are the profiles whose echoes a message was meant for.

    Whoever is addressed has the word; of the others at most one, where nobody is addressed. A decision is recorded
    before it is acted upon, so that a restart comes to the same one.
    """

    def __init__(
        self,
        board: Board,
        turns: Turns,
        called: Callable[[int, int], frozenset[int]],
        limits: Limits,
        clock: Callable[[], datetime],
    ) -> None:
        self._board = board
        self._turns = turns
        self._called = called
        self._limits = limits
        self._clock = clock
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._granted: dict[int, int] = {}

    async def ruling(
        self, session: SessionSnapshot, thought: Compose, heard: Sequence[Heard], chance_of: ChanceOf
    ) -> Ruling:
        """Whether this session's echo speaks in a thought of its; `heard` is the talk, oldest first.

        Raises StorageError, and what `chance_of` raises for this session; another's failure is no bar.
        """
        matter = _Matter(session.channel_id, thought.heard_id or session.heard_id, heard)
        lock = self._locks.setdefault(session.channel_id, asyncio.Lock())
        async with lock:
            ruling = await self._ruling(session, matter, chance_of)
            if ruling.speaks:
                # Until it is said, those who decide after this one count it as a turn to come.
                self._granted = {key: turn for key, turn in self._granted.items() if key in self._board.sessions}
                self._granted[session.id] = thought.turn
            return ruling

    async def _ruling(self, session: SessionSnapshot, matter: _Matter, chance_of: ChanceOf) -> Ruling:
        left = self._room(session, matter)
        if session.addressed:
            await self._record(matter, Decided(None, 0.0, Why.ADDRESSED))
            if self._are_bots_done(session, matter) and not self._human_calls(session, matter):
                return Ruling(False, 0.0, Why.BOTS)
            return Ruling(True, 1.0, Why.ADDRESSED, left) if left else Ruling(False, 0.0, Why.SHARE)
        if self._are_bots_done(session, matter):
            return Ruling(False, 0.0, Why.BOTS)
        decided = await self._turns.of(matter.channel_id, matter.message_id)
        if decided is None:
            decided = await self._record(matter, await self._decide(session, matter, chance_of))
        if decided.profile_id == session.profile_id and left:
            return Ruling(True, decided.chance, Why.WANTED, left)
        return Ruling(False, 0.0, _silence(decided, session, left))

    async def _record(self, matter: _Matter, decided: Decided) -> Decided:
        return await self._turns.decide(matter.channel_id, matter.message_id, decided, self._clock())

    async def _decide(self, session: SessionSnapshot, matter: _Matter, chance_of: ChanceOf) -> Decided:
        there = self._listeners(matter)
        if any(self._is_called(one, matter) for one in there):
            return Decided(None, 0.0, Why.ADDRESSED)
        free = [one for one in there if one.id == session.id or not _is_speaking(one)]
        free = [one for one in free if self._room(one, matter)]
        chances = await asyncio.gather(*(self._chance(one, session, chance_of) for one in free))
        return drawn({one.profile_id: chance for one, chance in zip(free, chances, strict=True)}, matter.message_id)

    async def _chance(self, one: SessionSnapshot, asking: SessionSnapshot, chance_of: ChanceOf) -> float:
        try:
            return await chance_of(one)
        except (EchoError, StorageError) as error:
            if one.id == asking.id:
                raise
            log.info("Session %d has no part in who answers: %s", one.id, error)
            return 0.0

    # who is there

    def _listeners(self, matter: _Matter) -> list[SessionSnapshot]:
        """The sessions of the channel whose echoes may answer the message: not whoever said it."""
        speaker = matter.message.speaker if matter.message is not None else None
        online = (one for one in self._board.sessions_online() if one.channel_id == matter.channel_id)
        return [one for one in online if one.profile_id != speaker and self._board.profiles[one.profile_id].can_speak]

    def _is_called(self, one: SessionSnapshot, matter: _Matter) -> bool:
        """Whether this echo is about to answer somebody who addressed it, by this message or one just before."""
        if one.addressed and (one.state is SessionState.COMPOSING or one.pending):
            return True
        # Its machine may not have heard the message yet.
        unheard = (h.message_id for h in matter.heard if one.heard_id < h.message_id <= matter.message_id)
        return any(one.profile_id in self._called(matter.channel_id, each) for each in unheard)

    # what bounds them

    def _room(self, session: SessionSnapshot, matter: _Matter) -> int:
        if session.addressed and self._human_calls(session, matter) is not False:
            return UNBOUNDED
        coming = len(self._turns_to_come(session))
        now = self._clock().timestamp()
        return room(matter.heard, session.profile_id, now, self._limits.ceiling, coming)

    def _human_calls(self, session: SessionSnapshot, matter: _Matter) -> bool | None:
        """Whether a human has addressed the echo since it last spoke; None where nobody is known to have.

        What was heard before Echo started is not known to be anybody's call.
        """
        calls: list[Heard] = []
        for one in reversed(matter.heard):
            if one.speaker == session.profile_id:
                break
            if session.profile_id in self._called(matter.channel_id, one.message_id):
                calls.append(one)
        return any(one.human for one in calls) if calls else None

    def _are_bots_done(self, session: SessionSnapshot, matter: _Matter) -> bool:
        """Whether the message is a bot's, and bots have taken all the turns that they may since a human spoke."""
        message = matter.message
        by_bot = session.bot_turns > 0 if message is None else not message.human
        if not by_bot:
            return False
        here = [one for one in self._board.sessions_online() if one.channel_id == matter.channel_id]
        noted = max((one.bot_turns for one in here), default=0)
        taken = max(noted, bot_turns(matter.heard)) + len(self._turns_to_come(session))
        return taken + 1 > self._limits.bot_turns

    def _turns_to_come(self, session: SessionSnapshot) -> list[SessionSnapshot]:
        """The other sessions of the channel that have the word and have not begun to speak."""
        return [
            one
            for one in self._board.sessions_online()
            if one.channel_id == session.channel_id
            and one.id != session.id
            and one.state is SessionState.COMPOSING
            and one.part == 0
            and (one.generation_id is not None or self._granted.get(one.id) == one.turn)
        ]


def drawn(chances: Mapping[int, float], message_id: int) -> Decided:
    """Nobody with probability prod(1 - p); else one of the profiles, in proportion to its p. The message is the seed.

    `chances` is p by profile, 0..1.
    """
    nobody = math.prod(1.0 - p for p in chances.values())
    total = math.fsum(chances.values())
    rng = Random(f"floor/{message_id}")
    if total <= 0 or rng.random() < nobody:
        return Decided(None, 0.0, Why.UNWANTED)
    order = sorted(chances)
    (chosen,) = rng.choices(order, [chances[one] for one in order])
    return Decided(chosen, (1.0 - nobody) * chances[chosen] / total, Why.WANTED)


def bot_turns(heard: Sequence[Heard]) -> int:
    """Turns of bots since a human last spoke, as far as the talk goes; messages in a row of one bot are one turn."""
    turns, last = 0, None
    for one in reversed(heard):
        if one.human:
            break
        who = (one.speaker, one.author_id)
        turns += who != last
        last = who
    return turns


def _is_speaking(one: SessionSnapshot) -> bool:
    return (
        one.state is SessionState.COMPOSING
        and one.generation_id is not None
        and (one.part > 0 or Deadline.SPEAK not in one.due)
    )


def _silence(decided: Decided, session: SessionSnapshot, left: int) -> Why:
    if decided.why == Why.ADDRESSED or decided.profile_id not in (None, session.profile_id):
        return Why.ANOTHER
    return Why.UNWANTED if left else Why.SHARE
