"""One bot's session at the gateway: what it gets to see, numbered, and kept for when it resumes."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import deque
from collections.abc import Mapping
from typing import Any

from echo.sandbox.directory import Directory
from echo.sandbox.intents import Intent, needed, without_content
from echo.sandbox.permissions import Permission
from echo.sandbox.records import Dispatch

KEPT = 5000
"""Frames: how many of the last dispatches are kept for a resume."""

DISPATCH = 0
_SHOWN_TO_ALL = ("CHANNEL_CREATE", "CHANNEL_UPDATE", "CHANNEL_DELETE")
"""Bots are told of channels that they can't see into, as they get them with the server."""


def frame(op: int, data: object = None, *, number: int | None = None, event: str | None = None) -> str:
    """One gateway payload; all four fields are always there."""
    return json.dumps({"op": op, "d": data, "s": number, "t": event}, separators=(",", ":"))


class GatewaySession:
    """What survives a lost socket. `outgoing` is the queue of the socket that is attached, None while there is none."""

    def __init__(self, world: Directory, intents: int, shard: tuple[int, int]) -> None:
        """`shard` is (this shard's number, how many there are)."""
        self.id = secrets.token_hex(16)
        self.intents = intents
        self.presence: Mapping[str, Any] = {}
        self.outgoing: asyncio.Queue[str | None] | None = None
        self.number = 0
        self._world = world
        self._shard = shard
        self._kept: deque[tuple[int, str]] = deque(maxlen=KEPT)

    def owns(self, guild_id: int | None) -> bool:
        """Whether the server's events come to this shard; direct messages come to shard 0."""
        shard, count = self._shard
        return shard == (0 if guild_id is None else (guild_id >> 22) % count)

    def send(self, event: str, data: object) -> None:
        """Dispatches an event to this session, whatever its intents; kept while no socket is attached."""
        self.number += 1
        text = frame(DISPATCH, data, number=self.number, event=event)
        self._kept.append((self.number, text))
        if self.outgoing is not None:
            self.outgoing.put_nowait(text)

    def offer(self, dispatch: Dispatch, granted: int) -> None:
        """Dispatches what happened, if this session gets to see it, as it gets to see it: with the intents that it
        asked for and its application still has (`granted`, of the privileged ones)."""
        if self.sees(dispatch):
            self.send(dispatch.event, self._seen(dispatch, granted))

    def sees(self, dispatch: Dispatch) -> bool:
        """Whether the event comes to this shard, is of its intents and happened where the bot can look."""
        if dispatch.only_user not in (None, self._world.bot.id) or not self.owns(dispatch.guild_id):
            return False
        wanted = needed(dispatch.event, in_guild=dispatch.guild_id is not None)
        own_thread = dispatch.event == "THREAD_MEMBERS_UPDATE"
        if wanted and not self.intents & wanted and not own_thread:
            return False
        if dispatch.channel_id is None or dispatch.event in _SHOWN_TO_ALL:
            return True
        return self._world.may(dispatch.channel_id, self._world.bot.id, Permission.VIEW_CHANNEL)

    def missed_since(self, number: int) -> list[str] | None:
        """The frames after this sequence number; None if some of them are no longer kept, or it is from nowhere."""
        if number > self.number or number < 0:
            return None
        missed = [text for at, text in self._kept if at > number]
        return missed if len(missed) == self.number - number else None

    def _seen(self, dispatch: Dispatch, granted: int) -> Mapping[str, Any]:
        of_message = dispatch.event in ("MESSAGE_CREATE", "MESSAGE_UPDATE")
        if not of_message or dispatch.guild_id is None or self.intents & granted & Intent.MESSAGE_CONTENT:
            return dispatch.data
        return without_content(dispatch.data, self._world.bot.id)
