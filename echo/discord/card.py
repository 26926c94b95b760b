"""`/echo card`: how an echo's person writes, as it was learnt; they strike lines, ban words, and see the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Protocol

import nextcord
from nextcord import ui

from db.audit import Act
from db.stored import Wishes
from echo.accounting import Account, unaccounted
from echo.discord import access, answers, card_texts, choosing
from echo.discord.agreeing import OVER
from echo.discord.asking import Asking
from echo.discord.card_texts import BANS, PHRASES, TOPICS, read_id
from echo.discord.translate import Call
from echo.errors import NoPermission, UsageError
from echo.persona.card import CardLine
from echo.persona.portrait import Portrait
from states.board import Board
from states.model import ProfileSnapshot, ProfileState

NONE_HERE: Final = "There is no echo of you in this server, so there is no card: `/echo create` asks you for one."
NOT_AGREED: Final = "There is no card yet: nothing is read or learned before *I agree* is pressed under the question."
NO_EVIDENCE: Final = (
    "No message that shows this can be linked to any more: what was read is kept for a while only, and channels that "
    "are gone can't be opened."
)
STRUCK: Final = "From its next answer on your echo is not like that: {lines}. What is not marked in the menu holds."
NONE_STRUCK: Final = "No line is struck: your echo writes as it has learned."


class Portraits(Protocol):
    """The cards. Raises StorageError, and EchoError with a sentence."""

    async def portrait(self, profile: ProfileSnapshot) -> Portrait:
        """What was learnt, and what is wished."""

    async def telling(self, profile: ProfileSnapshot, count: int = 4) -> Sequence[CardLine]:
        """The lines of form that tell most."""

    async def wish(self, profile: ProfileSnapshot, wishes: Wishes) -> None:
        """Put wishes in place of those before."""

    async def evidence(self, profile: ProfileSnapshot, key: str, count: int = 5) -> Sequence[tuple[int, int]]:
        """Where the newest messages stand that show a line: channel and id."""


class BansForm(ui.Modal):
    """Asks for what the echo must not say. What it brings comes by its custom id."""

    def __init__(self, profile_id: int, wishes: Wishes) -> None:
        super().__init__("What your echo never says", custom_id=f"{BANS}{profile_id}", timeout=None, auto_defer=False)
        for label, custom_id, known, hint in (
            ("Words and phrases, one in a line", PHRASES, wishes.phrases, "never said, however they are written"),
            ("Topics, one in a line", TOPICS, wishes.topics, "not spoken of, nor taken up unasked"),
        ):
            self.add_item(
                ui.TextInput(
                    label,
                    custom_id=custom_id,
                    style=nextcord.TextInputStyle.paragraph,
                    default_value="\n".join(known) or None,
                    placeholder=hint,
                    required=False,
                    max_length=card_texts.LONGEST_FIELD,
                )
            )

    async def callback(self, interaction: nextcord.Interaction[Any]) -> None:
        """Let nextcord forget the form: one submission is all that comes of it."""
        self.stop()


class Card:
    """The command with its menus, button and form. Only the subject changes anything, and sees all."""

    def __init__(self, board: Board, portraits: Portraits, account: Account = unaccounted) -> None:
        self._board = board
        self._account = account
        self._portraits = portraits

    async def run(self, asking: Asking, call: Call) -> None:
        """Show the card: one's own, or, to a manager, what of another's may be seen. Raises EchoError."""
        profile = self._wanted(asking, call)
        name = self._name(profile)
        access.check(asking.asker, profile, name)
        if profile.state is ProfileState.AWAITING_CONSENT or not profile.has_consent:
            raise NoPermission(NOT_AGREED)
        portrait = await asking.reply.patiently(self._portraits.portrait(profile))
        await self._account(Act.ACCESSED, profile, asking.asker.id, what="card")
        if profile.user_id == asking.asker.id:
            text = card_texts.own(portrait)
            await asking.reply.say(text, card_texts.controls(profile.id, portrait))
        else:
            await asking.reply.say(card_texts.of_another(portrait, name))

    async def brief(self, profile: ProfileSnapshot) -> str:
        """What tells most of how somebody writes, for everybody to see; empty where nothing is learnt."""
        return card_texts.brief(await self._portraits.telling(profile))

    async def press(self, asking: Asking, custom_id: str, values: Sequence[str]) -> None:
        """Deal with one press or choice under a card; a custom id of something else means nothing. Raises EchoError."""
        found = read_id(custom_id)
        if found is None:
            return
        doing, profile = found[0], self._own(asking, found[1])
        if profile is None:
            await asking.reply.say(OVER)
            return
        portrait = await asking.reply.patiently(self._portraits.portrait(profile))
        match doing:
            case card_texts.STRIKE:
                await self._strike(asking, profile, portrait, values)
            case card_texts.SHOW:
                await self._show(asking, profile, portrait, values)
            case card_texts.ASIDE:
                await asking.reply.open(BansForm(profile.id, portrait.wishes))

    async def submit(self, asking: Asking, custom_id: str, values: dict[str, str]) -> bool:
        """Take what was written into the form; False where the custom id is of another form. Raises UsageError."""
        profile_id = custom_id.removeprefix(BANS)
        if not custom_id.startswith(BANS) or not profile_id.isdecimal():
            return False
        profile = self._own(asking, int(profile_id))
        if profile is None:
            await asking.reply.say(OVER)
            return True
        phrases = card_texts.listed(values.get(PHRASES, ""), card_texts.OF_PHRASES)
        topics = card_texts.listed(values.get(TOPICS, ""), card_texts.OF_TOPICS)
        portrait = await asking.reply.patiently(self._portraits.portrait(profile))
        wishes = Wishes(portrait.wishes.struck, topics, phrases)
        await asking.reply.patiently(self._portraits.wish(profile, wishes))
        await asking.reply.say(card_texts.banned(wishes))
        return True

    async def _strike(
        self, asking: Asking, profile: ProfileSnapshot, portrait: Portrait, values: Sequence[str]
    ) -> None:
        # What was struck and is no line any more stays struck: it may be one again.
        offered = {line.key for line in portrait.lines}
        struck = (portrait.wishes.struck - offered) | (offered & set(values))
        wishes = Wishes(struck, portrait.wishes.topics, portrait.wishes.phrases)
        await asking.reply.patiently(self._portraits.wish(profile, wishes))
        lines = [line.text.rstrip(".") for line in portrait.lines if line.key in struck]
        said = STRUCK.format(lines="; ".join(f"“{line}”" for line in lines)) if lines else NONE_STRUCK
        await asking.reply.say(said[: answers.LONGEST])

    async def _show(self, asking: Asking, profile: ProfileSnapshot, portrait: Portrait, values: Sequence[str]) -> None:
        line = portrait.line(values[0]) if values else None
        if line is None:
            await asking.reply.say(OVER)
            return
        places = await asking.reply.patiently(self._portraits.evidence(profile, line.key))
        if not places:
            await asking.reply.say(f"**{line.text}** {NO_EVIDENCE}")
            return
        links = (f"https://discord.com/channels/{profile.server_id}/{place}/{message}" for place, message in places)
        await asking.reply.say(f"**{line.text}** Your newest messages that show it:\n" + "\n".join(links))

    def _wanted(self, asking: Asking, call: Call) -> ProfileSnapshot:
        living = answers.living(self._board, asking.asker.server_id)
        if call.text("profile"):
            return choosing.chosen(call.text("profile"), living, self._name)
        own = [profile for profile in living if profile.user_id == asking.asker.id]
        if own or not asking.asker.is_manager:
            if not own:
                raise UsageError(NONE_HERE)
            return own[0]
        return choosing.implied(living, asking.asker.id, self._name, NONE_HERE)

    def _name(self, profile: ProfileSnapshot) -> str:
        return answers.name_of(self._board, profile)

    def _own(self, asking: Asking, profile_id: int) -> ProfileSnapshot | None:
        """The profile that is to be changed; None where it is gone or elsewhere. Raises NoPermission for others'."""
        profile = self._board.profiles.get(profile_id)
        if profile is None or profile.server_id != asking.asker.server_id:
            return None
        access.check(asking.asker, profile, self._name(profile))
        return profile if profile.has_consent and profile.state is not ProfileState.FORGETTING else None
