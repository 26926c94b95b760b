"""What sessions ask for: a thought about what was heard, and the saying of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from db.consents import Consents
from db.errors import DatabaseLocked, NothingStored, StorageError
from db.generations import Generations
from db.models import Models
from db.outbox import Outbox, OutboxRow
from echo.discord.consent import GOING
from echo.errors import EchoError, NoPermission, ServiceUnavailable
from echo.persona.turns import Utterance
from echo.ports import Answer, ChannelGone, Chat, Engine, Heard, Line, Moment
from echo.profile_work import model_name
from echo.settings import Settings
from states import events as ev
from states.board import Board
from states.effects import Compose, Effect, Say, still_wanted
from states.model import ProfileSnapshot, SessionSnapshot, Snapshot

log = logging.getLogger(__name__)

CONTEXT = 12
"""Messages of the conversation that a thought looks back on (`echo.persona.turns.CONTEXT_LENGTH`)."""
SAY_TRIES = 3
TYPING_SPEED = 7.0
"""Characters a second: about 80 words a minute, a brisk typist."""
TYPING_MOST = 10.0
"""Seconds."""


@dataclass(slots=True)
class SessionWork:
    """The adapters that a session's effects are done with. `stays`: the engine is on the computer that runs Echo."""

    board: Board
    chat: Chat
    engine: Engine
    models: Models
    generations: Generations
    outbox: Outbox
    consents: Consents
    settings: Settings
    pace_scale: float
    stays: bool
    clock: Callable[[], datetime]
    _blobs: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.board.watch(self._let_go)

    @property
    def held(self) -> tuple[str, ...]:
        """The models that are held in memory, by name."""
        return tuple(self._blobs)

    def works(self) -> dict[type[Effect], Callable[[OutboxRow, Snapshot], Awaitable[ev.Event | None]]]:
        """What does which effect."""
        return {Compose: self.compose, Say: self.say}

    async def compose(self, row: OutboxRow, snapshot: Snapshot) -> ev.Event:
        """Decide whether to answer; if so, store the draft, encrypted, and say when it is due."""
        assert isinstance(snapshot, SessionSnapshot) and isinstance(row.effect, Compose)
        turn, profile = row.effect.turn, self.board.profiles[snapshot.profile_id]
        if not profile.can_speak:
            return ev.SilenceChosen(self.clock(), turn)
        try:
            await self._check_reach(profile)
            heard = await self.chat.recent(snapshot.channel_id, CONTEXT)
            answer = await self._answer(profile, self._moment(snapshot, profile, heard))
            if not answer.texts:
                return ev.SilenceChosen(self.clock(), turn)
            wait, typing, gaps = self._pace(answer)
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

    async def say(self, row: OutboxRow, snapshot: Snapshot) -> ev.Event:
        """Say one message. A try that was begun before may have been heard: then look before speaking again."""
        assert isinstance(snapshot, SessionSnapshot) and isinstance(row.effect, Say)
        said, profile = row.effect, self.board.profiles[snapshot.profile_id]
        begun, reason, message_id = row.started_at, "", None
        for attempt in range(SAY_TRIES):
            try:
                if message_id is None:
                    texts = await self.generations.texts(said.generation_id, profile.id)
                    line = Line(snapshot, profile, texts[said.part], said.generation_id, said.part)
                    message_id = await self.chat.find_said(line, begun) if begun else None
                if message_id is None:
                    if begun is None:
                        begun = self.clock()
                        await self.outbox.begin(row.id, begun)
                    if not self._is_wanted(said, snapshot):
                        break
                    message_id = await self.chat.say(line)
                await self.generations.mark_said(said.generation_id, said.part, message_id, self.clock())
                return ev.PartSaid(self.clock(), said.generation_id, said.part, message_id)
            except (ServiceUnavailable, DatabaseLocked) as error:
                reason = str(error)
                log.info("%s has to try again to speak: %s", row.key, error)
                await asyncio.sleep(2.0**attempt)
            except (ChannelGone, EchoError, StorageError) as error:
                gone = isinstance(error, ChannelGone)
                return ev.SayingFailed(self.clock(), said.generation_id, said.part, str(error), gone)
        if message_id is not None:
            # It was heard; that this could not be noted makes it no less said.
            return ev.PartSaid(self.clock(), said.generation_id, said.part, message_id)
        return ev.SayingFailed(self.clock(), said.generation_id, said.part, reason, gone=False)

    def let_go(self, profile_id: int) -> None:
        """Keep nothing of this profile in memory any more."""
        for name in [name for name in self._blobs if name.startswith(f"{profile_id}-")]:
            del self._blobs[name]

    def _is_wanted(self, effect: Effect, snapshot: SessionSnapshot) -> bool:
        now = self.board.sessions.get(snapshot.id)
        return now is not None and still_wanted(effect, now)

    async def _check_reach(self, profile: ProfileSnapshot) -> None:
        """Raises NoPermission where the engine is elsewhere and the subject agreed that nothing goes there."""
        if self.stays or any(given.text_version in GOING for given in await self.consents.of(profile.id)):
            return
        raise NoPermission(
            "This person agreed that nothing leaves this computer, and the engine is elsewhere now: set engine or "
            "ollama_host back, or forget this echo and ask them anew."
        )

    async def _answer(self, profile: ProfileSnapshot, moment: Moment) -> Answer:
        version, blob = await self._model(profile)
        return await self.engine.answer(blob, version, moment, self.settings.chattiness)

    async def _model(self, profile: ProfileSnapshot) -> tuple[str, bytes]:
        """The name and content of the model that speaks now: since the thought began there may be a newer one."""
        newest = self.board.profiles[profile.id]
        version = model_name(newest.id, newest.model_version)
        blob = self._blobs.get(version)
        if blob is None:
            try:
                blob = await self.models.load(newest.id, newest.model_version)
            except NothingStored:
                if self.board.profiles[profile.id].model_version == newest.model_version:
                    raise
                return await self._model(profile)
            self._keep(newest, version, blob)
        return version, blob

    def _keep(self, profile: ProfileSnapshot, version: str, blob: bytes) -> None:
        """Keep the models of profiles with sessions online, one of each."""
        for name in tuple(self._blobs):
            if name.startswith(f"{profile.id}-"):
                del self._blobs[name]
        self._blobs[version] = blob
        self._let_go()

    def _let_go(self) -> None:
        """Hold no model of a profile that is nowhere online: it may have been forgotten."""
        if self._blobs:
            alive = {s.profile_id for s in self.board.sessions_online()}
            self._blobs = {name: blob for name, blob in self._blobs.items() if int(name.split("-")[0]) in alive}

    def _moment(self, session: SessionSnapshot, profile: ProfileSnapshot, heard: list[Heard]) -> Moment:
        # What bots say that are no echoes (Echo's own notices among them) is no part of the talk.
        said = (h for h in heard if h.text and (h.human or h.speaker is not None))
        context = tuple(Utterance(h.author, h.ts, h.text, own=h.speaker == profile.id) for h in said)
        return Moment(
            context=context[-CONTEXT:],
            me=self.chat.names_of(profile),
            addressed=session.addressed,
            seed=session.id * 1_000_003 + session.turn,
        )

    def _pace(self, answer: Answer) -> tuple[float, float, tuple[float, ...]]:
        """Seconds until the first message, seconds of those spent typing, seconds before each later one."""
        scale, most = self.pace_scale, self.settings.max_delay
        typing = min(most, TYPING_MOST, len(answer.texts[0]) / TYPING_SPEED * scale)
        # Nobody answers sooner than it takes to type the answer.
        wait = max(typing, min(most, answer.delay * scale))
        gaps = tuple(round(min(most, gap * scale), 3) for gap in answer.gaps)
        return round(wait, 3), round(typing, 3), gaps
