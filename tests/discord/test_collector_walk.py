"""What is kept of a channel that is read backwards, page by page: against the same said over the whole channel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.stored import Outcome, PlaceResult, Range, StoredMessage
from echo.corpus.pseudonyms import People
from echo.discord.collecting.places import Place
from echo.discord.collecting.ranges import holds
from echo.discord.collecting.walk import PAGE, Bareness, Carry, PageRepeats, Raw, Reader, checked, owed_below, sift
from echo.discord.collecting.walker import Walker
from echo.discord.snowflakes import snowflake_at, time_of
from echo.errors import NoPermission
from echo.persona.turns import CONTEXT_AGE

START = datetime(2026, 3, 1, tzinfo=UTC)
SUBJECT, OTHER, ECHO, HERE, SERVER = 11, 22, 33, 7, 5
KINDS = ("own", "own picture", "other", "other", "other", "other", "picture", "sticker", "joins")


def reader() -> Reader:
    return Reader(SERVER, People(SUBJECT, "Ada", "a test"), ECHO)


def raw_message(**changes: object) -> dict[str, Any]:
    author = {"id": str(SUBJECT), "username": "ada_l", "global_name": "Ada"}
    return {"id": "5", "type": 0, "content": "words", "author": author, "mentions": []} | changes


def channel(kinds: list[str], gaps: list[float]) -> list[Raw]:
    """A channel's messages, oldest first, `gaps` seconds apart."""
    at, found = START, list[Raw]()
    for number, kind in enumerate(kinds):
        at += timedelta(seconds=gaps[number % len(gaps)])
        changes: dict[str, object] = {"id": str(snowflake_at(at) + number)}
        if not kind.startswith("own"):
            changes["author"] = {"id": str(OTHER), "username": "bo"}
        if kind.endswith("picture"):
            changes |= {"content": "", "attachments": [{"content_type": "image/png"}]}
        if kind == "sticker":
            changes |= {"content": "", "sticker_items": [{}]}
        if kind == "joins":
            changes["type"] = 7
        found.append(raw_message(**changes))
    return found


def id_of(raw: Raw) -> int:
    return int(raw["id"])


def is_own(raw: Raw) -> bool:
    return int(raw["author"]["id"]) == SUBJECT


def oracle(messages: list[Raw], window: int) -> set[int]:
    """What is to be kept, said without pages: own messages, and before those with words what others said.

    Those are at most `window`, not too old, and none stands before a picture.
    """
    kept = set()
    said = [one for one in messages if one["type"] == 0 and (one["content"] or one.get("attachments"))]
    for index, message in enumerate(said):
        if not is_own(message):
            continue
        kept.add(id_of(message))
        if not message["content"]:
            continue
        left = window
        for before in reversed(said[:index]):
            too_old = (id_of(message) >> 22) - (id_of(before) >> 22) > CONTEXT_AGE * 1000
            if not left or too_old or (is_own(before) and before["content"]):
                break
            if not is_own(before):
                kept.add(id_of(before))
                left = left - 1 if before["content"] else 0
    return kept


def page_before(messages: list[Raw], before: int, size: int) -> list[Raw]:
    """What Discord would answer: the newest `size` older than `before`, newest first."""
    return [message for message in reversed(messages) if id_of(message) < before][:size]


gaps_between = st.lists(st.sampled_from([0.0, 1.0, 60.0, 7200.0, 50_000.0]), min_size=1, max_size=5)
channels = st.builds(channel, st.lists(st.sampled_from(KINDS), max_size=60), gaps_between)


@settings(max_examples=100, deadline=None)
@given(channels, st.integers(0, 6), st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_pages_of_any_size_keep_what_the_whole_channel_would(
    messages: list[Raw], window: int, sizes: list[int]
) -> None:
    kept: list[StoredMessage] = []
    carry, rest, turn = Carry(), list(reversed(messages)), 0
    while rest:
        size = sizes[turn % len(sizes)]
        found = sift(rest[:size], reader(), HERE, carry, window)
        kept, carry, rest, turn = kept + found.kept, found.carry, rest[size:], turn + 1
    ids = [message.message_id for message in kept]
    assert set(ids) == oracle(messages, window)
    assert len(ids) == len(set(ids))


def walked(
    messages: list[Raw], window: int, walker: Walker, stored: dict[int, StoredMessage], deaths: set[int]
) -> tuple[Walker, int]:
    """Walk to the end, dying after the fetches of these numbers: what is not in `stored` and ranges is forgotten."""
    fetches = 0
    while not walker.is_whole:
        page = page_before(messages, walker.before, PAGE)
        found = sift(page, reader(), HERE, walker.carry, window, walker.is_known)
        does_not_follow = walker.advance(page, found)
        stored |= {message.message_id: message for message in found.kept}
        coverage = walker.coverage()
        fetches += 1
        if fetches in deaths:
            walker = Walker.at(walker.place, walker.upper_id, coverage.ranges, (), coverage.result)
        if fetches in deaths or does_not_follow:
            above = walker.resumes_from()
            rows = [] if above is None else [row for key, row in sorted(stored.items()) if holds([above], key)]
            walker.carry = owed_below(rows, window) or Carry()
    return walker, fetches


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.sampled_from(KINDS), min_size=80, max_size=130),
    st.integers(0, 12),
    st.sets(st.integers(1, 8), max_size=6),
)
def test_a_walk_broken_off_anywhere_asks_and_ends_the_same(kinds: list[str], window: int, deaths: set[int]) -> None:
    # Pages of 100 would need thousands of messages for each example, so the channel is repeated to a few pages.
    messages = channel(kinds * 4, [1.0, 3600.0, 5.0])
    upper = id_of(messages[-1]) + 1
    stored: dict[int, StoredMessage] = {}
    walker, fetches = walked(messages, window, Walker.at(Place(HERE), upper), stored, deaths)
    assert set(stored) == oracle(messages, window)
    assert walker.ranges == (Range(upper, 0),)
    assert fetches == len(messages) // PAGE + 1
    own = sum(1 for one in messages if is_own(one) and one["content"] and one["type"] == 0)
    assert (walker.result.pages, walker.result.seen, walker.result.kept) == (fetches, len(messages), own)
    assert walker.coverage().result == walker.result and walker.result.outcome is Outcome.READ


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.sampled_from(KINDS), min_size=100, max_size=160),
    st.integers(0, 12),
    st.lists(st.integers(0, 639), min_size=1, max_size=4),
)
def test_what_is_walked_later_is_only_what_was_not(kinds: list[str], window: int, bounds: list[int]) -> None:
    messages = channel(kinds * 4, [1.0, 3600.0, 5.0])
    stored: dict[int, StoredMessage] = {}
    ranges: tuple[Range, ...] = ()
    asked = 0
    uppers = sorted({id_of(messages[bound % len(messages)]) for bound in bounds} | {id_of(messages[-1]) + 1})
    for upper in uppers:
        there = [one for one in messages if id_of(one) < upper]
        walker, fetches = walked(there, window, Walker.at(Place(HERE), upper, ranges), stored, set())
        ranges, asked = walker.ranges, asked + fetches
    assert set(stored) == oracle(messages, window)
    assert ranges == (Range(uppers[-1], 0),)
    # Each walk's last page may reach into what was read, and one more may be asked for the context that is there.
    assert asked <= len(messages) // PAGE + 1 + 2 * len(uppers)


@given(st.datetimes(min_value=datetime(2015, 1, 2), max_value=datetime(2080, 1, 1)))
def test_an_id_splits_exactly_the_messages_before_a_moment_from_those_at_it(naive: datetime) -> None:
    moment = naive.replace(microsecond=naive.microsecond // 1000 * 1000, tzinfo=UTC)
    bound = snowflake_at(moment)
    assert time_of(bound) == moment
    assert time_of(bound - 1) == moment - timedelta(milliseconds=1)


def test_a_page_that_is_not_older_ends_in_one_sentence() -> None:
    with pytest.raises(PageRepeats, match="not older than those it was asked for"):
        checked([{"id": "100"}, {"id": "99"}], 7, before=100)


def test_a_page_is_put_in_order_whatever_order_it_came_in() -> None:
    assert [raw["id"] for raw in checked([{"id": "8"}, {"id": "99"}], 7, before=100)] == ["99", "8"]


@pytest.mark.parametrize(
    ("changes", "is_own"),
    [
        ({}, True),
        ({"type": 19}, True),
        ({"author": {"id": str(OTHER), "username": "bo"}}, False),
        ({"webhook_id": "9"}, False),
        ({"author": {"id": str(SUBJECT), "username": "ada_l", "bot": True}}, False),
    ],
)
def test_only_what_the_subject_typed_counts_as_theirs(changes: dict[str, object], is_own: bool) -> None:
    found = sift([raw_message(**changes)], reader(), HERE, Carry(), 3)
    assert [one.own for one in found.kept] == ([True] if is_own else [])


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"type": 7}, "system"),
        ({"type": 6, "content": "pinned"}, "system"),
        ({"content": ""}, "empty"),
        ({"content": " \n"}, "empty"),
        ({"content": "", "sticker_items": [{}]}, "sticker"),
        ({"author": {"id": str(ECHO), "username": "Echo", "bot": True}}, "echo"),
    ],
)
def test_what_is_nobodys_words_is_counted_by_kind(changes: dict[str, object], kind: str) -> None:
    newest = raw_message(id=str(10 << 22))
    found = sift([newest, raw_message(id=str(9 << 22), **changes)], reader(), HERE, Carry(), 3)
    assert len(found.kept) == 1 and found.dropped == {kind: 1}


def test_a_reply_knows_what_it_answers_and_a_forward_is_nobodys_words() -> None:
    reply = raw_message(type=19, message_reference={"message_id": "3"})
    assert sift([reply], reader(), HERE, Carry(), 0).kept[0].reply_to == 3
    forward = raw_message(message_reference={"type": 1, "message_id": "3"}, message_snapshots=[{}])
    assert sift([forward], reader(), HERE, Carry(), 0).words == []


def test_a_place_that_can_hold_nothing_new_has_nothing_to_ask() -> None:
    read = (Range(500 << 22, 0),)
    silent = Walker.at(Place(1, is_silent=True), 900 << 22)
    made_later = Walker.at(Place(901 << 22), 900 << 22)
    quiet = Walker.at(Place(1, newest=400 << 22), 900 << 22, read)
    lively = Walker.at(Place(1, newest=600 << 22), 900 << 22, read)
    assert [one.is_whole for one in (silent, made_later, quiet, lively)] == [True, True, True, False]
    assert lively.before == 900 << 22 and lively.recency == (600 << 22) + 1


def test_what_came_of_a_place_earlier_is_counted_on() -> None:
    earlier = PlaceResult(HERE, Outcome.FAILED, "It was slow.", pages=3, seen=250, kept=9, dropped={"empty": 2})
    walker = Walker.at(Place(HERE), 900 << 22, (), (), earlier)
    walker.advance([raw_message(id="8")], sift([raw_message(id="8", content="")], reader(), HERE, Carry(), 3))
    assert walker.coverage().result == PlaceResult(HERE, Outcome.READ, None, 4, 251, 9, {"empty": 3})
    assert walker.was_failed


def test_pages_without_any_content_are_told_as_the_missing_intent() -> None:
    bareness = Bareness(ECHO)
    with pytest.raises(NoPermission, match="Message Content intent"):
        bareness.look_at([raw_message(content="") for _ in range(3)])


def test_a_few_messages_without_content_leave_it_in_doubt() -> None:
    bareness = Bareness(ECHO)
    assert bareness.look_at([raw_message(content=""), raw_message(content="", sticker_items=[{}])])
    assert not bareness.look_at([raw_message(content="", sticker_items=[{}])])
    assert not bareness.look_at([])


@pytest.mark.parametrize("changes", [{"attachments": [{}]}, {"poll": {"question": {}}}, {"content": "words"}])
def test_pictures_polls_and_words_show_that_nothing_is_withheld(changes: dict[str, object]) -> None:
    page = [*(raw_message(content="") for _ in range(5)), raw_message(**({"content": ""} | changes))]
    assert not Bareness(ECHO).look_at(page)


def test_stickers_show_nothing_for_they_are_never_withheld() -> None:
    with pytest.raises(NoPermission, match="Message Content intent"):
        Bareness(ECHO).look_at(
            [*(raw_message(content="") for _ in range(3)), raw_message(content="", sticker_items=[{}])]
        )


def test_mentions_of_the_bot_prove_nothing_about_the_intent() -> None:
    bareness = Bareness(ECHO)
    bare = [raw_message(content="") for _ in range(3)]
    with pytest.raises(NoPermission):
        bareness.look_at([*bare, raw_message(content="hey", mentions=[{"id": str(ECHO)}])])
