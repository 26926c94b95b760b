"""An Echo in a child process that is killed at chosen requests, and a Discord that outlives it."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from echo.sandbox.options import NotPossible
from echo.sandbox.server import Sandbox
from echo.sandbox.world import World
from schedules.clock import SystemClock
from tests.support import child
from tests.support.zygote import Zygote, zygote_of

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
            # Whoever is killed answers no more: nobody waits for that, and a busy machine is no death.
            interaction_deadline=PATIENCE,
        )
        self.deaths: list[str] = []
        self._zygote: Zygote
        self._process = 0
        self._life: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()
        self._left: int | None = None
        self._moved = asyncio.Event()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Within this the child can be started; it has ended by the end."""
        async with zygote_of(child.__name__, self.home / "child.log") as self._zygote, self.sandbox:
            try:
                yield
            finally:
                await self.end()

    def doom(self, requests: int | None) -> None:
        """Have the child killed at this request, counted from now (None: let it live)."""
        self._left = requests

    async def start(self) -> None:
        """Start the child. Returns once it is connected; raises Died."""
        environ = {
            "PATH": os.environ["PATH"],
            "ECHO_DATA_DIR": str(self.home),
            "DISCORD_TOKEN": "a-token-of-a-test",
            "ECHO_PACE_SCALE": "0",
            "ECHO_CHATTINESS": "0",
            "ECHO_MESSAGE_GENERATION_COOLDOWN": "0",
            "ECHO_GUILD_READY_TIMEOUT": "0.05",
            "ECHO_LOG_LEVEL": "DEBUG",
            "ECHO_SCORECARD_MOMENTS": "0",
        }
        if self._life is not None:
            # It was killed just now.
            await self._life
        self._zygote.order(child.order(f"{self.sandbox.address}/api/v10", self.home, environ))
        self._process = int(await self._zygote.line())
        self._connected.clear()
        self._life = asyncio.create_task(self._live())
        connected = asyncio.create_task(self._connected.wait())
        await asyncio.wait({connected, self._life}, return_when=asyncio.FIRST_COMPLETED)
        if not self._connected.is_set():
            connected.cancel()
            raise Died

    async def _live(self) -> None:
        """The child's life, to its end."""
        while (await self._zygote.line()).startswith(b"{"):
            self._connected.set()
        self._process = 0
        self._zygote.forget()
        self._moved.set()

    async def end(self) -> None:
        """Stop the child in order, if it lives."""
        self._left = None
        if self._process:
            os.kill(self._process, signal.SIGTERM)
        if self._life is not None:
            await self._life

    async def kill(self) -> None:
        """Kill the child now."""
        os.kill(self._process, signal.SIGKILL)
        if self._life is not None:
            await self._life

    async def until(self, fact: Callable[[], Any]) -> Any:
        """Wait until `fact()` holds, looking again after every request. Raises Died."""
        async with asyncio.timeout(PATIENCE):
            while not (found := fact()):
                if not self._process:
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

    async def agree(self, subject: str, question_id: str) -> list[dict[str, Any]]:
        """Have the subject agree to what they alone are shown. Raises Died where nobody answers any more."""
        [shown] = await self._asked(self.sandbox.people.press(subject, question_id, "I agree"))
        return await self._asked(self.sandbox.people.press(subject, shown["message_id"], "I agree to this"))

    async def _asked(self, asking: Coroutine[Any, Any, dict[str, Any]]) -> list[dict[str, Any]]:
        assert self._life is not None
        asked = asyncio.create_task(asking)
        await asyncio.wait({asked, self._life}, return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            asked.cancel()
            await asyncio.wait({asked})
            raise Died
        try:
            responses: list[dict[str, Any]] = asked.result()["responses"]
        except NotPossible:
            if not self._process or self._left == 0:
                raise Died from None
            raise
        assert not any("did not respond" in response["content"] for response in responses)
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
            if self._left == 0 and self._process:
                self.deaths.append(f"{method} {route}")
                os.kill(self._process, signal.SIGKILL)
        self._moved.set()


@asynccontextmanager
async def mortal(home: Path, world: World) -> AsyncIterator[Mortal]:
    """A Discord, and an Echo that may die."""
    life = Mortal(home, world)
    async with life.opened():
        yield life
