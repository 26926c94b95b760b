"""What a corpus is said to hold."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

from hypothesis import given, settings

from db.stored import Outcome, PlaceResult, Provenance, StoredMessage
from echo.corpus.conversations import Kind, conversations_of, gaps_of
from echo.corpus.dataset import lines_of
from echo.corpus.report import UNIT, CorpusReport, Known, MonthFigures, Tally, rendered
from echo.perusing import report_of
from tests.corpus.rows import NAME, START, Stored, said, wild_rows

RESULTS = (
    PlaceResult(44, Outcome.READ, pages=3, seen=250, kept=9, dropped={"system": 4, "command": 2}),
    PlaceResult(45, Outcome.FAILED, "It was deleted meanwhile.", pages=1, seen=100, kept=1, dropped={"system": 1}),
)


def story() -> list[StoredMessage]:
    """Two conversations and a picture, over the end of a month."""
    month = 20 * 86_400.0
    return [
        replace(said(1, 0, text="good morning"), scrubbed={"email": 2}),
        said(2, 10, "Ann", "tea or cake"),
        replace(said(3, 20, text="tea"), provenance=Provenance.SEARCH, scrubbed={"email": 1, "phone": 1}),
        said(4, 30, text="please"),
        said(5, 40, "Ann", "", cut=True),
        said(6, 50, text="wow"),
        replace(said(7, month, text="an old one", bare=True, channel=45), provenance=Provenance.DATA_PACKAGE),
    ]


def figures(rows: list[StoredMessage]) -> CorpusReport:
    known = Known()
    for page in Stored(rows).pages():
        known.add(page)
    tally = Tally(known)
    for page in Stored(rows).pages():
        tally.add(page)
    return tally.report()


async def test_a_report_counts_what_is_there_and_what_was_dropped() -> None:
    found = await report_of(Stored(story(), results=RESULTS), 1)
    assert (found.own, found.others, found.tokens, found.others_tokens) == (5, 1, 8, 3)
    assert (found.conversations, found.turns) == (3, 4)
    assert (found.openings, found.answers, found.continued, found.unknown) == (1, 1, 0, 2)
    assert (found.cuts, found.bare, found.first, found.last) == (1, 1, START, START + 20 * 86_400)
    assert found.provenance == {"history": 3, "search": 1, "data_package": 1}
    assert found.scrubbed == {"email": 3, "phone": 1}
    assert found.dropped == {"system": 5, "command": 2}
    assert found.places == {"read": 1, "failed": 1}
    assert found.months == (MonthFigures(44, "2023-11", 4, 1, 5), MonthFigures(45, "2023-12", 1, 0, 3))


async def test_a_report_is_plain_json() -> None:
    found = await report_of(Stored(story(), results=RESULTS), 1)
    row = json.loads(json.dumps(found.as_json()))
    assert row["months"][0] == {"channel_id": 44, "month": "2023-11", "own": 4, "others": 1, "tokens": 5}
    assert (row["gaps"], row["unit"]) == ({"44": 300.0, "45": 300.0}, UNIT)


async def test_a_report_is_told_in_lines_without_any_words_of_people() -> None:
    text = rendered(await report_of(Stored(story(), results=RESULTS), 1), {44: "#kitchen"})
    assert "5 of the subject's (2023-11-14 to 2023-12-04), 1 of others" in text
    assert "3 email, 1 phone" in text
    assert "5 system, 2 command" in text
    assert "#kitchen (a silence of 300 s ends a conversation)" in text
    assert not any(row.text in text for row in story() if " " in row.text)


def test_an_empty_corpus_is_reported_too() -> None:
    empty = figures([])
    assert (empty.own, empty.turns, empty.first, empty.months) == (0, 0, None, ())
    assert "0 of the subject's (none)" in rendered(empty)


@settings(max_examples=80)
@given(rows=wild_rows())
def test_a_report_counts_the_conversations_and_turns_that_a_dataset_is_made_of(rows: list[StoredMessage]) -> None:
    plain = [replace(row, reply_to=None) for row in rows]
    lines = lines_of(plain, NAME)
    talks = conversations_of(lines, gaps_of(lines))
    kinds = Counter(turn.kind for talk in talks for turn in talk.turns if turn.own)
    found = figures(plain)
    assert found.conversations == len(talks)
    # What is said in one instant is no context, which only shows where the turns themselves are looked at.
    if len({row.ts for row in rows}) == len(rows):
        assert found.openings == kinds[Kind.OPENING]
        assert (found.answers, found.continued, found.unknown) == (
            kinds[Kind.ANSWER],
            kinds[Kind.CONTINUED],
            kinds[Kind.UNKNOWN],
        )
