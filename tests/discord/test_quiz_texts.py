"""What a quiz says: plain text that fits a message, and answers of which neither gives itself away."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.stored import QuizMoment, Wishes
from echo.discord import quiz_texts as texts
from echo.discord.quiz_texts import Choice, End, Past, Press
from echo.persona.bans import Bans

WILD = st.text(max_size=400) | st.sampled_from(["<@123>" * 90, "@everyone ", "`" * 300, "\u202ereversed", "\n\n# big"])


def moment(real: tuple[str, ...] = ("yes",), echo: tuple[str, ...] = ("no",), lines: int = 1) -> QuizMoment:
    return QuizMoment(1, 0.0, (("Tilo", "shall we?"),) * lines, real, echo, ())


def asked(about: QuizMoment, real: Choice, before: Past | None = None, name: str = "Bo") -> str:
    return texts.question(name, "Ada", 2, 10, about, real, 90.0, before)


def test_the_question_shows_both_answers_and_what_stood_before_and_says_what_it_is() -> None:
    text = asked(moment(("yes", "or no"), ("never",)), Choice.B, Past(Choice.A, 3, 4))
    assert text.splitlines()[:2] == [
        "**Who wrote this?** A quiz about the echo of **Bo**, who allowed it. Question 2 of 10.",
        "The last one: **A** was real, 3 of 4 guessed it.",
    ]
    assert "> **Tilo**: shall we?\n**A**\n> never\n**B**\n> yes\n> or no\n" in text
    assert "which is a bot" in text and "90 seconds" in text and "when Ada presses *Next*" in text
    assert "**A**\n> yes\n> or no\n**B**\n> never" in asked(moment(("yes", "or no"), ("never",)), Choice.A)


@settings(max_examples=120, deadline=None)
@given(
    st.lists(st.tuples(WILD, WILD), max_size=4),
    st.lists(WILD, max_size=7),
    st.lists(WILD, max_size=7),
    st.sampled_from([Choice.A, Choice.B]),
    WILD,
)
def test_whatever_people_wrote_a_question_fits_a_message_and_mentions_and_links_nothing(
    context: list[tuple[str, str]], real: list[str], echo: list[str], side: Choice, name: str
) -> None:
    about = QuizMoment(1, 0.0, tuple(context), tuple(real), tuple(echo), ())
    if not texts.can_be_asked(about, Bans()):
        return
    text = texts.question(name, name, 10, 10, about, side, 3600, Past(side, 1000, 1000))
    assert len(text) <= 2000
    assert not re.search(r"(?<!\\)[@<`]", text)
    assert "://" not in text and "](" not in text
    answers = text.rpartition("\n**A**\n")[2].rpartition("\nOne of these")[0]
    assert answers.count("…") == "".join((*real, *echo)).count("…"), "an answer is never cut"


@pytest.mark.parametrize(
    ("real", "echo"),
    [
        ((), ("no",)),
        (("yes",), ()),
        (("  ", "\u200b"), ("no",)),
        (("Yes", "so"), ("yes", "so")),
        (("write to [e-mail]",), ("no",)),
        (("yes",), ("hey @role",)),
        (("x" * 301,), ("no",)),
        (("yes",), ("*" * 160,)),
        (tuple("abcdefg"), ("no",)),
    ],
)
def test_a_moment_that_gives_itself_away_or_does_not_fit_is_not_asked(
    real: tuple[str, ...], echo: tuple[str, ...]
) -> None:
    assert not texts.can_be_asked(moment(real, echo), Bans())
    assert texts.can_be_asked(moment(("x" * 297,), ("no",)), Bans())


@pytest.mark.parametrize("wishes", [Wishes(topics=("boats",)), Wishes(phrases=("shall we",)), Wishes(topics=("tea",))])
def test_nothing_is_asked_in_which_somebody_says_what_the_person_has_banned(wishes: Wishes) -> None:
    about = moment(("my boat is", "on the lake"), ("I made tea",))
    assert not texts.can_be_asked(about, Bans(wishes))
    assert texts.can_be_asked(about, Bans(Wishes(topics=("cars",))))


def test_the_result_says_how_many_were_right_what_was_real_and_what_half_means() -> None:
    past = [Past(Choice.A, 3, 4), Past(Choice.B, 0, 0)]
    text = texts.result("Bo", past, End.DONE, (10, 20))
    assert text.splitlines() == [
        "**Who wrote this?** The quiz about the echo of **Bo** is over.",
        "**3 of 4** guesses were right (75 %); 50 % means that nobody can tell the echo from the person.",
        "1. **A** was real, 3 of 4 guessed it",
        "2. **B** was real, nobody guessed",
        "In all quizzes about this echo as it is now: 10 of 20 right.",
    ]
    assert "is over. The person whom it is about does not allow" in texts.result("Bo", [], End.TAKEN_BACK, None)
    assert "tells nothing" in texts.result("Bo", [], End.DONE, (0, 0))


def test_a_button_carries_the_question_that_it_belongs_to() -> None:
    pressed = [texts.read_press(button.custom_id) for button in texts.buttons(7)]
    assert pressed == [Press(Choice.A, 7), Press(Choice.B, 7), Press(Choice.NEXT, 7)]


@given(st.text(max_size=60) | st.from_regex(r"echo:quiz:(a|b|next|c)?:.{0,30}", fullmatch=True))
@settings(max_examples=60, deadline=None)
def test_no_custom_id_upsets_the_reading(custom_id: str) -> None:
    press = texts.read_press(custom_id)
    assert press is None or press.question >= 0
