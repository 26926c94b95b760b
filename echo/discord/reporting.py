"""`/echo report`: how like its person an echo was found, as text and as a picture, for its subject and managers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final
from zoneinfo import ZoneInfo

from echo.discord import access, answers, choosing
from echo.discord.asking import Asking
from echo.discord.dates import show_day
from echo.discord.replies import Picture
from echo.discord.report_picture import drawn
from echo.discord.translate import Call
from echo.persona.judging.text import EXPLAINED, history, table
from states.board import Board
from states.feedback import Tally
from states.model import ProfileSnapshot, ProfileState
from states.scores import Scorecard

NONE_OWN: Final = (
    "There is no echo here whose report you may see: only the person echoed and those with the permission Manage "
    "Server see one; `/echo create` asks for an echo."
)
NOT_TESTED: Final = (
    "The echo of **{name}** has not been tested yet: that is done when it has learned anew, unless whoever runs this "
    "bot has switched that off (`scorecard_moments`)."
)
FILENAME: Final = "report.png"
TALLIED: Final = 3
"""Versions whose thumbs are told, the newest."""
TOLD: Final = "A bar for each figure, from somebody else to the person themselves; the text above says the same."


class Reporting:
    """The command. What it shows are figures, but they are about somebody: only they and managers see them."""

    def __init__(self, board: Board, zone: ZoneInfo) -> None:
        self._board = board
        self._zone = zone

    async def run(self, asking: Asking, call: Call) -> None:
        """Answer whoever asked, and nobody else. Raises UsageError or NoPermission."""
        profile = self._meant(asking, call.text("profile"))
        name = answers.name_of(self._board, profile)
        access.check(asking.asker, profile, name)
        cards = self._board.scores.get(profile.id, ())
        thought = thought_of(self._board.feedback.get(profile.id, ()))
        if not cards:
            await asking.reply.say(NOT_TESTED.format(name=name) + thought)
            return
        content = await asking.reply.patiently(asyncio.to_thread(drawn, cards))
        picture = None if content is None else Picture(FILENAME, content, TOLD)
        speaks = profile.model_version if profile.can_speak else None
        await asking.reply.say(told(name, cards, self._zone, speaks) + thought, picture=picture)

    def _meant(self, asking: Asking, named: str) -> ProfileSnapshot:
        living = answers.living(self._board, asking.asker.server_id)
        if named:
            return choosing.chosen(named, living, self._name)
        known = [p for p in living if p.has_consent and p.state is not ProfileState.FORGETTING]
        fitting = [p for p in known if access.may(asking.asker, p)]
        return choosing.implied(fitting, asking.asker.id, self._name, NONE_OWN)

    def _name(self, profile: ProfileSnapshot) -> str:
        return answers.name_of(self._board, profile)


def thought_of(tallies: Sequence[Tally]) -> str:
    """What people think of what the newest versions said; "" where nobody said."""
    lines = [f"\nThumbs for version {one.version}: {one.words}." for one in tallies[-TALLIED:]]
    return "".join(reversed(lines))


def told(name: str, cards: Sequence[Scorecard], zone: ZoneInfo, speaks: int | None = None) -> str:
    """The newest card in words and bars, which version `speaks` where that is another one, and how others did."""
    card = cards[-1]
    verdict = "" if card.passed else " It did not pass, so this version does not speak."
    parts = [
        f"**{name} (echo)**, version {card.version}, tested on {show_day(card.at, zone)} in {card.moments} "
        f"moments.{verdict}",
        card.sentence,
    ]
    if speaks not in (None, card.version):
        parts.append(f"Version {speaks} speaks.")
    if card.axes:
        parts.append(f"```\n{table(card.axes)}\n```\n{EXPLAINED}")
    if past := history(cards):
        parts.append(f"On the mean of all: {past}.")
    return answers.fitted(parts)
