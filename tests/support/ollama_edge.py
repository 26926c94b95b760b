"""The loopback Ollama as a server: it listens, notes what is asked, streams lines, and breaks in the ways asked for."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from tests.support.ollama_troubles import TOO_NEW_VERSION, TOO_OLD_VERSION, Refused, Trouble

_SINCE: Final = {"/api/ps": (0, 1, 38), "/api/embed": (0, 3, 0)}
"""Endpoint -> the version that first had it."""
_LARGEST_BODY: Final = 64 * 1024 * 1024


@dataclass
class Edge:
    """What goes wrong, and what it was asked. `trouble_at` limits a trouble to one path, `trouble_times` to so many
    requests. `missing` are paths that this server does not have. Loads, chats and pulls wait for their events, which
    are set at first; `abandoned` counts requests that the other side gave up."""

    trouble: Trouble | None = None
    trouble_at: str = ""
    trouble_times: int | None = None
    version: str = "0.33.0"
    missing: set[str] = field(default_factory=set)
    address: str = ""
    paths: list[str] = field(default_factory=list)
    abandoned: int = 0
    loads_may_go: asyncio.Event = field(default_factory=asyncio.Event)
    chats_may_go: asyncio.Event = field(default_factory=asyncio.Event)
    pulls_may_go: asyncio.Event = field(default_factory=asyncio.Event)
    _runner: web.AppRunner | None = None
    _closing: asyncio.Event = field(default_factory=asyncio.Event)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        for gate in (self.loads_may_go, self.chats_may_go, self.pulls_may_go):
            gate.set()

    def routes(self) -> list[web.RouteDef]:
        """All that it answers."""
        return []

    async def start(self) -> None:
        """Listen: on any free port at first, then on the same one again."""
        application = web.Application(middlewares=[self._noted], client_max_size=_LARGEST_BODY)
        application.add_routes(self.routes())
        self._closing.clear()
        self._runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=2.0)
        await self._runner.setup()
        port = int(self.address.rpartition(":")[2]) if self.address else 0
        await web.TCPSite(self._runner, "127.0.0.1", port, reuse_address=True).start()
        self.address = "http://{}:{}".format(*self._runner.addresses[0][:2])

    async def stop(self) -> None:
        """Refuse connections from now on. What lies on the disk stays, what was loaded does not."""
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds that changes with what is asked of the server; looked at whenever it is."""
        while not holds():
            await self._news.wait()

    def fails(self, trouble: Trouble, times: int = 1, at: str = "") -> None:
        """Have the next so many requests, to one path or any, go wrong."""
        self.trouble, self.trouble_times, self.trouble_at = trouble, times, at

    @property
    def release(self) -> tuple[int, ...]:
        """The version as numbers, as its troubles have it."""
        version = {Trouble.TOO_OLD: TOO_OLD_VERSION, Trouble.TOO_NEW: TOO_NEW_VERSION}.get(
            self.trouble or Trouble.BUSY, self.version
        )
        return tuple(int(number) for number in re.findall(r"\d+", version)[:3])

    def _changed(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _passing(self, gate: asyncio.Event) -> None:
        """Wait until the gate is open. Raises Refused where the server ends first."""
        if not gate.is_set():
            waiting = [asyncio.ensure_future(event.wait()) for event in (gate, self._closing)]
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in waiting:
                    one.cancel()
        if self._closing.is_set():
            raise Refused(500, "the server is stopping")

    def _takes(self, request: web.Request, *troubles: Trouble) -> bool:
        """Whether one of these goes wrong with that request; it is then counted."""
        if self.trouble not in troubles or not request.path.startswith(self.trouble_at):
            return False
        if self.trouble_times is not None:
            self.trouble_times -= 1
            if self.trouble_times == 0:
                self.trouble, self.trouble_times = None, None
        return True

    @web.middleware
    async def _noted(
        self, request: web.Request, handler: Callable[[web.Request], Any]
    ) -> web.StreamResponse:  # aiohttp's own type of a handler is not exported
        self.paths.append(request.path)
        self._changed()
        try:
            return self._foreign(request) or await handler(request)
        except Refused as refused:
            return web.json_response({"error": refused.text}, status=refused.status)
        except asyncio.CancelledError:
            self.abandoned += 1
            raise
        finally:
            self._changed()

    def _foreign(self, request: web.Request) -> web.StreamResponse | None:
        """The answer of what is no Ollama, or none that has this; None where it is."""
        if self._takes(request, Trouble.LOSES):
            return lost(request)
        if self._takes(request, Trouble.FOREIGN_PAGE):
            return web.Response(text="<html>It works!</html>", content_type="text/html")
        if self._takes(request, Trouble.FOREIGN_LIST):
            return web.json_response([])
        if self._takes(request, Trouble.REDIRECTS):
            raise web.HTTPTemporaryRedirect(f"{self.address}/elsewhere{request.path}")
        if request.path in self.missing or self.release < _SINCE.get(request.path, (0,)):
            return web.Response(status=404, text="404 page not found")
        return None

    async def _streamed(
        self, request: web.Request, parts: AsyncGenerator[dict[str, Any], None], *, stream: bool = True
    ) -> web.StreamResponse:
        """One line for each part. An error before the first is an HTTP status, a later one the last line under 200;
        without a stream the last part alone is the answer."""
        if self._takes(request, Trouble.HANGS):
            await self._passing(asyncio.Event())
        async with aclosing(parts):
            if not stream:
                return web.json_response([one async for one in parts][-1])
            # Where it is refused nothing was sent yet.
            held = await anext(parts)
            answer = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
            await answer.prepare(request)
            try:
                async for one in parts:
                    await send(answer, held)
                    if self._takes(request, Trouble.STALLS):
                        await self._passing(asyncio.Event())
                    held = one
            except Refused as refused:
                await send(answer, held)
                await send(answer, {"error": refused.text})
                return answer
            if self._takes(request, Trouble.BREAKS):
                return lost(request, answer)
            if not self._takes(request, Trouble.UNFINISHED):
                await send(answer, held)
            return answer


async def send(answer: web.StreamResponse, part: Mapping[str, Any]) -> None:
    """One line of a stream."""
    await answer.write(json.dumps(part).encode() + b"\n")


def lost(request: web.Request, answer: web.StreamResponse | None = None) -> web.StreamResponse:
    """Break the connection, whatever was said before."""
    assert request.transport is not None
    request.transport.abort()
    return answer or web.Response()
