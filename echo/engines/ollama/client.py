"""The one adapter over the `ollama` package: one server, each call within finite limits, each failure Echo's own.

The facts about Ollama (0.33) that shape this: a model that isn't there is answered with 404 by `/api/show`, while other
calls may fetch it from the network; the queue of loads that is full gives 503; a stream may end without `done: true` or
`success`; another `num_ctx` reloads the model for everybody.
"""

from __future__ import annotations

import asyncio
import copy
import math
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final, cast

import httpx
import ollama

from echo.engines.ollama import telling
from echo.engines.ollama.connection import CONNECT_WITHIN, Connection, Heard, Patience, unheard
from echo.engines.ollama.failures import Refused
from echo.engines.ollama.telling import Completion, Running, Shown, Tag

MOST_CHARACTERS: Final = 20_000
"""Of one answer: far more than `num_predict` allows, so what sends more is no Ollama that keeps to its word."""
CHUNK: Final = 1 << 20
"""Bytes of a file that are read and sent at once."""

Making = Callable[[str, int, int | None], None]
"""Is told how far a pull or create is: its status in Ollama's words, the bytes done, of how many (None: unknown)."""
Sending = Callable[[int, int], None]
"""Is told how far a blob is: the bytes sent, of how many."""


def _untold(status: str, done: int, total: int | None) -> None:
    """Where nobody looks."""


class OllamaClient:
    """Calls to one server. Each raises a subclass of OllamaFailure (echo.engines.ollama.failures), and nothing else."""

    def __init__(
        self,
        host: str,
        timeout: float,
        stall: float,
        connect: float = CONNECT_WITHIN,
        *,
        heard: Heard = unheard,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`host` is an address such as http://127.0.0.1:11434; `timeout` the seconds until the first word, `stall`
        those between words, `connect` those until there is a connection; `heard` is told how each try went."""
        self.host = host
        self.waited = 0.0
        """Seconds that went by before this client was to be had."""
        self._server = Connection(host, timeout, stall, connect, heard, sleep)

    def after(self, waited: float) -> OllamaClient:
        """The same, to be had only after so many seconds."""
        client = copy.copy(self)
        client.waited = waited
        return client

    # ------------------------------------------------------------ what is there

    async def version(self) -> str:
        """The server's version, such as "0.33.0"."""
        found = await self._json("GET", "/api/version")
        if not isinstance(found.get("version"), str):
            raise self._server.asked().foreign()
        return str(found["version"])

    async def tags(self) -> list[Tag]:
        """All models that the server has."""

        async def call(patience: Patience) -> list[Tag]:
            async with self._server.package() as client:
                return [telling.tag_of(one) for one in (await client.list()).models]

        return await self._server.ask("", call)

    async def running(self) -> list[Running]:
        """The models that are loaded, by `/api/ps`."""

        async def call(patience: Patience) -> list[Running]:
            async with self._server.package() as client:
                return [telling.running_of(one) for one in (await client.ps()).models]

        return await self._server.ask("", call)

    async def show(self, name: str) -> Shown:
        """What a model is. Never has the server fetch anything; raises ModelMissing where it isn't there."""

        async def call(patience: Patience) -> Shown:
            return telling.shown_of(await self._fetched("POST", "/api/show", {"model": name}))

        return await self._server.ask(name, call)

    # ------------------------------------------------------------ asking a model

    async def chat(
        self,
        model: str,
        messages: Sequence[Mapping[str, str]],
        options: Mapping[str, Any],
        think: bool | None = None,
    ) -> Completion:
        """One answer to a list of messages (role, content).

        `options` must name the `num_ctx` that the base is loaded with. `think` is for models that can; others refuse
        it. The words after the first may take no longer together than the first one may. Raises ContextExceeded also
        where the server left some of the messages out, which it does without a word.
        """

        async def call(patience: Patience) -> Completion:
            started, first, content, last = time.perf_counter(), None, "", None
            async with self._server.package() as client:
                stream = await client.chat(model, messages, think=think, stream=True, options=dict(options))
                async with aclosing(_generator(stream)) as parts:
                    async for last in parts:
                        patience.hear(whole=patience.timeout)
                        if last.message.content and first is None:
                            first = time.perf_counter() - started
                        content += last.message.content or ""
                        if len(content) > MOST_CHARACTERS:
                            raise self._server.asked(model).broke_off()
            if last is None or not last.done:
                raise self._server.asked(model).broke_off()
            return telling.completion_of(content, last, self.waited, first, time.perf_counter() - started)

        made = await self._server.ask(model, call, has_model=True)
        # A token never spans two words, so fewer tokens than words were not all that was sent.
        words = sum(len(message["content"].split()) for message in messages)
        full = options.get("num_ctx", math.inf)
        if made.prompt_tokens and (made.prompt_tokens < words or made.prompt_tokens >= full):
            raise self._server.asked(model).overflowed()
        return made

    async def embed(self, model: str, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text. Raises NotSupported where the model can't: chat models can't any more."""

        async def call(patience: Patience) -> list[list[float]]:
            async with self._server.package() as client:
                found = (await client.embed(model, list(texts))).embeddings
            if len(found) != len(texts):
                raise ValueError
            return [list(vector) for vector in found]

        return await self._server.ask(model, call, has_model=True) if texts else []

    async def load(self, name: str, num_ctx: int, keep_alive: float | str) -> None:
        """Load a model, to stay for `keep_alive` (seconds, or as Ollama writes it: "10m"; below 0: for ever)."""
        await self._hold(name, {"num_ctx": num_ctx}, keep_alive)

    async def unload(self, name: str) -> None:
        """Have a model unloaded, and with it all that share its weights."""
        await self._hold(name, None, 0)

    async def _hold(self, name: str, options: dict[str, Any] | None, keep_alive: float | str) -> None:
        async def call(patience: Patience) -> None:
            async with self._server.package() as client:
                await client.generate(name, "", options=options, keep_alive=keep_alive)

        # Unloading has nothing computed.
        await self._server.ask(name, call, has_model=options is not None)

    # ------------------------------------------------------------ making and removing models

    async def pull(self, name: str, progress: Making = _untold) -> None:
        """Have the server fetch a model from its registry, or what is missing of it."""

        async def call(patience: Patience) -> None:
            async with self._server.package() as client:
                await self._made(name, await client.pull(name, stream=True), progress, patience)

        await self._server.ask(name, call)

    async def create(
        self,
        name: str,
        base: str | None = None,
        files: Mapping[str, str] | None = None,
        adapters: Mapping[str, str] | None = None,
        system: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        progress: Making = _untold,
    ) -> None:
        """Make a model `from` a base that is there, or of files (name -> digest of a blob); replaces one of that name.

        Raises ModelMissing where the base isn't there: the server would fetch it from the network.
        """
        if base is not None:
            await self.show(base)

        async def call(patience: Patience) -> None:
            async with self._server.package() as client:
                stream = await client.create(
                    name,
                    from_=base,
                    # The server refuses empty ones.
                    files=dict(files) if files else None,
                    adapters=dict(adapters) if adapters else None,
                    system=system,
                    parameters=dict(parameters) if parameters else None,
                    stream=True,
                )
                await self._made(name, stream, progress, patience)

        await self._server.ask(name, call)

    async def delete(self, name: str) -> bool:
        """Remove a model; whether it was there."""

        async def call(patience: Patience) -> bool:
            async with self._server.package() as client:
                try:
                    await client.delete(name)
                except ollama.ResponseError as problem:
                    if problem.status_code != httpx.codes.NOT_FOUND or "not found" not in str(problem.error):
                        raise
                    return False
                return True

        return await self._server.ask(name, call)

    async def has_blob(self, digest: str) -> bool:
        """Whether the server has a file of this digest ("sha256:" and 64 hex digits)."""

        async def call(patience: Patience) -> bool:
            async with self._server.plain() as client:
                answer = await client.head(f"/api/blobs/{digest}")
            if answer.status_code not in (httpx.codes.OK, httpx.codes.NOT_FOUND):
                raise ollama.ResponseError(answer.text, answer.status_code)
            return answer.status_code == httpx.codes.OK

        return await self._server.ask("", call)

    async def push_blob(self, path: Path, digest: str, progress: Sending = lambda done, total: None) -> None:
        """Give the server a file, which it compares with its digest. Raises Refused where the file can't be read."""
        try:
            total = await asyncio.to_thread(lambda: path.stat().st_size)
        except OSError as problem:
            raise self._unreadable(path) from problem

        async def parts(patience: Patience) -> AsyncIterator[bytes]:
            done = 0
            try:
                with await asyncio.to_thread(path.open, "rb") as file:
                    while chunk := await asyncio.to_thread(file.read, CHUNK):
                        yield chunk
                        done += len(chunk)
                        # Only the last part is followed by the server's own work.
                        patience.wait(patience.stall if done < total else patience.timeout)
                        patience.tell(progress, done, total)
            except OSError as problem:
                raise self._unreadable(path) from problem

        async def call(patience: Patience) -> None:
            async with self._server.plain() as client:
                sending = {"Content-Length": str(total), "Content-Type": "application/octet-stream"}
                answer = await client.post(f"/api/blobs/{digest}", content=parts(patience), headers=sending)
            if not answer.is_success:
                raise ollama.ResponseError(answer.text, answer.status_code)

        await self._server.ask("", call)

    # ------------------------------------------------------------ how

    async def _made(
        self, name: str, stream: AsyncIterator[ollama.ProgressResponse], progress: Making, patience: Patience
    ) -> None:
        """Follows a pull or create to its end; only `success` is one."""
        reached: dict[str, int] = {}
        status = ""
        async with aclosing(_generator(stream)) as lines:
            async for line in lines:
                status, done = line.status or "", line.completed or 0
                # A line that comes again and again is no progress. A step without figures may take as long as a load.
                if status not in reached or done > reached[status]:
                    reached[status] = done
                    patience.hear(patience.stall if line.total else patience.timeout)
                patience.tell(progress, status, done, line.total)
        if status != "success":
            raise self._server.asked(name).broke_off()

    async def _json(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        async def call(patience: Patience) -> dict[str, Any]:
            return await self._fetched(method, path, body)

        return await self._server.ask("", call)

    async def _fetched(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """For what the package has no call for, or drops some of. Raises ValueError where no object is answered."""
        async with self._server.plain() as client:
            answer = await client.request(method, path, json=body)
        if not answer.is_success:
            raise ollama.ResponseError(answer.text, answer.status_code)
        found = answer.json()
        if not isinstance(found, dict):
            raise TypeError
        return found

    @staticmethod
    def _unreadable(path: Path) -> Refused:
        return Refused(f"The file {path} can't be read: see that it exists and that Echo may read it.")


def _generator(stream: AsyncIterator[Any]) -> AsyncGenerator[Any, None]:
    """It is one, though its type doesn't say so; closed at once, it has the server stop as well."""
    return cast("AsyncGenerator[Any, None]", stream)
