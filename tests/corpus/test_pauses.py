"""How long a silence ends a conversation."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.corpus.pauses import DEFAULT_GAP, FEWEST, LONGEST_GAP, SHORTEST_GAP, Pauses, gap_of


def pauses(within: float, between: float, count: int = 2000) -> list[float]:
    """Pauses of a made-up channel: nine in ten within talks, about so long; the others between them."""
    rng = Random(7)
    kinds = (within, within, within, within, within, within, within, within, within, between)
    return [math.exp(rng.gauss(math.log(kinds[at % 10]), 0.9)) for at in range(count)]


@pytest.mark.parametrize(
    ("within", "between", "lowest", "highest"),
    [
        (10.0, 7200.0, 150.0, 900.0),
        (40.0, 30_000.0, 500.0, 2500.0),
        (2.0, 600.0, SHORTEST_GAP, SHORTEST_GAP),
        (900.0, 200_000.0, LONGEST_GAP, LONGEST_GAP),
    ],
)
def test_the_gap_lies_between_the_pauses_of_a_talk_and_those_between_talks(
    within: float, between: float, lowest: float, highest: float
) -> None:
    assert lowest <= gap_of(pauses(within, between)) <= highest


def test_a_channel_whose_pauses_are_all_of_one_kind_has_the_usual_gap() -> None:
    rng = Random(7)
    assert gap_of([math.exp(rng.gauss(4.0, 1.0)) for _ in range(2000)]) == DEFAULT_GAP


def test_a_channel_with_few_pauses_has_the_usual_gap() -> None:
    some = pauses(5.0, 20_000.0)
    assert gap_of(some[: FEWEST - 1]) == DEFAULT_GAP != gap_of(some[:FEWEST])


def test_channels_have_gaps_of_their_own() -> None:
    seen = Pauses()
    for channel, within in (("quick", 4.0), ("slow", 60.0)):
        ts = 0.0
        for pause in pauses(within, 20_000.0):
            ts += pause
            seen.add(channel, ts, own=True)
    gaps = seen.gaps()
    assert gaps["quick"] < gaps["slow"]


def test_pauses_in_which_nobody_knows_what_was_said_do_not_count() -> None:
    """Of a data package only the subject's own messages are known, and the times between them say nothing."""
    known, bare = Pauses(), Pauses()
    ts = 0.0
    for pause in pauses(10.0, 20_000.0):
        ts += pause
        known.add("c", ts, own=True)
        bare.add("c", ts, own=True, bare=True)
    assert known.gaps()["c"] != DEFAULT_GAP == bare.gaps()["c"]


def test_the_talk_that_leads_to_nothing_of_the_subjects_does_not_count() -> None:
    seen = Pauses()
    ts = 0.0
    for pause in pauses(10.0, 20_000.0):
        ts += pause
        seen.add("c", ts, own=False)
    assert seen.gaps()["c"] == DEFAULT_GAP


@settings(max_examples=60)
@given(st.lists(st.floats(-10, 1e12), max_size=400))
def test_every_gap_is_within_its_bounds_whatever_the_pauses(wild: list[float]) -> None:
    assert SHORTEST_GAP <= gap_of(wild) <= LONGEST_GAP
