"""The `Chat` port on Discord: what notices and voice do, joined."""

from __future__ import annotations

from datetime import datetime

from echo.discord import disclosure
from echo.discord.consent import plain
from echo.discord.letters import Letters
from echo.discord.notices import Notices
from echo.discord.voice import Voice
from echo.ports import ChannelGone, Heard, Line
from states.effects import Notice
from states.model import ProfileSnapshot, SessionSnapshot


class DiscordChat:
    """Hands each call of the port to the part that does it."""

    def __init__(self, notices: Notices, voice: Voice, letters: Letters) -> None:
        self._notices = notices
        self._voice = voice
        self._letters = letters

    async def ask_consent(self, profile: ProfileSnapshot, nonce: str, standing: int | None = None) -> int:
        """Put the persistent question; the message's id."""
        return await self._notices.ask_consent(profile, nonce, standing)

    async def announce(self, profile: ProfileSnapshot, notice: Notice, nonce: str) -> None:
        """Tell the channel how the profile stands."""
        await self._notices.announce(profile, notice, nonce)

    async def remind(self, profile: ProfileSnapshot, nonce: str) -> None:
        """Tell the subject that their consent ends soon: in the channel where their direct messages are closed."""
        if not await self._letters.send(profile.user_id, self._notices.reminder(profile)):
            await self._notices.remind(profile, nonce)

    async def disclose(self, session: SessionSnapshot, profile: ProfileSnapshot, nonce: str) -> None:
        """Tell the channel that an echo is online there."""
        try:
            await self._notices.disclose(session, profile, nonce)
        except ChannelGone:
            # Where the bot may not write, an echo may speak by webhook all the same, and so may this.
            name = plain(self._voice.names_of(profile)[0])
            await self._voice.tell(session.channel_id, f"{disclosure.MARK}{disclosure.hello(name)}")

    async def introduce(self, session: SessionSnapshot, profile: ProfileSnapshot, person: str, nonce: str) -> None:
        """Tell somebody what the echo is that is about to answer them."""
        text = disclosure.first_contact(plain(self._voice.names_of(profile)[0]), person)
        try:
            await self._notices.tell(session.channel_id, text, nonce)
        except ChannelGone:
            await self._voice.tell(session.channel_id, text)

    async def say(self, line: Line) -> int:
        """Say a line; the message's id."""
        return await self._voice.say(line)

    async def find_said(self, line: Line, since: datetime) -> int | None:
        """The id of this line if it already stands in the channel."""
        return await self._voice.find_said(line, since)

    async def take_back(self, channel_id: int, message_id: int) -> None:
        """Delete an echo's message."""
        await self._voice.take_back(channel_id, message_id)

    async def type_in(self, channel_id: int) -> None:
        """Show that somebody types."""
        await self._voice.type_in(channel_id)

    async def recent(self, channel_id: int, limit: int) -> list[Heard]:
        """The newest messages of a channel, oldest first."""
        return await self._voice.recent(channel_id, limit)

    def names_of(self, profile: ProfileSnapshot) -> tuple[str, ...]:
        """By what names the subject is called."""
        return self._voice.names_of(profile)
