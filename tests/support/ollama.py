"""A loopback Ollama over real HTTP: it shows, lists and chats as the real one does (0.33), and can fail in its ways."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from aiohttp import web

Chat = dict[str, Any]
"""The body of a chat request."""

MODEL = "llama3.2:3b"


class Trouble(Enum):
    """What goes wrong with a chat."""

    BUSY = auto()
    MEMORY = auto()
    HANGS = auto()
    DRIBBLES = auto()
    MISSHAPEN = auto()
    BREAKS = auto()
    UNFINISHED = auto()
    FAILS_LATE = auto()
    CUT = auto()
    FOREIGN_PAGE = auto()
    FOREIGN_LIST = auto()
    REDIRECTS = auto()
    ENDLESS = auto()


def agreeable(chat: Chat) -> str:
    """What a small chat model might say, another thing for each seed."""
    return f"sounds good to me {'abcdefghijklmnopqrstuvwxyz'[chat['options']['seed'] % 26]}"


@dataclass
class LoopbackOllama:
    """Its models (name -> capabilities), what it writes, what goes wrong, and what it was sent."""

    models: dict[str, list[str]] = field(default_factory=lambda: {MODEL: ["completion", "tools"]})
    writes: Callable[[Chat], str] = agreeable
    trouble: Trouble | None = None
    context: int = 131_072
    address: str = ""
    paths: list[str] = field(default_factory=list)
    chats: list[Chat] = field(default_factory=list)
    _runner: web.AppRunner | None = None
    _closing: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        """Listen: on any free port at first, then on the same one again."""
        application = web.Application(middlewares=[self._noted])
        application.add_routes(
            [
                web.get("/api/version", self._version),
                web.get("/api/tags", self._tags),
                web.post("/api/show", self._show),
                web.post("/api/chat", self._chat),
            ]
        )
        self._closing.clear()
        self._runner = web.AppRunner(application, handler_cancellation=True)
        await self._runner.setup()
        port = int(self.address.rpartition(":")[2]) if self.address else 0
        await web.TCPSite(self._runner, "127.0.0.1", port, reuse_address=True).start()
        self.address = "http://{}:{}".format(*self._runner.addresses[0][:2])

    async def stop(self) -> None:
        """Refuse connections from now on."""
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @web.middleware
    async def _noted(
        self, request: web.Request, handler: Callable[[web.Request], Any]
    ) -> web.StreamResponse:  # aiohttp's own type of a handler is not exported
        self.paths.append(request.path)
        if self.trouble is Trouble.FOREIGN_PAGE:
            return web.Response(text="<html>It works!</html>", content_type="text/html")
        if self.trouble is Trouble.FOREIGN_LIST:
            return web.json_response([])
        if self.trouble is Trouble.REDIRECTS:
            raise web.HTTPTemporaryRedirect(f"{self.address}/elsewhere{request.path}")
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _version(self, request: web.Request) -> web.Response:
        return web.json_response({"version": "0.33.0"})

    async def _tags(self, request: web.Request) -> web.Response:
        return web.json_response({"models": [{"name": name, "model": name} for name in self.models]})

    async def _show(self, request: web.Request) -> web.Response:
        name = (await request.json())["model"]
        if name not in self.models:
            return _error(404, f"model '{name}' not found")
        return web.json_response(
            {
                "modelfile": f"FROM {name}",
                "template": "{{ .Prompt }}",
                "details": {"format": "gguf", "family": "llama", "parameter_size": "3.2B"},
                "model_info": {"general.architecture": "llama", "llama.context_length": self.context},
                "capabilities": self.models[name],
            }
        )

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        chat: Chat = await request.json()
        refused = self._refusal(chat)
        if refused is not None:
            return refused
        self.chats.append(chat)
        if self.trouble is Trouble.HANGS:
            await self._closing.wait()
            return _error(500, "the server is stopping")
        text = self.writes(chat)
        if not chat.get("stream", True):
            return web.json_response(_part(chat, text, done=True))
        answer = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await answer.prepare(request)
        for at in range(0, len(text), 5):
            await self._send(answer, _part(chat, text[at : at + 5]))
        return await self._ended(request, answer, chat)

    async def _ended(self, request: web.Request, answer: web.StreamResponse, chat: Chat) -> web.StreamResponse:
        if self.trouble is Trouble.BREAKS:
            assert request.transport is not None
            request.transport.abort()
            return answer
        if self.trouble is Trouble.MISSHAPEN:
            await self._send(answer, _part(chat, "") | {"message": self.writes(chat)})
        while self.trouble is Trouble.DRIBBLES and not self._closing.is_set():
            await self._send(answer, _part(chat, "."))
            await asyncio.sleep(0.02)
        while self.trouble is Trouble.ENDLESS and not self._closing.is_set():
            await self._send(answer, _part(chat, "and on " * 100))
        if self.trouble is Trouble.FAILS_LATE:
            await self._send(answer, {"error": "an error was encountered while running the model: something broke"})
        elif self.trouble is not Trouble.UNFINISHED:
            await self._send(answer, _part(chat, "", done=True, cut=self.trouble is Trouble.CUT))
        return answer

    def _refusal(self, chat: Chat) -> web.Response | None:
        name = chat["model"]
        if name not in self.models:
            return _error(404, f"model '{name}' not found")
        if chat.get("think") is not None and "thinking" not in self.models[name]:
            return _error(400, f'"{name}" does not support thinking')
        if "completion" not in self.models[name]:
            return _error(400, f'"{name}" does not support chat')
        if self.trouble is Trouble.BUSY:
            return _error(503, "server busy, please try again.  maximum pending requests exceeded")
        if self.trouble is Trouble.MEMORY:
            return _error(500, "model requires more system memory (5.6 GiB) than is available (1.2 GiB)")
        return None

    @staticmethod
    async def _send(answer: web.StreamResponse, part: dict[str, Any]) -> None:
        await answer.write(json.dumps(part).encode() + b"\n")


def _part(chat: Chat, text: str, *, done: bool = False, cut: bool = False) -> dict[str, Any]:
    part = {
        "model": chat["model"],
        "created_at": "2026-06-01T12:00:00.000000Z",
        "message": {"role": "assistant", "content": text},
        "done": done,
    }
    if done:
        part |= {"done_reason": "length" if cut else "stop", "prompt_eval_count": 100, "eval_count": 10}
    return part


def _error(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)


@asynccontextmanager
async def ollama_at_loopback(**options: Any) -> AsyncIterator[LoopbackOllama]:
    """A running one, with the attributes given."""
    server = LoopbackOllama(**options)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
