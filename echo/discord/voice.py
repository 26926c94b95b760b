"""Speaking: an echo's words stand in the channel under its person's name, labelled, and ping nobody."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import nextcord
from nextcord.http import Route

from echo.corpus.mark import marked, unmarked
from echo.discord.collecting.walk import PAGE
from echo.discord.disclosure import is_notice
from echo.discord.faces import Faces, spoken_name
from echo.discord.failures import OutOfReach, lasting, mapped, understood
from echo.discord.pictures import Pictures
from echo.discord.snowflakes import snowflake_at, time_of
from echo.discord.translate import seen
from echo.discord.veil import Veil, unveiled
from echo.discord.webhooks import GONE, NAME, UNKNOWN_MESSAGE, Webhooks
from echo.errors import EchoError
from echo.ports import ChannelGone, Heard, Line
from states.board import Board
from states.model import ProfileSnapshot

log = logging.getLogger(__name__)

SKEW: Final = timedelta(seconds=10)
"""By how much this machine's clock and Discord's may differ."""
SEARCHED: Final = 5
"""Pages of a channel in which a line that may have been said is looked for."""
REMEMBERED: Final = 2000
"""Messages said of which is remembered who said them."""
NOBODY: Final = 0
"""Stands for the profile of an echo's words that no known profile said."""
NO_PINGS: Final[Mapping[str, Any]] = {"parse": [], "replied_user": False}
THREADS: Final = (10, 11, 12)
"""The types of channel that are threads (Discord API reference, "Channel Types")."""

Raw = Mapping[str, Any]


class Memory(Protocol):
    """What is remembered of the channels in which echoes are online."""

    def recent(self, channel_id: int) -> list[Heard]:
        """What is remembered, oldest first."""

    def is_primed(self, channel_id: int) -> bool:
        """Whether that reaches further back than the memory itself."""

    def prime(self, channel_id: int, messages: Iterable[Heard]) -> None:
        """Remember what was read from Discord."""

    def remember(self, heard: Heard) -> None:
        """Remember one message."""


@dataclass(frozen=True, slots=True)
class _Stage:
    """Where is spoken: webhooks belong to `host`, which for a thread is the channel that holds it."""

    channel_id: int
    host: int
    thread_id: int | None
    server_id: int
    may_manage: bool


class Voice:
    """Says lines through webhooks or as the bot, finds them again, and reads what stands in a channel.

    The part of the port `Chat` that is about talking: failures that may pass raise ServiceUnavailable, lasting ones
    ChannelGone.
    """

    def __init__(self, client: nextcord.Client, memory: Memory, board: Board, veil: Veil | None = None) -> None:
        """`veil` hides members who are unseen in what is read (None: nobody is)."""
        self._client = client
        self._veil = veil or unveiled()
        self._memory = memory
        self._board = board
        self._faces = Faces(client, board)
        self.webhooks = self._webhooks = Webhooks(client)
        self._pictures = Pictures()
        self._said: OrderedDict[int, int] = OrderedDict()
        self._saying: dict[int, int] = {}

    async def say(self, line: Line) -> int:
        """Say it through the channel's webhook, or with a header as the bot; the message's id."""
        with lasting():
            stage = await self._stage(line.session.channel_id)
            name = spoken_name((await self._faces.find(line.profile)).names[0])
            raw = await self._say_somehow(stage, line, name)
        with understood("The answer to what an echo said"):
            message_id = int(raw["id"])
        self._said[message_id] = line.profile.id
        while len(self._said) > REMEMBERED:
            self._said.popitem(last=False)
        ts = time_of(message_id).timestamp()
        self._memory.remember(
            Heard(message_id, stage.channel_id, 0, name, ts, line.text, human=False, speaker=line.profile.id)
        )
        return message_id

    async def tell(self, channel_id: int, text: str) -> None:
        """Say something for Echo itself through the channel's webhook, where its bot may not write."""
        with lasting():
            stage = await self._stage(channel_id)
            webhook = await self._webhooks.obtain(stage.host, self._pictures.of(0, None)) if stage.may_manage else None
            if webhook is None:
                raise ChannelGone("Echo may not write in this channel: give its role Send Messages there.")
            name = self._client.user.name if self._client.user else NAME
            message = {"content": text, "username": name, "allowed_mentions": {"parse": []}}
            await self._webhooks.execute(webhook, message, stage.thread_id)

    async def take_back(self, channel_id: int, message_id: int) -> None:
        """Delete what an echo said, by its webhook or as the bot; what is not there any more is as good as deleted."""
        with lasting():
            stage = await self._stage(channel_id)
            said_by = self._said.get(message_id, NOBODY)
            for webhook in await self._webhooks.all_in(stage.host, said_by) if stage.may_manage else ():
                try:
                    await self._webhooks.delete(webhook, message_id, stage.thread_id)
                    return
                except OutOfReach as error:
                    if error.code not in (*GONE, UNKNOWN_MESSAGE):
                        raise
            try:
                with mapped("delete what an echo said"):
                    await self._client.http.delete_message(channel_id, message_id)
            except OutOfReach as error:
                if error.code != UNKNOWN_MESSAGE:
                    raise

    async def find_said(self, line: Line, since: datetime) -> int | None:
        """The id of this very line if it stands in the channel since then, by Discord's clock or this machine's."""
        oldest = snowflake_at(since - SKEW)
        with lasting():
            stage = await self._stage(line.session.channel_id)
            await self._know_webhook(stage)
            name = spoken_name((await self._faces.find(line.profile)).names[0])
            before: int | None = None
            for _ in range(SEARCHED):
                page = await self._page(stage.channel_id, PAGE, before)
                with understood("A page of messages"):
                    said = [int(raw["id"]) for raw in page if self._is_line(raw, line, name)]
                if said and said[0] >= oldest:
                    return said[0]
                if len(page) < PAGE or int(page[-1]["id"]) < oldest:
                    break
                before = int(page[-1]["id"])
        return None

    async def type_in(self, channel_id: int) -> None:
        """Show that somebody types. Where that fails nothing is lost, so it never raises for it."""
        try:
            with mapped("show that somebody types"):
                await self._client.http.send_typing(channel_id)
        except EchoError as error:
            log.debug("Typing was not shown in channel %d: %s", channel_id, error)

    async def recent(self, channel_id: int, limit: int) -> list[Heard]:
        """The newest `limit` messages (1..100) of a channel, oldest first, from memory or else from Discord."""
        remembered = self._memory.recent(channel_id)
        if len(remembered) >= limit or self._memory.is_primed(channel_id):
            return remembered[-limit:]
        with lasting():
            stage = await self._stage(channel_id)
            await self._know_webhook(stage)
            page = await self._page(channel_id, min(limit, PAGE), None)
        with understood("A page of messages"):
            found = [heard for raw in page if (heard := self._heard(raw, stage.server_id)) is not None]
        self._memory.prime(channel_id, found)
        known = {heard.message_id: heard for heard in (*found, *self._memory.recent(channel_id))}
        return sorted(known.values(), key=lambda heard: heard.message_id)[-limit:]

    def names_of(self, profile: ProfileSnapshot) -> tuple[str, ...]:
        """By what names the subject is called in that server; first the shown one."""
        return self._faces.known(profile).names

    def is_own(self, raw: Raw) -> int | None:
        """Which profile said this message of Discord's JSON; 0 where it is one of Echo's that no living one said.

        None for everybody else's, and for what Echo's bot says for itself.
        """
        known = self._said.get(int(raw["id"]))
        return known if known is not None else self._speaker(raw, int(raw.get("guild_id") or 0))

    async def forget(self, profile: ProfileSnapshot) -> Mapping[str, int]:
        """Hold nothing of a profile's person any more: neither their face nor a picture; how much that was."""
        faces = int(self._faces.forget(profile))
        self._pictures.forget()
        return {"faces held in memory": faces} if faces else {}

    async def close(self) -> None:
        """Let go of the connections."""
        await self._webhooks.close()

    # where

    async def _stage(self, channel_id: int) -> _Stage:
        channel = self._client.get_channel(channel_id)
        if channel is None:
            with mapped("find the channel"):
                raw: Any = await self._client.http.get_channel(channel_id)
            is_thread, server_id = raw["type"] in THREADS, int(raw.get("guild_id") or 0)
            host = int(raw["parent_id"]) if is_thread else channel_id
        else:
            guild = getattr(channel, "guild", None)
            is_thread, server_id = isinstance(channel, nextcord.Thread), guild.id if guild else 0
            host = channel.parent_id if isinstance(channel, nextcord.Thread) else channel_id
        return _Stage(channel_id, host, channel_id if is_thread else None, server_id, self._may_manage(host))

    def _may_manage(self, host: int) -> bool:
        """Whether Echo may manage webhooks there: known beforehand, since every refusal counts against a bot."""
        channel = self._client.get_channel(host)
        if not isinstance(channel, nextcord.abc.GuildChannel) or channel.guild.me is None:
            return False
        return bool(channel.permissions_for(channel.guild.me).manage_webhooks)

    async def _know_webhook(self, stage: _Stage) -> None:
        """Look up the webhook that may have spoken, so that its messages are known for Echo's."""
        if stage.may_manage:
            try:
                await self._webhooks.find(stage.host)
            except OutOfReach as error:
                log.debug("The webhooks of channel %d can't be seen (code %d).", stage.host, error.code)

    async def _page(self, channel_id: int, limit: int, before: int | None) -> list[Raw]:
        with mapped("read what was said in the channel"):
            page: Any = await self._client.http.logs_from(channel_id, limit, before=before)
        with understood("A page of messages"):
            return sorted(page, key=lambda raw: -int(raw["id"]))

    # saying

    async def _say_somehow(self, stage: _Stage, line: Line, name: str) -> Raw:
        # The gateway may tell of the message before the answer to the request does: who says it is known by this.
        self._saying[stage.channel_id] = line.profile.id
        try:
            said = await self._say_by_webhook(stage, line, name) if stage.may_manage else None
            return await self._say_as_bot(stage, line, name) if said is None else said
        finally:
            self._saying.pop(stage.channel_id, None)

    async def _say_by_webhook(self, stage: _Stage, line: Line, name: str) -> Raw | None:
        """None where it can't be said that way, and was not."""
        dress = self._pictures.of(line.profile.id, (await self._faces.find(line.profile)).avatar_url)
        message = {"content": marked(line.text), "username": name, "allowed_mentions": {"parse": []}}
        for _ in range(2):
            try:
                webhook = await self._webhooks.obtain(stage.host, dress)
            except OutOfReach as error:
                log.info(
                    "Channel %d lets Echo make no webhook (code %d); it speaks as the bot.", stage.host, error.code
                )
                return None
            if webhook is None:
                log.info("Channel %d can take no further webhook; its echoes speak as the bot.", stage.host)
                return None
            try:
                return await self._webhooks.execute(webhook, message, stage.thread_id)
            except OutOfReach as error:
                if error.code not in GONE:
                    raise
                self._webhooks.forget(stage.host)
        return None

    async def _say_as_bot(self, stage: _Stage, line: Line, name: str) -> Raw:
        message = {
            "content": _with_header(name, line.text),
            "allowed_mentions": NO_PINGS,
            "nonce": f"e{line.generation_id}.{line.part}",
            "enforce_nonce": True,
        }
        route = Route("POST", "/channels/{channel_id}/messages", channel_id=stage.channel_id)
        with mapped("speak in the channel"):
            said: Raw = await self._client.http.request(route, json=message)
        return said

    # recognising

    def _is_line(self, raw: Raw, line: Line, name: str) -> bool:
        text = unmarked(str(raw.get("content") or "")).strip()
        if self._webhooks.is_own(raw):
            return text == unmarked(marked(line.text)).strip() and raw["author"]["username"] == name
        said = unmarked(_with_header(name, line.text)).strip()
        return int(raw["author"]["id"]) == self._echo_id and text == said

    @property
    def _echo_id(self) -> int:
        return self._client.user.id if self._client.user else 0

    def _speaker(self, raw: Raw, server_id: int) -> int | None:
        """`is_own` by the name under which the message stands; `server_id` 0 is any server."""
        by_webhook = self._webhooks.is_own(raw)
        if is_notice(str(raw.get("content") or "")):
            return None
        if not by_webhook and int(raw["author"]["id"]) != self._echo_id:
            return None
        if own := self._webhooks.profile_of(raw):
            return own if own in self._board.profiles else NOBODY
        shown, text = raw["author"]["username"], str(raw.get("content") or "")
        named: list[int] = []
        for profile in self._board.profiles.values():
            if server_id in (0, profile.server_id):
                name = spoken_name(self.names_of(profile)[0])
                if shown == name if by_webhook else text.startswith(_header(name)):
                    named.append(profile.id)
        if not named:
            return NOBODY if by_webhook else None
        return max(named, key=lambda profile_id: self._likelihood(profile_id, int(raw["channel_id"])))

    def _likelihood(self, profile_id: int, channel_id: int) -> tuple[bool, bool, int]:
        """Orders profiles of one name: who is speaking there now, who is online there, who is newest."""
        here = any(s.profile_id == profile_id and s.channel_id == channel_id for s in self._board.sessions_online())
        return self._saying.get(channel_id) == profile_id, here, profile_id

    def _heard(self, raw: Raw, server_id: int) -> Heard | None:
        """A message of the channel as it is heard; None where nobody says anything, or somebody unseen."""
        shown = self._veil.seen(raw, server_id)
        if shown is None:
            return None
        raw, said_by = shown, self._said.get(int(raw["id"]))
        found = seen(raw, self._echo_id, self._speaker(raw, server_id) if said_by is None else said_by)
        return None if found is None else found.heard


def _header(name: str) -> str:
    return f"**{nextcord.utils.escape_markdown(name)}:**\n"


def _with_header(name: str, text: str) -> str:
    return marked(f"{_header(name)}{text}")
