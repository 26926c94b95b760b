"""Whether to search or to walk: by estimated requests, and how that is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.discord.collecting.plan import Estimate, Size, estimate, lasting, sentence

sizes = st.builds(
    Size,
    own=st.integers(0, 100_000),
    server=st.integers(0, 5_000_000),
    places=st.integers(0, 3000),
    made=st.integers(0, 200),
)
efforts = st.floats(0.01, 1.0)
windows = st.sampled_from([0, 1, 12])


def planned(size: Size, effort: float = 0.1, window: int = 12, most: int = 10_000) -> Estimate:
    return estimate(size, effort=effort, window=window, most=most, per_second=5.0)


@pytest.mark.parametrize(
    ("size", "method", "requests", "walk"),
    [
        # One author of 2 % of 200,000 messages: 161 to find them, the rest for context; a tenth of a walk.
        (Size(4000, 200_000, 8), "search", 200, 2008),
        (Size(5000, 1_000_000, 20), "search", 1002, 10_020),
        # As much as they have may be read around few messages.
        (Size(40, 200_000, 8), "search", 43, 2008),
        # Half of what is written: a walk is little more, and leaves nothing without context.
        (Size(100_000, 200_000, 8), "walk", 208, 208),
        (Size(40_000, 200_000, 8), "walk", 508, 508),
        # A small server is soon read.
        (Size(500, 3000, 5), "walk", 35, 35),
        (Size(2, 3000, 5), "search", 4, 35),
        # What may always be spent is not spent for less than half of what there is.
        (Size(1000, 10_000, 1), "search", 50, 101),
        (Size(1000, 9900, 1), "walk", 100, 100),
        # What was asked for already is part of both ways.
        (Size(4000, 200_000, 8, 100), "search", 281, 2108),
        (Size(1, 200_000, 8, 100), "search", 103, 2108),
        # Nothing to find is one question.
        (Size(0, 200_000, 8), "search", 1, 2008),
        (Size(0, 0, 0), "walk", 0, 0),
        # No search.
        (Size(None, 200_000, 8, 4), "walk", 2012, 2012),
        # Nobody knows how large the server is: 5 % are assumed.
        (Size(4000, None, 8), "search", 181, 808),
    ],
)
def test_the_method_follows_from_the_requests(size: Size, method: str, requests: int, walk: int) -> None:
    found = planned(size)
    assert (found.method, found.requests, found.walk) == (method, requests, walk)
    assert found.seconds == requests / 5 and found.is_known


def test_without_wanted_context_only_the_search_is_counted() -> None:
    assert planned(Size(4000, 200_000, 8), window=0).requests == 161


def test_more_effort_reads_more_context() -> None:
    assert [planned(Size(4000, 200_000, 8), effort).requests for effort in (0.01, 0.1, 0.3)] == [181, 200, 602]


def test_for_the_requests_of_a_walk_one_walks() -> None:
    assert planned(Size(4000, 200_000, 8), effort=1.0).method == "walk"
    # Fewer read all of it.
    assert planned(Size(1000, 200_000, 8), effort=1.0).sentence == "about 1,000 requests, 3 min, by search"


def test_a_walk_of_unknown_length_says_so() -> None:
    found = planned(Size(None, None, 40, 2))
    assert (found.method, found.requests, found.is_known) == ("walk", 42, False)
    assert found.sentence == "at least 42 requests, 8 s, by reading every channel"


@given(sizes, efforts, windows, st.integers(1, 50_000))
def test_no_plan_is_dearer_than_walking(size: Size, effort: float, window: int, most: int) -> None:
    found = planned(size, effort, window, most)
    assert 0 <= found.requests <= found.walk
    # Searching itself always fits, with a little context, or it is not chosen.
    own = min(size.own or 0, most)
    assert found.method == "walk" or found.requests >= own / 25 + 1 + (own / 200 if window else 0)


@given(sizes, efforts, windows)
def test_a_search_keeps_to_its_share_of_a_walk_where_it_can(size: Size, effort: float, window: int) -> None:
    found = planned(size, effort, window)
    least = -(-min(size.own or 0, 10_000) // 25) + 1 + size.made + 50 * bool(window)
    assert found.method == "walk" or found.requests <= max(100 + size.made, effort * found.walk, least)


@given(sizes, efforts, windows, st.integers(1, 50_000))
def test_a_larger_server_is_no_reason_to_walk_and_more_messages_are_none_to_search(
    size: Size, effort: float, window: int, more: int
) -> None:
    assert size.server is not None and size.own is not None
    before = planned(size, effort, window)
    larger = planned(Size(size.own, max(size.server, size.own) + more, size.places, size.made), effort, window)
    talkative = planned(Size(size.own + more, size.server, size.places, size.made), effort, window)
    assert before.method == "walk" or larger.method == "search"
    assert before.walk <= larger.walk
    if size.server >= size.own + more:
        assert before.method == "search" or talkative.method == "walk"


@given(sizes, efforts, efforts)
def test_more_effort_never_means_fewer_requests(size: Size, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert planned(size, low).requests <= planned(size, high).requests


@pytest.mark.parametrize(
    ("requests", "per_second", "said"),
    [
        (1, 1.0, "about 1 request, 1 s, by search"),
        (0, 1.0, "about 0 requests, 1 s, by search"),
        (207, 4.0, "about 210 requests, 52 s, by search"),
        (207, 3.0, "about 210 requests, 1 min, by search"),
        (12_345, 5.0, "about 12,000 requests, 41 min, by search"),
        (99, None, "about 99 requests, by search"),
        (1_000_000, 5.0, "about 1,000,000 requests, 56 h, by search"),
    ],
)
def test_a_plan_is_said_in_round_numbers(requests: int, per_second: float | None, said: str) -> None:
    assert sentence("search", requests, per_second) == said


def test_a_walk_is_called_reading() -> None:
    assert sentence("walk", 2008, 5.0) == "about 2,000 requests, 7 min, by reading every channel"


@given(st.floats(0, 1e7))
def test_a_duration_is_never_nothing_and_never_sixty_of_a_unit(seconds: float) -> None:
    number, unit = lasting(seconds).replace(",", "").split()
    assert int(number) >= 1 and (unit != "s" or int(number) < 60) and (unit != "min" or int(number) < 120)
