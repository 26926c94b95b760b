"""What a quiz says: its questions, its buttons, and what came of it. Pure.

What people wrote is shown as plain text: without mentions, links or formatting of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from db.stored import QuizMoment
from echo.discord.consent import Button, Style, plain, unlinked
from echo.persona.bans import Bans
from echo.persona.placeholders import PLACEHOLDER

LONGEST_ANSWER: Final = 300
"""Characters, as they are sent: a longer answer would have to be cut, and where it is cut could give it away."""
LONGEST_LINE: Final = 130
"""Characters of a message before the answer, as they are sent."""
MOST_PARTS: Final = 6
"""Messages of one answer."""
_SIGNS: Final = frozenset("\\`*_~|<>@[]#")
_LISTED: Final = re.compile(r"\d*[-+.)](?= |$)")
"""What begins a list."""
_JOINER: Final = "\u200d"
"""Holds emoji together."""

OVER: Final = "This quiz is over; your press changed nothing. `/echo quiz` begins another one."
LATE: Final = "This question is over, so your guess does not count; another one is asked now."
AGAIN: Final = "You have guessed already, and the first guess counts."
TAKEN: Final = "Your guess is **{letter}**. What was real is told when the question ends."
NOT_YOURS: Final = "Only whoever asked for the quiz can go on before its time."
GOING_ON: Final = "On to the next question."
BEGINNING: Final = "**Who wrote this?** A quiz about the echo of **{name}**, who allowed it, begins here in a moment."
CUT: Final = (
    "**Who wrote this?** This quiz is over: something on Echo's side cut it short. What was guessed before counts; "
    "`/echo quiz` begins another one."
)


class End(StrEnum):
    """Why a quiz is over, in a sentence."""

    DONE = ""
    NOBODY = "Nobody guessed any more."
    TAKEN_BACK = "The person whom it is about does not allow it any more."
    GONE = "The echo is not there any more."
    HALTED = "Everything in this server was silenced."
    TROUBLE = "Something went wrong on Echo's side."
    RAN_OUT = "What was left to ask was edited or deleted, or is not for everybody here any more."


class Choice(StrEnum):
    """What a button says; part of its custom id."""

    A = "a"
    B = "b"
    NEXT = "next"


@dataclass(frozen=True, slots=True)
class Press:
    """What a custom id says: which choice, under which question."""

    choice: Choice
    question: int


@dataclass(frozen=True, slots=True)
class Past:
    """A question that is over: which answer was real, and how many of the guesses were right."""

    real: Choice
    right: int
    total: int


def can_be_asked(moment: QuizMoment, bans: Bans) -> bool:
    """Whether a moment can be shown whole, neither answer gives itself away, and nothing in it is banned."""
    if any(bans.forbids_together("\n".join(one)) for one in (moment.real, moment.echo, _texts(moment.context))):
        return False
    real, echo = (_answer(parts) for parts in (moment.real, moment.echo))
    if not real or not echo or real.casefold() == echo.casefold():
        return False
    if any(PLACEHOLDER.search(part) for part in (*moment.real, *moment.echo)):
        # A mark of what was blotted out stands only in what is stored.
        return False
    return all(len(parts) <= MOST_PARTS for parts in (moment.real, moment.echo)) and (
        max(len(real), len(echo)) <= LONGEST_ANSWER
    )


def question(
    name: str, asker: str, number: int, of: int, moment: QuizMoment, real: Choice, seconds: float, before: Past | None
) -> str:
    """A question's text, at most 2,000 characters. `name` is the subject's; `before` the question before this one."""
    lines = [
        f"**Who wrote this?** A quiz about the echo of **{plain(name)}**, who allowed it. Question {number} of {of}."
    ]
    if before is not None:
        lines.append(f"The last one: {_told(before)}.")
    if moment.context:
        lines.append("What stood before (the names of others are made up):")
        lines += [f"> **{plain(author)[:24]}**: {shown(text, LONGEST_LINE)}" for author, text in moment.context]
    else:
        lines.append("Nobody had spoken before.")
    first, second = (moment.real, moment.echo) if real is Choice.A else (moment.echo, moment.real)
    lines += ["**A**", _answer(first), "**B**", _answer(second)]
    lines.append(
        f"One of these {plain(name)} really wrote, the other one their echo, which is a bot. Press A or B for the real "
        f"one: nobody sees what you guess. It ends in {seconds:.0f} seconds, or when {plain(asker)} presses *Next*."
    )
    return "\n".join(lines)


def buttons(number: int) -> tuple[Button, ...]:
    """The buttons under a question."""
    looks = ((Choice.A, "A", Style.GOOD), (Choice.B, "B", Style.GOOD), (Choice.NEXT, "Next", Style.PLAIN))
    return tuple(Button(label, f"echo:quiz:{choice}:{number}", style) for choice, label, style in looks)


def result(name: str, past: Sequence[Past], end: End, overall: tuple[int, int] | None) -> str:
    """What a quiz came to. `overall`: right and all guesses of all quizzes about the model that speaks now."""
    right, total = sum(one.right for one in past), sum(one.total for one in past)
    lines = [f"**Who wrote this?** The quiz about the echo of **{plain(name)}** is over. {end}".rstrip()]
    if total:
        lines.append(
            f"**{right} of {total}** guesses were right ({round(100 * right / total)} %); 50 % means that nobody can "
            "tell the echo from the person."
        )
        lines += [f"{number}. {_told(one)}" for number, one in enumerate(past, 1)]
    else:
        lines.append("Nobody guessed, so it tells nothing.")
    if overall is not None and overall[1] > total:
        lines.append(f"In all quizzes about this echo as it is now: {overall[0]} of {overall[1]} right.")
    return "\n".join(lines)


def read_press(custom_id: str) -> Press | None:
    """What a button's custom id says; None for one that is not of a quiz."""
    match custom_id.split(":"):
        case ["echo", "quiz", choice, number] if choice in list(Choice) and number.isascii() and number.isdecimal():
            return Press(Choice(choice), int(number[:9]))
    return None


def shown(text: str, most: int) -> str:
    """A message as one line of plain text, of at most `most` characters with what keeps Discord from reading it."""
    kept = "".join(sign if sign.isprintable() or sign == _JOINER else " " for sign in text)
    kept = unlinked(" ".join(kept.split()))
    listed = _LISTED.match(kept)
    found, room = list[str](), most
    for at, sign in enumerate(kept):
        escaped = f"\\{sign}" if sign in _SIGNS or (listed is not None and at == listed.end() - 1) else sign
        if len(escaped) >= room:
            return "".join((*found, "…"))
        found.append(escaped)
        room -= len(escaped)
    return "".join(found)


def _answer(parts: Iterable[str]) -> str:
    lines = (shown(part, LONGEST_ANSWER + 1) for part in parts)
    return "\n".join(f"> {line}" for line in lines if line)


def _texts(context: Iterable[tuple[str, str]]) -> list[str]:
    return [text for _, text in context]


def _told(past: Past) -> str:
    guessed = f"{past.right} of {past.total} guessed it" if past.total else "nobody guessed"
    return f"**{past.real.upper()}** was real, {guessed}"
