"""Tells the engine which personas are online, so that what they speak by is loaded before, and let go of after."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress
from typing import Final, Protocol, runtime_checkable

from echo.ports import PersonaName
from echo.versions import persona_of
from states.board import Board

SETTLES: Final = 0.2
"""Seconds that pass before the board is looked at again: every step of every machine changes it."""
PATIENCE: Final = 1.5
"""Seconds that coming online waits for a base to be loaded: Discord waits three for an answer to a command."""


@runtime_checkable
class KeepsBases(Protocol):
    """An engine whose personas have to be loaded somewhere."""

    async def keep(self, online: Collection[PersonaName]) -> None:
        """Have what these personas speak by loaded, and nothing else. Does not raise."""

    @property
    def tries_again_in(self) -> float | None:
        """Seconds until a server that does not answer is to be tried again; None where none is."""

    async def try_left_out(self) -> None:
        """Try the servers that do not answer. Does not raise."""


class BaseWatch:
    """Looks at the board; the engine hears of it where other personas are online than before, or a server is back."""

    def __init__(
        self,
        board: Board,
        engine: object,
        pause: Callable[[], Awaitable[None]] | None = None,
        patience: float = PATIENCE,
    ) -> None:
        """`engine` is told where it keeps bases; `pause` waits between two looks, `patience` is in seconds."""
        self._board = board
        self._engine = engine if isinstance(engine, KeepsBases) else None
        self._pause = pause or _settle
        self._patience = patience
        self._changed = asyncio.Event()
        self._expected: Counter[int] = Counter()
        self._told: frozenset[PersonaName] = frozenset()
        self._kept: frozenset[int] = frozenset()
        self._done = asyncio.Condition()

    async def run(self) -> None:
        """Go on until cancelled."""
        if self._engine is None:
            return
        unwatch = self._board.watch(self._changed.set)
        try:
            # What an earlier run left loaded is looked at once, whoever is online.
            await self._tell(self._online())
            while True:
                has_tried = await self._until_changed(self._engine)
                online = self._online()
                # What is loaded is another thing where a server is back, and not known where it is away.
                if has_tried or online != self._told:
                    await self._tell(online)
                await self._pause()
        finally:
            unwatch()

    async def _until_changed(self, engine: KeepsBases) -> bool:
        """Wait for the board to change, or for the time of a server that was left out; whether one was tried."""
        try:
            # That one is left out changes the board, so that the time is looked at anew.
            async with asyncio.timeout(engine.tries_again_in):
                await self._changed.wait()
        except TimeoutError:
            await engine.try_left_out()
            return True
        self._changed.clear()
        return False

    async def refresh(self) -> None:
        """Have it looked whether all is as it should be, and told how it stands."""
        if self._engine is not None:
            await self._engine.keep(self._online())

    @asynccontextmanager
    async def coming(self, profile_id: int) -> AsyncIterator[None]:
        """While an echo comes online: what it speaks by is loaded first, where that takes no longer than patience."""
        profile = self._board.profiles.get(profile_id)
        if self._engine is None or profile is None or not profile.can_speak:
            yield
            return
        self._expected[profile_id] += 1
        self._changed.set()
        try:
            # Where it takes longer it goes on loading; whoever asked hears meanwhile that the echo is online.
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience), self._done:
                    await self._done.wait_for(lambda: profile_id in self._kept)
            yield
        finally:
            self._expected[profile_id] -= 1
            self._changed.set()

    async def _tell(self, online: frozenset[PersonaName]) -> None:
        assert self._engine is not None
        self._told = online
        await self._engine.keep(online)
        async with self._done:
            self._kept = frozenset(persona.profile_id for persona in online)
            self._done.notify_all()

    def _online(self) -> frozenset[PersonaName]:
        expected = {profile_id for profile_id, count in self._expected.items() if count > 0}
        ids = {session.profile_id for session in self._board.sessions_online()} | expected
        profiles = (self._board.profiles.get(profile_id) for profile_id in ids)
        return frozenset(persona_of(profile) for profile in profiles if profile is not None and profile.can_speak)


async def _settle() -> None:
    await asyncio.sleep(SETTLES)
