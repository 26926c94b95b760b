"""From a stream of messages to turns of talk."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from echo.corpus.conversations import bursts_of
from echo.corpus.written import Written
from echo.persona.turns import BURST_GAP, CONTEXT_AGE, CONTEXT_LENGTH, REPLY_WITHIN


def test_messages_with_nobody_in_between_are_one_turn() -> None:
    rows = [Written("a", "c", 0, "hi"), Written("me", "c", 10, "one"), Written("me", "c", 130, "two")]
    (turn,) = bursts_of(rows, "me")
    assert turn.texts == ("one", "two")
    assert turn.times == (10, 130)
    assert turn.gaps == (120,)
    assert turn.delay == 10
    assert [(u.author, u.text, u.own) for u in turn.context] == [("a", "hi", False)]


def test_a_longer_pause_or_somebody_else_begins_a_new_turn() -> None:
    rows = [
        Written("me", "c", 0, "one"),
        Written("me", "c", 121, "two"),
        Written("a", "c", 122, "what"),
        Written("me", "c", 123, "three"),
    ]
    turns = bursts_of(rows, "me")
    assert [t.texts for t in turns] == [("one",), ("two",), ("three",)]
    assert [t.delay for t in turns] == [None, None, 1]


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
    turns = bursts_of(rows, "me", before=before)
    assert all(ts < before for t in turns for ts in (t.ts, *t.times, *(u.ts for u in t.context)))
    assert turns == bursts_of([r for r in rows if r.ts < before], "me")


@settings(max_examples=80)
@given(rows=rows_strategy)
def test_every_turn_keeps_the_rules(rows: list[Written]) -> None:
    turns = bursts_of(rows, "me")
    assert sum(len(t.texts) for t in turns) == sum(r.author == "me" and bool(r.text.strip()) for r in rows)
    for t in turns:
        assert len(t.texts) == len(t.times) == len(t.gaps) + 1
        assert all(0 <= gap <= BURST_GAP for gap in t.gaps)
        assert len(t.context) <= CONTEXT_LENGTH
        assert all(0 <= t.ts - u.ts <= CONTEXT_AGE for u in t.context)
        assert t.delay is None or (0 <= t.delay <= REPLY_WITHIN and not t.context[-1].own)
