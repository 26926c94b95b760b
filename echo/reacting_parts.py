"""What heeds people's reactions and reports, joined with what it needs: a part of the composition root."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from echo.discord.client import EchoClient
from echo.discord.letters import Letters
from echo.discord.notices import Notices
from echo.discord.reacting import Reacting, Start
from echo.discord.voice import Voice
from echo.settings import Settings
from echo.store import Store
from states.board import Board


def reacting_of(
    edge: tuple[EchoClient, Board, Voice, Notices, Letters],
    store: Store,
    settings: Settings,
    start: Start,
    clock: Callable[[], datetime],
) -> Reacting:
    """What watches reactions; `start` runs work in the background."""
    stored = (store.feedback, store.generations, store.memories, store.consents, store.audit)
    return Reacting(*edge, stored, ZoneInfo(settings.timezone), start, clock, store.unseen.is_unseen)
