"""Saying what was drafted: each message once, whatever breaks meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from db.errors import DatabaseLocked, StorageError
from db.generations import Generations
from db.outbox import Outbox, OutboxRow
from echo.beginning import Beginning
from echo.disclosing import Disclosing
from echo.errors import EchoError, ServiceUnavailable
from echo.last_look import LastLook
from echo.ports import ChannelGone, Chat, Line
from echo.remembering import Remembering
from states import events as ev
from states.board import Board
from states.effects import Effect, Say, still_wanted
from states.model import SessionSnapshot, Snapshot
from states.objections import SENTENCES
from states.terms_in_force import TermsInForce

log = logging.getLogger(__name__)

SAY_TRIES: Final = 3
DOUBTFUL: Final = timedelta(minutes=1)
"""How long ago a message was sent at most whose sending is only just given up."""


@dataclass(slots=True)
class Saying:
    """Does the effect `Say`."""

    board: Board
    chat: Chat
    generations: Generations
    outbox: Outbox
    beginning: Beginning
    disclosing: Disclosing
    last_look: LastLook
    remembering: Remembering
    terms: TermsInForce
    clock: Callable[[], datetime]

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
                    objection = await self.last_look.before_saying(profile, texts[: said.part + 1], snapshot.channel_id)
                    if objection is not None:
                        reason = SENTENCES[objection]
                        break
                    await self.disclosing.introduce(line)
                    if not self._is_wanted(said, snapshot):
                        break
                    message_id = await self._spoken(line, said)
                await self.generations.mark_said(said.generation_id, said.part, message_id, self.clock())
                await self.remembering.keep(line, message_id, self.clock().timestamp())
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

    async def _spoken(self, line: Line, said: Say) -> int:
        """Say it. Where it is not wanted any more before it stands there, it is taken back once it does: its person
        may have begun to write, or have taken their yes back, while it was on its way."""
        saying = asyncio.ensure_future(self.chat.say(line))
        try:
            return await asyncio.shield(saying)
        except asyncio.CancelledError:
            if self._is_wanted(said, line.session):
                # Echo stops: at its next start it looks whether this was heard.
                saying.cancel()
            else:
                await self._take_back(line, saying)
            raise

    async def _take_back(self, line: Line, saying: asyncio.Future[int]) -> None:
        message_id, since = None, self.clock()
        try:
            try:
                message_id = await saying
            except ServiceUnavailable:
                # It may stand there all the same.
                message_id = await self.chat.find_said(line, since - DOUBTFUL)
            if message_id is None:
                return
            await self.chat.take_back(line.session.channel_id, message_id)
        except (ChannelGone, EchoError) as error:
            log.info("What %s was just saying could not be taken back: %s", line.session.key, error)
            if message_id is not None:
                await self.generations.mark_said(line.generation_id, line.part, message_id, self.clock())

    def _is_wanted(self, effect: Effect, snapshot: SessionSnapshot) -> bool:
        now = self.board.sessions.get(snapshot.id)
        if now is None or not still_wanted(effect, now) or self.beginning.holds_back(now):
            return False
        profile = self.board.profiles[now.profile_id]
        if now.server_id in self.board.halts or not profile.has_consent or profile.is_over(self.clock()):
            return False
        return self.terms.may_speak(profile, now.channel_id, self.clock())
