"""What is kept of a channel that is read backwards, page by page: against the same said over the whole channel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.corpus import Cursor
from echo.discord.collecting.places import Place
from echo.discord.collecting.walk import (
    PAGE,
    Bareness,
    Carry,
    Kind,
    Raw,
    Read,
    checked,
    read,
    sift,
)
from echo.discord.collecting.walker import Walker
from echo.discord.snowflakes import snowflake_at, time_of
from echo.errors import NoPermission, ServiceUnavailable
from echo.persona.turns import CONTEXT_AGE

START = datetime(2026, 3, 1, tzinfo=UTC)
SUBJECT, OTHER, ECHO = 11, 22, 33


def channel(kinds: list[Kind], gaps: list[float]) -> list[Read]:
    """A channel's messages, oldest first, `gaps` seconds apart."""
    at, found = START, []
    for number, kind in enumerate(kinds):
        at += timedelta(seconds=gaps[number % len(gaps)])
        author = SUBJECT if kind is Kind.OWN else OTHER
        found.append(Read(snowflake_at(at) + number, author, "someone", "words", kind))
    return found


def oracle(messages: list[Read], window: int) -> set[int]:
    """What is to be kept, said without pages: own messages, and others' that are close enough before one."""
    kept = set()
    words = [message for message in messages if message.kind is not Kind.NOISE]
    for index, message in enumerate(words):
        if message.kind is Kind.OWN:
            kept.add(message.message_id)
            for before in words[max(0, index - window) : index]:
                age = (message.message_id >> 22) - (before.message_id >> 22)
                if before.kind is Kind.OTHER and age <= CONTEXT_AGE * 1000:
                    kept.add(before.message_id)
    return kept


def as_raw(message: Read) -> Raw:
    return {"id": str(message.message_id)}


def pages(messages: list[Read], before: int, size: int) -> list[Read]:
    """What Discord would answer: the newest `size` older than `before`, newest first."""
    return [message for message in reversed(messages) if message.message_id < before][:size]


channels = st.builds(
    channel,
    st.lists(st.sampled_from([Kind.OWN, Kind.OTHER, Kind.OTHER, Kind.OTHER, Kind.NOISE]), max_size=60),
    st.lists(st.sampled_from([0.0, 1.0, 60.0, 7200.0, 50_000.0]), min_size=1, max_size=5),
)


@settings(max_examples=150, deadline=None)
@given(channels, st.integers(0, 6), st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_pages_of_any_size_keep_what_the_whole_channel_would(
    messages: list[Read], window: int, sizes: list[int]
) -> None:
    kept: list[Read] = []
    carry, rest, turn = Carry(), list(reversed(messages)), 0
    while rest:
        size = sizes[turn % len(sizes)]
        found = sift(rest[:size], carry, window)
        kept, carry, rest, turn = kept + list(found.kept), found.carry, rest[size:], turn + 1
    ids = [message.message_id for message in kept]
    assert set(ids) == oracle(messages, window)
    assert len(ids) == len(set(ids))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from([Kind.OWN, Kind.OTHER, Kind.OTHER, Kind.OTHER, Kind.NOISE]), min_size=80, max_size=130),
    st.integers(0, 12),
    st.sets(st.integers(1, 40), max_size=6),
)
def test_a_walk_broken_off_anywhere_ends_with_the_same_and_counts_the_same(
    kinds: list[Kind], window: int, deaths: set[int]
) -> None:
    # Pages of 100 would need thousands of messages for each example, so the channel is repeated to a few pages.
    messages = channel(kinds * 4, [1.0, 3600.0, 5.0])
    stored: dict[int, Read] = {}
    cursor: Cursor | None = None
    walker = Walker.at(Place(1, None), messages[-1].message_id + 1, None)
    fetches = 0
    while not walker.over:
        fetches += 1
        if fetches in deaths:
            walker = Walker.at(Place(1, None), messages[-1].message_id + 1, cursor)
        page = pages(messages, walker.before, PAGE)
        found = sift(page, walker.carry, window)
        walker.advance([as_raw(message) for message in page], found)
        stored |= {message.message_id: message for message in found.kept}
        cursor = walker.cursor()
    assert set(stored) == oracle(messages, window)
    assert cursor == Cursor(1, walker.before, True, len(messages), len(stored))


@settings(max_examples=100, deadline=None)
@given(channels, st.integers(0, 6), st.integers(0, 20))
def test_a_limit_keeps_the_newest_and_the_context_of_each(messages: list[Read], window: int, room: int) -> None:
    found = sift(list(reversed(messages)), Carry(), window, room)
    own = [message for message in messages if message.kind is Kind.OWN]
    wanted = own[len(own) - room :] if room < len(own) else own
    assert found.own == len(wanted)
    assert {m.message_id for m in found.kept if m.kind is Kind.OWN} == {m.message_id for m in wanted}
    assert {m.message_id for m in found.kept} <= oracle(messages, window)
    if room < len(own):
        assert list(reversed(messages))[found.used] == own[len(own) - room - 1]


@given(st.datetimes(min_value=datetime(2015, 1, 2), max_value=datetime(2080, 1, 1)))
def test_an_id_splits_exactly_the_messages_before_a_moment_from_those_at_it(naive: datetime) -> None:
    moment = naive.replace(microsecond=naive.microsecond // 1000 * 1000, tzinfo=UTC)
    bound = snowflake_at(moment)
    assert time_of(bound) == moment
    assert time_of(bound - 1) == moment - timedelta(milliseconds=1)


def test_a_page_that_is_not_older_ends_in_one_sentence() -> None:
    with pytest.raises(ServiceUnavailable, match="not older than those it was asked for"):
        checked([{"id": "100"}, {"id": "99"}], 7, before=100)


def test_a_page_is_put_in_order_whatever_order_it_came_in() -> None:
    assert [raw["id"] for raw in checked([{"id": "8"}, {"id": "99"}], 7, before=100)] == ["99", "8"]


def raw_message(**changes: object) -> dict[str, object]:
    author = {"id": str(SUBJECT), "username": "ada_l", "global_name": "Ada"}
    return {"id": "5", "type": 0, "content": "words", "author": author, "mentions": []} | changes


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, Kind.OWN),
        ({"type": 19}, Kind.OWN),
        ({"author": {"id": str(OTHER), "username": "bo"}}, Kind.OTHER),
        ({"author": {"id": str(OTHER), "username": "radio", "bot": True}}, Kind.OTHER),
        ({"webhook_id": "9"}, Kind.OTHER),
        ({"author": {"id": str(SUBJECT), "username": "ada_l", "bot": True}}, Kind.OTHER),
        ({"webhook_id": "9", "application_id": str(ECHO)}, Kind.NOISE),
        ({"author": {"id": str(ECHO), "username": "Echo", "bot": True}}, Kind.NOISE),
        ({"type": 7}, Kind.NOISE),
        ({"type": 6, "content": "pinned"}, Kind.NOISE),
        ({"content": ""}, Kind.NOISE),
        ({"content": " \n"}, Kind.NOISE),
    ],
)
def test_only_what_the_subject_typed_counts_as_theirs(changes: dict[str, object], kind: Kind) -> None:
    assert read(raw_message(**changes), SUBJECT, ECHO).kind is kind


def test_a_reply_knows_what_it_answers_and_a_forward_answers_nothing() -> None:
    reference = {"message_reference": {"message_id": "3"}}
    assert read(raw_message(type=19, **reference), SUBJECT, ECHO).reply_to == 3
    assert read(raw_message(type=0, **reference), SUBJECT, ECHO).reply_to is None


def test_pages_without_any_content_are_told_as_the_missing_intent() -> None:
    bareness = Bareness(ECHO)
    with pytest.raises(NoPermission, match="Message Content intent"):
        bareness.look_at([raw_message(content="") for _ in range(3)])


def test_a_few_messages_without_content_are_told_once_nothing_else_was_seen() -> None:
    bareness = Bareness(ECHO)
    bareness.look_at([raw_message(content="")])
    with pytest.raises(NoPermission, match="Message Content intent"):
        bareness.conclude()


@pytest.mark.parametrize(
    "changes", [{"attachments": [{}]}, {"sticker_items": [{}]}, {"poll": {"question": {}}}, {"content": "words"}]
)
def test_pictures_stickers_polls_and_words_are_content(changes: dict[str, object]) -> None:
    bareness = Bareness(ECHO)
    bareness.look_at([raw_message(content=""), raw_message(content=""), raw_message(**({"content": ""} | changes))])
    bareness.conclude()


def test_mentions_of_the_bot_prove_nothing_about_the_intent() -> None:
    bareness = Bareness(ECHO)
    bare = [raw_message(content="") for _ in range(3)]
    with pytest.raises(NoPermission):
        bareness.look_at([*bare, raw_message(content="hey", mentions=[{"id": str(ECHO)}])])
