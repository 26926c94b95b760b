"""An Echo in a child process that is killed at chosen requests, and a Discord that outlives it."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from echo.sandbox.options import NotPossible
from echo.sandbox.server import Sandbox
from echo.sandbox.world import World
from schedules.clock import SystemClock

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0
"""Seconds."""


class Died(Exception):
    """The child was killed while something was waited for."""


class Mortal:
    """Starts the child, kills it at a request, and looks at what it left behind. `deaths` are those requests."""

    def __init__(self, home: Path, world: World) -> None:
        self.home = home
        self.sandbox = Sandbox(
            world,
            clock=lambda: SystemClock()().timestamp(),
            token="a-token-of-a-test",
            rate_limits=False,
            record=self._counted,
            interaction_deadline=1.5,
        )
        self.deaths: list[str] = []
        self._child: asyncio.subprocess.Process | None = None
        self._left: int | None = None
        self._moved = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None

    def doom(self, requests: int | None) -> None:
        """Have the child killed at this request, counted from now (None: let it live)."""
        self._left = requests

    async def start(self) -> None:
        """Start the child. Returns once it is connected; raises Died."""
        environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "ECHO_DATA_DIR": str(self.home),
            "DISCORD_TOKEN": "a-token-of-a-test",
            "ECHO_PACE_SCALE": "0",
            "ECHO_CHATTINESS": "0",
            "ECHO_MESSAGE_GENERATION_COOLDOWN": "0",
            "ECHO_GUILD_READY_TIMEOUT": "0.05",
            "ECHO_LOG_LEVEL": "DEBUG",
        }
        with (self.home / "child.log").open("ab") as log:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-W",
                "ignore",
                "-m",
                "tests.support.child",
                f"{self.sandbox.address}/api/v10",
                cwd=self.home,
                env=environ,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        self._watch = asyncio.create_task(self._see_it_end(self._child))
        assert self._child.stdout is not None
        line = await self._child.stdout.readline()
        if not line:
            await self._child.wait()
            raise Died

    async def end(self) -> None:
        """Stop the child in order, if it lives."""
        self._left = None
        if self._child is not None and self._child.returncode is None:
            self._child.terminate()
            await self._child.wait()

    async def until(self, fact: Callable[[], Any]) -> Any:
        """Wait until `fact()` holds, looking again after every request. Raises Died."""
        async with asyncio.timeout(PATIENCE):
            while not (found := fact()):
                if self._child is None or self._child.returncode is not None:
                    raise Died
                self._moved.clear()
                await self._moved.wait()
            return found

    async def command(self, author: str, channel: str, name: str, **options: object) -> list[dict[str, Any]]:
        """Run a command; what was answered. Raises Died where nobody answers any more."""
        return await self._asked(self.sandbox.people.command(author, channel, name, options))

    async def press(self, author: str, message: dict[str, Any], label: str) -> list[dict[str, Any]]:
        """Press a button. Raises Died where nobody answers any more."""
        button = next(one for one in message["components"] if one["label"] == label)
        return await self._asked(self.sandbox.people.press(author, message["id"], button["custom_id"]))

    async def _asked(self, asking: Any) -> list[dict[str, Any]]:
        try:
            responses: list[dict[str, Any]] = (await asking)["responses"]
        except NotPossible:
            if self._child is None or self._child.returncode is not None or self._left == 0:
                raise Died from None
            raise
        if any("did not respond" in response["content"] for response in responses):
            await self.until(lambda: False)
        return responses

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the database holds, read beside the child."""
        path = self.home / "echo.db"
        if not path.exists():
            return []
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()

    def _counted(self, method: str, route: str, *_: object) -> None:
        if self._left is not None and self._left > 0:
            self._left -= 1
            if self._left == 0 and self._child is not None and self._child.returncode is None:
                self.deaths.append(f"{method} {route}")
                self._child.kill()
        self._moved.set()

    async def _see_it_end(self, child: asyncio.subprocess.Process) -> None:
        await child.wait()
        self._moved.set()


@asynccontextmanager
async def mortal(home: Path, world: World) -> AsyncIterator[Mortal]:
    """A Discord, and an Echo that may die."""
    life = Mortal(home, world)
    async with life.sandbox:
        try:
            yield life
        finally:
            await life.end()
