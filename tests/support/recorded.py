"""A whole Echo at a Discord that writes down every request, on a real chat, with its log kept at the finest level."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from echo import logs
from echo.app import Serving, open_echo
from echo.config import load
from echo.sandbox.ratelimits import RateLimits
from echo.sandbox.server import Sandbox
from echo.sandbox.world import World
from echo.settings import Loaded
from tests.support.clock import HandClock
from tests.support.running import Running

CHAT: Final = Path(__file__).resolve().parents[3] / "shared" / "chat"
"""Real public chat logs: read from there, never copied."""
TOKEN: Final = "a-token-of-a-test"
HISTORY: Final = "/channels/{channel_id}/messages"
"""The route by which what people wrote is read."""


@dataclass
class Requests:
    """What the sandbox was asked: method and route, in order."""

    seen: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, method: str, route: str, query: Mapping[str, str], sent: Any, status: int, said: Any) -> None:
        self.seen.append((method, route))

    @property
    def of_history(self) -> int:
        """How often messages were read."""
        return self.seen.count(("GET", HISTORY))


@dataclass
class Recorded:
    """A running Echo, the Discord that it is connected to, and what it asked of it."""

    running: Running
    sandbox: Sandbox
    requests: Requests
    home: Path

    @property
    def database(self) -> Path:
        """Where Echo keeps everything."""
        return self.home / "echo.db"


@asynccontextmanager
async def recorded(
    home: Path, world: World, *, limits: RateLimits | None = None, clock: HandClock | None = None, **settings: object
) -> AsyncIterator[Recorded]:
    """A whole Echo whose data folder, log included, is `home`; `limits` replaces the sandbox's rate limits.

    Leaves with an assertion that nothing broke unseen.
    """
    loaded, clock, requests = _loaded(home, settings), clock or HandClock(), Requests()
    sandbox = Sandbox(world, clock=clock.timestamp, token=TOKEN, limits=limits, record=requests)
    with logged(home / "echo.log", loaded):
        async with sandbox:
            serving = Serving(sandbox=False, api_base=f"{sandbox.address}/api/v10")
            async with open_echo(loaded, serving, clock) as echo:
                yield Recorded(Running(echo, sandbox.people, clock), sandbox, requests, home)
                assert echo.board.faults == ()


def _loaded(home: Path, settings: Mapping[str, object]) -> Loaded:
    home.mkdir(exist_ok=True)
    environ = {"ECHO_DATA_DIR": str(home), "ECHO_GUILD_READY_TIMEOUT": "0.05", "DISCORD_TOKEN": TOKEN}
    environ |= {"ECHO_SCORECARD_MOMENTS": "0"}
    environ |= {f"ECHO_{key.upper()}": str(value) for key, value in settings.items()}
    return load(environ=environ, cwd=home)


@contextmanager
def logged(path: Path, loaded: Loaded) -> Iterator[None]:
    """Everything that is logged, from DEBUG on and as an operator may have it, goes to a file for a while."""
    root = logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in (None, *logs.TALKATIVE)}
    handlers, handler = root.handlers[:], logging.FileHandler(path, encoding="utf-8")
    try:
        logs.set_up("DEBUG", loaded.secrets, handler)
        yield
    finally:
        root.handlers[:] = handlers
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        handler.close()
