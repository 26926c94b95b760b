"""The breaker of a server: its table is walked in full, and what holds of it holds after any run of events."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from states.breaker import (
    FAILURES,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    ROWS,
    Breaker,
    BreakerDraft,
    BreakerEvent,
    BreakerState,
    RequestAnswered,
    RequestFailed,
    RequestWanted,
    TrialAbandoned,
    after,
)

OPEN = Breaker(BreakerState.OPEN, FAILURES, FIRST_PAUSE, due=100.0)
TRIED = Breaker(BreakerState.HALF_OPEN, FAILURES, FIRST_PAUSE)
STANDING = {BreakerState.CLOSED: Breaker(), BreakerState.OPEN: OPEN, BreakerState.HALF_OPEN: TRIED}


def went(breaker: Breaker, *events: BreakerEvent) -> Breaker:
    """How it stands after these events; one that is refused changes nothing."""
    for event in events:
        breaker = after(breaker, event) or breaker
    return breaker


def test_every_state_is_reached_and_left_and_every_guard_and_emitter_exists() -> None:
    arrows = {(source, row.dest) for row in ROWS for source in row.sources if row.dest not in (None, source)}
    assert {dest for _, dest in arrows} == {source for source, _ in arrows} == set(BreakerState)
    named = {name for row in ROWS for name in (*row.when, *row.do)}
    assert all(callable(getattr(BreakerDraft, name)) for name in named)


@pytest.mark.parametrize(
    ("state", "event", "then"),
    [
        (BreakerState.CLOSED, RequestWanted(0.0), BreakerState.CLOSED),
        (BreakerState.CLOSED, RequestAnswered(), BreakerState.CLOSED),
        (BreakerState.CLOSED, RequestFailed(0.0), BreakerState.CLOSED),
        (BreakerState.CLOSED, TrialAbandoned(0.0), None),
        (BreakerState.OPEN, RequestWanted(99.9), None),
        (BreakerState.OPEN, RequestWanted(100.0), BreakerState.HALF_OPEN),
        (BreakerState.OPEN, RequestAnswered(), BreakerState.CLOSED),
        (BreakerState.OPEN, RequestFailed(99.0), BreakerState.OPEN),
        (BreakerState.OPEN, TrialAbandoned(0.0), None),
        (BreakerState.HALF_OPEN, RequestWanted(1e9), None),
        (BreakerState.HALF_OPEN, RequestAnswered(), BreakerState.CLOSED),
        (BreakerState.HALF_OPEN, RequestFailed(0.0), BreakerState.OPEN),
        (BreakerState.HALF_OPEN, TrialAbandoned(0.0), BreakerState.OPEN),
    ],
)
def test_each_state_answers_each_event(state: BreakerState, event: BreakerEvent, then: BreakerState | None) -> None:
    found = after(STANDING[state], event)
    assert (found and found.state) == then


def test_a_server_is_left_out_after_failures_in_a_row_and_each_failed_trial_doubles_the_pause() -> None:
    breaker = went(Breaker(), *[RequestFailed(0.0)] * (FAILURES - 1), RequestAnswered())
    assert breaker == Breaker()
    breaker = went(breaker, *[RequestFailed(0.0)] * FAILURES)
    pauses = []
    for _ in range(6):
        assert breaker.state is BreakerState.OPEN and breaker.due is not None
        pauses.append(breaker.pause)
        breaker = went(breaker, RequestWanted(breaker.due), RequestFailed(breaker.due))
    assert pauses == [5.0, 10.0, 20.0, 40.0, LONGEST_PAUSE, LONGEST_PAUSE]


def test_a_trial_that_was_given_up_leaves_the_next_request_to_try() -> None:
    breaker = went(TRIED, TrialAbandoned(7.0))
    assert (breaker.state, breaker.due, breaker.pause) == (BreakerState.OPEN, 7.0, FIRST_PAUSE)
    assert went(breaker, RequestWanted(7.0)).state is BreakerState.HALF_OPEN


def test_a_clock_that_was_set_back_leaves_no_server_out_for_long() -> None:
    hours_ago = RequestWanted(100.0 - 7200.0)
    assert went(OPEN, hours_ago).state is BreakerState.HALF_OPEN


steps = st.lists(
    st.tuples(
        st.sampled_from([RequestWanted, RequestAnswered, RequestFailed, TrialAbandoned]), st.floats(0, LONGEST_PAUSE)
    ),
    max_size=40,
)


@settings(max_examples=150)
@given(steps)
def test_whatever_happens_it_is_never_left_out_for_longer_than_its_pause(run: list[tuple[type, float]]) -> None:
    now, seen = 0.0, [Breaker()]
    for kind, passed in run:
        now += passed
        event: BreakerEvent = RequestAnswered() if kind is RequestAnswered else kind(now)
        found = after(seen[-1], event)
        # One request at a time tries a server that is left out, and nothing else gets through.
        if kind is RequestWanted and seen[-1].state is BreakerState.HALF_OPEN:
            assert found is None
        seen.append(found or seen[-1])
    for before, breaker in pairwise(seen):
        is_open = breaker.state is BreakerState.OPEN
        assert is_open == (breaker.due is not None)
        assert breaker.due is None or breaker.due <= now + LONGEST_PAUSE
        assert breaker.pause == 0 or FIRST_PAUSE <= breaker.pause <= LONGEST_PAUSE
        assert (breaker.failures < FAILURES) == (breaker.state is BreakerState.CLOSED)
        if before.state is BreakerState.CLOSED and is_open:
            assert before.failures == FAILURES - 1
    assert went(seen[-1], RequestAnswered()) == Breaker()
    due = seen[-1].due
    if due is not None:
        assert went(seen[-1], RequestWanted(max(due, now))).state is BreakerState.HALF_OPEN
