"""Collecting stays below what Discord allows: no request is refused, so no warning fills the log."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from echo.app import Serving, open_echo
from echo.config import load
from echo.sandbox.invented import GUILD_NAME, invent
from echo.sandbox.server import Sandbox
from echo.sandbox.world import World
from tests.support.clock import HandClock
from tests.support.running import Running

TOO_MANY = 429


async def test_collecting_meets_no_rate_limit(tmp_path: Path) -> None:
    clock, statuses = HandClock(), list[int]()

    def record(method: str, route: str, query: Mapping[str, str], sent: Any, status: int, said: Any) -> None:
        statuses.append(status)

    world = World.populate(1, GUILD_NAME, invent(1), manager="Mara")
    environ = {"ECHO_DATA_DIR": str(tmp_path), "ECHO_GUILD_READY_TIMEOUT": "0.05", "DISCORD_TOKEN": "a-token-of-a-test"}
    async with Sandbox(world, clock=clock.timestamp, token="a-token-of-a-test", record=record) as sandbox:
        serving = Serving(sandbox=False, api_base=f"{sandbox.address}/api/v10")
        async with open_echo(load(environ=environ, cwd=tmp_path), serving, clock) as echo:
            running = Running(echo, sandbox.people, clock)
            await running.agreed("Mara", "general", "01.06.2026")
            await running.ready()
    assert len(statuses) > 60 and TOO_MANY not in statuses
