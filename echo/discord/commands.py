"""`/echo` and its subcommands, and the user menu: each checks, asks the machines, and answers in one sentence."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import nextcord
from nextcord import ui

from db.stored import PlaceResult
from echo.discord import access, answers, choosing, permits
from echo.discord.access import Asker
from echo.discord.access_rows import STARTS
from echo.discord.asking import Asking
from echo.discord.card import Card
from echo.discord.consent import plain
from echo.discord.dates import parse_before, show_day
from echo.discord.disclosure import BEGUN, hello
from echo.discord.failures import OutOfReach, mapped
from echo.discord.importing import Importing
from echo.discord.notices import stays_here
from echo.discord.openings import Arrival, Opening, Openings
from echo.discord.private import PrivateAsking
from echo.discord.translate import Call, Person
from echo.errors import UsageError
from echo.ports import Requests
from echo.settings import Settings
from states.board import Board
from states.decide import Refusal
from states.model import OPEN_END, Allowance, ProfileSnapshot, ProfileState, SessionSnapshot
from states.policy import Refused

NONE_READY: Final = (
    "No echo is ready in this server yet: `/echo status` shows how far they are, `/echo create` asks for one."
)
ALREADY_THERE: Final = (
    "This echo is already online in this channel, and whether it begins conversations is chosen when it comes online: "
    "`/echo offline` and then `/echo online` with `starts` changes it."
)
NONE_ONLINE: Final = "No echo is online in this channel: `/echo status` shows where echoes are online."
TAKEN_OFFLINE: Final = "It was taken offline by a command."
LONGEST_PUTTING: Final = 10.0
"""Seconds that a command waits for its question to be put."""
DATE_FIELD: Final = "echo:before"
FORM: Final = "echo:create:"
"""What the custom id of the menu's form begins with; the subject's id follows."""


Places = Callable[[int], Awaitable[Mapping[int, PlaceResult]]]
"""What came of each channel and thread that was looked into for a profile."""
Command = Callable[[Asking, Call], Awaitable[None]]
"""What does a command."""
Form = Callable[[Asking, str, dict[str, str]], Awaitable[bool]]
"""Takes what was filled into a form, by its custom id; False where it is another's."""


class DateForm(ui.Modal):
    """Asks for the date, after "Make an echo" was chosen in somebody's menu. What it brings comes by its custom id."""

    def __init__(self, subject: Person, example: str) -> None:
        super().__init__("Make an echo", custom_id=f"{FORM}{subject.id}", timeout=None, auto_defer=False)
        self.add_item(
            ui.TextInput(
                "Only what was written before (dd.mm.yyyy)",
                custom_id=DATE_FIELD,
                placeholder=f"{example}; empty: what they write from now on too",
                required=False,
                max_length=40,
            )
        )

    async def callback(self, interaction: nextcord.Interaction[Any]) -> None:
        """Let nextcord forget the form: one submission is all that comes of it."""
        self.stop()


class Commands:
    """The commands by name. Raises EchoError or StorageError with what whoever asked is to be told."""

    def __init__(
        self,
        requests: Requests,
        board: Board,
        clock: Callable[[], datetime],
        settings: Settings,
        openings: Openings,
        importing: Importing,
        places: Places,
        more: Mapping[str, Command],
    ) -> None:
        """`more` are commands that are dealt with elsewhere, by name; others may join them."""
        self.more = dict(more)
        self.card: Card | None = None
        self.forms: list[Form] = []
        self.limit: Callable[[int, int, int], None] = lambda user_id, channel_id, server_id: None
        """Looks whether a user may ask for one more echo, in a channel, in a server. Raises LimitReached."""
        self._places = places
        self._requests = requests
        self._board = board
        self._clock = clock
        self._settings = settings
        self._zone = ZoneInfo(settings.timezone)
        self._openings = openings
        self._by_name = {
            "echo create": self._create,
            "echo online": self._online,
            "echo offline": self._offline,
            "echo status": self._status,
            "echo list": self._list,
            "echo import": importing.run,
            "echo help": self._help,
            "Make an echo": self._show_form,
        }

    async def run(self, asking: Asking, call: Call) -> None:
        """Do what a command asks for."""
        command = self._by_name.get(call.name) or self.more.get(call.name)
        if command is None:
            raise UsageError(access.UNKNOWN_COMMAND)
        await command(asking, call)

    async def submit(self, asking: Asking, custom_id: str, values: dict[str, str]) -> None:
        """Do what a submitted form asks for: what belongs to a card, or else the same as `/echo create`."""
        if self.card is not None and await self.card.submit(asking, custom_id, values):
            return
        for form in self.forms:
            if await form(asking, custom_id, values):
                return
        subject_id = custom_id.removeprefix(FORM)
        if not custom_id.startswith(FORM) or not subject_id.isdecimal():
            raise UsageError("Echo does not know this form (any more): use /echo create.")
        subject = await asking.reply.patiently(_member(asking.server, int(subject_id)))
        await self._ask_for(asking, subject, values.get(DATE_FIELD, ""))

    def choices(self, asker: Asker, call: Call) -> dict[str, str]:
        """What to offer for the `profile` that somebody is typing: those that the command can be about."""
        living = answers.living(self._board, asker.server_id)
        match call.name:
            case "echo online":
                here = {session.profile_id for session in self._here(asker)}
                fitting = [p for p in living if p.can_speak and p.id not in here]
            case "echo offline":
                online = {session.profile_id for session in self._here(asker)}
                fitting = [p for p in living if p.id in online]
            case _:
                fitting = [p for p in living if p.state is not ProfileState.FORGETTING]
        return choosing.offered(call.text("profile"), [p for p in fitting if access.may(asker, p)], self._name)

    # asking for an echo

    async def _create(self, asking: Asking, call: Call) -> None:
        subject = call.person("user")
        if subject is None:
            raise UsageError(
                "Say who is to be echoed with the option user: choose somebody from this server's members."
            )
        await self._ask_for(asking, subject, call.text("before"))

    async def _show_form(self, asking: Asking, call: Call) -> None:
        subject = call.target
        if subject is None:
            raise UsageError("Discord did not say whose menu this was: use /echo create.")
        permits.check_subject(asking.asker, subject, asking.echo_id)
        permits.check_bot(asking.server, asking.here)
        await asking.reply.open(DateForm(subject, self._today()))

    async def _ask_for(self, asking: Asking, subject: Person, before: str) -> None:
        asker = asking.asker
        permits.check_subject(asker, subject, asking.echo_id)
        cutoff = parse_before(before, self._zone, self._clock()) if before.strip() else OPEN_END
        permits.check_age(subject, asking.server, cutoff)
        permits.check_bot(asking.server, asking.here)
        self.limit(asker.id, asker.channel_id, asker.server_id)
        self._board.name({subject.id: subject.name, asker.id: asker.name})
        with self._openings.opened(asker.server_id, subject.id, asking.reply) as opening:
            request = self._requests.create(
                asker.server_id, subject.id, asker.id, asker.channel_id, cutoff, asker.is_manager
            )
            outcome = await asking.reply.patiently(request)
            if not isinstance(outcome, Refusal):
                await asking.reply.patiently(_put(opening))
        if isinstance(outcome, Refusal):
            await asking.reply.say(outcome.sentence)
        elif opening.standing is not None:
            link = f"https://discord.com/channels/{asker.server_id}/{asker.channel_id}/{opening.standing}"
            await asking.reply.say(f"The question to **{plain(subject.name)}** stands in this channel already: {link}")
        elif not opening.is_answer:
            await asking.reply.say(
                f"The question to **{plain(subject.name)}** is being put in this channel; nothing is read before they "
                "press *I agree*."
            )

    # coming and going

    async def _online(self, asking: Asking, call: Call) -> None:
        permits.check_stage(asking.here)
        asker, named = asking.asker, call.text("profile")
        living = answers.living(self._board, asker.server_id)
        if named:
            profile = choosing.chosen(named, living, self._name)
        else:
            ready = [p for p in living if p.can_speak]
            profile = choosing.implied(ready, asker.id, self._name, NONE_READY)
        access.check(asker, profile, self._name(profile))
        starts = call.options.get("starts") is True
        if starts:
            access.check(asker, profile, self._name(profile), STARTS)
        standing = access.standing(asker, profile)
        notice = f"{hello(self._name(profile))}{self._on_starting(profile, starts=starts)}"
        with self._openings.arriving(profile.id, asker.channel_id, asking.reply, notice) as arrival:
            request = self._requests.online(profile.id, asker.channel_id, asker.id, starts, standing)
            outcome = await asking.reply.patiently(request)
            if not isinstance(outcome, Refusal):
                await asking.reply.patiently(_put(arrival))
        if isinstance(outcome, Refusal):
            is_there = starts and outcome.why is Refused.ALREADY_ONLINE
            await asking.reply.say(ALREADY_THERE if is_there else outcome.sentence)
        elif not arrival.is_answer:
            await asking.reply.say(f"{BEGUN}{self._on_starting(profile, starts=starts)}")

    def _on_starting(self, profile: ProfileSnapshot, *, starts: bool) -> str:
        """What the channel is told of conversations that the echo begins."""
        if not starts:
            return ""
        most = self._settings.openers_per_day
        if not most:
            return " It begins no conversations, because whoever runs this bot has switched that off."
        if Allowance.OPENERS not in profile.allows:
            return " It will begin conversations only once its person allows that with `/echo allow`."
        return f" It may begin conversations here, at most {most} in 24 hours."

    async def _offline(self, asking: Asking, call: Call) -> None:
        asker = asking.asker
        profile, sessions = self._to_silence(asker, call.text("profile"))
        access.check(asker, profile, self._name(profile))
        for session in sessions:
            outcome = await asking.reply.patiently(self._requests.offline(session.id, asker.id, TAKEN_OFFLINE))
            if isinstance(outcome, Refusal):
                await asking.reply.say(outcome.sentence)
                return
        where = sorted(answers.place(self._board, session.channel_id) for session in sessions)
        here = where == [answers.place(self._board, asker.channel_id)]
        there = "this channel" if here else ", ".join(where)
        await asking.reply.say(
            f"**{self._name(profile)} (echo)** is offline in {there} now; `/echo online` brings it back.",
            to_all=True,
        )

    def _to_silence(self, asker: Asker, named: str) -> tuple[ProfileSnapshot, list[SessionSnapshot]]:
        """Whose sessions to end: here, or in the whole server where the echo is online elsewhere only."""
        living = answers.living(self._board, asker.server_id)
        everywhere = self._board.sessions_online(asker.server_id)
        here = self._here(asker)
        if named:
            profile = choosing.chosen(named, living, self._name)
        else:
            present = {session.profile_id for session in here}
            # Who wants their own echo silent need not know where it talks.
            present |= {p.id for p in living if p.user_id == asker.id for s in everywhere if s.profile_id == p.id}
            fitting = [p for p in living if p.id in present]
            profile = choosing.implied(fitting, asker.id, self._name, NONE_ONLINE)
        own = [session for session in here if session.profile_id == profile.id]
        own = own or [session for session in everywhere if session.profile_id == profile.id]
        if not own:
            raise UsageError(f"The echo of {self._name(profile)} is not online anywhere; /echo online starts it.")
        return profile, own

    # looking

    async def _status(self, asking: Asking, call: Call) -> None:
        server_id = asking.asker.server_id
        unread = {p.id: await self._places(p.id) for p in answers.living(self._board, server_id) if p.has_consent}
        traits = await self._traits(server_id)
        await asking.reply.say(answers.status(self._board, server_id, self._clock(), self._zone, unread, traits))

    async def _traits(self, server_id: int) -> dict[int, str]:
        """What tells most of how the subjects write whose echoes have learnt it."""
        learnt = [p for p in answers.living(self._board, server_id) if p.can_speak] if self.card is not None else []
        return {p.id: await self.card.brief(p) for p in learnt if self.card is not None}

    async def _list(self, asking: Asking, call: Call) -> None:
        await asking.reply.say(answers.listing(self._board, asking.asker.server_id, self._zone))

    async def _help(self, asking: Asking, call: Call) -> None:
        await asking.reply.say(self._help_text())

    async def help_privately(self, asking: PrivateAsking, call: Call) -> None:
        """Say what Echo is, in a direct message."""
        await asking.reply.say(self._help_text())

    def _help_text(self) -> str:
        stays = stays_here(self._settings)
        return answers.help_text(self._settings.data_retention_days, self._today(), stays)

    # finding

    def _here(self, asker: Asker) -> list[SessionSnapshot]:
        return [s for s in self._board.sessions_online(asker.server_id) if s.channel_id == asker.channel_id]

    def _name(self, profile: ProfileSnapshot) -> str:
        return answers.name_of(self._board, profile)

    def _today(self) -> str:
        return show_day(self._clock(), self._zone)


async def _put(opening: Opening | Arrival) -> None:
    """Wait until the question is put, or until it must be left to itself."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LONGEST_PUTTING):
            await opening.is_over.wait()


async def _member(server: nextcord.Guild, user_id: int) -> Person:
    try:
        with mapped("look up who was chosen"):
            member = await server.fetch_member(user_id)
    except OutOfReach:
        return Person(user_id, str(user_id), is_bot=False, is_member=False)
    return Person(member.id, permits.shown_name(member), member.bot, is_member=True)
