"""Pages of context: where most messages lie close together, never more than allowed, and only whole context counts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.discord.collecting.windows import ENOUGH, PAGE, Seen, Window, Windows
from echo.discord.snowflakes import COUNTER_BITS
from echo.persona.turns import CONTEXT_AGE

MINUTE = 60_000


def message(minute: float, own: bool = False, counts: bool | None = None) -> Seen:
    return Seen(int(minute * MINUTE) << COUNTER_BITS, own, (not own) if counts is None else counts)


@dataclass
class Place:
    """A channel as Discord would give it; `asked` are the pages that were asked for."""

    messages: list[Seen]

    def page(self, before: int) -> list[Seen]:
        return [one for one in reversed(self.messages) if one.message_id < before][:PAGE]

    def own(self, bare: bool = True) -> list[tuple[int, bool]]:
        return [(one.message_id, bare) for one in reversed(self.messages) if one.own]


def context_of(messages: Sequence[Seen], at: int, window: int) -> set[int]:
    """By brute force: the newest `window` words of others before a message, at most so old."""
    target = messages[at].message_id
    older = [one.message_id for one in messages[:at] if one.counts]
    return {one for one in older[max(0, len(older) - window) :] if _age(target, one) <= CONTEXT_AGE * 1000}


def _age(target: int, other: int) -> int:
    return (target >> COUNTER_BITS) - (other >> COUNTER_BITS)


def run(places: dict[int, Place], windows: Windows) -> tuple[list[Window], dict[int, set[int]]]:
    """Ask all there is to ask; the pages asked for, and what was settled in each channel."""
    asked: list[Window] = []
    settled: dict[int, set[int]] = {channel: set() for channel in places}
    while window := windows.next():
        asked.append(window)
        settled[window.channel_id] |= windows.took(window, places[window.channel_id].page(window.before))
    return asked, settled


def place_of(seed: int) -> Place:
    """A channel with talk of all kinds: dense and sparse, among many and alone, with noise between."""
    chance, now, messages = random.Random(seed), 1.0, []
    for _ in range(chance.randint(0, 5)):
        now += chance.choice([5.0, 100.0, 600.0, 3000.0])
        kinds = chance.choices(["own", "other", "noise"], [chance.random() ** 2, chance.random(), 0.1], k=5)
        gap = chance.choice([0.01, 1.0, 30.0, 200.0])
        for _ in range(chance.randint(1, 150)):
            now += gap * chance.random() + 0.001
            kind = chance.choice(kinds)
            messages.append(message(now, kind == "own", kind == "other"))
    return Place(messages)


seeds = st.lists(st.integers(0, 1 << 30), max_size=3)


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(0, 12), st.integers(0, 40))
def test_what_counts_as_settled_has_its_whole_context_on_the_page(drawn: list[int], window: int, requests: int) -> None:
    places = {number: place_of(one) for number, one in enumerate(drawn)}
    windows = Windows({key: place.own() for key, place in places.items()}, window, requests)
    while found := windows.next():
        place = places[found.channel_id]
        page = place.page(found.before)
        given_ids = {one.message_id for one in page}
        for one in windows.took(found, page):
            at = next(i for i, seen in enumerate(place.messages) if seen.message_id == one)
            whole = context_of(place.messages, at, window) <= given_ids
            assert whole or sum(other < one for other in given_ids) >= ENOUGH


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(0, 12), st.integers(0, 40))
def test_no_more_is_asked_than_allowed_and_no_page_twice(drawn: list[int], window: int, requests: int) -> None:
    places = {number: place_of(one) for number, one in enumerate(drawn)}
    windows = Windows({key: place.own() for key, place in places.items()}, window, requests)
    asked, settled = run(places, windows)
    assert len(asked) <= requests and len(asked) == len(set(asked)) and windows.left == requests - len(asked)
    assert windows.is_over
    own = sum(len(place.own()) for place in places.values())
    assert sum(map(len, settled.values())) >= min(own, len(asked))
    assert windows.bare == own - sum(map(len, settled.values()))


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(0, 12))
def test_with_enough_requests_nothing_stays_bare(drawn: list[int], window: int) -> None:
    places = {number: place_of(one) for number, one in enumerate(drawn)}
    windows = Windows({key: place.own() for key, place in places.items()}, window, 10_000)
    _, settled = run(places, windows)
    assert settled == {key: {one for one, _ in place.own()} for key, place in places.items()}


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.integers(0, 1 << 30), min_size=1, max_size=3), st.integers(1, 12), st.integers(0, 5), st.integers(1, 40)
)
def test_broken_off_and_begun_anew_it_asks_for_nothing_that_is_settled(
    drawn: list[int], window: int, first: int, second: int
) -> None:
    places = {number: place_of(one) for number, one in enumerate(drawn)}
    asked, settled = run(places, Windows({key: place.own() for key, place in places.items()}, window, first))
    left = {key: [(one, one not in settled[key]) for one, _ in place.own()] for key, place in places.items()}
    again, more = run(places, Windows(left, window, second))
    assert not set(asked) & set(again)
    for key, place in places.items():
        assert settled[key] | more[key] <= {one for one, _ in place.own()}
    assert len(again) == second or all(
        settled[key] | more[key] == {one for one, _ in places[key].own()} for key in left
    )


def test_the_densest_talk_is_asked_for_first_and_the_newest_among_equals() -> None:
    def burst(start: float, count: int) -> list[Seen]:
        return [message(start + number / 10, own=True) for number in range(count)]

    day = 24 * 60.0
    filler = [message(number * 5.0) for number in range(1, int(10 * day / 5))]
    bursts = [*burst(2 * day + 1, 4), *burst(4 * day + 1, 9), *burst(6 * day + 1, 4)]
    places = {
        1: Place(sorted([*filler, *bursts], key=lambda one: one.message_id)),
        2: Place(sorted([*filler, *burst(3 * day + 1, 6)], key=lambda one: one.message_id)),
    }
    asked, settled = run(places, Windows({key: place.own() for key, place in places.items()}, 12, 4))
    days = [(one.channel_id, round((one.before >> COUNTER_BITS) / MINUTE / day)) for one in asked]
    assert days == [(1, 4), (2, 3), (1, 6), (1, 2)]
    assert [len(settled[1]), len(settled[2])] == [17, 6]


def test_how_far_pages_reach_is_learned_from_those_that_came() -> None:
    # Ten messages of others a minute: a page is ten minutes, so that a few close together are worth more than many
    # over two hours.
    others = [message(number / 10 + 0.01) for number in range(10, 10_000)]
    close = [message(300 + number, own=True) for number in range(6)]
    spread = [message(600 + number * 9, own=True) for number in range(12)]
    place = Place(sorted([*others, *close, *spread], key=lambda one: one.message_id))
    asked, settled = run({1: place}, Windows({1: place.own()}, 12, 2))
    moments = [(one.before >> COUNTER_BITS) / MINUTE for one in asked]
    assert moments[0] > 600 and 300 < moments[1] < 310 and settled[1] >= {one.message_id for one in close}


def test_what_is_not_bare_is_not_asked_for() -> None:
    place = Place([message(number, own=number % 3 == 0) for number in range(1, 300)])
    assert Windows({1: place.own(bare=False)}, 12, 10).next() is None


def test_a_channel_has_one_page_out_at_a_time_and_others_go_on_beside_it() -> None:
    place = Place([message(number, own=number % 90 == 0) for number in range(1, 1000)])
    windows = Windows({1: place.own(), 2: place.own()}, 12, 10)
    first, second = windows.next(), windows.next()
    assert first and second and {first.channel_id, second.channel_id} == {1, 2}
    assert windows.next() is None and not windows.is_over
    windows.took(first, place.page(first.before))
    third = windows.next()
    assert third and third.channel_id == first.channel_id and third != first


def test_a_page_that_failed_is_asked_for_again_and_stays_counted() -> None:
    place = Place([message(number, own=number == 500) for number in range(1, 1000)])
    windows = Windows({1: place.own()}, 12, 2)
    first = windows.next()
    assert first
    windows.again(first)
    assert windows.next() == first and windows.left == 0
    windows.again(first)
    assert windows.next() is None and windows.is_over and windows.bare == 1


def test_a_lost_channel_is_left_alone() -> None:
    place = Place([message(number, own=number % 90 == 0) for number in range(1, 1000)])
    windows = Windows({1: place.own(), 2: place.own()}, 12, 10)
    first = windows.next()
    assert first
    windows.lost(first.channel_id)
    asked, _ = run({1: place, 2: place}, windows)
    assert {one.channel_id for one in asked} == {1, 2} - {first.channel_id} and windows.is_over


@pytest.mark.parametrize("count", [0, 40, 100])
def test_a_message_that_is_gone_is_not_asked_for_for_ever(count: int) -> None:
    place = Place([message(number) for number in range(1, count + 1)])
    gone = message(count + 1, own=True)
    windows = Windows({1: [(gone.message_id, True)]}, 12, 10)
    asked, settled = run({1: place}, windows)
    assert len(asked) == 1 and settled == {1: set()} and windows.bare == 0


def test_talking_to_oneself_for_longer_than_a_page_comes_to_an_end() -> None:
    place = Place([message(number / 10, own=True) for number in range(1, 451)])
    windows = Windows({1: place.own()}, 12, 1000)
    asked, settled = run({1: place}, windows)
    assert len(settled[1]) == 450 and len(asked) <= 9


@pytest.mark.parametrize(("before", "is_known"), [(ENOUGH - 1, False), (ENOUGH, True)])
def test_half_a_page_of_anything_is_as_good_as_context(before: int, is_known: bool) -> None:
    place = Place([message(1 + number / 10, own=True) for number in range(200)])
    windows = Windows({1: place.own()}, 12, 1)
    window = windows.next()
    assert window
    page = place.page(window.before)
    assert (page[PAGE - 1 - before].message_id in windows.took(window, page)) is is_known


def test_more_than_a_page_holds_is_no_reason_to_ask_for_the_older() -> None:
    older = [message(1 + number / 100, own=True) for number in range(180)]
    newer = [message(2000 + number / 100, own=True) for number in range(120)]
    window = Windows({1: Place([*older, *newer]).own()}, 12, 1).next()
    assert window and window.before > newer[0].message_id


def test_channels_have_spans_of_their_own() -> None:
    # In a slow channel a page is a day; what lies a day apart there is worth more than two at once in a quick one.
    def channel(gap: float, own: list[float]) -> Place:
        others = [message(number * gap) for number in range(1, 600)]
        return Place(sorted([*others, *(message(one, own=True) for one in own)], key=lambda one: one.message_id))

    quick = channel(0.1, [30.03, 30.06, 20.01, 20.02])
    slow = channel(15, [8000.5, 8001.5, 5000.5, 5001.5, 5002.5, 2801, 3300.5, 3600.5])
    asked, _ = run({1: quick, 2: slow}, Windows({1: quick.own(), 2: slow.own()}, 12, 3))
    assert [one.channel_id for one in asked] == [1, 2, 2] and asked[2].before == (
        3600 * MINUTE + 30_000 << COUNTER_BITS
    ) + 1


def test_bursty_talk_gets_much_more_context_than_pages_at_random() -> None:
    chance = random.Random(5)
    now, messages = 1.0, []
    for _ in range(300):
        now += chance.uniform(60, 900)
        speaks = chance.random() < 0.1
        for _ in range(chance.randint(20, 120)):
            now += chance.expovariate(2.0)
            messages.append(message(now, own=speaks and chance.random() < 0.3))
    place = Place(messages)
    own, requests = place.own(), 15
    _, settled = run({1: place}, Windows({1: own}, 12, requests))
    blind: set[int] = set()
    for one, _ in chance.sample(own, requests):
        alone = Windows({1: [(one, True)]}, 12, 1)
        window = alone.next()
        assert window
        blind |= alone.took(window, place.page(window.before))
    assert len(settled[1]) > 1.3 * len(blind)
