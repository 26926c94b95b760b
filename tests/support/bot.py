"""A small real bot (nextcord) at a sandbox, with everything that went over the wire between them checked at the end."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import nextcord

from echo.corpus.written import Written
from echo.discord.connecting import shut
from echo.sandbox.people import People
from echo.sandbox.server import Sandbox
from echo.sandbox.world import World
from tests.support import openapi
from tests.support.dispatches import dispatch_faults
from tests.support.loopback import pointed_at

NOON = 1_780_000_000.0
"""A moment of 2026, in seconds since the epoch."""
PATIENCE = 60.0
"""Seconds after which a test that waits for a bot is given up: for the worst of machines, never slept."""


class Ticking:
    """A clock whose every reading is a millisecond after the one before, and which a test can move on."""

    def __init__(self, start: float = NOON) -> None:
        self._steps = itertools.count()
        self._start = start

    def __call__(self) -> float:
        return self._start + next(self._steps) / 1000

    def move(self, seconds: float) -> None:
        self._start += seconds


@dataclass(slots=True)
class Wire:
    """All that went over the wire: REST exchanges as (method, route, query, request, status, answer), dispatches as
    (event, data)."""

    exchanges: list[tuple[str, str, Mapping[str, str], Any, int, Any]] = field(default_factory=list)
    dispatches: list[tuple[str, Any]] = field(default_factory=list)

    def record(self, method: str, route: str, query: Mapping[str, str], request: Any, status: int, answer: Any) -> None:
        self.exchanges.append((method, route, query, request, status, answer))

    def receive(self, text: str) -> None:
        frame = json.loads(text)
        if frame["op"] == 0:
            self.dispatches.append((frame["t"], frame["d"]))

    def faults(self) -> list[str]:
        """Where it differs from Discord's description."""
        api = openapi.load()
        found = []
        for method, route, query, request, status, answer in self.exchanges:
            wrong = api.response_faults(method, route, status, answer)
            # What was refused may be as wrong as it likes.
            wrong += api.request_faults(method, route, query, request) if status < 400 else []
            found += [f"{method} {route} {status}: {one}" for one in wrong]
        for event, data in self.dispatches:
            found += [f"{event}: {one}" for one in dispatch_faults(api, event, data)]
        return found


@dataclass(slots=True)
class Stage:
    """A sandbox with a connected bot."""

    sandbox: Sandbox
    world: World
    people: People
    client: nextcord.Client
    wire: Wire
    clock: Ticking


def small_world() -> World:
    """Three people in two channels and a thread; Ada owns the server."""
    written = [
        Written("Ada", "general", NOON - 9000, "morning all"),
        Written("Bo", "general", NOON - 8000, "hello ada"),
        Written("Cy Day", "random", NOON - 7000, "anyone?"),
        Written("Ada", "plans", NOON - 6000, "a thread of its own", parent="random"),
    ]
    return World.populate(7, "Somewhere", written, manager="Ada")


@asynccontextmanager
async def connected(dress: Callable[[nextcord.Client], None], **settings: Any) -> AsyncIterator[Stage]:
    """A bot at a sandbox, dressed with commands by `dress`, from when its commands are registered.

    At the end all of the traffic must fit Discord's description; the test is skipped where that is absent.
    """
    openapi.load()
    wire, clock = Wire(), Ticking()
    async with Sandbox(small_world(), clock=clock, record=wire.record, **settings) as sandbox:
        client = nextcord.Client(
            intents=nextcord.Intents.all(),
            guild_ready_timeout=0.05,
            enable_debug_events=True,
            max_messages=100,
        )
        dress(client)

        async def on_socket_raw_receive(text: str) -> None:
            wire.receive(text)

        client.event(on_socket_raw_receive)
        registered = _announced(client)
        with pointed_at(sandbox):
            running = asyncio.create_task(client.start("sandbox"))
            try:
                async with asyncio.timeout(PATIENCE):
                    await _unless_over(registered.wait(), running)
                yield Stage(sandbox, sandbox.world, sandbox.people, client, wire, clock)
            finally:
                shut(client)
                await client.close()
                with suppress(asyncio.CancelledError):
                    await running
    faults = wire.faults()
    assert not faults, "\n".join(faults)


def _announced(client: nextcord.Client) -> asyncio.Event:
    """Set once the client has registered its commands and has its server."""
    registered, there = asyncio.Event(), asyncio.Event()

    async def on_connect() -> None:
        client.add_all_application_commands()
        await client.sync_application_commands(guild_id=None)
        await there.wait()
        registered.set()

    async def on_ready() -> None:
        there.set()

    client.event(on_connect)
    client.event(on_ready)
    return registered


async def _unless_over(wanted: Coroutine[Any, Any, object], running: asyncio.Task[None]) -> None:
    """Waits for what is wanted; a client that ended before is raised with its reason."""
    waiting = asyncio.create_task(wanted)
    await asyncio.wait({waiting, running}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        waiting.cancel()
        running.result()
    await waiting
