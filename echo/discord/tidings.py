"""Tells machines that their corpora changed: each at most once in a while, however much changes, and none never."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final, Protocol

from db.changes import Change
from db.errors import StorageError
from echo.errors import ServiceUnavailable
from states.board import Board
from states.decide import Refusal, Step
from states.events import CorpusChanged, Event
from states.model import MachineKey, MachineKind

log = logging.getLogger(__name__)

BETWEEN: Final = 2.0
"""Seconds between two events of one machine: a storm of deletions is a handful of steps."""


class Notebook(Protocol):
    """Where it is kept what is still to be told (`db.changes.Changes`)."""

    async def note(self, profile_id: int, change: Change) -> None:
        """Add to it."""

    async def pending(self) -> dict[int, Change]:
        """All of it, by profile."""

    async def take(self, profile_id: int, change: Change) -> None:
        """So much was told."""

    async def drop(self, profile_id: int) -> None:
        """Nobody is there to be told."""


class Counting(Protocol):
    """The part of the corpus that is asked here."""

    async def count(self, profile_id: int) -> int:
        """How many of the subject's own messages are stored."""


class Asking(Protocol):
    """Gives a machine an event and waits until it is recorded."""

    async def ask(self, key: MachineKey, event: Event) -> Step | Refusal: ...


async def a_while() -> None:
    """The time between two rounds."""
    await asyncio.sleep(BETWEEN)


class Tidings:
    """What changed is noted in the database, then changed, then told; a note stands until its event is recorded.

    So a crash between any two of these leaves a note, and what it stands for is told at the next start: a machine may
    hear of a change twice, or of one that the next comparison with Discord makes true, but never not at all. `pause`
    is waited for between two rounds of telling.
    """

    def __init__(
        self,
        notebook: Notebook,
        corpus: Counting,
        machines: Asking,
        board: Board,
        clock: Callable[[], datetime],
        pause: Callable[[], Awaitable[None]] = a_while,
    ) -> None:
        self._notebook = notebook
        self._corpus = corpus
        self._machines = machines
        self._board = board
        self._clock = clock
        self._pause = pause
        self._changing = asyncio.Lock()
        self._news = asyncio.Event()

    @asynccontextmanager
    async def changing(self, changes: Mapping[int, Change]) -> AsyncIterator[None]:
        """Within this, corpora change by so much, by profile. Raises StorageError before anything is changed."""
        async with self._changing:
            for profile_id, change in changes.items():
                if change:
                    await self._notebook.note(profile_id, change)
            yield
        self._news.set()

    async def run(self) -> None:
        """Tell, as long as Echo runs; first what an earlier life left untold."""
        self._news.set()
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self.tell()
            except (StorageError, ServiceUnavailable) as error:
                log.info("That a corpus changed is told later: %s", error)
                self._news.set()
            await self._pause()

    async def tell(self) -> None:
        """Tell everything that is noted, once. Raises StorageError, and ServiceUnavailable where Echo stops."""
        for profile_id, change in (await self._notebook.pending()).items():
            # Not while something is noted that is not changed yet: the count would be wrong.
            async with self._changing:
                messages = await self._corpus.count(profile_id)
            if not self._is_living(profile_id):
                await self._notebook.drop(profile_id)
                continue
            event = CorpusChanged(self._clock(), messages, change.added, change.edited, change.removed)
            outcome = await self._machines.ask(MachineKey(MachineKind.PROFILE, profile_id), event)
            if isinstance(outcome, Refusal):
                await self._notebook.drop(profile_id)
            else:
                await self._notebook.take(profile_id, change)

    def _is_living(self, profile_id: int) -> bool:
        profile = self._board.profiles.get(profile_id)
        return profile is not None and profile.has_consent
