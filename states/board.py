"""The board: what stands where, for everybody to look at. May be missed; the next revision replaces it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from states.decide import Refusal, Step
from states.feedback import Tally
from states.halts import CONDITION, Halt
from states.measures import Measures
from states.model import MachineKey, ProfileSnapshot, ProfileState, SessionSnapshot, Snapshot
from states.scores import Scorecard
from states.throttle import Throttle

LOADED: Final = "ollama loaded"
FETCHED: Final = "ollama pull"
NEWS: Final = frozenset({LOADED, FETCHED})
"""Conditions that tell how something stands without anything being amiss."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a piece of work is: `done` of `total` (None where unknown) in `unit`, e.g. "requests".

    `detail` is a sentence for people: how it is done, what was found so far.
    """

    what: str
    done: int
    total: int | None
    unit: str
    detail: str = ""

    @property
    def share(self) -> float | None:
        """0..1, or None where the total is unknown."""
        return None if not self.total else min(1.0, self.done / self.total)


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One recorded step, as the journal has it; `facts` are ids, times and counts."""

    at: datetime
    key: MachineKey
    version: int
    event: str
    source: str | None
    dest: str
    facts: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that should not have happened, in a sentence for the operator."""

    at: datetime
    where: str
    sentence: str


Watcher = Callable[[], None]


class Board:
    """The one place that the console, the commands and the tests look at. Single-threaded, like the loop.

    `revision` counts changes of any kind, `profile_revision` those of profiles alone.
    """

    def __init__(self, keep: int = 500) -> None:
        self.revision = 0
        self.profile_revision = 0
        self.profiles: dict[int, ProfileSnapshot] = {}
        self.sessions: dict[int, SessionSnapshot] = {}
        self.progress: dict[MachineKey, Progress] = {}
        self.journal: deque[JournalLine] = deque(maxlen=keep)
        self.refusals: deque[Refusal] = deque(maxlen=keep)
        self.refusal_count = 0
        self.names: dict[int, str] = {}
        self.conditions: dict[str, str] = {}
        self.scores: dict[int, tuple[Scorecard, ...]] = {}
        self.feedback: dict[int, tuple[Tally, ...]] = {}
        """What people think of what each profile's versions said."""
        self.bases: dict[int, str] = {}
        """The base models that were chosen for all echoes of a server."""
        self.halts: dict[int, Halt] = {}
        """The servers whose echoes are silenced."""
        self.trusted: dict[int, frozenset[int]] = {}
        """The roles that servers' managers trust."""
        self.measures: dict[int, Measures] = {}
        self._faults: deque[Fault] = deque(maxlen=keep)
        self._repeated: Throttle[tuple[str, str]] = Throttle()
        self._watchers: list[Watcher] = []

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What went wrong since the start, oldest first."""
        return tuple(self._faults)

    @property
    def troubles(self) -> tuple[str, ...]:
        """What is amiss with outside things."""
        return tuple(sentence for name, sentence in self.conditions.items() if name not in NEWS)

    @property
    def news(self) -> tuple[str, ...]:
        """How outside things stand where nothing is amiss."""
        return tuple(sentence for name, sentence in self.conditions.items() if name in NEWS)

    def show(self, snapshot: Snapshot) -> None:
        """Replace what stands of a machine."""
        if isinstance(snapshot, ProfileSnapshot):
            self.profiles[snapshot.id] = snapshot
            self.profile_revision += 1
            if snapshot.state in (ProfileState.FORGETTING, ProfileState.FORGOTTEN):
                self.measures.pop(snapshot.id, None)
                self.feedback.pop(snapshot.id, None)
        else:
            self.sessions[snapshot.id] = snapshot
        self._changed()

    def publish(self, step: Step, line: JournalLine) -> None:
        """Show a recorded step; progress of the state that was left is taken down."""
        if step.before is None or step.before.state != step.after.state:
            self.progress.pop(step.after.key, None)
        self.journal.append(line)
        self.show(step.after)

    def advance(self, key: MachineKey, progress: Progress) -> None:
        """Show how far a machine's work is."""
        self.progress[key] = progress
        self._changed()

    def take_down(self, key: MachineKey, what: str) -> None:
        """Show no more how far this work is, if it is what is shown."""
        if key in self.progress and self.progress[key].what == what:
            del self.progress[key]
            self._changed()

    def refuse(self, refusal: Refusal) -> None:
        """Show an event that changed nothing."""
        self.refusal_count += 1
        self.refusals.append(refusal)
        self._changed()

    def report(self, fault: Fault) -> None:
        """Show something that should not have happened; what happens again and again is counted, and told later."""
        key = (fault.where, fault.sentence)
        failures = self._repeated.failed(key, fault.at)
        if failures is not None:
            self._repeated.told(key, fault.at)
            said = f"{fault.sentence} {failures.sentence}" if failures.count else fault.sentence
            self._faults.append(Fault(fault.at, fault.where, said))
        self._changed()

    def report_overdue(self, now: datetime) -> None:
        """Tell of what was counted, though it has not happened since."""
        for (where, sentence), failures in self._repeated.overdue(now).items():
            self._repeated.told((where, sentence), now)
            self._faults.append(Fault(now, where, f"{sentence} {failures.sentence}"))
            self._changed()

    def set_condition(self, name: str, sentence: str | None) -> None:
        """Say how an outside thing stands ("discord", "engine"); None takes the sentence down."""
        if self.conditions.get(name) == sentence:
            return
        if sentence is None:
            self.conditions.pop(name, None)
        else:
            self.conditions[name] = sentence
        self._changed()

    def name(self, names: Mapping[int, str]) -> None:
        """Learn what users, channels and servers are called, for people to read."""
        self.names.update(names)
        self._changed()

    def choose_base(self, server_id: int, base: str) -> None:
        """Show by which base model all echoes of a server speak; "" takes that down."""
        if base:
            self.bases[server_id] = base
        else:
            self.bases.pop(server_id, None)
        self._changed()

    def halt(self, server_id: int, halt: Halt | None) -> None:
        """Show that a server's echoes are silenced; None: not any more."""
        if halt is None:
            self.halts.pop(server_id, None)
            self.set_condition(f"{CONDITION}{server_id}", None)
            return
        self.halts[server_id] = halt
        name, since = self.names.get(server_id) or f"server {server_id}", f"{halt.at:%Y-%m-%d %H:%M} UTC"
        self.set_condition(
            f"{CONDITION}{server_id}",
            f"Every echo in {name} is silenced since {since}: /echo resume there ends that, or “Let echoes of {name} "
            "speak” in the palette.",
        )

    def trust(self, server_id: int, roles: frozenset[int]) -> None:
        """Show which roles a server's managers trust."""
        self.trusted[server_id] = roles
        self._changed()

    def score(self, profile_id: int, cards: tuple[Scorecard, ...]) -> None:
        """Show the scorecards of a profile's models, oldest first; none takes them down."""
        if cards:
            self.scores[profile_id] = cards
        else:
            self.scores.pop(profile_id, None)
        self._changed()

    def think(self, profile_id: int, tallies: tuple[Tally, ...]) -> None:
        """Show what people think of the versions of a profile's model, the lowest first; none takes them down."""
        if tallies:
            self.feedback[profile_id] = tallies
        else:
            self.feedback.pop(profile_id, None)
        self._changed()

    def measure(self, profile_id: int, measures: Measures | None) -> None:
        """Show what a profile's answers took of late; None takes that down."""
        if self.measures.get(profile_id) == measures:
            return
        if measures is None:
            del self.measures[profile_id]
        else:
            self.measures[profile_id] = measures
        self._changed()

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher` after every change; returns what ends that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher) if watcher in self._watchers else None

    def profiles_in(self, server_id: int) -> Mapping[int, ProfileSnapshot]:
        """The profiles of one server."""
        return MappingProxyType({i: p for i, p in self.profiles.items() if p.server_id == server_id})

    def has_profile_of(self, server_id: int, user_id: int) -> bool:
        """Whether somebody has an echo in a server, or is being asked for one."""
        gone = (ProfileState.FORGETTING, ProfileState.FORGOTTEN)
        return any(p.user_id == user_id and p.state not in gone for p in self.profiles_in(server_id).values())

    def sessions_online(self, server_id: int | None = None) -> list[SessionSnapshot]:
        """The sessions that are online, of one server or of all."""
        online = (s for s in self.sessions.values() if s.state.is_online)
        return [s for s in online if server_id is None or s.server_id == server_id]

    def _changed(self) -> None:
        self.revision += 1
        for watcher in tuple(self._watchers):
            watcher()
