"""`/echo report` of a message, and *Report this echo* in its menu: told to who manages the server."""

from __future__ import annotations

import logging
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import nextcord
from nextcord import ui

from db.audit import Act, Audit
from db.feedback import Feedback, SaidMessage
from echo.discord import access
from echo.discord.access import Asker
from echo.discord.answers import name_of
from echo.discord.asking import Asking
from echo.discord.client import EchoClient
from echo.discord.consent import Button, Style, plain
from echo.discord.letters import Letters
from echo.discord.notices import Notices
from echo.discord.often import Often
from echo.discord.private import PrivateAsking
from echo.discord.reacting import Reacting
from echo.discord.replies import Reply
from echo.discord.translate import Call
from echo.errors import EchoError, UsageError
from echo.ports import ChannelGone, Requests
from states.board import Board
from states.decide import Refusal
from states.model import ProfileSnapshot

log = logging.getLogger(__name__)

FORM: Final = "echo:report"
WHY: Final = "why"
LONGEST_WHY: Final = 500
"""Characters."""
SHOWN: Final = 5
"""Reports that the operator's console shows, the newest."""
NO_MESSAGE: Final = (
    "Say which message it is with the option `message`: its link (Copy Message Link in its menu), or choose *Report "
    "this echo* in the message's menu under Apps."
)
NOT_AN_ECHOS: Final = (
    "That is no message of an echo in this server, or none that is kept still: nobody was told. What people write is "
    "reported to Discord, by *Report Message*."
)
AGAIN: Final = (
    "You have reported this message already, and nobody is told twice: if nothing comes of it, tell somebody who "
    "manages this server."
)
TOO_OFTEN: Final = (
    "There were many reports lately: report this one again in an hour, or tell somebody who manages this server."
)
TOLD: Final = (
    "Thank you. Those who manage this server were told, privately, with the link and what you wrote. Nobody else sees "
    "it, and Echo does not keep it."
)
NOBODY_REACHED: Final = (
    "None of those who manage this server could be reached by a message of mine: please tell one of them yourself. "
    "Whoever runs this bot sees that there was a report, without its words."
)
LETTER: Final = (
    "**{reporter}** reported a message of **{name} (echo)** in **{server}**: {link}\n{why}"
    "*Remove it* deletes that message; *Take the echo offline* silences the echo in the whole server."
)
REMOVED: Final = "The message is removed, and forgotten by the echo."
OFFLINE: Final = "**{name} (echo)** is offline in the whole server now; `/echo online` brings it back."
SILENCED: Final = "Somebody who manages this server took it offline after a report."
OVER: Final = "This echo is gone, and with it what was reported; nothing was changed."
OPERATOR: Final = "A message of {name} (echo) in {server} was reported; {reached}."

Run = Callable[[Asking, Call], Awaitable[None]]


class WhyForm(ui.Modal):
    """Asks what is wrong with a message. What it brings comes by its custom id."""

    def __init__(self, message_id: int) -> None:
        super().__init__("Report this echo", custom_id=f"{FORM}:{message_id}", timeout=None, auto_defer=False)
        self.add_item(
            ui.TextInput(
                "What is wrong with it?",
                custom_id=WHY,
                style=nextcord.TextInputStyle.paragraph,
                required=False,
                max_length=LONGEST_WHY,
                placeholder="Goes to those who manage this server, and nowhere else.",
            )
        )

    async def callback(self, interaction: nextcord.Interaction[Any]) -> None:
        """Let nextcord forget the form."""
        self.stop()


@dataclass(frozen=True, slots=True)
class Reach:
    """By what those who manage servers are reached. `channels` are those for reports, by id."""

    letters: Letters
    notices: Notices
    channels: frozenset[int]


class Reported:
    """Takes reports, hands them on, and does what managers answer with. `style` is the other `/echo report`."""

    def __init__(
        self,
        client: EchoClient,
        board: Board,
        requests: Requests,
        reach: Reach,
        reacting: Reacting,
        stored: tuple[Feedback, Audit],
        style: Run,
        clock: Callable[[], datetime],
    ) -> None:
        self._client, self._board, self._requests, self._reach = client, board, requests, reach
        self._reacting, self._style, self._clock = reacting, style, clock
        self._feedback, self._audit = stored
        self._by_person = Often(3, timedelta(hours=1))
        self._by_server = Often(20, timedelta(hours=1))
        self._by_message = Often(1, timedelta(days=30))
        self._shown: OrderedDict[str, None] = OrderedDict()
        client.commands.more |= {"echo report": self.run, "Report this echo": self._open}
        client.commands.forms.append(self._submitted)
        client.buttons.more.append(self._pressed)
        client.private.presses.append(self._pressed_privately)

    # reporting

    async def run(self, asking: Asking, call: Call) -> None:
        """Report a message, or show how like its person an echo was found where none is named.

        Raises UsageError or NoPermission.
        """
        if not call.text("message"):
            if call.text("why"):
                raise UsageError(NO_MESSAGE)
            await self._style(asking, call)
            return
        found = re.search(r"([0-9]{1,20})/?\s*$", call.text("message"))
        if found is None:
            raise UsageError(NO_MESSAGE)
        await self._report(asking, int(found[1]), call.text("why"))

    async def _open(self, asking: Asking, call: Call) -> None:
        if call.target is None:
            raise UsageError(NO_MESSAGE)
        await self._said(asking, call.target.id)
        await asking.reply.open(WhyForm(call.target.id))

    async def _submitted(self, asking: Asking, custom_id: str, values: dict[str, str]) -> bool:
        head, _, number = custom_id.rpartition(":")
        if head != FORM or not number.isdecimal():
            return False
        await self._report(asking, int(number), values.get(WHY, ""))
        return True

    async def _said(self, asking: Asking, message_id: int) -> tuple[SaidMessage, ProfileSnapshot]:
        said = await asking.reply.patiently(self._feedback.said(message_id))
        profile = None if said is None else self._board.profiles.get(said.profile_id)
        if said is None or profile is None or profile.server_id != asking.asker.server_id:
            raise UsageError(NOT_AN_ECHOS)
        return said, profile

    async def _report(self, asking: Asking, message_id: int, why: str) -> None:
        said, profile = await self._said(asking, message_id)
        asker, now = asking.asker, self._clock()
        if self._by_message.is_spent((asker.id, message_id), now):
            raise UsageError(AGAIN)
        if not (self._by_person.allows(asker.id, now) and self._by_server.allows(asker.server_id, now)):
            raise UsageError(TOO_OFTEN)
        text = self._letter(asker, profile, said, why)
        reached = await asking.reply.patiently(self._hand_on(profile, message_id, text))
        # Not before it was handed on: what came to nothing may be tried again.
        self._by_message.allows((asker.id, message_id), now)
        facts = {"channel_id": said.channel_id, "message_id": message_id, "reached": reached}
        await self._audit.note(Act.REPORTED, by=asker.id, server_id=profile.server_id, profile_id=profile.id, **facts)
        self._tell_operator(profile, message_id, reached)
        await asking.reply.say(TOLD if reached else NOBODY_REACHED)

    def _letter(self, asker: Asker, profile: ProfileSnapshot, said: SaidMessage, why: str) -> str:
        lines = why.strip()[:LONGEST_WHY].splitlines()
        return LETTER.format(
            reporter=plain(asker.name),
            name=name_of(self._board, profile),
            server=plain(self._board.names.get(profile.server_id) or "your server"),
            link=f"https://discord.com/channels/{profile.server_id}/{said.channel_id}/{said.message_id}",
            why="".join(f"> {plain(line)}\n" for line in lines),
        )

    async def _hand_on(self, profile: ProfileSnapshot, message_id: int, text: str) -> int:
        """How many places or people got it: the server's channel for reports, else its owner and who asked for the echo
        while they manage the server."""
        guild = self._client.get_guild(profile.server_id)
        if guild is None:
            return 0
        buttons = buttons_of(profile.id, message_id)
        channel = next((one.id for one in guild.channels if one.id in self._reach.channels), None)
        if channel is not None:
            try:
                await self._reach.notices.tell(channel, text, f"report-{message_id}", buttons)
                return 1
            except (ChannelGone, EchoError) as error:
                log.info("The channel for reports takes none (%s).", type(error).__name__)
        managers = [guild.owner_id] if guild.owner_id else []
        if profile.asker_id not in managers and await self._reacting.manages(guild.id, profile.asker_id):
            managers.append(profile.asker_id)
        return sum([await self._reach.letters.send(one, text, buttons=buttons) for one in managers])

    def _tell_operator(self, profile: ProfileSnapshot, message_id: int, reached: int) -> None:
        key = f"report {message_id}"
        told = "those who manage it were told" if reached else "nobody who manages it could be reached: tell them"
        name = self._board.names.get(profile.user_id) or f"user {profile.user_id}"
        server = self._board.names.get(profile.server_id) or f"server {profile.server_id}"
        self._board.set_condition(key, OPERATOR.format(name=name, server=server, reached=told))
        self._shown[key] = None
        while len(self._shown) > SHOWN:
            self._board.set_condition(self._shown.popitem(last=False)[0], None)

    # what managers answer with

    async def _pressed(self, asking: Asking, custom_id: str) -> bool:
        return await self._answer(asking.reply, asking.asker, custom_id)

    async def _pressed_privately(self, asking: PrivateAsking, custom_id: str, values: object) -> bool:
        pressed = _read(custom_id)
        profile = self._board.profiles.get(pressed[1]) if pressed is not None else None
        server_id = profile.server_id if profile is not None else 0
        is_manager = bool(server_id) and await asking.reply.patiently(self._reacting.manages(server_id, asking.user_id))
        row = access.row_of(custom_id) or access.BY_NAME[FORM]
        asker = Asker(asking.user_id, asking.name, is_manager, server_id, 0, row=row)
        return await self._answer(asking.reply, asker, custom_id)

    async def _answer(self, reply: Reply, asker: Asker, custom_id: str) -> bool:
        pressed = _read(custom_id)
        if pressed is None:
            return False
        act, profile_id, message_id = pressed
        profile = self._board.profiles.get(profile_id)
        if profile is None:
            await reply.say(OVER)
            return True
        access.check(asker, profile, name_of(self._board, profile))
        if act == "remove":
            await reply.say(await reply.patiently(self._remove(profile, message_id, asker.id)))
        else:
            await reply.say(await reply.patiently(self._silence(profile, asker.id)))
        self._shown.pop(f"report {message_id}", None)
        self._board.set_condition(f"report {message_id}", None)
        return True

    async def _remove(self, profile: ProfileSnapshot, message_id: int, by: int) -> str:
        said = await self._feedback.said(message_id)
        if said is None or said.profile_id != profile.id:
            return OVER
        try:
            await self._reacting.remove(profile, said.channel_id, message_id, by)
        except ChannelGone as error:
            return str(error)
        return REMOVED

    async def _silence(self, profile: ProfileSnapshot, by: int) -> str:
        for session in self._board.sessions_online(profile.server_id):
            if session.profile_id == profile.id:
                outcome = await self._requests.offline(session.id, by, SILENCED)
                if isinstance(outcome, Refusal):
                    return outcome.sentence
        return OFFLINE.format(name=name_of(self._board, profile))


def buttons_of(profile_id: int, message_id: int) -> tuple[Button, ...]:
    """What managers may do about a reported message."""
    return (
        Button("Remove it", f"echo:report:remove:{profile_id}:{message_id}", Style.BAD),
        Button("Take the echo offline", f"echo:report:offline:{profile_id}:{message_id}", Style.PLAIN),
    )


def _read(custom_id: str) -> tuple[str, int, int] | None:
    found = re.fullmatch(r"echo:report:(remove|offline):([0-9]{1,20}):([0-9]{1,20})", custom_id)
    return None if found is None else (found[1], int(found[2]), int(found[3]))
