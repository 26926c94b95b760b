"""One quiz that is running: its question, who has guessed, and what came of the questions before."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from db.quizzes import KeptMoment
from echo.discord import quiz_texts as texts
from echo.discord.quiz_texts import Choice, End, Past, Press
from states.model import ProfileSnapshot


@dataclass(slots=True)
class Question:
    """A question that is open. `guesses` are who has guessed, and whether they were right: in memory only."""

    number: int
    kept: KeptMoment
    real: Choice
    guesses: dict[int, bool] = field(default_factory=dict)

    def over(self) -> Past:
        """What came of it; who guessed is forgotten."""
        past = Past(self.real, sum(self.guesses.values()), len(self.guesses))
        self.guesses.clear()
        return past


class Quiz:
    """What presses and the board do to a quiz; whoever plays it waits for `news`.

    `most` guesses end a question. `id` is that of its row, `message_id` where it stands. `is_over` is the question: all
    have guessed, or whoever asked goes on. `is_doubtful`: something that was stored was edited or deleted, so that what
    is asked may be gone.
    """

    def __init__(
        self, profile: ProfileSnapshot, asker_id: int, channel_id: int, chosen: Sequence[KeptMoment], most: int
    ) -> None:
        self.profile = profile
        self.asker_id = asker_id
        self.channel_id = channel_id
        self.chosen = list(chosen)
        self.id = 0
        self.message_id = 0
        self.question: Question | None = None
        self.past: list[Past] = []
        self.end: End | None = None
        self.news = asyncio.Event()
        self.is_over = False
        self.is_doubtful = False
        self._most = most
        self._stale = profile.stale

    def press(self, user_id: int, press: Press) -> str:
        """Take a press; the sentence that answers it."""
        question = self.question
        if self.end is not None:
            return texts.OVER
        if question is None or self.is_over or press.question != question.number:
            return texts.LATE
        if press.choice is Choice.NEXT:
            return self._go_on(user_id)
        if user_id in question.guesses:
            return texts.AGAIN
        question.guesses[user_id] = press.choice is question.real
        if len(question.guesses) >= self._most:
            self._finish_question()
        return texts.TAKEN.format(letter=press.choice.upper())

    def see(self, profile: ProfileSnapshot | None, is_allowed: bool, *, is_halted: bool = False) -> None:
        """The board shows the profile like this now."""
        if profile is None or not profile.can_speak:
            self.stop(End.GONE)
        elif is_halted:
            self.stop(End.HALTED)
        elif not is_allowed:
            self.stop(End.TAKEN_BACK)
        elif profile.stale != self._stale:
            self._stale = profile.stale
            self.is_doubtful = True
            self.news.set()

    def stop(self, end: End) -> None:
        """End it before its time; the first reason holds."""
        if self.end is None:
            self.end = end
        self.news.set()

    def ask(self, question: Question) -> None:
        """The next question is open."""
        self.question, self.is_over, self.is_doubtful = question, False, False

    def _go_on(self, user_id: int) -> str:
        if user_id != self.asker_id:
            return texts.NOT_YOURS
        self._finish_question()
        return texts.GOING_ON

    def _finish_question(self) -> None:
        self.is_over = True
        self.news.set()


def compatible(kept: Sequence[KeptMoment], most: int, random: Random) -> list[KeptMoment]:
    """At most `most` of the moments, in random order, none of which shows what is real in another one."""
    chosen: list[KeptMoment] = []
    shown: set[int] = set()
    answers: set[int] = set()
    for one in random.sample(kept, len(kept)):
        ids = {each for each in one.moment.message_ids if each}
        own = {each for each in one.moment.message_ids[len(one.moment.context) :] if each}
        if len(chosen) < most and not own & shown and not ids & answers:
            chosen.append(one)
            shown |= ids
            answers |= own
    return chosen
