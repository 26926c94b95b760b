"""Telling people what an echo is: the channel when it comes online, and each person before their first answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from db.contacts import Contacts
from db.outbox import OutboxRow
from echo.errors import EchoError, ServiceUnavailable
from echo.ports import ChannelGone, Chat, Heard, Line
from states import events as ev
from states.board import Board
from states.effects import Disclose
from states.model import SessionSnapshot, Snapshot

log = logging.getLogger(__name__)

TRIES: Final = 4
LOOKED_BACK: Final = 40
"""Messages of the channel among which the one that is answered is looked for."""
UNTOLD: Final = "It could not tell this channel that it is a bot, so it says nothing here: {why}"


@dataclass(slots=True)
class Disclosing:
    """Does the effect `Disclose`, and comes before every answer: an echo that can't say what it is says nothing."""

    board: Board
    chat: Chat
    contacts: Contacts
    clock: Callable[[], datetime]
    _telling: dict[int, asyncio.Event] = field(default_factory=dict)

    async def disclose(self, row: OutboxRow, snapshot: Snapshot) -> ev.Event | None:
        """Tell the channel. The nonce makes a repeated try give the first notice; where none can be given, the echo
        goes offline again."""
        assert isinstance(snapshot, SessionSnapshot) and isinstance(row.effect, Disclose)
        told = self._telling[snapshot.id] = asyncio.Event()
        why = ""
        try:
            for attempt in range(TRIES):
                try:
                    await self.chat.disclose(snapshot, self.board.profiles[snapshot.profile_id], f"on-{row.id}")
                    return None
                except ServiceUnavailable as error:
                    why = str(error)
                    log.info("The notice that %s is online has to wait: %s", row.key, error)
                    await asyncio.sleep(2.0**attempt)
                except (ChannelGone, EchoError) as error:
                    why = str(error)
                    break
            return ev.OfflineAsked(self.clock(), 0, UNTOLD.format(why=why))
        finally:
            told.set()
            del self._telling[snapshot.id]

    async def introduce(self, line: Line) -> None:
        """Before an answer is said: tell whom it answers what an echo is, once for ever.

        Raises ChannelGone, ServiceUnavailable or StorageError: then nothing may be said.
        """
        telling = self._telling.get(line.session.id)
        if telling is not None:
            await telling.wait()
        if line.part or line.session.opening:
            return
        answered = await self._answered(line.session)
        if answered is None or await self.contacts.is_met(line.profile.id, answered.author_id):
            return
        await self.chat.introduce(line.session, line.profile, answered.author, f"met-{line.generation_id}")
        await self.contacts.meet(line.profile.id, answered.author_id)

    async def _answered(self, session: SessionSnapshot) -> Heard | None:
        """What a human said last of what the echo has heard."""
        heard = await self.chat.recent(session.channel_id, LOOKED_BACK)
        return next((one for one in reversed(heard) if one.human and one.message_id <= session.heard_id), None)
