"""The loopback Ollama itself: it chats, embeds, loads and unloads, with the scheduler of the real one."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.support.ollama_chats import Chat, agreeable, ended, held_to, part, seconds_of, vector
from tests.support.ollama_models import Model, canonical
from tests.support.ollama_prompts import Seen, TooLong, fitted, in_force, rendered, tokens_of, whole
from tests.support.ollama_scheduler import KEPT_ALIVE, QueueFull, Runner, Scheduler
from tests.support.ollama_shelf import Shelf, body, named
from tests.support.ollama_troubles import Refused, Trouble


@dataclass
class LoopbackOllama(Shelf):
    """What it writes, and how much at once: `parallel` chats with a base, `most_bases` loaded at a time, `queue`
    requests waiting for one to load. `wild`: its models write on past stop sequences and `num_predict`. `last_words` is
    how Trouble.FAILS_LATE is told.

    `chats` are the bodies of chats as they were sent; `seen` is what the models saw of them.
    """

    writes: Callable[[Chat], str | Awaitable[str]] = agreeable
    parallel: int = 1
    most_bases: int = 3
    queue: int = 512
    wild: bool = False
    last_words: str = "an error was encountered while running the model: something broke"
    chats: list[Chat] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    scheduler: Scheduler = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.scheduler = Scheduler(self.most_bases, self.parallel, self.queue, self._loading)

    @property
    def loads(self) -> list[str]:
        """Digests of the bases in the order in which they were loaded, as often as they were."""
        return self.scheduler.loads

    @property
    def loaded(self) -> list[str]:
        """Digests of the bases that are loaded now."""
        return list(self.scheduler.runners)

    @property
    def prompted(self) -> int:
        """Tokens of all prompts."""
        return sum(one.tokens for one in self.seen)

    @property
    def evaluated(self) -> int:
        """Tokens of all prompts that the prefix caches did not hold already."""
        return sum(one.evaluated for one in self.seen)

    def routes(self) -> list[web.RouteDef]:
        """All that it answers."""
        return [
            *super().routes(),
            web.post("/api/chat", self._chat),
            web.post("/api/generate", self._generate),
            web.post("/api/embed", self._embed),
            web.get("/api/ps", self._ps),
        ]

    async def stop(self) -> None:
        """Refuse connections from now on; nothing stays loaded."""
        await super().stop()
        self.scheduler.unload_all()

    async def _loading(self) -> None:
        if self.trouble is Trouble.SLOW_START:
            self.trouble = None
            self.loads_may_go.clear()
        self._changed()
        await self._passing(self.loads_may_go)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        chat: Chat = await body(request)
        model = self._able(chat, "completion", "chat")
        self._spared(request)
        if self._takes(request, Trouble.CONTEXT):
            raise Refused(400, "request (5000 tokens) exceeds the available context size (4096 tokens)")
        if not chat.get("messages"):
            return await self._held(chat, model, {"message": {"role": "assistant", "content": ""}})
        self.chats.append(chat)
        return await self._streamed(request, self._answering(request, chat, model), stream=chat.get("stream", True))

    async def _answering(self, request: web.Request, chat: Chat, model: Model) -> AsyncGenerator[dict[str, Any], None]:
        began = time.perf_counter_ns()
        options = in_force(model, chat.get("options") or {}, self.release)
        async with self._runner_for(chat, model, options) as runner:
            loaded = time.perf_counter_ns()
            try:
                prompt = fitted(
                    whole(model, chat["messages"]),
                    min(options["num_ctx"], model.context or self.context),
                    truncate=chat.get("truncate", True),
                )
            except TooLong as problem:
                raise Refused(400, str(problem)) from None
            async with runner.slot(prompt.tokens) as slot:
                seen = Seen(
                    canonical(chat["model"]),
                    model.base,
                    prompt.messages,
                    rendered(prompt.messages),
                    len(prompt.tokens),
                    slot.cached(prompt.tokens),
                    prompt.dropped,
                    prompt.beheaded,
                    runner.model.template != model.template,
                    options,
                )
                self.seen.append(seen)
                self._changed()
                await self._passing(self.chats_may_go)
                asked = {**chat, "messages": [dict(one) for one in prompt.messages], "options": options}
                written = self.writes(asked)
                text = await written if inspect.isawaitable(written) else written
                text, cut = (text, False) if self.wild else held_to(text, options, len(prompt.tokens))
                slot.tokens = (*prompt.tokens, *tokens_of(text))
                async for one in self._said(request, chat, text):
                    yield one
                cut = cut or self._takes(request, Trouble.CUT)
                times = (began, loaded, time.perf_counter_ns())
                yield ended(chat, text if not chat.get("stream", True) else "", seen, len(tokens_of(text)), cut, times)

    async def _said(self, request: web.Request, chat: Chat, text: str) -> AsyncGenerator[dict[str, Any], None]:
        """The text in pieces, and what goes wrong after it."""
        for at in range(0, len(text), 5):
            yield part(chat, text[at : at + 5])
        if self._takes(request, Trouble.MISSHAPEN):
            yield part(chat, "") | {"message": text}
        if self._takes(request, Trouble.FAILS_LATE):
            raise Refused(500, self.last_words)
        if self._takes(request, Trouble.DRIBBLES):
            while not self._closing.is_set():
                yield part(chat, ".")
                await asyncio.sleep(0.02)
        if self._takes(request, Trouble.ENDLESS):
            while not self._closing.is_set():
                yield part(chat, "and on " * 100)

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        asked = await body(request)
        model = self._able(asked, "completion", "generate")
        self._spared(request)
        if asked.get("prompt"):
            raise Refused(400, "this server only loads and unloads by this path: chat by /api/chat")
        if self._takes(request, Trouble.HANGS):
            await self._passing(asyncio.Event())
        return await self._held(asked, model, {"response": ""})

    async def _held(self, asked: dict[str, Any], model: Model, said: dict[str, Any]) -> web.Response:
        """Load or unload, as a request without a prompt does."""
        part = {"model": asked["model"], "created_at": datetime.now(UTC).isoformat(), **said, "done": True}
        if seconds_of(asked.get("keep_alive")) == 0:
            self.scheduler.unload(model.base)
            return web.json_response(part | {"done_reason": "unload"})
        async with self._runner_for(asked, model, in_force(model, asked.get("options") or {}, self.release)):
            return web.json_response(part | {"done_reason": "load"})

    async def _embed(self, request: web.Request) -> web.Response:
        asked = await body(request)
        model = self.model(named(asked))
        if "embedding" not in model.capabilities and self.release >= (0, 30):
            raise Refused(501, "this server does not support embeddings. Start it with `--embeddings`")
        self._spared(request)
        given = asked.get("input") or []
        texts = [given] if isinstance(given, str) else given
        options = in_force(model, asked.get("options") or {}, self.release)
        counts = [len(tokens_of(text)) for text in texts]
        if not asked.get("truncate", True) and max(counts, default=0) > min(options["num_ctx"], self.context):
            raise Refused(400, "the input length exceeds the context length")
        async with self._runner_for(asked, model, options):
            return web.json_response(
                {
                    "model": asked["model"],
                    "embeddings": [vector(text) for text in texts],
                    "total_duration": 1_000_000,
                    "load_duration": 0,
                    "prompt_eval_count": sum(counts),
                }
            )

    async def _ps(self, request: web.Request) -> web.Response:
        return web.json_response({"models": [self._running(one) for one in self.scheduler.runners.values()]})

    @staticmethod
    def _running(runner: Runner) -> dict[str, Any]:
        listed = runner.model.listed(canonical(runner.name))
        del listed["modified_at"]
        return listed | {
            "size_vram": 0,
            "context_length": runner.options.get("num_ctx", 0),
            "expires_at": datetime.fromtimestamp(runner.expires or time.time() + KEPT_ALIVE, UTC).isoformat(),
        }

    def _able(self, asked: dict[str, Any], capability: str, does: str) -> Model:
        name = named(asked)
        model = self.model(name)
        if asked.get("think") is not None and "thinking" not in model.capabilities:
            raise Refused(400, f'"{name}" does not support thinking')
        if capability not in model.capabilities:
            raise Refused(400, f'"{name}" does not support {does}')
        return model

    def _spared(self, request: web.Request) -> None:
        """Raises Refused where a load goes wrong."""
        if self._takes(request, Trouble.BUSY):
            raise _busy()
        if self._takes(request, Trouble.MEMORY):
            raise Refused(500, "model requires more system memory (5.6 GiB) than is available (1.2 GiB)")

    @asynccontextmanager
    async def _runner_for(self, asked: dict[str, Any], model: Model, options: dict[str, Any]) -> AsyncIterator[Runner]:
        keep_alive = seconds_of(asked.get("keep_alive"))
        try:
            async with self.scheduler.runner(asked["model"], model, options, keep_alive) as runner:
                yield runner
        except QueueFull:
            raise _busy() from None


def _busy() -> Refused:
    return Refused(503, "server busy, please try again.  maximum pending requests exceeded")
