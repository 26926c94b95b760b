"""Finds the consents that do not cover what is done any more: whoever runs Echo has changed its settings since."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol

from db.consents import Consents
from echo.discord.consent_texts import GOING
from echo.settings import Settings
from states.board import Board
from states.effects import RecordConsent
from states.events import ConsentOutdated, Event
from states.model import MachineKey

GOES: Final = "What is read would go to a model server elsewhere now, and the person has not agreed to that."
LONGER: Final = "Messages would be kept for longer now than the person has agreed to."
MORE: Final = "More of what others wrote before them would be read now than the person has agreed to."


class Post(Protocol):
    """Gives a machine an event."""

    def __call__(self, key: MachineKey, event: Event) -> None: ...


def why_outdated(given: RecordConsent, settings: Settings, stays: bool) -> str | None:
    """Why an answer does not cover what is done; None where it does. `stays`: what is read stays on this computer."""
    if not stays and given.text_version not in GOING:
        return GOES
    if given.retention and settings.data_retention_days > given.retention:
        return LONGER
    return MORE if given.context and settings.context_messages > given.context else None


async def tell_outdated(
    board: Board, consents: Consents, settings: Settings, stays: bool, post: Post, clock: Callable[[], datetime]
) -> None:
    """Have everybody asked anew whose consent does not cover what is done. Raises StorageError."""
    for profile in tuple(board.profiles.values()):
        held = (
            [one.given for one in await consents.of(profile.id) if one.ended_at is None] if profile.has_consent else []
        )
        why = why_outdated(held[-1], settings, stays) if held else None
        if why is not None:
            post(profile.key, ConsentOutdated(clock(), why))
