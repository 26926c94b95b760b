"""Joins what holds for whole servers: halts, trusted roles and limits. Part of the composition root (`echo.parts`)."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from echo.discord.client import EchoClient
from echo.discord.halting import Halting
from echo.discord.late import teller
from echo.discord.letters import Letters
from echo.discord.silencing import Silencing
from echo.discord.trusting import Trusting
from echo.limiting import Limiting
from echo.router import Router
from echo.settings import Settings
from echo.store import Store
from schedules.clock import Clock


@dataclass(frozen=True, slots=True)
class Governing:
    """The parts that others need."""

    halting: Halting
    limiting: Limiting


def govern(
    client: EchoClient,
    router: Router,
    store: Store,
    settings: Settings,
    letters: Letters,
    start: Callable[[str, Coroutine[Any, Any, None]], object],
    clock: Clock,
) -> Governing:
    """Give commands, machines and messages to what bounds and silences them, and who asked what came too late."""
    board, commands = router.board, client.commands
    limiting = Limiting(settings.limits, board, clock)
    router.room, client.interactions.limit, commands.limit = limiting.bar, limiting.command, limiting.collection
    halting = Halting(board, router.post, store.servers, store.audit, clock)
    silencing = Silencing(client, board, halting, settings.halt_word, start)
    commands.more |= {"echo halt": silencing.halt, "echo resume": silencing.resume}
    commands.more["echo trust"] = Trusting(halting).run
    client.overhear = silencing.hear
    client.interactions.tell_late = teller(client, letters)
    return Governing(halting, limiting)
