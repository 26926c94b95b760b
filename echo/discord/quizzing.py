"""`/echo quiz`: members guess which of two answers a person really wrote, and which their echo made up."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from random import Random
from typing import Any, Final, Protocol

import nextcord

from db.errors import StorageError
from db.quizzes import KeptMoment, RunningQuiz
from db.stored import Wishes
from echo.discord import access, answers, permits
from echo.discord import quiz_texts as texts
from echo.discord.asking import Asking
from echo.discord.consent import Button, plain
from echo.discord.failures import OutOfReach, mapped
from echo.discord.quiz import Question, Quiz, compatible
from echo.discord.quiz_texts import Choice, End, Press
from echo.discord.readable import readable_here
from echo.discord.replies import view_of
from echo.discord.translate import Call
from echo.errors import EchoError, NoPermission, UsageError
from echo.persona.bans import Bans
from echo.settings import Settings
from states.board import Board
from states.model import Allowance, ProfileSnapshot

log = logging.getLogger(__name__)

QUESTIONS: Final = 10
"""The most of one quiz."""
FEWEST: Final = 3
"""Fewer moments tell nothing, and are not asked."""
AGAIN: Final = 300.0
"""Seconds after which it is tried again to end a quiz."""
NO_PERSON: Final = "Say about whose echo the quiz is to be with the option user."
NO_ECHO: Final = "There is no echo of {name} in this server: `/echo list` shows whose there are."
NOT_READY: Final = "The echo of {name} is not ready yet; `/echo status` shows how far it is."
NOT_ALLOWED: Final = (
    "{name} has not allowed quizzes about their echo: only they themselves can, with `/echo allow what:quiz`."
)
BUSY: Final = "A quiz is running already, in this channel or about {name}: wait until it is over."
NO_MOMENTS: Final = (
    "There are too few moments left to guess at ({count}, and {fewest} are needed): new ones come each time the echo "
    "learns anew, as far as {name} has written more."
)
NOT_FOR_ALL: Final = (
    "Of the moments that could be shown only {count} stood where everybody who can see this channel can read, and "
    "{fewest} are needed: try it in a channel that fewer people can see."
)
BEGUN: Final = "The quiz stands in this channel now; *Next* is yours to press."


class QuizStore(Protocol):
    """Where moments and results are kept (`db.quizzes.Quizzes`)."""

    async def moments(self, profile_id: int) -> list[KeptMoment]:
        """The moments that can still be asked."""

    async def is_kept(self, moment_id: int) -> bool:
        """Whether a moment still stands."""

    async def note_asked(self, moment_id: int) -> None:
        """A moment is shown now."""

    async def begin(self, profile_id: int, channel_id: int, message_id: int) -> int: ...

    async def end(self, quiz_id: int) -> None:
        """A quiz is over."""

    async def running(self) -> list[RunningQuiz]:
        """The quizzes that are not over."""

    async def count(self, profile_id: int, version: int, right: int, total: int) -> tuple[int, int]:
        """Add the guesses of one question."""

    async def guesses(self, profile_id: int) -> Mapping[int, tuple[int, int]]:
        """Right and all guesses by the model's version."""


class Quizzing:
    """The command, its buttons, and the quizzes that are running; they end when Echo does."""

    def __init__(
        self,
        client: nextcord.Client,
        store: QuizStore,
        board: Board,
        settings: Settings,
        start: Callable[[str, Coroutine[Any, Any, None]], object],
        wishes_of: Callable[[int], Awaitable[Wishes]],
        counted: Callable[[int], Awaitable[None]],
        seed: Callable[[], int] = lambda: secrets.randbits(64),
        pause: Callable[[], Awaitable[None]] = lambda: asyncio.sleep(AGAIN),
    ) -> None:
        """`start` runs a quiz in the background; `wishes_of` gives what a profile's subject does not want said;
        `counted` is told of which profile guesses were counted; `seed` decides which moments are asked, and which
        answer is first; `pause` is waited for before it is tried again to end what could not be ended.
        """
        self.may_show: Callable[[ProfileSnapshot, int, int], Awaitable[bool]] = _nothing
        """Whether what a version of the model said in its test may be shown in a channel."""
        self._client = client
        self._store = store
        self._board = board
        self._settings = settings
        self._start = start
        self._wishes_of = wishes_of
        self._counted = counted
        self._seed = seed
        self._pause = pause
        self._is_ending = False
        self._running: dict[int, Quiz] = {}
        self._beginning: set[tuple[str, int]] = set()
        board.watch(self._look)

    # what comes in

    async def run(self, asking: Asking, call: Call) -> None:
        """Begin a quiz. Raises EchoError or StorageError with what whoever asked is to be told."""
        person = call.person("user")
        if person is None:
            raise UsageError(NO_PERSON)
        profile = self._about(asking, person.id, person.name)
        permits.check_bot(asking.server, asking.here)
        places = {("channel", asking.asker.channel_id), ("profile", profile.id)}
        if places & self._taken():
            raise UsageError(BUSY.format(name=answers.name_of(self._board, profile)))
        self._beginning |= places
        try:
            quiz = await asking.reply.patiently(self._begun(asking, profile))
        finally:
            self._beginning -= places
        self._start("quiz", self._play(quiz))
        await asking.reply.say(BEGUN)

    async def press(self, asking: Asking, press: Press) -> None:
        """Deal with one press of a button under a question."""
        quiz = self._running.get(asking.message_id)
        if quiz is not None:
            access.check(asking.asker, quiz.profile, "")
        await asking.reply.say(texts.OVER if quiz is None else quiz.press(asking.asker.id, press))

    async def end_cut(self) -> None:
        """Say of quizzes that nobody plays any more, as the last run of Echo left them, that they are over.

        Until then somebody's words stand in the channel, so it is tried again for as long as it takes.
        """
        if self._is_ending:
            return
        self._is_ending = True
        try:
            while not await self._all_ended():
                await self._pause()
        finally:
            self._is_ending = False

    async def _all_ended(self) -> bool:
        try:
            cut = [one for one in await self._store.running() if one.message_id not in self._running]
            return all([await self._ended(one, texts.CUT) for one in cut])
        except StorageError as error:
            log.info("Which quizzes were cut short could not be read or noted: %s", error)
            return False

    async def _ended(self, quiz: RunningQuiz, text: str) -> bool:
        """Put a text for what stands there of a quiz; whether nothing of it stands there any more."""
        try:
            await self._change(quiz.channel_id, quiz.message_id, text)
        except OutOfReach as error:
            log.info("The message of the quiz about profile %d is out of reach (code %d).", quiz.profile_id, error.code)
            if not error.is_gone:
                return False
        except EchoError as error:
            log.info("The quiz about profile %d could not be ended: %s", quiz.profile_id, error)
            return False
        await self._store.end(quiz.id)
        return True

    def _look(self) -> None:
        for quiz in tuple(self._running.values()):
            profile = self._board.profiles.get(quiz.profile.id)
            is_allowed = profile is not None and Allowance.QUIZ in profile.allows
            quiz.see(profile, is_allowed, is_halted=quiz.profile.server_id in self._board.halts)

    # beginning

    def _about(self, asking: Asking, user_id: int, name: str) -> ProfileSnapshot:
        found = [p for p in answers.living(self._board, asking.asker.server_id) if p.user_id == user_id]
        shown = plain(name)
        if not found:
            raise UsageError(NO_ECHO.format(name=shown))
        if not found[0].can_speak:
            raise UsageError(NOT_READY.format(name=shown))
        if Allowance.QUIZ not in found[0].allows:
            raise NoPermission(NOT_ALLOWED.format(name=shown))
        access.check(asking.asker, found[0], shown)
        return found[0]

    def _taken(self) -> set[tuple[str, int]]:
        quizzes = self._running.values()
        channels, profiles = {q.channel_id for q in quizzes}, {q.profile.id for q in quizzes}
        return self._beginning | {("channel", one) for one in channels} | {("profile", one) for one in profiles}

    async def _begun(self, asking: Asking, profile: ProfileSnapshot) -> Quiz:
        channel_id = asking.asker.channel_id
        chosen = await self._chosen(profile, asking.asker.server_id, channel_id)
        quiz = Quiz(profile, asking.asker.id, channel_id, chosen, self._settings.quiz_guesses)
        # Nothing of anybody stands in the channel before the row that will have it taken down.
        quiz.message_id = await self._post(quiz)
        self._running[quiz.message_id] = quiz
        try:
            quiz.id = await self._store.begin(profile.id, channel_id, quiz.message_id)
        except StorageError:
            del self._running[quiz.message_id]
            with suppress(EchoError):
                over = texts.result(answers.name_of(self._board, profile), (), End.TROUBLE, None)
                await self._change(channel_id, quiz.message_id, over)
            raise
        self._look()
        return quiz

    async def _chosen(self, profile: ProfileSnapshot, server_id: int, channel_id: int) -> list[KeptMoment]:
        random, name = Random(self._seed()), answers.name_of(self._board, profile)
        bans = Bans(await self._wishes_of(profile.id))
        kept = [one for one in await self._store.moments(profile.id) if texts.can_be_asked(one.moment, bans)]
        if len(kept) < FEWEST:
            raise UsageError(NO_MOMENTS.format(count=len(kept), fewest=FEWEST, name=name))
        readable = await readable_here(self._client, server_id, channel_id)
        versions = {one.version for one in kept}
        shown = {one for one in versions if await self.may_show(profile, one, channel_id)}
        fitting = [one for one in kept if one.moment.channel_id in readable and one.version in shown]
        chosen = compatible(fitting, QUESTIONS, random)
        if len(chosen) < FEWEST:
            raise UsageError(NOT_FOR_ALL.format(count=len(chosen), fewest=FEWEST))
        return chosen

    # playing

    async def _play(self, quiz: Quiz) -> None:
        is_over = False
        try:
            try:
                await self._ask_all(quiz)
            except (EchoError, StorageError) as error:
                log.info("The quiz about profile %d broke off: %s", quiz.profile.id, error)
                quiz.stop(End.TROUBLE)
            is_over = await self._finish(quiz)
        except StorageError as error:
            log.info("The quiz about profile %d could not be ended: %s", quiz.profile.id, error)
        finally:
            self._running.pop(quiz.message_id, None)
        if not is_over:
            self._start("quizzes", self.end_cut())

    async def _ask_all(self, quiz: Quiz) -> None:
        random = Random(self._seed())
        while quiz.end is None and quiz.chosen:
            kept = quiz.chosen.pop(0)
            if not await self._may_be_shown(quiz, kept):
                continue
            question = Question(len(quiz.past) + 1, kept, random.choice((Choice.A, Choice.B)))
            await self._store.note_asked(kept.id)
            if await self._asked(quiz, question):
                await self._close(quiz, question)
        if not quiz.past:
            quiz.stop(End.RAN_OUT)

    async def _may_be_shown(self, quiz: Quiz, kept: KeptMoment) -> bool:
        """Whether what was chosen when the quiz began may be shown still."""
        readable = await readable_here(self._client, quiz.profile.server_id, quiz.channel_id)
        bans = Bans(await self._wishes_of(quiz.profile.id))
        fits = kept.moment.channel_id in readable and texts.can_be_asked(kept.moment, bans)
        fits = fits and await self.may_show(quiz.profile, kept.version, quiz.channel_id)
        return fits and await self._store.is_kept(kept.id)

    async def _asked(self, quiz: Quiz, question: Question) -> bool:
        """Ask and wait; whether the question came to its end, and was not overtaken by what it is about."""
        quiz.ask(question)
        quiz.news.clear()
        self._look()
        if not await self._store.is_kept(question.kept.id):
            return False
        if quiz.end is None:
            await self._show(quiz, question)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.quiz_seconds):
                while quiz.end is None and not quiz.is_over:
                    await quiz.news.wait()
                    quiz.news.clear()
                    if quiz.is_doubtful and not await self._store.is_kept(question.kept.id):
                        return False
        return quiz.end is None

    async def _close(self, quiz: Quiz, question: Question) -> None:
        """Count what was guessed; a question that nobody cared for is the last one."""
        timed_out = not quiz.is_over
        quiz.is_over = True
        past = question.over()
        quiz.past.append(past)
        if past.total:
            await self._store.count(quiz.profile.id, question.kept.version, past.right, past.total)
            await self._counted(quiz.profile.id)
        elif timed_out:
            quiz.stop(End.NOBODY)

    async def _finish(self, quiz: Quiz) -> bool:
        """Tell what it came to; whether that stands there now, or nothing does."""
        quiz.stop(End.DONE)
        overall = (await self._store.guesses(quiz.profile.id)).get(quiz.profile.model_version)
        text = texts.result(answers.name_of(self._board, quiz.profile), quiz.past, quiz.end or End.DONE, overall)
        return await self._ended(RunningQuiz(quiz.id, quiz.profile.id, quiz.channel_id, quiz.message_id), text)

    # messages

    async def _show(self, quiz: Quiz, question: Question) -> None:
        name = answers.name_of(self._board, quiz.profile)
        asker = self._board.names.get(quiz.asker_id) or "whoever asked"
        of, before = question.number + len(quiz.chosen), quiz.past[-1] if quiz.past else None
        seconds, moment = self._settings.quiz_seconds, question.kept.moment
        text = texts.question(name, asker, question.number, of, moment, question.real, seconds, before)
        await self._change(quiz.channel_id, quiz.message_id, text, texts.buttons(question.number))

    async def _post(self, quiz: Quiz) -> int:
        text = texts.BEGINNING.format(name=answers.name_of(self._board, quiz.profile))
        route = nextcord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=quiz.channel_id)
        with mapped("write in this channel"):
            sent = await self._client.http.request(route, json={"content": text, "allowed_mentions": {"parse": []}})
        return int(sent["id"])

    async def _change(self, channel_id: int, message_id: int, text: str, buttons: tuple[Button, ...] = ()) -> None:
        route = nextcord.http.Route(
            "PATCH", "/channels/{channel_id}/messages/{message_id}", channel_id=channel_id, message_id=message_id
        )
        body = {"content": text, "components": view_of(buttons).to_components(), "allowed_mentions": {"parse": []}}
        with mapped("change the message of its quiz"):
            await self._client.http.request(route, json=body)


async def _nothing(profile: ProfileSnapshot, version: int, channel_id: int) -> bool:
    return False
