"""The private part of a consent: the subject alone sees the whole text, chooses, and agrees; nothing counts before."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import nextcord
from nextcord import ui

from echo.discord import access, agreement
from echo.discord.agreement import Choosing, Doing, Told
from echo.discord.answers import name_of
from echo.discord.asking import Asking
from echo.discord.consent_texts import text_hash, version_of
from echo.discord.dates import parse_before, show_day
from echo.errors import UsageError
from echo.ports import Requests
from echo.settings import Settings
from states.board import Board
from states.decide import Refusal
from states.events import ConsentGiven, TermsChosen
from states.model import OPEN_END, ProfileSnapshot
from states.permission import renews
from states.policy import SENTENCES, Refused

KEPT: Final = 1000
"""Choices that are kept until somebody agrees to them; the oldest make room."""
DATE_FIELD: Final = "echo:before"
FORM: Final = "echo:consent:before:"
"""What the custom id of the form of the day begins with; the profile's id and the choices' token follow."""
OVER: Final = "This question is over; your press changed nothing. `/echo create` asks anew."
STALE: Final = (
    "What you had chosen here is not kept any more, so nothing was agreed to: press *I agree* under the question, or "
    "use `/echo consent change`, and choose again."
)
AGREED: Final = (
    "Thank you. Echo reads now what you wrote and learns from it; `/echo status` shows how far it is. You can stop and "
    "erase everything at any time: by the button under the question, or with `/echo forget`."
)
RENEWED: Final = "Thank you. What you agree to now holds from this moment on; `/echo consent show` shows it."
MANAGER_MISSING: Final = (
    "Thank you. Nothing is read yet: somebody who manages this server has to allow it too, by the button under the "
    "question."
)
LATER: Final = "Only an earlier day than {day} can be chosen, the one that was asked for: nothing was changed."


class DayForm(ui.Modal):
    """Asks for the day. What it brings comes by its custom id."""

    def __init__(self, custom_id: str, shown: str, latest: str) -> None:
        super().__init__("Up to which day", custom_id=custom_id, timeout=None, auto_defer=False)
        self.add_item(
            ui.TextInput(
                "Only what was written before (dd.mm.yyyy)",
                custom_id=DATE_FIELD,
                placeholder=f"empty: {latest}",
                default_value=shown or None,
                required=False,
                max_length=40,
            )
        )

    async def callback(self, interaction: nextcord.Interaction[Any]) -> None:
        """Let nextcord forget the form: one submission is all that comes of it."""
        self.stop()


class Agreeing:
    """Shows the text, takes choices, and hands on the subject's yes. `stays`: what is read stays on this computer."""

    def __init__(
        self, requests: Requests, board: Board, clock: Callable[[], datetime], settings: Settings, stays: bool
    ) -> None:
        self._requests = requests
        self._board = board
        self._clock = clock
        self._settings = settings
        self._zone = ZoneInfo(settings.timezone)
        self._stays = stays
        self._kept: OrderedDict[str, Choosing] = OrderedDict()

    async def open(self, asking: Asking, profile: ProfileSnapshot, question_id: int = 0) -> None:
        """Show what there is to agree to, to whoever asks alone; what holds, or held last, is chosen already."""
        choosing = Choosing(profile.id, profile.terms, profile.cutoff, 0, question_id)
        text, parts = self._shown(asking, profile, choosing)
        await asking.reply.say(text, parts)

    async def press(self, asking: Asking, custom_id: str, values: Sequence[str] = ()) -> bool:
        """Deal with a button or menu of the private message; False where it is none. Raises EchoError."""
        found = agreement.read_id(custom_id)
        if found is None:
            return False
        doing, profile_id, token = found
        profile = await self._profile(asking, profile_id)
        if profile is not None:
            choosing = self._choices(token, profile)
            match doing:
                case Doing.AGREE:
                    await self._agree(asking, profile, choosing, token)
                case Doing.DAY:
                    await self._ask_day(asking, profile, choosing, token)
                case Doing.MORE:
                    await self._show(asking, profile, replace(choosing, more=not choosing.more))
                case _:
                    known = {channel.id for channel in asking.server.channels}
                    await self._show(asking, profile, agreement.chosen(doing, values, choosing, known))
        return True

    async def submit(self, asking: Asking, custom_id: str, values: dict[str, str]) -> bool:
        """Take the day that was written into the form; False where it is of another form. Raises EchoError."""
        profile_id, _, token = custom_id.removeprefix(FORM).partition(":")
        if not custom_id.startswith(FORM) or not profile_id.isdecimal():
            return False
        profile = await self._profile(asking, int(profile_id))
        if profile is not None:
            choosing, written = self._choices(token, profile), values.get(DATE_FIELD, "").strip()
            cutoff = parse_before(written, self._zone, self._clock(), profile.cutoff) if written else profile.cutoff
            if cutoff > profile.cutoff:
                raise UsageError(LATER.format(day=show_day(profile.cutoff, self._zone)))
            await self._show(asking, profile, replace(choosing, cutoff=cutoff))
        return True

    def told(self, profile: ProfileSnapshot, until: datetime | None = None) -> Told:
        """What the text says besides what is chosen."""
        names = self._board.names
        return Told(
            name=name_of(self._board, profile),
            server=names.get(profile.server_id, "this server"),
            context=self._settings.context_messages,
            retention=self._settings.data_retention_days,
            stays=self._stays,
            zone=self._zone,
            now=self._clock(),
            until=until,
        )

    # steps

    async def _agree(self, asking: Asking, profile: ProfileSnapshot, choosing: Choosing, token: str) -> None:
        asker, cutoff = asking.asker, None if choosing.cutoff == profile.cutoff else choosing.cutoff
        renewal = profile.has_consent and renews(profile, choosing.terms, cutoff)
        if profile.has_consent and not renewal:
            chose = TermsChosen(self._clock(), asker.id, choosing.terms, cutoff, asker.is_manager)
            if await self._is_refused(asking, profile, chose):
                return
        given = ConsentGiven(
            *(self._clock(), asker.id, choosing.version, text_hash(choosing.version), choosing.question_id),
            *(choosing.terms, cutoff, asker.is_manager),
            *(self._settings.context_messages, self._settings.data_retention_days),
        )
        if await self._is_refused(asking, profile, given):
            return
        self._kept.pop(token, None)
        both = self._board.profiles[profile.id].has_consent
        await asking.reply.change(RENEWED if renewal else AGREED if both else MANAGER_MISSING)

    async def _is_refused(self, asking: Asking, profile: ProfileSnapshot, event: ConsentGiven | TermsChosen) -> bool:
        outcome = await asking.reply.patiently(self._requests.ask(profile.key, event))
        if isinstance(outcome, Refusal):
            await asking.reply.say(outcome.sentence)
        return isinstance(outcome, Refusal)

    async def _ask_day(self, asking: Asking, profile: ProfileSnapshot, choosing: Choosing, token: str) -> None:
        shown, latest = (
            "" if one >= OPEN_END else show_day(one, self._zone) for one in (choosing.cutoff, profile.cutoff)
        )
        await asking.reply.open(DayForm(f"{FORM}{profile.id}:{token}", shown, latest or "from now on too"))

    async def _show(self, asking: Asking, profile: ProfileSnapshot, choosing: Choosing) -> None:
        text, parts = self._shown(asking, profile, choosing)
        await asking.reply.change(text, parts)

    def _shown(self, asking: Asking, profile: ProfileSnapshot, choosing: Choosing) -> tuple[str, tuple[Any, ...]]:
        self._board.name({asking.server.id: asking.server.name})
        version = version_of(self._stays, choosing.cutoff >= OPEN_END)
        choosing, token = replace(choosing, version=version), secrets.token_hex(8)
        self._kept[token] = choosing
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return agreement.text(self.told(profile), choosing.terms, choosing.cutoff), agreement.controls(choosing, token)

    # what is looked up

    async def _profile(self, asking: Asking, profile_id: int) -> ProfileSnapshot | None:
        """The profile, if its question or consent can be answered; whoever asks is told where not."""
        profile = self._board.profiles.get(profile_id)
        if profile is None or profile.server_id != asking.asker.server_id:
            await asking.reply.say(OVER)
            return None
        access.check(asking.asker, profile, name_of(self._board, profile))
        if not profile.is_living:
            await asking.reply.say(SENTENCES[Refused.FORGOTTEN])
            return None
        return profile

    def _choices(self, token: str, profile: ProfileSnapshot) -> Choosing:
        """What was chosen. Raises UsageError where that is not kept, or is about another profile."""
        found = self._kept.get(token)
        if found is None or found.profile_id != profile.id or found.cutoff > profile.cutoff:
            raise UsageError(STALE)
        return found
