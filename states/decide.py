"""From a snapshot and an event to a step or a refusal: a pure function over the table."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from transitions import Machine, MachineError

from states import events as ev
from states import lifecycle, profile, session
from states.draft import Draft
from states.effects import Effect
from states.model import MachineKey, ProfileSnapshot, ProfileState, SessionSnapshot, SessionState, Snapshot
from states.policy import SENTENCES, Policy, Refused


@dataclass(frozen=True, slots=True)
class Step:
    """What an event did: `before` is None at a birth; `effects` are in the order in which they are asked for."""

    before: Snapshot | None
    after: Snapshot
    event: ev.Event
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that changed nothing, and why. `key` is None where there is no machine (yet)."""

    key: MachineKey | None
    event: ev.Event
    why: Refused

    @property
    def sentence(self) -> str:
        """What a person is told."""
        return SENTENCES[self.why]


def trigger_name(event: type[ev.Event]) -> str:
    """The name under which `transitions` knows an event: its class's name in snake case."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", event.__name__).lower()


def build(rows: Iterable[lifecycle.Row], states: type[StrEnum], initial: StrEnum, model: Any = None) -> Machine:
    """A plain synchronous machine of these rows; with no model of its own it is used on drafts."""
    machine = Machine(
        model=model,
        states=states,
        initial=initial,
        auto_transitions=False,
        send_event=True,
        ignore_invalid_triggers=False,
    )
    for row in rows:
        machine.add_transition(
            trigger_name(row.on),
            list(row.sources),
            "=" if row.dest is None else row.dest,
            conditions=list(row.when),
            after=list(row.do),
        )
    return machine


PROFILE_MACHINE = build(lifecycle.PROFILE_ROWS, ProfileState, ProfileState.AWAITING_CONSENT)
SESSION_MACHINE = build(lifecycle.SESSION_ROWS, SessionState, SessionState.OFFLINE)


def decide(snapshot: Snapshot, event: ev.Event, policy: Policy) -> Step | Refusal:
    """The step that `event` makes of `snapshot`, or why it makes none. Reads no clock and does nothing else."""
    if isinstance(snapshot, ProfileSnapshot):
        return _run(PROFILE_MACHINE, profile.ProfileDraft(snapshot, policy), event)
    return _run(SESSION_MACHINE, session.SessionDraft(snapshot, policy), event)


def _run(machine: Machine, draft: Draft[Any], event: ev.Event) -> Step | Refusal:
    before = draft.snapshot
    known = machine.events.get(trigger_name(type(event)))
    if known is None:
        return Refusal(before.key, event, _misplaced(before, event))
    try:
        taken = known.trigger(draft, event)
    except MachineError:
        return Refusal(before.key, event, _misplaced(before, event))
    if not taken:
        return Refusal(before.key, event, draft.refused or Refused.NOT_NOW)
    return Step(before, draft.result(), event, tuple(draft.effects))


def _misplaced(snapshot: Snapshot, event: ev.Event) -> Refused:
    """Why an event finds no row in this state."""
    if snapshot.state in (ProfileState.FORGETTING, ProfileState.FORGOTTEN):
        return Refused.FORGOTTEN
    if isinstance(event, ev.OnlineAsked):
        return Refused.ALREADY_ONLINE
    if isinstance(event, ev.OfflineAsked):
        return Refused.ALREADY_OFFLINE
    stale = (ev.TimerFired, ev.DraftMade, ev.DraftFailed, ev.SilenceChosen, ev.PartSaid, ev.SayingFailed)
    return Refused.STALE if isinstance(event, stale) else Refused.NOT_NOW


def begin_profile(asked: ev.EchoAsked, policy: Policy) -> Step:
    """The birth of a profile. That there is none of this subject yet is the caller's and the database's to hold."""
    snapshot, effects = profile.birth(asked, policy)
    return Step(None, snapshot, asked, effects)


def begin_session(asked: ev.OnlineAsked, policy: Policy) -> Step | Refusal:
    """The birth of a session, which is its first coming online."""
    taken = decide(session.birth(asked), asked, policy)
    if isinstance(taken, Refusal):
        return Refusal(None, asked, taken.why)
    return Step(None, taken.after, asked, taken.effects)


def is_session(snapshot: Snapshot) -> bool:
    """Whether this is a session's snapshot (else a profile's)."""
    return isinstance(cast(object, snapshot), SessionSnapshot)
