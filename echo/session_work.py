"""What sessions ask for: a thought about what was heard. What comes of it is said in `echo.saying`."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

from db.errors import StorageError
from db.feedback import Feedback
from db.generations import Generations
from db.outbox import OutboxRow
from db.stored import Mark
from db.wishes import WishBook
from echo.beginning import Beginning, is_company
from echo.errors import EchoError
from echo.floor import LOOKED_BACK, Floor, Ruling
from echo.held_models import HeldModels
from echo.last_look import LastLook
from echo.limiting import Limiting
from echo.persona.turns import Utterance
from echo.ports import Answer, ChannelGone, Chat, Engine, Heard, Moment, PersonaName, Why
from echo.reach import Reach
from echo.recall import Recall, Recalled
from echo.remembering import Remembering
from echo.saying import Saying
from echo.settings import Settings
from echo.versions import model_name, persona_of
from states import events as ev
from states.board import Board
from states.effects import Compose, Disclose, Effect, PlanOpening, Say
from states.model import ProfileSnapshot, SessionSnapshot, Snapshot
from states.terms import Purpose
from states.terms_in_force import TermsInForce

CONTEXT = 12
"""Messages of the conversation that a thought looks back on (`echo.persona.turns.CONTEXT_LENGTH`)."""
TYPING_MOST = 10.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Pace:
    """A factor of an echo's delays, and the seconds that none of them passes."""

    scale: float
    most: float


@dataclass(slots=True)
class SessionWork:
    """The adapters that a session's effects are done with. A profile that `is_settling` says nothing for a moment: its
    model may still know what it must not."""

    board: Board
    chat: Chat
    engine: Engine
    held_models: HeldModels
    recall: Recall
    generations: Generations
    floor: Floor
    reach: Reach
    saying: Saying
    last_look: LastLook
    remembering: Remembering
    beginning: Beginning
    wishes: WishBook
    terms: TermsInForce
    limiting: Limiting
    feedback: Feedback
    settings: Settings
    pace: Pace
    clock: Callable[[], datetime]
    is_settling: Callable[[int], bool] = lambda profile_id: False

    @property
    def held(self) -> tuple[str, ...]:
        """The models that are held in memory, by name."""
        return self.held_models.names

    def works(self) -> dict[type[Effect], Callable[[OutboxRow, Snapshot], Awaitable[ev.Event | None]]]:
        """What does which effect."""
        return {Compose: self.compose, Say: self.saying.say, PlanOpening: self.beginning.plan} | {
            Disclose: self.saying.disclosing.disclose
        }

    async def compose(self, row: OutboxRow, snapshot: Snapshot) -> ev.Event:
        """Decide whether to answer; if so, store the draft, encrypted, and say when it is due."""
        assert isinstance(snapshot, SessionSnapshot) and isinstance(row.effect, Compose)
        turn, profile = row.effect.turn, self.board.profiles[snapshot.profile_id]
        if not profile.can_speak or self.is_settling(profile.id) or self._is_silent(snapshot):
            return ev.SilenceChosen(self.clock(), turn)
        if not self.terms.may_speak(profile, snapshot.channel_id, self.clock()):
            return ev.SilenceChosen(self.clock(), turn, Why.NOT_AGREED.value)
        try:
            await self.reach.check(profile.id)
            heard = await self.chat.recent(snapshot.channel_id, LOOKED_BACK)
            if _is_gone(snapshot, heard):
                return ev.SilenceChosen(self.clock(), turn)
            ruling = await self._ruling(snapshot, row.effect, heard)
            if not ruling.speaks:
                return ev.SilenceChosen(self.clock(), turn, ruling.why.value)
            self.limiting.reply(snapshot, heard)
            recalled = await self.recall.of(profile, snapshot.channel_id)
            moment = replace(
                await self._moment(snapshot, profile, heard),
                memory=await self._memory(snapshot, profile, heard),
            )
            answer = await self._answer(profile, recalled, moment, ruling)
            if not answer.texts:
                return ev.SilenceChosen(self.clock(), turn, answer.why.value)
            if await self.last_look.before_storing(profile, answer.texts, moment) is not None:
                return ev.SilenceChosen(self.clock(), turn, Why.NOTHING_TO_SAY.value)
            self.limiting.spoken(snapshot, heard, answer.texts)
            wait, typing, gaps = paced(answer, self.pace.scale, self.pace.most)
            generation = await self.generations.draft(
                snapshot,
                turn,
                answer.texts,
                delay=wait,
                typing=typing,
                gaps=gaps,
                chance=answer.chance,
                why=answer.why.value,
                model=model_name(profile.id, profile.model_version),
                at=self.clock(),
            )
        except (EchoError, ChannelGone, StorageError) as error:
            return ev.DraftFailed(self.clock(), turn, str(error))
        return ev.DraftMade(self.clock(), turn, generation, wait, typing, gaps)

    def _is_silent(self, session: SessionSnapshot) -> bool:
        """Whether somebody silenced the server, or the echo would begin a conversation that it may not."""
        return session.server_id in self.board.halts or self.beginning.holds_back(session)

    def let_go(self, profile_id: int) -> None:
        """Keep nothing of this profile in memory any more."""
        self.held_models.drop(profile_id)
        self.wishes.let_go(profile_id)
        self.feedback.let_go(profile_id)

    async def _ruling(self, session: SessionSnapshot, thought: Compose, heard: list[Heard]) -> Ruling:
        """Whether its echo has the word. A conversation is begun wherever there is company, and by whoever will."""
        if session.opening:
            return Ruling(is_company(heard, self.clock().timestamp()), 1.0, Why.OPENING)
        return await self.floor.ruling(session, thought, heard, lambda one: self._chance(one, heard))

    async def _answer(self, profile: ProfileSnapshot, recalled: Recalled, moment: Moment, ruling: Ruling) -> Answer:
        moment = replace(moment, persona=speaker(profile, recalled))
        speak = True if ruling.why is Why.WANTED else None
        answer = await self.engine.answer(recalled.blob, recalled.name, moment, self.settings.chattiness, speak=speak)
        chance = ruling.chance if speak else answer.chance
        return replace(answer, texts=answer.texts[: ruling.room], gaps=answer.gaps[: ruling.room - 1], chance=chance)

    async def _chance(self, session: SessionSnapshot, heard: list[Heard]) -> float:
        """With what probability (0..1) the echo of a session would speak now without being addressed."""
        profile = self.board.profiles[session.profile_id]
        await self.reach.check(profile.id)
        recalled = await self.recall.of(profile, session.channel_id)
        moment = replace(await self._moment(session, profile, heard), addressed=False)
        return await self.engine.chance(recalled.blob, recalled.name, moment, self.settings.chattiness)

    async def _moment(self, session: SessionSnapshot, profile: ProfileSnapshot, heard: list[Heard]) -> Moment:
        shown = _talk(heard, profile)
        talk = tuple(Utterance(h.author, h.ts, h.text, own=h.speaker == profile.id) for h in shown)
        return Moment(
            context=talk[-CONTEXT:],
            me=self.chat.names_of(profile),
            addressed=session.addressed,
            seed=session.id * 1_000_003 + session.turn,
            opens=session.opening,
            now=self.clock().timestamp(),
            wishes=await self.wishes.of(profile.id),
            marks=await self._marks(session, profile),
            earlier=talk[:-CONTEXT],
            examples=profile.terms.allows(Purpose.EXAMPLES),
            leisure=self.pace.scale,
            most=self.pace.most,
            allowed_links=self.settings.allowed_hosts,
            since=session.since.timestamp() if session.since else 0.0,
        )

    async def _marks(self, session: SessionSnapshot, profile: ProfileSnapshot) -> tuple[Mark, ...]:
        """How people found what the echo said before, where all who are here can read it."""
        marks = await self.feedback.marks(profile.id)
        readable = self.recall.readable(profile, session.channel_id, {one.channel_id for one in marks})
        return tuple(one for one in marks if one.channel_id in readable)

    async def _memory(
        self, session: SessionSnapshot, profile: ProfileSnapshot, heard: list[Heard]
    ) -> tuple[Utterance, ...]:
        """What was said in this session before the talk that the moment shows."""
        if not self.recall.may_recall_all(profile, session.channel_id, (session.channel_id,)):
            return ()
        since = next((one.message_id for one in _talk(heard, profile)[-CONTEXT:]), sys.maxsize)
        return await self.remembering.recall(session, profile, heard, since)


def paced(answer: Answer, scale: float, most: float) -> tuple[float, float, tuple[float, ...]]:
    """Seconds until the first message, seconds of those spent typing, seconds before each later one.

    `scale` is a factor of all of them, and none is more than `most`.
    """
    typing = min(most, TYPING_MOST, answer.typing * scale)
    # Nobody answers sooner than it takes to type the answer.
    wait = max(typing, min(most, answer.delay * scale))
    gaps = tuple(round(min(most, gap * scale), 3) for gap in answer.gaps)
    return round(wait, 3), round(typing, 3), gaps


def _is_gone(session: SessionSnapshot, heard: list[Heard]) -> bool:
    """Whether what is to be answered does not stand there any more, or is somebody's who may not be heard."""
    if session.opening or not heard or heard[0].message_id > session.heard_id:
        return False
    return all(one.message_id != session.heard_id for one in heard)


def speaker(profile: ProfileSnapshot, recalled: Recalled) -> PersonaName:
    """Who speaks for a profile by this model: weights, and what is stored with a persona, know all that was learnt."""
    persona = persona_of(profile)
    if recalled.is_whole and (recalled.weighs or not persona.tuned):
        return persona
    return replace(persona, tuned=False, by_base=True)


def _talk(heard: list[Heard], profile: ProfileSnapshot) -> list[Heard]:
    """The messages of a talk. What bots say that are no echoes (Echo's own notices) is no part of it, nor what the
    subject says who does not let their messages stand in prompts."""
    talk = [one for one in heard if one.text and (one.human or one.speaker is not None)]
    shown = profile.terms.allows(Purpose.EXAMPLES)
    return [one for one in talk if shown or one.author_id != profile.user_id]
