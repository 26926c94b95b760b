"""Commands that are being answered while what they asked for is told: what is told may stand as their answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from echo.discord.consent import Button
from echo.discord.replies import Reply
from states.model import ProfileSnapshot, SessionSnapshot


class Opening:
    """A `/echo create` that is being answered: the question may stand as that answer, so that whoever asked sees it
    at once, and the subject is pinged by it."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.is_over = asyncio.Event()
        self.is_answer = False
        self.standing: int | None = None

    async def put(self, text: str, buttons: Sequence[Button], subject_id: int) -> int | None:
        """Answer with the question; its message's id, None where it must be put in the channel instead."""
        try:
            message_id = await self.reply.say_first(text, buttons, subject_id)
            self.is_answer = message_id is not None
            return message_id
        finally:
            self.is_over.set()

    def found(self, message_id: int) -> None:
        """The question stands already, as this message."""
        self.standing = message_id
        self.is_over.set()


class Arrival:
    """A `/echo online` that is being answered: the notice of it may stand as that answer, which then says more."""

    def __init__(self, reply: Reply, text: str) -> None:
        self._reply = reply
        self._text = text
        self.is_over = asyncio.Event()
        self.is_answer = False

    async def put(self) -> bool:
        """Answer with the notice, for all to see; False where it must be put in the channel instead."""
        try:
            self.is_answer = await self._reply.say_first(self._text, (), None) is not None
            return self.is_answer
        finally:
            self.is_over.set()


class Openings:
    """The commands that are being answered, by server and subject."""

    def __init__(self) -> None:
        self._open: dict[tuple[int, int], Opening] = {}
        self._arriving: dict[tuple[int, int], Arrival] = {}

    @contextmanager
    def arriving(self, profile_id: int, channel_id: int, reply: Reply, text: str) -> Iterator[Arrival]:
        """While this lasts, the notice that an echo is online in a channel may stand as this reply."""
        arrival = Arrival(reply, text)
        self._arriving[profile_id, channel_id] = arrival
        try:
            yield arrival
        finally:
            if self._arriving.get((profile_id, channel_id)) is arrival:
                del self._arriving[profile_id, channel_id]

    def arrival_of(self, session: SessionSnapshot) -> Arrival | None:
        """The command that waits for this session's notice."""
        return self._arriving.get((session.profile_id, session.channel_id))

    @contextmanager
    def opened(self, server_id: int, subject_id: int, reply: Reply) -> Iterator[Opening]:
        """While this lasts, the question to this subject may stand as this reply."""
        opening = Opening(reply)
        self._open[server_id, subject_id] = opening
        try:
            yield opening
        finally:
            if self._open.get((server_id, subject_id)) is opening:
                del self._open[server_id, subject_id]

    def of(self, profile: ProfileSnapshot) -> Opening | None:
        """The command that waits for this profile's question."""
        return self._open.get((profile.server_id, profile.user_id))
