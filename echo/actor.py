"""One machine's mailbox: its events are taken one at a time, and a step counts once it is recorded."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from db.errors import StorageError, TwoWriters
from db.steps import Recorded
from echo.errors import EchoError
from states.decide import Refusal, Step, decide
from states.events import Event
from states.model import MachineKey, Snapshot
from states.policy import Policy

log = logging.getLogger(__name__)

RETRY_RECORDING = (0.2, 1.0, 5.0, 15.0, 30.0)
"""Seconds to wait before recording again when storage fails; the last one repeats."""
UNFORESEEN = "Something that Echo did not foresee kept it from doing this; its operator was told. Please try again."


@dataclass(slots=True)
class Mail:
    """An event on its way. `settles` is the outbox row that it ends, `answer` where somebody waits for the outcome."""

    event: Event
    settles: int | None = None
    answer: asyncio.Future[Step | Refusal] | None = None


class Ledger(Protocol):
    """Where steps are recorded."""

    async def record(self, step: Step, settles: int | None = None) -> Recorded:
        """Write snapshot, journal and outbox in one transaction."""


class Aftermath(Protocol):
    """What follows a recorded step or a refusal."""

    def recorded(self, step: Step, recorded: Recorded) -> None:
        """Publish, reconcile, perform."""

    def refused(self, refusal: Refusal, settles: int | None) -> None:
        """Show why nothing was done; the outbox row that the event would have ended is over all the same."""

    def storage_failed(self, sentence: str | None) -> None:
        """Show that steps cannot be recorded now; None when they can again."""


class Actor:
    """The one owner of a machine's snapshot."""

    def __init__(
        self,
        snapshot: Snapshot,
        policy: Policy,
        ledger: Ledger,
        aftermath: Aftermath,
        start: Callable[[MachineKey, Actor], None],
    ) -> None:
        self.snapshot = snapshot
        self._policy = policy
        self._ledger = ledger
        self._aftermath = aftermath
        self._start = start
        self._mail: deque[Mail] = deque()
        self._is_running = False
        self._asked = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Events in the mailbox."""
        return len(self._mail)

    def put(self, mail: Mail) -> None:
        """Take an event in; it is dealt with after those before it."""
        self._mail.append(mail)
        if mail.answer is not None:
            self._asked.set()
        self.wake()

    def wake(self) -> None:
        """Deal with what is in the mailbox, if nothing does already."""
        if self._mail and not self._is_running:
            self._is_running = True
            self._start(self.snapshot.key, self)

    async def run(self) -> None:
        """Deal with everything in the mailbox, then end: an idle machine has no task.

        An event that breaks unforeseen ends this too, and is not tried again; `wake` goes on with the next one.
        """
        try:
            while self._mail:
                mail = self._mail.popleft()
                try:
                    await self._take(mail)
                finally:
                    _fail(mail, EchoError(UNFORESEEN))
        finally:
            self._is_running = False

    async def _take(self, mail: Mail) -> None:
        outcome = decide(self.snapshot, mail.event, self._policy)
        if isinstance(outcome, Refusal):
            _tell(mail, outcome)
            self._aftermath.refused(outcome, mail.settles)
            return
        recorded = await self._record(outcome, mail)
        if recorded is not None:
            self.snapshot = recorded.snapshot
            _tell(mail, outcome)
            self._aftermath.recorded(outcome, recorded)

    async def _record(self, step: Step, mail: Mail) -> Recorded | None:
        """Record, again and again while storage fails; who waits for an answer is told at once instead."""
        for attempt in itertools.count():
            try:
                recorded = await self._ledger.record(step, mail.settles)
            except TwoWriters as error:
                _fail(mail, error)
                raise
            except StorageError as error:
                self._aftermath.storage_failed(str(error))
                self._fail_waiting(error)
                if mail.answer is not None:
                    _fail(mail, error)
                    return None
                await self._pause(RETRY_RECORDING[min(attempt, len(RETRY_RECORDING) - 1)])
            else:
                self._aftermath.storage_failed(None)
                return recorded
        raise AssertionError("itertools.count ends never")

    def _fail_waiting(self, error: StorageError) -> None:
        """Nobody waits behind an event that cannot be recorded: their events are left out and they hear why."""
        kept: deque[Mail] = deque()
        for mail in self._mail:
            if mail.answer is None:
                kept.append(mail)
            else:
                _fail(mail, error)
        self._mail = kept

    async def _pause(self, seconds: float) -> None:
        """Wait before the next try, but no longer than until somebody asks: they shall hear how it stands."""
        self._asked.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._asked.wait()


def _tell(mail: Mail, outcome: Step | Refusal) -> None:
    if mail.answer is not None and not mail.answer.done():
        mail.answer.set_result(outcome)


def _fail(mail: Mail, error: StorageError | EchoError) -> None:
    if mail.answer is not None and not mail.answer.done():
        mail.answer.set_exception(error)
