"""Walking a server against the plain loop that one would write, at the same Discord without rate limits."""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final

import aiohttp
import nextcord
from nextcord.http import Route

from bench.chats import read, small_chat, whole_chat
from bench.discord_child import world_of
from bench.figures import Figure, Scale, by_turns
from bench.starting import ROOT
from echo.corpus.written import Written
from echo.discord.collecting.budget import Budget, beside_echoes
from echo.discord.collecting.collector import Collector, Manner
from echo.sandbox.ratelimits import GLOBAL
from echo.sandbox.snowflakes import snowflake_at
from echo.sandbox.world import World
from tests.discord.stand import store
from tests.support.recorded import CHAT
from tests.support.running import export
from tests.support.snapshots import named

SEED: Final = 1
CUTOFF: Final = datetime(2026, 6, 1, tzinfo=UTC)
CONTEXT: Final = 12
"""Messages of context for each of the subject's: the default of `context_messages`."""
MESSAGES, FEW = 24_000, 2_000
CHANNELS: Final = 8
DELAY: Final = 0.02
"""Seconds of an answer's way over a network: Discord is seldom nearer."""
SHARE: Final = 0.02
"""What a typical author wrote of all."""


async def measure(scale: Scale, folder: Path) -> list[Figure]:
    """Messages read a second, with those of a typical author and their context cleaned, sealed and stored."""
    written = _spread(folder, scale)
    path = export(folder / "server.jsonl", written)
    world, author, folders = world_of(path, SEED), _typical(written), count()
    figures = []
    share = sum(one.author == author for one in written) / len(written)
    note = f"{len(written):,} messages in {CHANNELS} channels, {share:.1%} the author's; Discord is another process"
    # As Echo does once it runs: what lives as long as the process is not looked at again and again.
    gc.collect()
    gc.freeze()
    async with _discord(path) as address, _client(address) as client:

        async def collected() -> float:
            return await _collected(client, _fresh(folder / str(next(folders))), world, author)

        async def looped() -> float:
            return await _looped(client, world, author)

        for name, delay in (("on this machine", 0.0), ("over a network", DELAY)):
            await _set_faults(address, {"slow": delay})
            echo, plain = await by_turns(scale.runs, collected, looped)
            how = f"{note}, and answers after {delay * 1000:.0f} ms" if delay else note
            figures.append(Figure(f"walking, {name}", "messages/s", echo, "async for in channel.history()", plain, how))
    async with _discord(path, "limited") as address, _client(address) as client:
        rates = [
            await _paced(client, _fresh(folder / f"limited-{run}"), world, author) for run in range(scale.of(2, 1))
        ]
    allowed = (float(GLOBAL.requests),) * len(rates)
    return [*figures, Figure("walking, at Discord's limits", "requests/s", tuple(rates), "allowed", allowed, note)]


def _fresh(home: Path) -> Path:
    home.mkdir()
    return home


async def _paced(client: nextcord.Client, home: Path, world: World, author: str) -> float:
    """Requests a second after the first one, until the last that was made."""
    loop, times = asyncio.get_running_loop(), list[tuple[float, int]]()
    budget, manner = Budget(beside_echoes(0)), Manner(context_messages=CONTEXT, most=1_000_000)
    async with store(home, world, author, CUTOFF) as kept:
        collector = Collector(client, kept.corpus, budget, manner, people_of=named(author), clock=lambda: CUTOFF)
        await collector.collect(kept.profile, lambda progress: times.append((loop.time(), progress.done)))
    # A reduced run may be over before that.
    steady = [one for one in times if one[0] >= times[0][0] + 1] or times
    return (steady[-1][1] - steady[0][1]) / (steady[-1][0] - steady[0][0])


def _spread(folder: Path, scale: Scale) -> list[Written]:
    """A chat's newest messages in turn over the channels of one server, a stretch of talk in each."""
    chat = small_chat(folder) if scale.quick or not (CHAT / "zig.jsonl.gz").exists() else whole_chat(folder)
    written = read(chat)[-scale.of(MESSAGES, FEW) :]
    stretch = -(-len(written) // CHANNELS)
    return [Written(one.author, f"room-{at // stretch}", one.ts, one.text) for at, one in enumerate(written)]


def _typical(written: Sequence[Written]) -> str:
    counts = Counter(one.author for one in written)
    return min(counts, key=lambda author: (abs(counts[author] - SHARE * len(written)), author))


async def _collected(client: nextcord.Client, home: Path, world: World, author: str) -> float:
    manner = Manner(context_messages=CONTEXT, most=1_000_000)
    async with store(home, world, author, CUTOFF) as kept:
        collector = Collector(client, kept.corpus, Budget(None), manner, people_of=named(author), clock=lambda: CUTOFF)
        began = time.perf_counter()
        await collector.collect(kept.profile, lambda _: None)
        seconds = time.perf_counter() - began
        return sum(place.seen for place in (await kept.corpus.places(kept.profile.id)).values()) / seconds


async def _looped(client: nextcord.Client, world: World, author: str) -> float:
    seen, kept, began = 0, [], time.perf_counter()
    for one in world.guild_channels():
        channel, left = client.get_channel(one.id), len(world.messages[one.id])
        assert isinstance(channel, nextcord.TextChannel)
        # Without `before`, nextcord 3.2 gives the newest page again and again; without `limit` it never ends.
        async for message in channel.history(limit=left, before=nextcord.Object(snowflake_at(CUTOFF.timestamp()))):
            seen += 1
            if message.author.name == author:
                kept.append((message.id, message.content))
    return seen / (time.perf_counter() - began)


@asynccontextmanager
async def _discord(path: Path, *more: str) -> AsyncIterator[str]:
    """The address of a Discord with this chat, where nothing may be searched."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore", "-m", "bench.discord_child", str(path), str(SEED), *more),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert child.stdin is not None and child.stdout is not None
    try:
        address = (await child.stdout.readline()).decode().strip()
        assert address.startswith("http"), "the loopback Discord did not start"
        await _set_faults(address, {"search_forbidden": True})
        yield address
    finally:
        child.stdin.close()
        await child.wait()


async def _set_faults(address: str, faults: Mapping[str, object]) -> None:
    async with aiohttp.ClientSession() as session, session.post(f"{address}/sandbox/faults", json=faults) as answer:
        answer.raise_for_status()


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
