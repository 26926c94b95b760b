"""A real nextcord client at a real sandbox, and a real database with a profile that is collecting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nextcord
from nextcord.http import Route

from db.connection import Database
from db.corpus import Corpus
from db.keys import Keyring
from db.steps import Steps
from echo.corpus.written import Written
from echo.discord.connecting import shut
from echo.sandbox.server import Sandbox
from echo.sandbox.world import World
from states.decide import Step
from states.events import EchoAsked
from states.model import ProfileSnapshot, ProfileState
from tests.support.bot import Ticking, Wire
from tests.support.stored_steps import steps_of

CUTOFF = datetime(2026, 6, 1, tzinfo=UTC)
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
MANY = 1_000_000
"""Requests a second: more than anybody makes."""
PATIENCE = 60.0
"""Seconds after which a test that waits for the client is given up: for the worst of machines, never slept."""


def at(seconds_before_cutoff: float) -> float:
    """A time before the cut-off, in seconds since the epoch."""
    return CUTOFF.timestamp() - seconds_before_cutoff


def talk(channel: str, authors: Iterable[str], *, start: float, gap: float = 60.0, **more: Any) -> list[Written]:
    """One message by each of `authors`, `gap` seconds apart, the first `start` seconds before the cut-off."""
    return [
        Written(author, channel, at(start - number * gap), f"{author} says {channel} {number}", **more)
        for number, author in enumerate(authors)
    ]


@dataclass(slots=True)
class Stand:
    """A sandbox, its world, and a client that is connected to it. `wire` has all that went over REST."""

    sandbox: Sandbox
    world: World
    client: nextcord.Client
    wire: Wire

    def asked(self, method: str, route: str) -> list[dict[str, str]]:
        """The queries of all requests to a route."""
        return [dict(query) for how, path, query, *_ in self.wire.exchanges if (how, path) == (method, route)]

    def sent(self, method: str, route: str) -> list[Any]:
        """The JSON that was sent to a route."""
        return [body for how, path, _, body, *_ in self.wire.exchanges if (how, path) == (method, route)]


def plain_client(intents: nextcord.Intents | None = None, *, is_limited: bool = False) -> nextcord.Client:
    """A client that is not connected yet. Where nobody limits rates it does not do so either.

    nextcord 3 would wait for up to a second after every fifty requests.
    """
    client = nextcord.Client(intents=intents or nextcord.Intents.all(), guild_ready_timeout=0.02)
    if not is_limited:
        http: Any = client.http
        http._max_global_requests = MANY
    return client


@asynccontextmanager
async def client_at(
    sandbox: Sandbox, intents: nextcord.Intents | None = None, *, is_limited: bool = False
) -> AsyncIterator[nextcord.Client]:
    """A client from when it knows the sandbox's server, which limits rates or does not."""
    client = plain_client(intents, is_limited=is_limited)
    Route.BASE = f"{sandbox.address}/api/v10"
    running = asyncio.create_task(client.start("sandbox"))
    try:
        async with asyncio.timeout(PATIENCE):
            ready = asyncio.create_task(client.wait_until_ready())
            await asyncio.wait({ready, running}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
            await ready
            yield client
    finally:
        shut(client)
        await client.close()
        await asyncio.gather(running, return_exceptions=True)
        # nextcord closes a client by itself where the gateway does, and opens a session for the next request.
        await client.http.close()


@asynccontextmanager
async def stand(world: World, intents: nextcord.Intents | None = None, **settings: Any) -> AsyncIterator[Stand]:
    """A client at a sandbox of this world; `settings` are the sandbox's."""
    wire = Wire()
    dressed: dict[str, Any] = {"rate_limits": False, "clock": Ticking(NOON.timestamp()), "record": wire.record}
    dressed |= settings
    async with (
        Sandbox(world, **dressed) as sandbox,
        client_at(sandbox, intents, is_limited=dressed["rate_limits"]) as client,
    ):
        yield Stand(sandbox, world, client, wire)


@dataclass(slots=True)
class Store:
    """A database file with one profile in it."""

    corpus: Corpus
    profile: ProfileSnapshot


@asynccontextmanager
async def store(folder: Path, world: World, subject: str = "Mara", cutoff: datetime = CUTOFF) -> AsyncIterator[Store]:
    """The database of a folder, opened; the first time the profile of `subject` is born in it."""
    async with Database(folder / "echo.db") as database:
        keyring = Keyring(database, bytes(32))
        await keyring.open()
        steps = steps_of(database)
        profiles, _ = await steps.load()
        profile = profiles[0] if profiles else await _birth(steps, asking(world, subject, cutoff))
        yield Store(Corpus(database, keyring, lambda: NOON), profile)


def asking(world: World, subject: str, cutoff: datetime) -> ProfileSnapshot:
    """A profile of `subject` that is collecting, not yet recorded."""
    user = world.find_user(subject)
    assert user is not None
    return ProfileSnapshot(
        id=0,
        version=1,
        state=ProfileState.COLLECTING,
        server_id=world.guild.id,
        user_id=user.id,
        asker_id=user.id,
        channel_id=world.guild_channels()[0].id,
        cutoff=cutoff,
        created_at=NOON - timedelta(days=1),
    )


async def _birth(steps: Steps, fresh: ProfileSnapshot) -> ProfileSnapshot:
    event = EchoAsked(NOON, fresh.server_id, fresh.user_id, fresh.asker_id, fresh.channel_id, fresh.cutoff)
    recorded = await steps.record(Step(None, fresh, event, ()))
    assert isinstance(recorded.snapshot, ProfileSnapshot)
    return recorded.snapshot
