"""`/echo halt`, `/echo resume` and the halt word: a server is silenced at once, by command or by a plain message."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final

import nextcord

from echo.discord import access
from echo.discord.access import BY_NAME, Asker
from echo.discord.answers import name_of
from echo.discord.asking import Asking
from echo.discord.failures import mapped
from echo.discord.halting import Halting, Silenced
from echo.discord.translate import PLAIN, REPLY, Call, Raw
from echo.errors import EchoError, UsageError
from states.board import Board

log = logging.getLogger(__name__)

WORD: Final = "halt word"
"""The name of its row in the table of who may do what."""
SILENT: Final = (
    "Every echo in this server is silent from now on ({count} went offline), and none comes online before "
    "`/echo resume`."
)
NOT_KEPT: Final = " That could not be kept, so it ends when Echo starts anew: tell whoever runs this bot."
ALREADY: Final = "Every echo in this server is silenced already; `/echo resume` ends that."
RESUMED: Final = (
    "Echoes may come online in this server again; each one stays silent until `/echo online` brings it into a channel."
)
NOT_SILENCED: Final = "Nothing is silenced in this server; `/echo halt` silences every echo in it at once."
HUSHED: Final = "**{name} (echo)** is offline everywhere in this server now; `/echo online` brings it back."


class Silencing:
    """The commands, and what listens for the halt word where echoes are online."""

    def __init__(
        self,
        client: nextcord.Client,
        board: Board,
        halting: Halting,
        word: str,
        start: Callable[[str, Coroutine[Any, Any, None]], object],
    ) -> None:
        """`word` is empty where no message halts anything; `start` runs what is to be done in the background."""
        self._client = client
        self._board = board
        self._halting = halting
        self._word = _bare(word)
        self._start = start

    async def halt(self, asking: Asking, call: Call) -> None:
        """Silence the server, and tell everybody in the channel. Raises UsageError where it is already."""
        server_id = asking.asker.server_id
        if server_id in self._board.halts:
            raise UsageError(ALREADY)
        silenced = await self._halting.halt(server_id, asking.asker.id)
        await asking.reply.say(_told(silenced), to_all=True)

    async def resume(self, asking: Asking, call: Call) -> None:
        """Let echoes come online again. Raises UsageError where nothing is silenced, StorageError."""
        if not await asking.reply.patiently(self._halting.resume(asking.asker.server_id, asking.asker.id)):
            raise UsageError(NOT_SILENCED)
        await asking.reply.say(RESUMED, to_all=True)

    def hear(self, raw: Raw) -> None:
        """Look whether a message is the halt word, where an echo is online; takes Discord's JSON of a message."""
        if not self._word or _bare(str(raw.get("content") or "")) != self._word or not _is_written(raw):
            return
        channel_id = int(raw["channel_id"])
        here = {one.server_id for one in self._board.sessions_online() if one.channel_id == channel_id}
        for server_id in here:
            if "member" in raw:
                self._obey(self._asker(raw["author"], raw["member"], server_id, channel_id))
            else:
                # Messages that were missed and are asked for say nothing of who wrote them there.
                self._start("halt word", self._look_up(raw["author"], server_id, channel_id))

    async def _look_up(self, author: Raw, server_id: int, channel_id: int) -> None:
        member: Raw = {}
        try:
            with mapped("look up who said the halt word"):
                member = await self._client.http.get_member(server_id, int(author["id"]))
        except EchoError as error:
            log.info("Who said the halt word could not be looked up: %s", error)
        self._obey(self._asker(author, member, server_id, channel_id))

    def _obey(self, asker: Asker) -> None:
        if asker.is_manager:
            self._start("halt word", self._halt_all(asker))
            return
        for profile in self._board.profiles_in(asker.server_id).values():
            if profile.is_living and access.may(asker, profile) and (hushed := self._halting.hush(profile)):
                log.info("The halt word took profile %d offline in %d channels.", profile.id, hushed)
                said = HUSHED.format(name=name_of(self._board, profile))
                self._start("halt word", self._say(asker.channel_id, said))

    async def _halt_all(self, asker: Asker) -> None:
        silenced = await self._halting.halt(asker.server_id, asker.id)
        await self._say(asker.channel_id, _told(silenced))

    def _asker(self, author: Raw, member: Raw, server_id: int, channel_id: int) -> Asker:
        roles = frozenset(int(role) for role in member.get("roles") or ())
        return Asker(
            id=int(author["id"]),
            name="",
            is_manager=self._manages(server_id, int(author["id"]), roles),
            server_id=server_id,
            channel_id=channel_id,
            is_trusted=bool(roles & self._halting.trusted(server_id)),
            row=BY_NAME[WORD],
        )

    def _manages(self, server_id: int, user_id: int, roles: frozenset[int]) -> bool:
        """Whether somebody with these roles has Manage Server, as far as the server's roles are known."""
        guild = self._client.get_guild(server_id)
        if guild is None:
            return False
        held = (role.permissions for role in guild.roles if role.id in roles or role.id == server_id)
        return guild.owner_id == user_id or any(may.manage_guild or may.administrator for may in held)

    async def _say(self, channel_id: int, text: str) -> None:
        """Tell the channel that it was heard. Whether that works changes nothing."""
        route = nextcord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=channel_id)
        body = {"content": text, "allowed_mentions": {"parse": []}}
        try:
            with mapped("tell that the halt word was heard"):
                await self._client.http.request(route, json=body)
        except EchoError as error:
            log.info("That the halt word was heard could not be told: %s", error)


def _is_written(raw: Raw) -> bool:
    """Whether a person wrote it, and no program."""
    return not raw["author"].get("bot") and raw.get("webhook_id") is None and raw.get("type", PLAIN) in (PLAIN, REPLY)


def _told(silenced: Silenced) -> str:
    return SILENT.format(count=silenced.sessions) + ("" if silenced.is_kept else NOT_KEPT)


def _bare(text: str) -> str:
    """As it is compared: in one case, without signs around it."""
    return " ".join(text.casefold().split()).strip("!.?*_~`/ ")
