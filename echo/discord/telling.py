"""Keeps the message that asked up to date while an echo is made: how it goes about it, and how far it is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from echo.errors import EchoError
from echo.ports import ChannelGone
from states.board import Board
from states.effects import Notice
from states.model import ProfileSnapshot, ProfileState

log = logging.getLogger(__name__)

EVERY: Final = 5.0
"""Seconds between two looks: Discord lets a channel's messages be changed about once a second in all."""


class Showing(Protocol):
    """Where the message is changed (`echo.discord.notices.Notices`)."""

    async def show_progress(self, profile: ProfileSnapshot) -> None:
        """Bring the message that asked up to date, unless the profile moved on. Raises ChannelGone, EchoError."""


class Telling:
    """Looks at the board; a message is changed only where what it would say is new.

    The message is Echo's own, so that this goes on when the command's quarter of an hour is long over.
    """

    def __init__(
        self,
        board: Board,
        showing: Showing,
        words: Callable[[ProfileSnapshot, Notice], str],
        pause: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`words` gives what the message would say; `pause` waits between two looks."""
        self._board = board
        self._showing = showing
        self._words = words
        self._pause = pause or _rest
        self._told: dict[int, str] = {}

    async def run(self) -> None:
        """Go on until cancelled."""
        changed = asyncio.Event()
        unwatch = self._board.watch(changed.set)
        try:
            while True:
                await changed.wait()
                changed.clear()
                for profile in self._in_making():
                    await self._tell(profile)
                await self._pause()
        finally:
            unwatch()

    def _in_making(self) -> list[ProfileSnapshot]:
        """The profiles at work for the first time whose question stands; a renewal is nobody's news."""
        at_work = [
            profile
            for profile in self._board.profiles.values()
            if profile.state in (ProfileState.COLLECTING, ProfileState.TRAINING)
            and profile.consent_message_id is not None
            and not profile.can_speak
            and (profile.reason is None or profile.paused)
            and profile.key in self._board.progress
        ]
        self._told = {profile.id: self._told.get(profile.id, "") for profile in at_work}
        return at_work

    async def _tell(self, profile: ProfileSnapshot) -> None:
        words = self._words(profile, Notice.COLLECTING)
        if self._told.get(profile.id) == words:
            return
        try:
            await self._showing.show_progress(profile)
        except (ChannelGone, EchoError) as error:
            log.info("How far profile %d is could not be shown: %s", profile.id, error)
        # What can't be shown now is not tried again and again: the next news will.
        self._told[profile.id] = words


async def _rest() -> None:
    await asyncio.sleep(EVERY)
