"""Performs the queued effects: each one once, resumed after a crash, ended when no longer wanted."""

from __future__ import annotations

import asyncio
import functools
import itertools
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

from db.errors import StorageError
from db.outbox import OutboxRow
from echo.errors import EchoError
from echo.logs import describe
from echo.ports import ChannelGone
from echo.tasks import Tasks
from states import broken
from states.board import Board
from states.effects import Amend, Collect, Effect, Forget, Train, still_wanted
from states.events import Event
from states.model import MachineKey, MachineKind, SessionSnapshot, SessionState, Snapshot

log = logging.getLogger(__name__)

TYPING_EVERY = 8.0
"""Seconds: Discord shows one typing call for ten."""
RETRY_SETTLING = (0.2, 1.0, 5.0, 30.0)
"""Seconds to wait before settling a row again when storage fails; the last one repeats."""
BROKEN = "Something that Echo did not foresee broke it ({what}): please report it."


class Result(Protocol):
    """How work gives back what came of it."""

    def __call__(self, key: MachineKey, event: Event, settles: int | None = None) -> None: ...


class OutboxPort(Protocol):
    """The part of the outbox that performing needs."""

    async def settle(self, row_id: int) -> None:
        """The row is over."""


Work = Callable[[OutboxRow, Snapshot], Awaitable[Event | None]]
"""Does one effect; the event that came of it, or None where nothing follows."""


class Interpreter:
    """Runs the work of outbox rows in the background and gives each one's event back to its machine.

    `works` maps kinds of effects to what does them. An effect is looked at once more before it is done: when its
    machine no longer asks for it (`still_wanted`), it is settled undone; when that happens meanwhile, it is cancelled.
    """

    def __init__(
        self,
        board: Board,
        outbox: OutboxPort,
        works: dict[type[Effect], Work],
        give_back: Result,
        type_in: Callable[[int], Awaitable[None]],
        tasks: Tasks,
        clock: Callable[[], datetime],
    ) -> None:
        self._board = board
        self._outbox = outbox
        self._works = works
        self._give_back = give_back
        self._type_in = type_in
        self._tasks = tasks
        self._clock = clock
        self._running: dict[int, tuple[OutboxRow, asyncio.Task[None]]] = {}
        self._typing: dict[MachineKey, asyncio.Task[None]] = {}
        self._held: list[OutboxRow] | None = []

    def begin(self) -> None:
        """Start performing: what was asked for before is done now, and who was typing types on."""
        held, self._held = self._held or [], None
        self.perform(tuple(held))
        for session in self._board.sessions.values():
            self._follow_typing(session)

    def hold(self) -> None:
        """Begin nothing more: Echo stops, and what is asked for from now on waits in the outbox for its next start."""
        self._held = self._held or []
        for task in self._typing.values():
            task.cancel()
        self._typing.clear()

    async def finish(self, kinds: tuple[type[Effect], ...], within: float) -> None:
        """Give work of these kinds that is under way `within` seconds to come to its end."""
        tasks = [task for row, task in self._running.values() if isinstance(row.effect, kinds)]
        if tasks:
            await asyncio.wait(tasks, timeout=within)

    def perform(self, rows: tuple[OutboxRow, ...]) -> None:
        """Do these in the background, or once `begin` is called."""
        if self._held is not None:
            self._held.extend(rows)
            return
        for row in rows:
            task = self._tasks.start(f"{type(row.effect).__name__} of {row.key}", self._do(row))
            self._running[row.id] = (row, task)
            task.add_done_callback(functools.partial(self._ended, row))

    def follow(self, snapshot: Snapshot) -> None:
        """End work that the machine no longer wants, and show or end typing."""
        for row, task in tuple(self._running.values()):
            is_over = row.key == snapshot.key and not still_wanted(row.effect, snapshot)
            if is_over or not self._has_consent(row.key):
                self._cancel(row, task)
        if isinstance(snapshot, SessionSnapshot):
            self._follow_typing(snapshot)

    def settle(self, row_id: int) -> None:
        """A row is over without a step."""
        self._tasks.start("settling", self._settle(row_id))

    async def work_ended(self, key: MachineKey, but: type[Effect]) -> None:
        """Return when no work of this machine runs any more, except of kind `but`."""
        tasks = [task for row, task in self._running.values() if row.key == key and not isinstance(row.effect, but)]
        if tasks:
            await asyncio.wait(tasks)

    async def _do(self, row: OutboxRow) -> None:
        snapshot = self._snapshot(row.key)
        if snapshot is None or not still_wanted(row.effect, snapshot) or not self._is_agreed(row):
            await self._settle(row.id)
            return
        event = await self._works[type(row.effect)](row, snapshot)
        if event is None:
            await self._settle(row.id)
        else:
            self._give_back(row.key, event, row.id)

    def _ended(self, row: OutboxRow, task: asyncio.Task[None]) -> None:
        self._running.pop(row.id, None)
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        # `Tasks` has reported it; its machine must hear of it too, or it would wait for ever.
        event = broken.event_of(row.effect, self._clock(), BROKEN.format(what=describe(error)))
        if event is None:
            self.settle(row.id)
        else:
            self._give_back(row.key, event, row.id)

    def _cancel(self, row: OutboxRow, task: asyncio.Task[None]) -> None:
        # A row whose own event is just being recorded is settled by that step; its task is over or about to be.
        if isinstance(row.effect, Forget) or task is asyncio.current_task() or task.cancelling():
            return
        if task.cancel():
            self.settle(row.id)

    async def _settle(self, row_id: int) -> None:
        for attempt in itertools.count():
            try:
                await self._outbox.settle(row_id)
            except StorageError as error:
                self._board.set_condition("database", str(error))
                await asyncio.sleep(RETRY_SETTLING[min(attempt, len(RETRY_SETTLING) - 1)])
            else:
                if attempt:
                    self._board.set_condition("database", None)
                return

    def _is_agreed(self, row: OutboxRow) -> bool:
        """Whether what is agreed to covers it now: what a consent's end overtook while Echo was away is not done."""
        snapshot = self._snapshot(row.key)
        profile_id = snapshot.profile_id if isinstance(snapshot, SessionSnapshot) else row.key.id
        profile = self._board.profiles.get(profile_id)
        is_over = profile is not None and profile.is_over(self._clock())
        uses = row.key.kind is MachineKind.SESSION or isinstance(row.effect, Collect | Train | Amend)
        return self._has_consent(row.key) and not (is_over and uses)

    def _has_consent(self, key: MachineKey) -> bool:
        """Whether a session's profile has both keys: what was waiting to be said for another one is not said."""
        if key.kind is MachineKind.PROFILE:
            return True
        session = self._board.sessions.get(key.id)
        profile = self._board.profiles.get(session.profile_id) if session is not None else None
        return profile is None or profile.has_consent

    def _snapshot(self, key: MachineKey) -> Snapshot | None:
        machines = self._board.sessions if key.kind is MachineKind.SESSION else self._board.profiles
        return machines.get(key.id)

    def _follow_typing(self, session: SessionSnapshot) -> None:
        wanted = session.typing and session.state is SessionState.COMPOSING and self._held is None
        running = self._typing.get(session.key)
        if wanted and running is None:
            task = self._tasks.start(f"typing of {session.key}", self._keep_typing(session.channel_id))
            self._typing[session.key] = task
        elif not wanted and running is not None:
            running.cancel()
            del self._typing[session.key]

    async def _keep_typing(self, channel_id: int) -> None:
        try:
            while True:
                await self._type_in(channel_id)
                await asyncio.sleep(TYPING_EVERY)
        except (EchoError, ChannelGone) as error:
            log.debug("Typing is not shown: %s", error)
