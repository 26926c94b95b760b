"""What a model is trained on: the person's conversations, nothing that may not be learnt from, nothing too late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings

from db.stored import Provenance, StoredMessage
from echo.corpus.dialogue import NOTHING_YET, UNANSWERED
from echo.corpus.selecting import Selected
from echo.engines.ollama.notes import NOTE, direction
from echo.training.data import lesson_of
from echo.training.failures import NotPermitted, TooFewExamples
from echo.training.talk import UNSEEN, Lesson, Said, talk_of
from echo.training_settings import DiscordPermission
from tests.corpus.rows import NAME, START, chatter, said, wild_rows

GIVEN = DiscordPermission(reference="ticket 12", date="2026-06-30")
NOT_GIVEN = DiscordPermission(reference="", date="")
THROUGH_THE_API = [Provenance.HISTORY, Provenance.SEARCH, Provenance.LIVE, Provenance.EXPORT]


def lesson(
    rows: Sequence[StoredMessage], permission: DiscordPermission = GIVEN, fewest: int = 1, **more: float
) -> Lesson:
    return lesson_of(Selected(list(rows)), (NAME, "little wren"), permission, fewest, **more)


def shown(made: Lesson) -> list[list[tuple[str, str, bool]]]:
    """Each talk's turns: whose, what, learnt."""
    return [
        [("Wren" if one.own else "others", " / ".join(undirected(one)), one.learnt) for one in talk.said]
        for talk in (*made.training, *made.validation)
    ]


def undirected(one: Said) -> list[str]:
    return [line for line in one.lines if not line.startswith("(now: ")]


def packaged(rows: Sequence[StoredMessage]) -> list[StoredMessage]:
    return [replace(row, provenance=Provenance.DATA_PACKAGE, bare=True) for row in rows]


def test_a_conversation_is_one_talk_with_every_turn_of_the_persons_learnt_and_several_messages_as_one_turn() -> None:
    rows = [
        said(1, 0, text="morning all"),
        said(2, 20, "Ann", "morning wren"),
        said(3, 25, "Bob", "hi <|im_start|>"),
        said(4, 40, text="did you see\nthe heron"),
        said(5, 44, text="by the weir"),
        said(6, 90, "Ann", "no!"),
        said(7, 9000, "Ann", "anyone in?"),
        said(8, 9010, text="me"),
        said(9, 9140, text="still here"),
    ]
    assert shown(lesson(rows)) == [
        [
            ("others", NOTHING_YET, False),
            ("Wren", "morning all", True),
            ("others", "Ann: morning wren / Bob: hi < |im_start| >", False),
            ("Wren", "did you see the heron / by the weir", True),
        ],
        [
            ("others", "Ann: anyone in?", False),
            ("Wren", "me", True),
            ("others", UNANSWERED, False),
            ("Wren", "still here", True),
        ],
    ]
    assert lesson(rows).turns == 4
    assert lesson(rows).message_ids == {1, 4, 5, 8, 9}


def test_above_each_turn_that_is_learnt_stands_how_much_is_written_as_a_prompt_asks_for_it() -> None:
    rows = [said(1, 0, "Ann", "where is it?"), said(2, 5, text="by the weir"), said(3, 9, text="ok")]
    (talk,) = lesson(rows).training
    assert talk.said[0].lines == ("Ann: where is it?", direction([11, 2], "now"))
    assert NOTE.fullmatch(talk.said[0].lines[-1]) and NOTE.fullmatch(UNSEEN)


@pytest.mark.parametrize("provenance", THROUGH_THE_API)
def test_nothing_that_came_through_the_api_is_learnt_without_discords_permission(provenance: Provenance) -> None:
    rows = [replace(row, provenance=provenance) for row in chatter(5)]
    with pytest.raises(NotPermitted) as refused:
        lesson(rows, NOT_GIVEN)
    assert "Discord's Developer Policy forbids training models on message content" in str(refused.value)
    assert "import their own data package" in str(refused.value)
    assert "record Discord's permission in training.discord_permission" in str(refused.value)
    assert lesson(rows).turns == 10


@pytest.mark.parametrize("half", [{"reference": "ticket 12"}, {"date": "2026-06-30"}, {"reference": " "}])
def test_half_a_permission_is_none(half: dict[str, str]) -> None:
    with pytest.raises(NotPermitted):
        lesson(chatter(5), DiscordPermission(**half))


def test_of_a_package_the_persons_own_words_are_learnt_and_nobody_elses() -> None:
    own = [
        said(1, 0, text="morning"),
        said(3, 8, text="slept badly"),
        said(4, 60, text="the heron is back"),
        said(5, 90_000, text="next day"),
    ]
    rows = [*packaged(own), said(2, 4, "Ann", "words of somebody else"), said(6, 95_000, text="through the api")]
    rows[1] = replace(rows[1], bare=False)
    made = lesson(rows, NOT_GIVEN)
    assert shown(made) == [
        [
            ("others", UNSEEN, False),
            ("Wren", "morning", True),
            ("others", UNSEEN, False),
            ("Wren", "slept badly", True),
            ("others", UNSEEN, False),
            ("Wren", "the heron is back", True),
        ],
        [("others", UNSEEN, False), ("Wren", "next day", True)],
    ]
    assert made.message_ids == {1, 3, 4, 5}


def test_messages_right_after_one_another_in_a_package_are_one_turn() -> None:
    rows = packaged([said(1, 0, text="wait"), said(2, 5, text="no"), said(3, 25, text="yes"), said(4, 60, text="ok")])
    own = [[line for who, line, _ in talk if who == "Wren"] for talk in shown(lesson(rows, NOT_GIVEN))]
    assert own == [["wait / no / yes", "ok"]]


def test_what_was_collected_and_stands_in_the_package_too_is_learnt_as_an_opener_where_it_is_known_to_be_one() -> None:
    rows = [replace(said(1, 0, text="hello there"), packaged=True), said(2, 9, "Ann", "hi")]
    assert shown(lesson(rows, NOT_GIVEN)) == [[("others", NOTHING_YET, False), ("Wren", "hello there", True)]]


def test_too_little_says_how_many_turns_are_missing_and_why() -> None:
    with pytest.raises(TooFewExamples, match=r"190 more turns of this person's are needed; let them import more"):
        lesson(chatter(5), fewest=200)
    with pytest.raises(TooFewExamples, match=r"one more turn of this person's"):
        lesson(chatter(5), fewest=11)
    mixed = [*packaged([said(900, 10**6, text="mine")]), *chatter(5)]
    with pytest.raises(TooFewExamples, match=r"199 more turns.*Developer Policy.*training\.discord_permission"):
        lesson(mixed, NOT_GIVEN, fewest=200)


def test_the_newest_talks_are_for_validation_and_what_is_to_be_tested_on_is_in_neither() -> None:
    rows = chatter(40)
    made = lesson(rows, until=START + 7200.0 * 30)
    assert (len(made.training), len(made.validation), made.turns) == (27, 3, 54)
    words = {line for talk in shown(made) for _, line, _ in talk}
    late = {row.text for row in rows if row.ts >= START + 7200.0 * 30}
    assert not any(text in line for text in late for line in words)
    newest = max(row.ts for row in rows if row.text in {turn.lines[0] for t in made.training for turn in t.said})
    assert all(
        row.ts > newest for row in rows if row.text in {turn.lines[0] for t in made.validation for turn in t.said}
    )


def test_the_same_answer_to_the_same_is_learnt_once_and_stays_as_context() -> None:
    rows = []
    for day in range(3):
        rows += [
            said(10 * day + 1, 90_000 * day, "Ann", "how are you?"),
            said(10 * day + 2, 90_000 * day + 5, text="Fine!!"),
            said(10 * day + 3, 90_000 * day + 60, "Ann", f"number {'abc'[day]}"),
            said(10 * day + 4, 90_000 * day + 65, text="yes"),
        ]
    learnt = [[one for _, one, told in talk if told] for talk in shown(lesson(rows))]
    assert learnt == [["Fine!!", "yes"], ["yes"], ["yes"]]
    assert all("Fine!!" in [one for _, one, _ in talk] for talk in shown(lesson(rows)))


@given(wild_rows())
@settings(max_examples=60)
def test_every_talk_has_others_first_then_by_turns_and_ends_with_what_is_learnt(rows: list[StoredMessage]) -> None:
    for permission in (GIVEN, NOT_GIVEN):
        given = rows if permission is GIVEN else packaged(rows)
        try:
            made = lesson(given, permission)
        except TooFewExamples:
            continue
        own = {row.text for row in rows if row.own}
        for talk in (*made.training, *made.validation):
            assert [one.own for one in talk.said] == [at % 2 == 1 for at in range(len(talk.said))]
            assert talk.said[-1].learnt and talk.turns
            assert all(one.lines and all(one.lines) for one in talk.said)
            assert all(line in own for one in talk.said if one.own for line in one.lines)
            assert talk_of(talk.line()) == talk
            if permission is NOT_GIVEN:
                assert all(undirected(one) in ([UNSEEN], [NOTHING_YET]) for one in talk.said if not one.own)
