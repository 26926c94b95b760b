"""What heeds people's reactions and reports, joined with what it needs: a part of the composition root."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from echo.discord.client import EchoClient
from echo.discord.letters import Letters
from echo.discord.notices import Notices
from echo.discord.reacting import Reacting, Start
from echo.discord.reported import Reach, Reported
from echo.discord.reporting import Reporting
from echo.discord.voice import Voice
from echo.ports import Requests
from echo.setting_values import listed
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


def reported_of(
    edge: tuple[EchoClient, Board, Voice, Notices, Letters],
    reacting: Reacting,
    requests: Requests,
    store: Store,
    settings: Settings,
    clock: Callable[[], datetime],
) -> Reported:
    """What takes reports; `/echo report` without a message still shows how like its person an echo was found."""
    client, board, _, notices, letters = edge
    reach = Reach(letters, notices, frozenset(int(one) for one in listed(settings.report_channels)))
    style = Reporting(board, ZoneInfo(settings.timezone)).run
    return Reported(client, board, requests, reach, reacting, (store.feedback, store.audit), style, clock)
