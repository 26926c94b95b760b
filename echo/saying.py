"""Saying what was drafted: each message once, whatever breaks meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from db.errors import DatabaseLocked, StorageError
from db.generations import Generations
from db.outbox import Outbox, OutboxRow
from db.stored import NO_WISHES
from db.wishes import WishBook
from echo.beginning import Beginning
from echo.errors import EchoError, ServiceUnavailable
from echo.held_models import HeldModels
from echo.ports import ChannelGone, Chat, Engine, Line
from echo.remembering import Remembering
from states import events as ev
from states.board import Board
from states.effects import Effect, Say, still_wanted
from states.model import ProfileSnapshot, SessionSnapshot, Snapshot

log = logging.getLogger(__name__)

SAY_TRIES: Final = 3
UNWISHED: Final = "Its person does not wish that to be said."


@dataclass(slots=True)
class Saying:
    """Does the effect `Say`."""

    board: Board
    chat: Chat
    generations: Generations
    outbox: Outbox
    beginning: Beginning
    engine: Engine
    held_models: HeldModels
    wishes: WishBook
    remembering: Remembering
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
                    if not self._is_wanted(said, snapshot):
                        break
                    if not await self._is_allowed(profile, texts[: said.part + 1]):
                        reason = UNWISHED
                        break
                    message_id = await self.chat.say(line)
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

    async def _is_allowed(self, profile: ProfileSnapshot, texts: Sequence[str]) -> bool:
        """Whether the subject still lets it be said: they may have wished otherwise since it was drafted."""
        wishes = await self.wishes.of(profile.id)
        if wishes == NO_WISHES:
            return True
        version, blob = await self.held_models.of(profile)
        return await self.engine.allows(blob, version, texts, wishes)

    def _is_wanted(self, effect: Effect, snapshot: SessionSnapshot) -> bool:
        now = self.board.sessions.get(snapshot.id)
        return now is not None and still_wanted(effect, now) and not self.beginning.holds_back(now)
