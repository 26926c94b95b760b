"""The dataset that a corpus gives: examples, splits, what is dropped, and how it is kept."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from db.connection import Database
from db.corpus import Corpus
from db.datasets import Datasets
from db.keys import Keyring
from db.stored import StoredMessage
from echo.corpus.dataset import PART, Dataset, Example, Split, alike, learnable, openings_apart, put_dataset, taught
from echo.corpus.dialogue import IN_THE_MIDDLE, NOTHING_YET, UNANSWERED
from echo.corpus.selecting import Selected
from echo.perusing import select
from states.model import ProfileSnapshot
from tests.corpus.rows import NAME, SUBJECT, chatter, said, wild_rows
from tests.support.clock import HandClock
from tests.support.recorded import CHAT
from tests.support.snapshots import birth
from tests.support.stored_steps import steps_of

REAL = CHAT / "zig-small.jsonl"


def dataset(rows: list[StoredMessage]) -> Dataset:
    return taught(Selected(rows), NAME).dataset


def every(made: Dataset) -> list[Example]:
    return [example for split in Split for example in made.splits[split]]


def told(example: Example) -> list[tuple[str, str]]:
    return [(message["role"], message["content"]) for message in json.loads(example.line())["messages"]]


# ---------------------------------------------------------------- one example


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(
            [said(1, 0, "Ann", "tea?"), said(2, 5, text="yes"), said(3, 9, text="please")],
            [("user", "Ann: tea?"), ("assistant", "yes\nplease")],
            id="several messages are lines of one turn",
        ),
        pytest.param(
            [said(1, 0, "Ann", "tea?"), said(2, 5, "Bob", "or\ncake"), said(3, 9, text="cake")],
            [("user", "Ann: tea?\nBob: or\ncake"), ("assistant", "cake")],
            id="speakers are kept apart",
        ),
        pytest.param(
            [said(1, 0, "Ann", "tea?"), said(2, 5, text="no"), said(3, 9, "Bob", "why"), said(4, 20, text="late")],
            [("user", "Ann: tea?"), ("assistant", "no"), ("user", "Bob: why"), ("assistant", "late")],
            id="the subject's earlier words are the assistant's",
        ),
        pytest.param(
            [said(1, 0, text="morning"), said(2, 5, "Ann", "hi"), said(3, 9, text="tea?")],
            [("user", IN_THE_MIDDLE), ("assistant", "morning"), ("user", "Ann: hi"), ("assistant", "tea?")],
            id="a user comes first",
        ),
        pytest.param(
            [said(1, 0, "Ann", "hi"), said(2, 9, text="morning"), said(3, 200, text="anybody?")],
            [("user", "Ann: hi"), ("assistant", "morning"), ("user", UNANSWERED), ("assistant", "anybody?")],
            id="a user comes before the answer",
        ),
        pytest.param([said(1, 0, text="hello")], [("user", NOTHING_YET), ("assistant", "hello")], id="an opening"),
    ],
)
def test_an_example_is_a_user_and_an_assistant_by_turns(
    rows: list[StoredMessage], expected: list[tuple[str, str]]
) -> None:
    assert told(every(dataset(rows))[-1]) == expected


def test_openings_are_kept_apart_from_answers() -> None:
    rows = [said(1, 0, text="hello"), said(2, 10, "Ann"), said(3, 20), said(4, 9000, text="anybody there?")]
    made = dataset(rows)
    openings = [told(one)[-1][1] for split in Split for one in made.openings(split)]
    assert openings == ["hello", "anybody there?"]
    assert [told(one)[-1][1] for split in Split for one in made.answers(split)] == ["message 3"]
    stored = b"".join(content for split in Split for _, content in made.parts(split))
    answers, opened = openings_apart(stored)
    assert [json.loads(line)["meta"]["kind"] for line in answers.splitlines()] == ["answer"]
    assert [json.loads(line)["meta"]["kind"] for line in opened.splitlines()] == ["opening"] * 2


def test_half_a_surrogate_pair_is_written_as_json() -> None:
    (example,) = every(dataset([said(1, 0, text="\ud83d")]))
    assert told(example)[-1] == ("assistant", "\ud83d")


# ---------------------------------------------------------------- what is dropped


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        pytest.param([said(1, 0, bare=True)], "bare", id="what stood before is not known"),
        pytest.param([said(1, 0, "Ann", "", cut=True), said(2, 5)], "unseen", id="it answers a picture"),
        pytest.param([said(1, 0, text="hi"), said(2, 200, text="anybody?")], "continued", id="nobody else spoke"),
        pytest.param(
            [
                said(1, 0, "Ann", "tea?"),
                said(2, 5, text="Yes!"),
                said(3, 9000, "Ann", "TEA"),
                said(4, 9005, text="yes"),
            ],
            "repeated",
            id="the same answer to the same",
        ),
        pytest.param([said(1, 0, text="morning"), said(2, 9000, text="Morning!!")], "repeated", id="the same opening"),
        pytest.param(
            [
                said(1, 0, "Ann", "tea?"),
                said(2, 5, text="my number in the queue is 12 or 13 today"),
                said(3, 9000, "Bob", "cake?"),
                said(4, 9005, text="My number in the queue is 140 or 5 today."),
            ],
            "repeated",
            id="a long copy with other figures",
        ),
    ],
)
def test_a_turn_that_teaches_nothing_is_dropped_and_counted(rows: list[StoredMessage], why: str) -> None:
    made = dataset(rows)
    assert made.dropped == {why: 1}
    kept = {line.key for example in every(made) for line in example.turn.lines}
    assert str(rows[-1].message_id) not in kept


def test_the_same_short_answer_to_something_else_is_kept_and_so_is_another_channels() -> None:
    rows = [
        said(1, 0, "Ann", "tea?"),
        said(2, 5, text="yes"),
        said(3, 9000, "Ann", "cake?"),
        said(4, 9005, text="yes"),
        said(5, 9100, "Ann", "tea?", channel=9),
        said(6, 9105, text="yes", channel=9),
    ]
    made = dataset(rows)
    assert made.dropped == {}
    assert len(every(made)) == 3


def test_a_message_that_came_by_two_ways_counts_once_and_with_what_stood_before_it() -> None:
    package = said(900, 5.4, text="yes", bare=True)
    (example,) = every(dataset([said(1, 0, "Ann", "tea?"), package, said(2, 5.9, text="yes")]))
    assert told(example) == [("user", "Ann: tea?"), ("assistant", "yes")]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Hello there!", "hello, there", True),
        ("sooooo good", "soo good", True),
        ("room 12", "room 407", True),
        ("ﬁne", "fine", True),
        ("!!!", "?", False),
        ("yes", "yess", False),
        ("tea", "cake", False),
    ],
)
def test_texts_are_alike_but_for_case_signs_figures_and_drawn_out_letters(one: str, other: str, same: bool) -> None:
    assert (alike(one) == alike(other)) is same


# ---------------------------------------------------------------- splits


def test_the_test_is_the_newest_tenth_and_training_the_oldest_eight() -> None:
    made = dataset(chatter(100))
    assert {split: len(made.splits[split]) for split in Split} == {
        Split.TRAIN: 160,
        Split.VALIDATION: 20,
        Split.TEST: 20,
    }
    last = {split: max(e.turn.ts for e in made.splits[split]) for split in Split}
    first = {split: min(e.turn.ts for e in made.splits[split]) for split in Split}
    assert last[Split.TRAIN] < first[Split.VALIDATION]
    assert last[Split.VALIDATION] < first[Split.TEST]


@pytest.mark.parametrize(("talks", "sizes"), [(1, (2, 0, 0)), (2, (4, 0, 0)), (3, (2, 2, 2)), (4, (4, 2, 2))])
def test_few_conversations_are_split_as_well_as_they_can_be(talks: int, sizes: tuple[int, int, int]) -> None:
    made = dataset(chatter(talks))
    assert tuple(len(made.splits[split]) for split in Split) == sizes


@settings(max_examples=60)
@given(rows=wild_rows())
def test_every_context_message_of_every_dataset_is_older_than_its_target(rows: list[StoredMessage]) -> None:
    _holds(dataset(rows), rows)


@settings(max_examples=40)
@given(rows=wild_rows())
def test_the_same_corpus_gives_the_same_dataset_in_whatever_order_it_comes(rows: list[StoredMessage]) -> None:
    ordered = sorted(rows, key=lambda row: row.message_id)
    assert list(dataset(rows).parts(Split.TRAIN)) == list(dataset(ordered).parts(Split.TRAIN))


def _holds(made: Dataset, rows: list[StoredMessage]) -> None:
    """Every context older than its target, roles by turns, no example twice, conversations whole and by time."""
    written = {str(row.message_id): row.ts for row in rows}
    seen: Counter[str | None] = Counter()
    for example in every(made):
        begins = min(written[line.key or ""] for line in example.turn.lines)
        assert all(written[line.key or ""] < begins for line in example.turn.context)
        assert bool(example.turn.context) is not example.opens
        roles = [role for role, _ in told(example)]
        assert roles == ["user", "assistant"] * (len(roles) // 2)
        seen.update(line.key for line in example.turn.lines)
    assert max(seen.values(), default=1) == 1


def test_every_context_message_of_a_real_chat_is_older_than_its_target() -> None:
    if not REAL.exists():
        pytest.skip("no real chat beside the project (../shared/chat/zig-small.jsonl)")
    rows = real_rows()
    found = taught(Selected(rows), NAME)
    _holds(found.dataset, rows)
    for burst in found.bursts:
        assert all(u.ts < burst.ts for u in burst.context)
    answers = {split: len(found.dataset.answers(split)) for split in Split}
    assert answers[Split.TRAIN] > 4 * answers[Split.TEST] > 0 < answers[Split.VALIDATION]
    dropped = sum(found.dataset.dropped.values())
    assert len(every(found.dataset)) + dropped == len(found.bursts)
    assert dropped < len(found.bursts) / 3


def real_rows() -> list[StoredMessage]:
    """The real chat as the corpus of whoever wrote most in it. Its rows answer nobody by a reply."""
    raw: list[dict[str, Any]] = [json.loads(line) for line in REAL.read_text(encoding="utf-8").splitlines()]
    ((most, _),) = Counter(row["author"] for row in raw).most_common(1)
    people = {name: at for at, name in enumerate(sorted({row["author"] for row in raw}), 100)}
    rows = [
        StoredMessage(at, people[row["author"]], 1, 5, float(row["ts"]), row["text"], row["author"], False)
        for at, row in enumerate(raw, 1)
        if row["text"].strip()
    ]
    return [replace(row, user_id=SUBJECT, author=NAME, own=True) if row.author == most else row for row in rows]


# ---------------------------------------------------------------- engines and keeping


@settings(max_examples=60)
@given(rows=wild_rows())
def test_engines_learn_all_that_the_subject_wrote(rows: list[StoredMessage]) -> None:
    texts = Counter(text for burst in learnable(rows, NAME) for text in burst.texts)
    assert texts == Counter(row.text for row in rows if row.own and row.text)


async def test_a_dataset_is_kept_in_parts_and_comes_out_again(tmp_path: Path) -> None:
    async with Database(tmp_path / "echo.db") as database:
        keyring = Keyring(database, bytes(32))
        await keyring.open()
        profile = (await steps_of(database).record(birth())).snapshot
        assert isinstance(profile, ProfileSnapshot)
        corpus, datasets = Corpus(database, keyring, HandClock()), Datasets(database, keyring, HandClock())
        await corpus.store(profile, chatter(PART))
        made = taught(await select(corpus, profile.id, 10_000), NAME).dataset
        await put_dataset(datasets, profile.id, made)
        parts = [part async for part in datasets.dataset(profile.id, Split.TRAIN)]
        assert [len(part.splitlines()) for part in parts] == [PART, 600]
        assert b"".join(parts) == b"".join(example.line() for example in made.splits[Split.TRAIN])
        assert await datasets.examples(profile.id) == {"train": 1600, "validation": 200, "test": 200}
