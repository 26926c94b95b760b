"""Collecting stays below the rate that Discord allows, so that no request is refused, and shares it fairly."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from echo.app import Serving, open_echo
from echo.config import load
from echo.discord.collecting.budget import Budget, beside_echoes
from echo.discord.collecting.collector import Collector, Manner
from echo.sandbox.invented import GUILD_NAME
from echo.sandbox.server import Sandbox
from echo.sandbox.world import World
from tests.discord.collecting import MESSAGES, crowd, nothing, world_of
from tests.discord.stand import NOON, Stand, Store, stand, store, talk
from tests.support.clock import HandClock
from tests.support.running import Running
from tests.support.settlers import everybody
from tests.support.snapshots import named

# nextcord 2.6 gives aiohttp its timeout in a form of old.
pytestmark = pytest.mark.filterwarnings("ignore:parameter 'timeout' of type 'float':DeprecationWarning")

TOO_MANY = 429


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


@dataclass(slots=True)
class Course:
    """How two collections of the same went: the statuses of all answers, and when pages came and each was done."""

    statuses: list[int] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)

    @classmethod
    async def run(cls, folder: Path, budget: Budget) -> Course:
        """Two collections side by side, of eight channels each, with this budget."""
        loop, course = asyncio.get_running_loop(), cls()

        def record(method: str, route: str, query: Mapping[str, str], sent: Any, status: int, said: Any) -> None:
            course.statuses.append(status)
            if route == MESSAGES:
                course.pages.append(loop.time())

        async def collect(stage: Stand, kept: Store) -> None:
            await Collector(
                stage.client,
                kept.corpus,
                budget,
                Manner(12, 10_000),
                people_of=named("Somebody"),
                clock=lambda: NOON,
            ).collect(kept.profile, nothing)
            course.ends.append(loop.time())

        world = world_of(*(talk(f"room {number}", crowd(1050), start=900_000) for number in range(8)))
        # nextcord 3.2 compares the times in Discord's answers with the time of day.
        async with (
            stand(world, rate_limits=True, record=record, clock=time.time) as stage,
            store(folder / "first", world) as first,
            store(folder / "second", world, "Bo") as second,
        ):
            stage.sandbox.faults.set({"search_forbidden": True})
            await asyncio.gather(collect(stage, first), collect(stage, second))
        return course


async def test_two_collections_over_eight_channels_share_the_allowed_rate(tmp_path: Path) -> None:
    course = await Course.run(tmp_path, Budget(beside_echoes(0)))
    assert TOO_MANY not in course.statuses and len(course.pages) == 2 * 8 * 11
    # How full the rate is kept depends on the machine: the budget's own tests hold it, and the benchmark measures it.
    # They had the same to read, and shared what was allowed.
    assert abs(course.ends[0] - course.ends[1]) < max(1.0, 0.2 * (course.pages[-1] - course.pages[0]))
