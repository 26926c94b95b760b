"""Collecting keeps the rate that Discord allows full and stays below it, so that no request is refused."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from echo.app import Serving, open_echo
from echo.config import load
from echo.discord.collecting.budget import Budget, beside_echoes
from echo.discord.collecting.collector import Collector, Manner
from echo.sandbox.invented import GUILD_NAME
from echo.sandbox.ratelimits import GLOBAL
from echo.sandbox.server import Sandbox
from echo.sandbox.world import World
from tests.discord.collecting import MESSAGES, crowd, nothing, world_of
from tests.discord.stand import NOON, stand, store, talk
from tests.support.clock import HandClock
from tests.support.running import Running
from tests.support.settlers import everybody
from tests.support.snapshots import named

# nextcord 2.6 gives aiohttp its timeout in a form of old.
pytestmark = pytest.mark.filterwarnings("ignore:parameter 'timeout' of type 'float':DeprecationWarning")

TOO_MANY = 429
KEPT = 0.8
"""The share of what is allowed that even a busy machine gets; the benchmark says how much it is on an idle one."""


async def test_collecting_meets_no_rate_limit(tmp_path: Path) -> None:
    clock, statuses = HandClock(), list[int]()

    def record(method: str, route: str, query: Mapping[str, str], sent: Any, status: int, said: Any) -> None:
        statuses.append(status)

    world = World.populate(1, GUILD_NAME, everybody(), manager="Mara")
    environ = {"ECHO_DATA_DIR": str(tmp_path), "ECHO_GUILD_READY_TIMEOUT": "0.05", "DISCORD_TOKEN": "a-token-of-a-test"}
    environ |= {"ECHO_SCORECARD_MOMENTS": "0"}
    async with Sandbox(world, clock=clock.timestamp, token="a-token-of-a-test", record=record) as sandbox:
        serving = Serving(sandbox=False, api_base=f"{sandbox.address}/api/v10")
        async with open_echo(load(environ=environ, cwd=tmp_path), serving, clock) as echo:
            running = Running(echo, sandbox.people, clock)
            await running.agreed("Mara", "general", "01.06.2026")
            await running.ready()
    assert len(statuses) > 60 and TOO_MANY not in statuses


async def test_two_collections_over_eight_channels_keep_the_allowed_rate_full(tmp_path: Path) -> None:
    loop, pages, statuses = asyncio.get_running_loop(), list[float](), list[int]()

    def record(method: str, route: str, query: Mapping[str, str], sent: Any, status: int, said: Any) -> None:
        statuses.append(status)
        if route == MESSAGES:
            pages.append(loop.time())

    world = world_of(*(talk(f"room {number}", crowd(1050), start=900_000) for number in range(8)))
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    # nextcord 3.2 compares the times in Discord's answers with the time of day.
    async with (
        stand(world, rate_limits=True, record=record, clock=time.time) as stage,
        store(tmp_path / "first", world) as first,
        store(tmp_path / "second", world, "Bo") as second,
    ):
        stage.sandbox.faults.set({"search_forbidden": True})
        budget, manner = Budget(beside_echoes(0)), Manner(12, 10_000)
        ends = await asyncio.gather(
            *(
                _ended(
                    Collector(
                        stage.client,
                        kept.corpus,
                        budget,
                        manner,
                        people_of=named("Somebody"),
                        clock=lambda: NOON,
                    ).collect(kept.profile, nothing)
                )
                for kept in (first, second)
            )
        )
    assert TOO_MANY not in statuses and len(pages) == 2 * 8 * 11
    assert len(pages) / (pages[-1] - pages[0]) >= KEPT * GLOBAL.requests
    # They had the same to read, and shared what was allowed.
    assert abs(ends[0] - ends[1]) < 1


async def _ended(collecting: Any) -> float:
    await collecting
    return asyncio.get_running_loop().time()
