"""The breaker of a server: from a snapshot and an event to the next snapshot, a pure function over its own table.

A server that fails again and again is left out for a while (`OPEN`), then one request tries it (`HALF_OPEN`): if that
is answered all may ask again (`CLOSED`), else it is left out for longer (M. Nygard, "Release It!": circuit breaker).
Times are seconds of one clock; one that was set back leaves no server out for longer than LONGEST_PAUSE.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Protocol

from transitions import Machine, MachineError

FAILURES: Final = 3
"""In a row, after which a server is left out."""
FIRST_PAUSE: Final = 5.0
"""Seconds that it is left out at first; each failed trial doubles them."""
LONGEST_PAUSE: Final = 60.0


class BreakerState(StrEnum):
    """Whether requests go to the server."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Breaker:
    """How a server stands: `failures` in a row, `pause` the seconds that it was last left out for, until `due` (None
    where it is not left out)."""

    state: BreakerState = BreakerState.CLOSED
    failures: int = 0
    pause: float = 0.0
    due: float | None = None


@dataclass(frozen=True, slots=True)
class RequestWanted:
    """Somebody would ask the server at `now`."""

    now: float


@dataclass(frozen=True, slots=True)
class RequestAnswered:
    """The server answered, be it by a refusal."""


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """The server did not answer; known at `now`."""

    now: float


@dataclass(frozen=True, slots=True)
class TrialAbandoned:
    """The request that tried the server was given up before its answer was known; at `now`."""

    now: float


BreakerEvent = RequestWanted | RequestAnswered | RequestFailed | TrialAbandoned
B = BreakerState


@dataclass(frozen=True, slots=True)
class BreakerRow:
    """One transition, from one of `sources` to `dest`, which is kept where None; `when` and `do` as in `lifecycle`."""

    on: type[BreakerEvent]
    sources: tuple[BreakerState, ...]
    dest: BreakerState | None
    when: tuple[str, ...] = ()
    do: tuple[str, ...] = ()


ROWS: Final[tuple[BreakerRow, ...]] = (
    BreakerRow(RequestWanted, (B.CLOSED,), None),
    BreakerRow(RequestWanted, (B.OPEN,), B.HALF_OPEN, when=("is_due",), do=("begin_trial",)),
    BreakerRow(RequestAnswered, (B.CLOSED, B.OPEN, B.HALF_OPEN), B.CLOSED, do=("start_over",)),
    BreakerRow(RequestFailed, (B.CLOSED,), B.OPEN, when=("is_last_straw",), do=("count", "leave_out")),
    BreakerRow(RequestFailed, (B.CLOSED,), None, do=("count",)),
    BreakerRow(RequestFailed, (B.OPEN,), None, when=("is_due",), do=("count", "leave_out")),
    BreakerRow(RequestFailed, (B.OPEN,), None),
    BreakerRow(RequestFailed, (B.HALF_OPEN,), B.OPEN, do=("count", "leave_out")),
    BreakerRow(TrialAbandoned, (B.HALF_OPEN,), B.OPEN, do=("try_again",)),
)
"""A failure that comes late, of a request made before the server was left out, makes the pause no longer; one that
comes once the pause is over does, whoever asked."""


class Trigger(Protocol):
    """What `transitions` hands to guards and emitters."""

    args: tuple[Any, ...]


class BreakerDraft:
    """The throw-away copy on which a transition is tried."""

    def __init__(self, snapshot: Breaker) -> None:
        self.snapshot = snapshot
        self.state = snapshot.state
        self.changes: dict[str, Any] = {}

    def is_due(self, data: Trigger) -> bool:
        """It was left out for long enough, or nobody knows for how long."""
        left = 0.0 if self.snapshot.due is None else self.snapshot.due - data.args[0].now
        return left <= 0 or left > LONGEST_PAUSE

    def is_last_straw(self, data: Trigger) -> bool:
        """It has failed often enough."""
        return self.snapshot.failures + 1 >= FAILURES

    def begin_trial(self, data: Trigger) -> None:
        """One request may try it."""
        self.changes.update(due=None)

    def start_over(self, data: Trigger) -> None:
        """Nothing is held against it."""
        self.changes.update(failures=0, pause=0.0, due=None)

    def count(self, data: Trigger) -> None:
        """One more failure in a row."""
        self.changes.update(failures=self.snapshot.failures + 1)

    def leave_out(self, data: Trigger) -> None:
        """For twice as long as the last time."""
        pause = min(LONGEST_PAUSE, max(FIRST_PAUSE, self.snapshot.pause * 2))
        self.changes.update(pause=pause, due=data.args[0].now + pause)

    def try_again(self, data: Trigger) -> None:
        """The next request is the trial: of this one nothing was learnt."""
        self.changes.update(due=data.args[0].now)


def _trigger(event: type[BreakerEvent]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", event.__name__).lower()


def _machine() -> Machine:
    machine = Machine(
        model=None, states=BreakerState, initial=BreakerState.CLOSED, auto_transitions=False, send_event=True
    )
    for row in ROWS:
        dest = "=" if row.dest is None else row.dest
        machine.add_transition(_trigger(row.on), list(row.sources), dest, conditions=list(row.when), after=list(row.do))
    return machine


MACHINE: Final = _machine()


def after(breaker: Breaker, event: BreakerEvent) -> Breaker | None:
    """The snapshot that `event` makes of `breaker`; None where it makes none: a request may not be made."""
    draft = BreakerDraft(breaker)
    try:
        taken = MACHINE.events[_trigger(type(event))].trigger(draft, event)
    except MachineError:
        return None
    return replace(breaker, state=draft.state, **draft.changes) if taken else None
