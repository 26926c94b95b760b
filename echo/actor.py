"""One machine's mailbox: its events are taken one at a time, and a step counts once it is recorded."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from db.errors import StorageError, TwoWriters
from db.steps import Recorded
from states.decide import Refusal, Step, decide
from states.events import Event
from states.model import MachineKey, Snapshot
from states.policy import Policy

log = logging.getLogger(__name__)

RETRY_RECORDING = (0.2, 1.0, 5.0, 15.0, 30.0)
"""Seconds to wait before recording again when storage fails; the last one repeats."""


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

    @property
    def waiting(self) -> int:
        """Events in the mailbox."""
        return len(self._mail)

    def put(self, mail: Mail) -> None:
        """Take an event in; it is dealt with after those before it."""
        self._mail.append(mail)
        if not self._is_running:
            self._is_running = True
            self._start(self.snapshot.key, self)

    async def run(self) -> None:
        """Deal with everything in the mailbox, then end: an idle machine has no task."""
        try:
            while self._mail:
                # Taken out only when dealt with, so that nothing is lost while storage fails.
                await self._take(self._mail[0])
                self._mail.popleft()
        finally:
            self._is_running = False

    async def _take(self, mail: Mail) -> None:
        outcome = decide(self.snapshot, mail.event, self._policy)
        if isinstance(outcome, Refusal):
            self._aftermath.refused(outcome, mail.settles)
            _tell(mail, outcome)
            return
        recorded = await self._record(outcome, mail)
        if recorded is not None:
            self.snapshot = recorded.snapshot
            self._aftermath.recorded(outcome, recorded)
            _tell(mail, outcome)

    async def _record(self, step: Step, mail: Mail) -> Recorded | None:
        """Record, again and again while storage fails; who waits for an answer is told at once instead."""
        for attempt in itertools.count():
            try:
                recorded = await self._ledger.record(step, mail.settles)
            except TwoWriters:
                raise
            except StorageError as error:
                self._aftermath.storage_failed(str(error))
                if mail.answer is not None:
                    if not mail.answer.done():
                        mail.answer.set_exception(error)
                    return None
                await asyncio.sleep(RETRY_RECORDING[min(attempt, len(RETRY_RECORDING) - 1)])
            else:
                self._aftermath.storage_failed(None)
                return recorded
        raise AssertionError("itertools.count ends never")


def _tell(mail: Mail, outcome: Step | Refusal) -> None:
    if mail.answer is not None and not mail.answer.done():
        mail.answer.set_result(outcome)
