"""Hears how the engine goes: what answers took goes to the database and the board, how servers stand to the board."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from db.errors import StorageError
from db.measures import DAY, MeasureLog
from db.stored import AnswerMeasured
from echo.ports import Clock
from states.board import NEWS, Board
from states.model import ProfileState

log = logging.getLogger(__name__)

HELD: Final = 10_000
"""Measurements that wait to be written at most: some megabytes, and hours of talk while the disk is full."""
EVERY: Final = 1.0
"""Seconds between two writings."""
ANEW: Final = 60.0
"""Seconds after which all is summed up anew where nothing happens: what is older than an hour leaves the last hour."""


class EngineReports:
    """Fills `Reports`. To be called on the event loop; `run` writes what was heard, `close` what is left of it."""

    def __init__(
        self,
        board: Board,
        measures: MeasureLog,
        clock: Clock,
        held: int = HELD,
        anew: float = ANEW,
        pause: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`held` measurements wait at most; after `anew` seconds without any all is summed up anew; `pause` waits
        between two writings."""
        self._board = board
        self._log = measures
        self._clock = clock
        self._held, self._anew = held, anew
        self._pause = pause or _rest
        self._waiting: deque[AnswerMeasured] = deque()
        self._came = asyncio.Event()
        self._turn = asyncio.Lock()
        self._writing: asyncio.Future[set[int]] | None = None
        self._troubled = False
        self.dropped = 0
        """Measurements that there was no room for, the oldest ones."""

    @property
    def waiting(self) -> int:
        """How many measurements are neither written nor being written."""
        return len(self._waiting)

    def measured(self, one: AnswerMeasured) -> None:
        """Takes it to be written within about a second."""
        self._waiting.append(one)
        self._hold_the_newest()
        self._came.set()

    def stands(self, what: str, sentence: str | None) -> None:
        """Shows it on the board, and says in the log when that changes."""
        if self._board.conditions.get(what) != sentence:
            is_news = sentence is None or what in NEWS
            log.log(logging.INFO if is_news else logging.WARNING, "%s", sentence or f"{what}: that is over.")
        self._board.set_condition(what, sentence)

    async def run(self) -> None:
        """Write what comes, and keep what the board shows up to date, until cancelled."""
        await self._sum_up()
        while True:
            try:
                async with asyncio.timeout(self._anew):
                    await self._came.wait()
            except TimeoutError:
                await self._sum_up()
                continue
            self._came.clear()
            await self._show(await self._write())
            await self._pause()

    async def close(self) -> None:
        """Write what is left, at the end of the process."""
        await self._write()
        if self._waiting:
            log.warning("The measurements of %d answers could not be written and are lost.", len(self._waiting))

    async def _write(self) -> set[int]:
        """Write what waits; of which profiles that was. Where it is cancelled the writing goes on all the same."""
        self._writing = asyncio.ensure_future(self._write_in_turn())
        return await asyncio.shield(self._writing)

    async def _write_in_turn(self) -> set[int]:
        """What could not be written waits on, and the log says so once."""
        async with self._turn:
            batch = tuple(self._waiting)
            self._waiting.clear()
            if not batch:
                return set()
            try:
                await self._log.add(batch)
            except StorageError as problem:
                if not self._troubled:
                    log.warning("What answers took can't be written and is tried again: %s", problem)
                self._troubled = True
                self._waiting.extendleft(reversed(batch))
                self._hold_the_newest()
                self._came.set()
                return set()
            self._troubled = False
            return {one.profile_id for one in batch}

    def _hold_the_newest(self) -> None:
        while len(self._waiting) > self._held:
            self._waiting.popleft()
            self.dropped += 1

    async def _sum_up(self) -> None:
        """Show all profiles' measures as they are now."""
        try:
            measured = await self._log.profiles(self._clock() - DAY)
        except StorageError as problem:
            log.info("What answers took can't be read now: %s", problem)
            return
        await self._show({*measured, *self._board.measures})

    async def _show(self, profile_ids: Iterable[int]) -> None:
        for profile_id in profile_ids:
            try:
                found = await self._log.shown(profile_id, self._clock())
            except StorageError as problem:
                log.info("What answers took can't be read now: %s", problem)
                return
            profile = self._board.profiles.get(profile_id)
            is_there = profile is not None and profile.state not in (ProfileState.FORGETTING, ProfileState.FORGOTTEN)
            self._board.measure(profile_id, found if is_there else None)


async def _rest() -> None:
    await asyncio.sleep(EVERY)
