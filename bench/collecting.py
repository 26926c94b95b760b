"""Collecting a channel against the plain loop that one would write, at the same Discord without rate limits."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final

import nextcord
from nextcord.http import Route

from bench.chats import Chat, most_active, read, small_chat
from bench.discord_child import world_of
from bench.figures import Figure, Scale, by_turns
from bench.starting import ROOT
from echo.discord.collecting.collector import Collector
from echo.sandbox.snowflakes import snowflake_at
from echo.sandbox.world import World
from tests.discord.stand import store
from tests.support.running import export

SEED: Final = 1
CUTOFF: Final = datetime(2026, 6, 1, tzinfo=UTC)
CONTEXT: Final = 12
"""Messages of context for each of the subject's: the default of `context_messages`."""


async def measure(scale: Scale, folder: Path) -> list[Figure]:
    """Messages read a second, with those of the most active author and their context sealed and stored."""
    chat = small_chat(folder)
    written = read(chat)
    if scale.quick:
        written = written[-1000:]
        chat = Chat(chat.name, export(folder / "part.jsonl", written))
    world, author, folders = world_of(chat.path, SEED), most_active(written), count()
    async with _discord(chat) as address, _client(address) as client:

        async def collected() -> float:
            home = folder / str(next(folders))
            home.mkdir()
            return await _collected(client, home, world, author)

        async def looped() -> float:
            return await _looped(client, world, author)

        echo, plain = await by_turns(scale.runs, collected, looped)
    note = f"{len(written):,} messages; Discord is a process of its own"
    return [Figure("collecting and storing", "messages/s", echo, "async for in channel.history()", plain, note)]


async def _collected(client: nextcord.Client, home: Path, world: World, author: str) -> float:
    seen = 0

    def progress(done: int, total: int | None) -> None:
        nonlocal seen
        seen = done

    async with store(home, world, author, CUTOFF) as kept:
        collector = Collector(client, kept.corpus, context_messages=CONTEXT, most=1_000_000)
        began = time.perf_counter()
        await collector.collect(kept.profile, progress)
        return seen / (time.perf_counter() - began)


async def _looped(client: nextcord.Client, world: World, author: str) -> float:
    channel = client.get_channel(world.guild_channels()[0].id)
    assert isinstance(channel, nextcord.TextChannel)
    seen, kept, began = 0, [], time.perf_counter()
    # Without `before`, nextcord 3.2 gives the newest page again and again.
    async for message in channel.history(limit=None, before=nextcord.Object(snowflake_at(CUTOFF.timestamp()))):
        seen += 1
        if message.author.name == author:
            kept.append((message.id, message.content))
        if seen == len(world.messages[channel.id]):
            break
    return seen / (time.perf_counter() - began)


@asynccontextmanager
async def _discord(chat: Chat) -> AsyncIterator[str]:
    """The address of a Discord with this chat."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore", "-m", "bench.discord_child", str(chat.path), str(SEED)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert child.stdin is not None and child.stdout is not None
    try:
        address = (await child.stdout.readline()).decode().strip()
        assert address.startswith("http"), "the loopback Discord did not start"
        yield address
    finally:
        child.stdin.close()
        await child.wait()


@asynccontextmanager
async def _client(address: str) -> AsyncIterator[nextcord.Client]:
    """A plain client, from when it knows the server."""
    real = Route.BASE
    Route.BASE = f"{address}/api/v10"
    client = nextcord.Client(intents=nextcord.Intents.all(), guild_ready_timeout=0.02)
    running = asyncio.create_task(client.start("sandbox"))
    ready = asyncio.create_task(client.wait_until_ready())
    try:
        await asyncio.wait({ready, running}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        yield client
    finally:
        ready.cancel()
        await client.close()
        await asyncio.gather(running, ready, return_exceptions=True)
        Route.BASE = real
