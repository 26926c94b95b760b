"""Which messages are learnt where there are more than may be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.stored import StoredMessage
from echo.corpus.conversations import gaps_of
from echo.corpus.dataset import Split, learnable, lines_of, taught
from echo.corpus.selecting import Keeping, Selected, Weighing
from echo.perusing import select
from tests.corpus.rows import NAME, Stored, chatter, said, wild_rows


def chosen(rows: list[StoredMessage], most: int) -> frozenset[int]:
    weighed = Weighing()
    for page in Stored(rows).pages():
        weighed.add(page)
    return weighed.choose(most)


def older(*rows: StoredMessage) -> list[StoredMessage]:
    """These, and as many newer messages of the subject's as they hold of theirs, which fill the newest half."""
    own = sum(row.own for row in rows)
    return [*rows, *(said(10_000 + at, 1e6 + 9000 * at) for at in range(own))]


def of_older(rows: list[StoredMessage], most: int) -> set[int]:
    return {one for one in chosen(rows, most) if one < 10_000}


# ---------------------------------------------------------------- what is chosen


def test_half_of_what_is_learnt_is_the_newest() -> None:
    rows = chatter(50)
    own = sorted(row.message_id for row in rows if row.own)
    found = chosen(rows, 21)
    assert len(found) == 21
    assert set(own[-11:]) <= found


@pytest.mark.parametrize(
    ("rows", "better"),
    [
        pytest.param(
            [said(1, 0, text="ham and eggs"), said(2, 9000, "Ann"), said(3, 9010, text="jam and bread")],
            3,
            id="an answer tells more than an opening",
        ),
        pytest.param(
            [said(1, 0, text="ham"), said(3, 9010, text="plum jam with two slices of rye bread")],
            3,
            id="a long one tells more than a short one",
        ),
        pytest.param(
            [
                *(said(10 + at, 600 * at, text="tea yes") for at in range(4)),
                said(1, 5000, text="quince marmalade"),
                said(3, 9010, text="tea yes"),
            ],
            1,
            id="rare words tell more than usual ones",
        ),
        pytest.param(
            [said(3, 0, text="plum jam"), said(1, 9000, text="rye bread"), said(10_500, 2e6, text="Rye  bread")],
            3,
            id="what is said again later tells less",
        ),
        pytest.param([said(1, 0, text="plum jam"), said(3, 9000, text="rye bread")], 3, id="of equals the newer one"),
        pytest.param(
            [said(2, 0, "Ann"), said(3, 20, text="rye bread", bare=True), said(1, 9000, text="plum jam")],
            1,
            id="what stands alone in a package answers nobody",
        ),
    ],
)
def test_the_most_telling_of_the_older_ones_are_chosen(rows: list[StoredMessage], better: int) -> None:
    among = [row for row in rows if row.own and row.message_id in (1, 3)]
    others = [row for row in rows if row not in among]
    rest = older(*among, *others)
    order = []
    for most in range(1, 2 * len(rest)):
        order += [one for one in (1, 3) if one in chosen(rest, most) and one not in order]
    assert order[0] == better


def test_turns_are_not_torn() -> None:
    turn = [said(at, 10 * at, text=f"plum jam number {at} of many") for at in range(1, 5)]
    alone = [said(at, 9000 * at) for at in range(5, 9)]
    rows = older(*turn, *alone)
    for most in range(1, 17):
        assert len(of_older(rows, most) & {1, 2, 3, 4}) in (0, 4), most


def test_a_turn_longer_than_all_that_may_be_learnt_is_cut_to_its_newest() -> None:
    rows = [said(at, 10.0 * at) for at in range(1, 101)]
    assert chosen(rows, 10) == frozenset(range(91, 101))


@settings(max_examples=80)
@given(rows=wild_rows(), most=st.integers(1, 20))
def test_as_many_are_chosen_as_may_be_and_always_the_same(rows: list[StoredMessage], most: int) -> None:
    own = [row for row in rows if row.own and row.text]
    found = chosen(rows, most)
    assert len(found) == min(most, len(own))
    assert found <= {row.message_id for row in own}
    assert found == chosen(sorted(rows, key=lambda row: -row.message_id), most)
    newest = sorted(own, key=lambda row: (row.ts, row.message_id))[-((most + 1) // 2) :]
    assert {row.message_id for row in newest} <= found


# ---------------------------------------------------------------- what is kept with it


async def test_a_corpus_that_is_not_too_large_is_learnt_whole() -> None:
    rows = chatter(10)
    assert await select(Stored(rows), 1, 20) == Selected(rows)
    assert await select(Stored([]), 1, 20) == Selected([])


async def test_what_stood_before_the_chosen_is_kept_and_nothing_else() -> None:
    rows = chatter(300)
    found = await select(Stored(rows), 1, 20)
    assert found.chosen is not None
    assert len(found.chosen) == 20
    assert len(found.rows) <= 20 * 13
    assert len({row.message_id for row in found.rows}) == len(found.rows)
    bursts = taught(found, NAME).bursts
    whole = {burst.ts: burst for burst in learnable(rows, NAME)}
    assert sum(len(burst.texts) for burst in bursts) == 20
    assert all(burst == whole[burst.ts] for burst in bursts)


async def test_what_a_chosen_message_replies_to_is_kept_however_old() -> None:
    rows = [said(1, 0, "Ann", "tea?"), *(replace(row, ts=row.ts + 9000) for row in chatter(30, first_id=10))]
    rows.append(said(9_000, 1e6, text="late, but yes", reply_to=1))
    (example,) = taught(await select(Stored(rows), 1, 1), NAME).dataset.splits[Split.TRAIN]
    assert [line.text for line in example.turn.context] == ["tea?"]


async def test_the_gap_of_a_channel_is_learnt_from_all_of_it() -> None:
    rows = [
        said(1000 * day + at, 86_400 * day + 600 * at, NAME if at % 2 else "Ann")
        for day in range(60)
        for at in range(8)
    ]
    found = await select(Stored(rows), 1, 10)
    assert found.gaps == gaps_of(lines_of(rows, NAME))


@settings(max_examples=60)
@given(rows=wild_rows(), most=st.integers(1, 10))
def test_every_context_message_is_older_than_its_target_in_what_is_selected(
    rows: list[StoredMessage], most: int
) -> None:
    weighed = Weighing()
    for page in Stored(rows).pages():
        weighed.add(page)
    mine = weighed.choose(most)
    keeping = Keeping(mine, weighed.replied(mine))
    kept = [row for page in Stored(rows).pages() for row in keeping.add(page)]
    found = taught(Selected(kept, mine, weighed.gaps()), NAME)
    assert all(u.ts < burst.ts for burst in found.bursts for u in burst.context)
    for split in found.dataset.splits.values():
        assert all(line.ts < example.turn.ts for example in split for line in example.turn.context)
    texts = sorted(text for burst in found.bursts for text in burst.texts)
    assert texts == sorted(row.text for row in rows if row.message_id in mine)
