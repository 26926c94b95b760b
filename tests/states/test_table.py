"""The table is walked in full: every state by every event is a row or a refusal, and no state is a dead end."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import pytest

from states import events as ev
from states import lifecycle, withdrawals
from states.decide import Refusal, Step, decide
from states.model import Allowance, ProfileSnapshot, ProfileState, SessionSnapshot, SessionState, Snapshot
from states.policy import SENTENCES, Policy, Refused
from states.profile import ProfileDraft
from states.session import SessionDraft
from states.terms import Terms

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
POLICY = Policy()
MODULES = (ev, withdrawals)
KINDS = [each for module in MODULES for each in vars(module).values() if isinstance(each, type)]
EVENTS = [each for each in dict.fromkeys(KINDS) if issubclass(each, ev.Event) and each is not ev.Event]
BIRTHS = (ev.EchoAsked,)


def a_profile(state: ProfileState, **fields: Any) -> ProfileSnapshot:
    return ProfileSnapshot(7, 3, state, 10, 20, 30, 40, NOW, NOW, **fields)


def a_session(state: SessionState, **fields: Any) -> SessionSnapshot:
    return SessionSnapshot(9, 3, state, 7, 10, 40, 30, NOW, **fields)


def an_event(kind: type[ev.Event]) -> ev.Event:
    """An event with every field filled with something of its type."""
    samples: dict[str, Any] = {"int": 1, "str": "why", "bool": True, "float": 1.0, "datetime": NOW}
    samples |= {"tuple[float, ...]": (1.0,), "Allowance": Allowance.QUIZ}
    samples |= {"Terms": Terms(reads=frozenset({40})), "datetime | None": NOW, "tuple[int, ...]": (1,)}
    filled: dict[str, Any] = {f.name: samples[str(f.type)] for f in dataclasses.fields(kind)}
    return kind(**filled)


def reached(rows: Iterable[lifecycle.Row], start: StrEnum) -> set[StrEnum]:
    seen, todo = {start}, [start]
    while todo:
        here = todo.pop()
        for row in rows:
            if here in row.sources and row.dest is not None and row.dest not in seen:
                seen.add(row.dest)
                todo.append(row.dest)
    return seen


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("state", [*ProfileState, *SessionState], ids=str)
def test_every_state_answers_every_event_with_a_step_or_a_sentence(state: StrEnum, kind: type[ev.Event]) -> None:
    before: Snapshot = a_profile(state) if isinstance(state, ProfileState) else a_session(SessionState(state))
    outcome = decide(before, an_event(kind), POLICY)
    rows = lifecycle.PROFILE_ROWS if isinstance(state, ProfileState) else lifecycle.SESSION_ROWS
    if isinstance(outcome, Step):
        assert any(row.on is kind and state in row.sources for row in rows)
        assert outcome.after.version == before.version + 1
    else:
        assert outcome.sentence.endswith(".")
    assert decide(before, an_event(kind), POLICY) == outcome, "deciding twice must give the same"


def test_every_event_but_the_births_has_a_row() -> None:
    used = {row.on for row in (*lifecycle.PROFILE_ROWS, *lifecycle.SESSION_ROWS)}
    assert {kind for kind in EVENTS if kind not in BIRTHS} == used


def test_every_state_can_be_reached_and_every_living_one_left() -> None:
    assert reached(lifecycle.PROFILE_ROWS, ProfileState.AWAITING_CONSENT) == set(ProfileState)
    assert reached(lifecycle.SESSION_ROWS, SessionState.OFFLINE) == set(SessionState)
    left = {s for row in lifecycle.PROFILE_ROWS for s in row.sources if row.dest not in (None, s)}
    assert left == set(ProfileState) - {ProfileState.FORGOTTEN}
    left = {s for row in lifecycle.SESSION_ROWS for s in row.sources if row.dest not in (None, s)}
    assert left == set(SessionState)


def test_every_guard_and_emitter_exists_and_says_what_it_means() -> None:
    for rows, draft in ((lifecycle.PROFILE_ROWS, ProfileDraft), (lifecycle.SESSION_ROWS, SessionDraft)):
        for name in {name for row in rows for name in (*row.when, *row.do)}:
            assert getattr(draft, name).__doc__, name


def test_every_refusal_has_its_sentence() -> None:
    assert set(SENTENCES) == set(Refused)
    assert all(sentence.endswith(".") for sentence in SENTENCES.values())


def test_from_every_living_state_a_profile_can_be_forgotten() -> None:
    for state in lifecycle.LIVING:
        outcome = decide(a_profile(state), ev.ForgetAsked(NOW, 20, "wish"), POLICY)
        assert isinstance(outcome, Step) and outcome.after.state is ProfileState.FORGETTING
        assert outcome.after.due == {}


def test_an_alarm_that_was_overtaken_changes_nothing() -> None:
    due = NOW + timedelta(seconds=5)
    profile = a_profile(ProfileState.COLLECTING, due={"retry": due})
    stale = decide(profile, ev.TimerFired(NOW, "retry", NOW), POLICY)
    assert isinstance(stale, Refusal) and stale.why is Refused.STALE
    assert isinstance(decide(profile, ev.TimerFired(due, "retry", due), POLICY), Step)
