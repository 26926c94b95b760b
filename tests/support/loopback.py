"""A loopback Discord for tests: a small world of invented lines, callers of its REST, and bots that listen to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, Final

import aiohttp
import nextcord
import nextcord.http

from echo.corpus.written import Written
from echo.sandbox.records import Channel, User
from echo.sandbox.server import Sandbox
from echo.sandbox.world import World
from tests.support import openapi

START: Final = 1_700_000_000.0
"""When the small world's first line was written (seconds since the epoch, UTC)."""
NOW: Final = START + 30 * 86400
LIMIT: Final = 60.0
"""Seconds after which waiting for a fact has failed."""


class Ticking:
    """A clock in seconds since the epoch that only moves when a test moves it."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def small_world() -> World:
    """Mara (the owner) and Tobias in #general with 120 lines, an active thread "tea", an archived thread "attic"."""
    lines = [Written(("Mara", "Tobias")[i % 3 == 2], "general", START + 60 * i, f"line {i}") for i in range(120)]
    lines += [
        Written("Tobias", "attic", START + 30, "old dust", key="a1", parent="general"),
        Written("Mara", "attic", START + 40, "very old", key="a2", reply_to="a1", parent="general"),
        Written("Tobias", "tea", START + 20 * 86400, "first cup", key="t1", parent="general"),
        Written("Mara", "tea", START + 20 * 86400 + 60, "second cup", key="t2", reply_to="t1", parent="general"),
        Written("Mara", "workshop", START + 20 * 86400 + 120, "the lathe is free"),
    ]
    return World.populate(7, "Small world", lines)


def user(world: World, name: str) -> User:
    """The user of this name, who must exist."""
    found = world.find_user(name)
    assert found is not None, f"nobody is called {name}"
    return found


def channel(world: World, name: str) -> Channel:
    """The channel or thread of this name, which must exist."""
    found = world.find_channel(name)
    assert found is not None, f"no channel is called {name}"
    return found


class Described:
    """Checks everything that passes through a sandbox against Discord's own description, where that is at hand."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.passed: list[tuple[str, str, int]] = []
        self._api = openapi.load() if openapi.DESCRIPTION.exists() else None

    def __call__(
        self, method: str, template: str, query: Mapping[str, str], sent: Any, status: int, answered: Any
    ) -> None:
        self.passed.append((method, template, status))
        if self._api is None or template.startswith("("):
            return
        try:
            found = self._api.response_faults(method, template, status, answered)
            if status < 400:
                found += self._api.request_faults(method, template, query, sent)
        except openapi.Undescribed as undescribed:
            found = [str(undescribed)]
        self.faults += [f"{method} {template} -> {status}: {fault}" for fault in found]


class Caller:
    """Calls the sandbox's REST as a bot does, without a library in between."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession, token: str = "sandbox") -> None:
        self._sandbox = sandbox
        self._session = session
        self._token = token
        self.headers: Mapping[str, str] = {}

    async def __call__(self, method: str, path: str, body: Any = None, *, status: int = 200, **query: Any) -> Any:
        """The answer's JSON (None if it has none), once its status is as expected."""
        url = self._sandbox.address + (path if path.startswith("/sandbox") else f"/api/v10{path}")
        sent = {"json": body} if body is not None else {}
        headers = {"Authorization": f"Bot {self._token}"}
        async with self._session.request(method, url, params=query, headers=headers, **sent) as answer:
            text = await answer.text()
            self.headers = answer.headers
            assert answer.status == status, f"{method} {path} gave {answer.status}, not {status}: {text[:300]}"
            if not text:
                return None
            assert answer.headers["Content-Type"] == "application/json"
            return json.loads(text)


@contextlib.asynccontextmanager
async def opened(world: World | None = None, **options: Any) -> AsyncIterator[Sandbox]:
    """A sandbox whose every request and answer is checked against Discord's description at the end."""
    described = Described()
    settings = {"clock": Ticking(), "record": described, **options}
    async with Sandbox(world or small_world(), **settings) as sandbox:
        yield sandbox
    assert not described.faults, "\n".join(described.faults)


@contextlib.asynccontextmanager
async def calling(sandbox: Sandbox, token: str = "sandbox") -> AsyncIterator[Caller]:
    """A caller of the sandbox's REST."""
    async with aiohttp.ClientSession() as session:
        yield Caller(sandbox, session, token)


class Listening(nextcord.Client):
    """A nextcord client that remembers all that it was told, so that a test can wait for a fact."""

    def __init__(self, **options: Any) -> None:
        # Before the parent, which dispatches while it is being made.
        self.heard: list[tuple[str, tuple[Any, ...]]] = []
        self._news = asyncio.Event()
        super().__init__(guild_ready_timeout=0.05, **options)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Waits for nothing, where nextcord waits five seconds before it identifies again."""

    def dispatch(self, event: str, *args: Any, **kwargs: Any) -> None:
        """Remembers the event, then does as ever."""
        self.heard.append((event, args))
        self._news.set()
        super().dispatch(event, *args, **kwargs)

    async def saw(self, event: str, fits: Callable[..., bool] = lambda *_: True) -> Any:
        """The first argument of the first such event of the past or future that fits."""
        async with asyncio.timeout(LIMIT):
            while True:
                for name, args in self.heard:
                    if name == event and fits(*args):
                        return args[0] if args else None
                self._news.clear()
                await self._news.wait()

    async def saw_again(self, event: str) -> None:
        """Waits until this was heard for the second time."""
        async with asyncio.timeout(LIMIT):
            while self.count(event) < 2:
                self._news.clear()
                await self._news.wait()

    def count(self, event: str) -> int:
        """How often this was heard."""
        return sum(name == event for name, _ in self.heard)


@contextlib.contextmanager
def pointed_at(sandbox: Sandbox) -> Iterator[None]:
    """Points nextcord at the sandbox: the one seam that it has for that."""
    real = nextcord.http.Route.BASE
    nextcord.http.Route.BASE = f"{sandbox.address}/api/v10"
    try:
        yield
    finally:
        nextcord.http.Route.BASE = real


@contextlib.asynccontextmanager
async def listening(
    sandbox: Sandbox, *, intents: nextcord.Intents | None = None, token: str = "sandbox"
) -> AsyncIterator[Listening]:
    """A connected nextcord client that has the server with all its members."""
    if intents is None:
        intents = nextcord.Intents.all()
        intents.presences = False
    with pointed_at(sandbox):
        client = Listening(intents=intents)
        running = asyncio.create_task(client.start(token))
        ready = asyncio.create_task(client.saw("ready"))
        try:
            await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
            await ready
            yield client
        finally:
            ready.cancel()
            await client.close()
            await asyncio.gather(running, ready, return_exceptions=True)


class Wire:
    """One socket to the gateway, frame by frame."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.number: int | None = None

    async def send(self, op: int, data: Any) -> None:
        """Sends one frame."""
        await self.socket.send_json({"op": op, "d": data})

    async def next(self) -> dict[str, Any]:
        """The next frame."""
        frame: dict[str, Any] = await self.socket.receive_json(timeout=LIMIT)
        assert frame.keys() == {"op", "d", "s", "t"}
        self.number = frame["s"] or self.number
        return frame

    async def until(self, event: str) -> list[dict[str, Any]]:
        """The frames up to and with the next dispatch of this event."""
        frames = [await self.next()]
        while frames[-1]["t"] != event:
            frames.append(await self.next())
        return frames

    async def identify(self, intents: int, token: str = "sandbox") -> dict[str, Any]:
        """Says who we are; the data of READY."""
        await self.send(2, {"token": token, "intents": intents, "properties": {}})
        ready: dict[str, Any] = (await self.until("READY"))[-1]["d"]
        return ready

    async def closed(self) -> int | None:
        """The close code, once the server has ended the connection; None where it was cut without a word."""
        async with asyncio.timeout(LIMIT):
            while (await self.socket.receive()).type not in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED):
                pass
        return self.socket.close_code


@contextlib.asynccontextmanager
async def wired(sandbox: Sandbox) -> AsyncIterator[Wire]:
    """A socket to the gateway that has read the server's hello."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{sandbox.gateway.address}?v=10&encoding=json") as socket,
    ):
        wire = Wire(socket)
        assert (await wire.next())["op"] == 10
        yield wire
