"""From a stream of messages to conversations and turns of talk."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.stored import StoredMessage
from echo.corpus.conversations import Conversation, Kind, Turn, bursts_of, conversations_of, gaps_of
from echo.corpus.dataset import learnable, lines_of
from echo.corpus.pauses import DEFAULT_GAP
from echo.corpus.written import Mark, Written
from echo.persona.turns import BURST_GAP, CONTEXT_AGE, CONTEXT_LENGTH, REPLY_WITHIN
from tests.corpus.rows import NAME, said, wild_rows


def talks(rows: list[StoredMessage]) -> list[Conversation]:
    lines = lines_of(rows, NAME)
    return conversations_of(lines, gaps_of(lines))


def turns(rows: list[StoredMessage]) -> list[Turn]:
    """The subject's turns in all conversations."""
    return [turn for talk in talks(rows) for turn in talk.turns if turn.own]


def context(turn: Turn) -> list[str | None]:
    return [line.key for line in turn.context]


# ---------------------------------------------------------------- what engines learn


def test_messages_with_nobody_in_between_are_one_turn() -> None:
    rows = [Written("a", "c", 0, "hi"), Written("me", "c", 10, "one"), Written("me", "c", 130, "two")]
    (turn,) = bursts_of(rows, "me")
    assert turn.texts == ("one", "two")
    assert turn.times == (10, 130)
    assert turn.gaps == (120,)
    assert turn.delay == 10
    assert [(u.author, u.text, u.own) for u in turn.context] == [("a", "hi", False)]


def test_turns_name_the_stored_messages_that_they_are_made_of() -> None:
    rows = [said(7, 0, "Ann", "hi"), said(8, 10, text="one"), said(9, 20, text="two")]
    (turn,) = learnable(rows, NAME)
    assert (turn.context_ids, turn.ids) == ((7,), (8, 9))
    (unnamed,) = bursts_of([Written("a", "c", 0, "hi"), Written("me", "c", 10, "one")], "me")
    assert (unnamed.context_ids, unnamed.ids) == ((), ())


def test_a_longer_pause_or_somebody_else_begins_a_new_turn() -> None:
    rows = [
        Written("me", "c", 0, "one"),
        Written("me", "c", 121, "two"),
        Written("a", "c", 122, "what"),
        Written("me", "c", 123, "three"),
    ]
    found = bursts_of(rows, "me")
    assert [t.texts for t in found] == [("one",), ("two",), ("three",)]
    assert [t.delay for t in found] == [None, None, 1]


def test_an_answer_after_an_hour_is_no_answer() -> None:
    rows = [Written("a", "c", 0, "hi"), Written("me", "c", 3601, "late")]
    assert bursts_of(rows, "me")[0].delay is None


def test_channels_do_not_mix() -> None:
    rows = [Written("a", "x", 0, "in x"), Written("me", "y", 1, "in y"), Written("me", "x", 2, "in x too")]
    first, second = bursts_of(rows, "me")
    assert first.context == ()
    assert [u.text for u in second.context] == ["in x"]


def test_messages_without_text_are_not_there() -> None:
    rows = [Written("a", "c", 0, " \n"), Written("me", "c", 1, "hm"), Written("me", "c", 2, "")]
    (turn,) = bursts_of(rows, "me")
    assert (turn.context, turn.texts) == ((), ("hm",))


def test_what_is_said_in_the_same_instant_is_no_context() -> None:
    rows = [Written("a", "c", 5, "older"), Written("a", "c", 10, "same"), Written("me", "c", 10, "answer")]
    (turn,) = bursts_of(rows, "me")
    assert [u.text for u in turn.context] == ["older"]
    assert turn.delay == 5


def test_engines_see_what_was_said_an_hour_ago_and_that_a_conversation_opens() -> None:
    (turn,) = learnable([said(1, 0, "Ann"), said(2, 3000)], NAME)
    assert [u.text for u in turn.context] == ["message 1"]
    assert turn.opens
    assert turn.delay == 3000


def test_engines_see_nothing_across_what_is_unseen() -> None:
    rows = [said(1, 0, "Ann"), said(2, 10, "Ann", "look", cut=True), said(3, 20), said(4, 60, "Ann"), said(5, 90)]
    first, second = learnable(rows, NAME)
    assert (first.context, first.delay, first.opens) == ((), None, False)
    assert [u.text for u in second.context] == ["message 3", "message 4"]


def test_engines_see_nothing_across_what_is_unseen_however_long_ago_it_was() -> None:
    (turn,) = learnable([said(1, 0, "Ann"), said(2, 10, "Ann", "", cut=True), said(3, 3000)], NAME)
    assert (turn.context, turn.opens) == ((), True)


def test_a_picture_in_an_export_is_unseen_too() -> None:
    picture = Written("a", "c", 10, "", marks=frozenset({Mark.ATTACHMENT}))
    rows = [Written("a", "c", 0, "hi"), picture, Written("me", "c", 20, "wow")]
    assert bursts_of(rows, "me")[0].context == ()


def test_somebody_of_the_same_name_is_not_the_subject() -> None:
    rows = [said(1, 0, "Ann"), said(2, 10)]
    (turn,) = learnable([*rows, replace(said(3, 5, "Bob"), author=NAME)], NAME)
    assert [(u.author, u.own) for u in turn.context] == [("Ann", False), (f"{NAME}_", False)]


# ---------------------------------------------------------------- conversations


@pytest.mark.parametrize(
    ("rows", "kinds", "contexts"),
    [
        pytest.param([said(1, 0)], [Kind.OPENING], [[]], id="nobody before"),
        pytest.param([said(1, 0, "Ann"), said(2, DEFAULT_GAP)], [Kind.ANSWER], [["1"]], id="within the gap"),
        pytest.param([said(1, 0, "Ann"), said(2, DEFAULT_GAP + 1)], [Kind.OPENING], [[]], id="after the gap"),
        pytest.param([said(1, 0), said(2, 200)], [Kind.OPENING, Kind.CONTINUED], [[], ["1"]], id="nobody answered"),
        pytest.param(
            [said(1, 0, "Ann"), said(2, 10), said(3, 200)],
            [Kind.ANSWER, Kind.ANSWER],
            [["1"], ["1", "2"]],
            id="one answer after another",
        ),
        pytest.param(
            [said(1, 0, "Ann"), said(2, 10, "Ann", "", cut=True), said(3, 20)],
            [Kind.UNKNOWN],
            [[]],
            id="after a picture",
        ),
        pytest.param(
            [said(1, 0, "Ann"), said(2, 10, "Ann", "", cut=True), said(3, 11 + DEFAULT_GAP)],
            [Kind.OPENING],
            [[]],
            id="long after a picture",
        ),
        pytest.param(
            [said(1, 0, "Ann"), said(2, 10, cut=True), said(3, 20)],
            [Kind.ANSWER, Kind.UNKNOWN],
            [["1"], []],
            id="words beside their own picture",
        ),
        pytest.param([said(1, 0, "Ann"), said(2, 10, bare=True)], [Kind.UNKNOWN], [[]], id="bare"),
        pytest.param(
            [said(1, 0, "Ann"), said(2, 9000, bare=True, reply_to=1)], [Kind.ANSWER], [["1"]], id="bare, but a reply"
        ),
        pytest.param(
            [said(1, 0, "Ann"), said(2, 9000, bare=True, reply_to=7)], [Kind.UNKNOWN], [[]], id="a reply to nothing"
        ),
        pytest.param(
            [said(1, 0, "Ann", cut=True), said(2, 9000, "Bob"), said(3, 9010, reply_to=1)],
            [Kind.UNKNOWN],
            [[]],
            id="a reply to a picture",
        ),
        pytest.param(
            [said(1, 0, "Ann"), said(2, 9000, "Bob"), said(3, 9010, reply_to=1)],
            [Kind.ANSWER],
            [["1", "2"]],
            id="a reply to an older message stands in its place in time",
        ),
        pytest.param(
            [said(1, 0, "Ann"), said(2, 9000, reply_to=1)], [Kind.ANSWER], [["1"]], id="a late reply opens nothing"
        ),
        pytest.param(
            [said(1, 0), said(2, 9000, reply_to=1)],
            [Kind.OPENING, Kind.CONTINUED],
            [[], ["1"]],
            id="a reply to themselves",
        ),
        pytest.param(
            [said(1, 0, "Ann"), said(2, 10, reply_to=3), said(3, 20, "Ann")],
            [Kind.ANSWER],
            [["1"]],
            id="a reply to a newer message",
        ),
        pytest.param(
            [said(1, 0, "Ann"), said(2, 10), said(3, 20, bare=True)],
            [Kind.ANSWER, Kind.UNKNOWN],
            [["1"], []],
            id="bare ones join no turn",
        ),
        pytest.param(
            [said(1, 0, "Ann"), said(2, 5, "Bob", channel=9), said(3, 10)], [Kind.ANSWER], [["1"]], id="another channel"
        ),
    ],
)
def test_what_stands_before_a_turn_makes_it_an_answer_or_not(
    rows: list[StoredMessage], kinds: list[Kind], contexts: list[list[str]]
) -> None:
    found = turns(rows)
    assert [turn.kind for turn in found] == kinds
    assert [context(turn) for turn in found] == contexts


def test_a_gap_or_something_unseen_ends_a_conversation() -> None:
    rows = [
        said(1, 0, "Ann"),
        said(2, 10),
        said(3, 20, "Ann", "look", cut=True),
        said(4, 30, "Bob"),
        said(5, 31 + DEFAULT_GAP, "Ann"),
        said(6, 40 + DEFAULT_GAP),
    ]
    assert [[line.key for turn in talk.turns for line in turn.lines] for talk in talks(rows)] == [
        ["1", "2", "3"],
        ["4"],
        ["5", "6"],
    ]


def test_a_reply_is_kept_where_the_talk_before_it_is_long() -> None:
    rows = [said(at, at * 20, "Ann" if at % 2 else "Bob") for at in range(1, 31)]
    (turn,) = turns([*rows, said(99, 620, reply_to=1)])
    assert context(turn) == ["1", *(str(at) for at in range(31 - CONTEXT_LENGTH + 1, 31))]


def test_a_channel_learns_its_own_gap() -> None:
    """In a channel where people take ten minutes to answer, ten minutes end nothing."""
    rows = [
        said(1000 * day + at, 86_400 * day + 600 * at, NAME if at % 2 else "Ann")
        for day in range(60)
        for at in range(8)
    ]
    found = turns(rows)
    assert len(found) == 240
    assert {turn.kind for turn in found} == {Kind.ANSWER}
    assert len(talks(rows)) == 60


# ---------------------------------------------------------------- whatever comes

rows_strategy = st.lists(
    st.builds(
        Written,
        author=st.sampled_from(["me", "a", "b"]),
        channel=st.sampled_from(["x", "y"]),
        ts=st.integers(0, 200_000).map(float),
        text=st.text(max_size=5),
    ),
    max_size=60,
)


@settings(max_examples=80)
@given(rows=rows_strategy, before=st.integers(0, 200_000))
def test_nothing_from_the_date_on_is_in_any_turn(rows: list[Written], before: int) -> None:
    found = bursts_of(rows, "me", before=before)
    assert all(ts < before for t in found for ts in (t.ts, *t.times, *(u.ts for u in t.context)))
    assert found == bursts_of([r for r in rows if r.ts < before], "me")


@settings(max_examples=80)
@given(rows=rows_strategy)
def test_every_turn_keeps_the_rules(rows: list[Written]) -> None:
    found = bursts_of(rows, "me")
    assert sum(len(t.texts) for t in found) == sum(r.author == "me" and bool(r.text.strip()) for r in rows)
    for t in found:
        assert len(t.texts) == len(t.times) == len(t.gaps) + 1
        assert all(0 <= gap <= BURST_GAP for gap in t.gaps)
        assert len(t.context) <= CONTEXT_LENGTH
        assert all(0 < t.ts - u.ts <= CONTEXT_AGE for u in t.context)
        assert t.delay is None or (0 < t.delay <= REPLY_WITHIN and not t.context[-1].own)


@settings(max_examples=80)
@given(rows=wild_rows())
def test_every_context_message_is_older_than_what_answers_it(rows: list[StoredMessage]) -> None:
    for turn in turns(rows):
        assert all(line.ts < turn.ts for line in turn.context)
        assert all(a.ts <= b.ts for a, b in pairwise(turn.context))
        assert len(turn.context) <= CONTEXT_LENGTH
    for burst in learnable(rows, NAME):
        assert all(u.ts < burst.ts for u in burst.context)


@settings(max_examples=80)
@given(rows=wild_rows())
def test_nothing_unseen_stands_between_a_turn_and_its_context(rows: list[StoredMessage]) -> None:
    by_id = {row.message_id: row for row in rows}
    for turn in turns(rows):
        replied = {by_id[int(line.key or 0)].reply_to for line in turn.lines}
        first = by_id[int(turn.lines[0].key or 0)]
        for line in turn.context:
            row = by_id[int(line.key or 0)]
            if row.message_id in replied:
                assert not row.cut
                continue
            between = [
                other
                for other in rows
                if other.channel_id == row.channel_id
                and (row.ts, row.message_id) <= (other.ts, other.message_id) <= (first.ts, first.message_id)
            ]
            between.sort(key=lambda other: (other.ts, other.message_id))
            assert not any(other.cut for other in between[:-1])
            assert not any(other.bare for other in between[1:])
            assert all(b.ts - a.ts <= DEFAULT_GAP for a, b in pairwise(between))


@settings(max_examples=80)
@given(rows=wild_rows())
def test_every_message_with_text_is_in_one_conversation(rows: list[StoredMessage]) -> None:
    kept = [int(line.key or 0) for talk in talks(rows) for turn in talk.turns for line in turn.lines]
    assert sorted(kept) == sorted(row.message_id for row in rows if row.text)
