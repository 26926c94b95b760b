"""What people put under an echo's messages: ❓ asks what it is, 🗑️ removes one, 👍 and 👎 say how it was."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from db.audit import Act, Audit
from db.consents import Consents
from db.errors import StorageError
from db.feedback import Feedback, SaidMessage
from db.generations import Generations
from db.memories import Memories
from echo.discord import access, echo_card
from echo.discord.access_rows import Row
from echo.discord.answers import name_of
from echo.discord.asking import Asking
from echo.discord.client import EchoClient
from echo.discord.consent import plain
from echo.discord.dates import show_day
from echo.discord.failures import mapped
from echo.discord.letters import Letters
from echo.discord.notices import Notices
from echo.discord.often import Often
from echo.discord.private import PrivateAsking
from echo.discord.replies import Reply
from echo.discord.voice import Voice
from echo.errors import EchoError, NoPermission
from echo.ports import ChannelGone
from states.board import Board
from states.feedback import Rater, Verdict
from states.model import ProfileSnapshot

log = logging.getLogger(__name__)


class Sign(StrEnum):
    """What a reaction means; the values are the names of the rows in the table of who may do what."""

    QUESTION = "reaction question"
    REMOVE = "reaction wastebasket"
    LIKE = "reaction thumbs up"
    DISLIKE = "reaction thumbs down"


SIGNS: Final[Mapping[str, Sign]] = {
    "❓": Sign.QUESTION,
    "❔": Sign.QUESTION,
    "🗑": Sign.REMOVE,
    "👍": Sign.LIKE,
    "👎": Sign.DISLIKE,
}
VERDICTS: Final = {Sign.LIKE: Verdict.LIKE, Sign.DISLIKE: Verdict.DISLIKE}
_VARIANTS: Final = {0xFE0F: None, **dict.fromkeys(range(0x1F3FB, 0x1F400))}
"""Selectors of a form or skin colour."""
Raw = Mapping[str, Any]
Start = Callable[[str, Coroutine[Any, Any, None]], object]


class Reacting:
    """Watches reactions, and does what they ask for; of others' messages none is looked at."""

    def __init__(
        self,
        client: EchoClient,
        board: Board,
        voice: Voice,
        notices: Notices,
        letters: Letters,
        stored: tuple[Feedback, Generations, Memories, Consents, Audit],
        zone: ZoneInfo,
        start: Start,
        clock: Callable[[], datetime],
        is_unseen: Callable[[int, int], bool],
    ) -> None:
        """`is_unseen(server id, user id)` says who is invisible to echoes: what they think is not kept either."""
        self._is_unseen = is_unseen
        self._client, self._board, self._voice, self._notices, self._letters = client, board, voice, notices, letters
        self._feedback, self._generations, self._memories, self._consents, self._audit = stored
        self._zone, self._start, self._clock = zone, start, clock
        self._reactions = Often(30, timedelta(minutes=1))
        self._cards = Often(1, timedelta(minutes=5))
        self._closed = Often(1, timedelta(minutes=10))
        client.witness("MESSAGE_REACTION_ADD", self._added)
        client.witness("MESSAGE_REACTION_REMOVE", self._removed)
        client.buttons.more.append(self._pressed)
        client.private.presses.append(self._pressed_privately)

    # what comes

    def _added(self, data: Raw) -> None:
        sign = self._sign(data)
        by_bot = bool(((data.get("member") or {}).get("user") or {}).get("bot"))
        if sign is not None and not by_bot:
            self._start("a reaction", self._safely(self._take(sign, *_ids(data))))

    def _removed(self, data: Raw) -> None:
        sign = self._sign(data)
        if sign in VERDICTS:
            self._start("a reaction", self._safely(self._withdraw(VERDICTS[sign], *_ids(data))))

    def _sign(self, data: Raw) -> Sign | None:
        if data.get("guild_id") is None or data["emoji"].get("id") is not None:
            return None
        sign = SIGNS.get(str(data["emoji"].get("name") or "").translate(_VARIANTS))
        server_id, user_id = int(data["guild_id"]), int(data["user_id"])
        if sign is None or not any(p.server_id == server_id for p in self._board.profiles.values()):
            return None
        # Apart from the others: whoever has just put many thumbs up can remove a message all the same.
        return sign if self._reactions.allows((user_id, sign is Sign.REMOVE), self._clock()) else None

    async def _safely(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except (EchoError, ChannelGone, StorageError) as error:
            log.info("A reaction came to nothing (%s).", type(error).__name__)

    async def _take(self, sign: Sign, user_id: int, channel_id: int, message_id: int) -> None:
        said = await self._feedback.said(message_id)
        profile = self._board.profiles.get(said.profile_id) if said is not None else None
        if said is None or profile is None or not profile.is_living:
            return
        if sign is Sign.QUESTION:
            await self._tell(profile, user_id, channel_id, message_id)
        elif sign is Sign.REMOVE:
            await self._throw_away(profile, user_id, channel_id, message_id)
        elif not self._is_unseen(profile.server_id, user_id):
            rater = Rater.SUBJECT if user_id == profile.user_id else Rater.MEMBER
            await self._feedback.give(said, user_id, rater, VERDICTS[sign])
            await self.show(profile.id)

    async def _withdraw(self, verdict: Verdict, user_id: int, channel_id: int, message_id: int) -> None:
        said = await self._feedback.said(message_id)
        if said is not None:
            await self._feedback.withdraw(said.profile_id, message_id, user_id, verdict)
            await self.show(said.profile_id)

    async def show(self, profile_id: int) -> None:
        """Show on the board what is thought of a profile's versions."""
        self._board.think(profile_id, await self._feedback.tallies(profile_id))

    async def show_all(self) -> None:
        """The same of all profiles, at the start."""
        for profile_id, tallies in (await self._feedback.every()).items():
            self._board.think(profile_id, tallies)

    # asked what it is

    async def _tell(self, profile: ProfileSnapshot, user_id: int, channel_id: int, message_id: int) -> None:
        if not self._cards.allows((profile.id, user_id), self._clock()):
            return
        own = user_id == profile.user_id
        text = echo_card.card(await self._known(profile), own=own)
        buttons = echo_card.own_buttons(profile.id, message_id) if own else ()
        if await self._letters.send(user_id, text, buttons=buttons):
            return
        if self._closed.allows(channel_id, self._clock()):
            name = name_of(self._board, profile)
            await self._notices.tell(channel_id, echo_card.CLOSED.format(name=name), f"card-{message_id}")

    async def _known(self, profile: ProfileSnapshot) -> echo_card.Known:
        answers = await self._consents.of(profile.id)
        return echo_card.Known(
            name=name_of(self._board, profile),
            server=plain(self._board.names.get(profile.server_id) or "this server"),
            since=show_day(answers[-1].given.given_at, self._zone) if answers else "",
            until=show_day(profile.expires, self._zone) if profile.expires is not None else "",
        )

    # removing

    async def _throw_away(self, profile: ProfileSnapshot, user_id: int, channel_id: int, message_id: int) -> None:
        if not await self._may(profile, user_id, access.BY_NAME[Sign.REMOVE]):
            return
        await self.remove(profile, channel_id, message_id, user_id)

    async def remove(self, profile: ProfileSnapshot, channel_id: int, message_id: int, by: int) -> None:
        """Delete a message of an echo and forget it everywhere. Raises ChannelGone, EchoError or StorageError."""
        await self._voice.take_back(channel_id, message_id)
        await self._memories.remove([message_id])
        await self._generations.blank(profile.id, message_id)
        await self._feedback.drop(profile.id, message_id)
        facts = {"channel_id": channel_id, "message_id": message_id}
        await self._audit.note(Act.REMOVED, by=by, server_id=profile.server_id, profile_id=profile.id, **facts)
        await self.show(profile.id)

    async def _may(self, profile: ProfileSnapshot, user_id: int, row: Row) -> bool:
        is_manager = user_id != profile.user_id and await self.manages(profile.server_id, user_id)
        asker = access.Asker(user_id, "", is_manager, profile.server_id, 0, row=row)
        return access.may(asker, profile)

    async def manages(self, server_id: int, user_id: int) -> bool:
        """Whether somebody may manage a server at this moment, as Discord has it."""
        guild = self._client.get_guild(server_id)
        if guild is None:
            return False
        try:
            with mapped("look up who does that"):
                member = await guild.fetch_member(user_id)
        except NoPermission:
            return False
        may = member.guild_permissions
        return bool(may.manage_guild or may.administrator)

    # not like me

    async def _pressed(self, asking: Asking, custom_id: str) -> bool:
        return await self._unlike(asking.reply, asking.asker, custom_id)

    async def _pressed_privately(self, asking: PrivateAsking, custom_id: str, values: object) -> bool:
        asker = access.Asker(asking.user_id, asking.name, False, 0, 0, row=access.BY_NAME[echo_card.UNLIKE])
        return await self._unlike(asking.reply, asker, custom_id)

    async def _unlike(self, reply: Reply, asker: access.Asker, custom_id: str) -> bool:
        pressed = echo_card.read_unlike(custom_id)
        if pressed is None:
            return False
        profile_id, message_id = pressed
        profile = self._board.profiles.get(profile_id)
        if profile is None or not profile.is_living:
            await reply.say(echo_card.NOT_KEPT_ANY_MORE)
            return True
        access.check(asker, profile, name_of(self._board, profile))
        said: SaidMessage | None = await reply.patiently(self._feedback.said(message_id))
        if said is None or said.profile_id != profile_id:
            await reply.say(echo_card.NOT_KEPT_ANY_MORE)
            return True
        await self._feedback.give(said, profile.user_id, Rater.SUBJECT, Verdict.UNLIKE)
        await self.show(profile_id)
        await reply.say(echo_card.NOTED)
        return True


def _ids(data: Raw) -> tuple[int, int, int]:
    """Who put it, where, and under which message."""
    return int(data["user_id"]), int(data["channel_id"]), int(data["message_id"])
