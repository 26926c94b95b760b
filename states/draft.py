"""The throw-away copy of a snapshot on which a transition is tried: what it shares between the two machines."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Generic, Protocol, TypeVar, cast

from states import events as ev
from states.effects import Effect
from states.model import Deadline, ProfileState, SessionState, Snapshot
from states.policy import Policy, Refused

S = TypeVar("S", bound=Snapshot)
E = TypeVar("E", bound=ev.Event)


class Trigger(Protocol):
    """What `transitions` hands to guards and emitters: its EventData, of which only the arguments matter here."""

    args: tuple[ev.Event, ...]


class Draft(Generic[S]):
    """Collects the changes and effects of one step; guards read it, emitters write to it."""

    def __init__(self, snapshot: S, policy: Policy) -> None:
        self.snapshot = snapshot
        self.policy = policy
        self.state: ProfileState | SessionState = snapshot.state
        self.changes: dict[str, Any] = {}
        self.effects: list[Effect] = []
        self.refused: Refused | None = None

    def set(self, **changes: object) -> None:
        """Give fields of the next snapshot their values."""
        self.changes.update(changes)

    def ask(self, effect: Effect) -> None:
        """Ask for an effect once the step is recorded."""
        self.effects.append(effect)

    def set_due(self, **deadlines: datetime | None) -> None:
        """Set deadlines by name; None takes one off."""
        due = {**self.now("due"), **deadlines}
        self.set(due=MappingProxyType({name: at for name, at in sorted(due.items()) if at is not None}))

    def now(self, name: str) -> Any:
        """A field as this step has it so far."""
        return self.changes.get(name, getattr(self.snapshot, name))

    def no(self, why: Refused) -> bool:
        """A guard's refusal; the first one named is the one that is told."""
        self.refused = self.refused or why
        return False

    def result(self) -> S:
        """The next snapshot."""
        changed = {**self.changes, "state": self.state, "version": self.snapshot.version + 1}
        return replace(self.snapshot, **changed)

    def is_due(self, data: Trigger, name: Deadline) -> bool:
        """Whether the alarm that went off is the one that is set; an older one is stale."""
        fired = cast(ev.TimerFired, data.args[0])
        if fired.name == name and self.snapshot.due.get(name) == fired.due:
            return True
        return self.no(Refused.STALE)

    def is_retry_due(self, data: Trigger) -> bool:
        """Whether the retry deadline is the one that fell due."""
        return self.is_due(data, Deadline.RETRY)

    def note_reason(self, data: Trigger) -> None:
        """Keep the sentence that says why."""
        self.set(reason=cast(ev.OfflineAsked, data.args[0]).reason)

    def schedule_retry(self, data: Trigger) -> None:
        """Count the try and set the deadline of the next."""
        self.note_reason(data)
        wait: timedelta = self.policy.backoff(self.snapshot.key, self.snapshot.tries)
        self.set(tries=self.snapshot.tries + 1)
        self.set_due(retry=data.args[0].at + wait)
