"""One Ollama server and one model on it, through the `ollama` package. All its failures become EngineUnavailable here.

The facts about Ollama (0.33) that shape this: a model that isn't there is answered with 404 by `/api/show`, while other
calls may fetch it from the network; the queue of loads that is full gives 503; a stream may end without `done: true`;
another `num_ctx` reloads the model for everybody.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlsplit

import httpx
import ollama

from echo.errors import EngineUnavailable

CONNECT_WITHIN: Final = 5.0
"""Seconds to wait for a connection: a server that runs takes one at once."""
MOST_CHARACTERS: Final = 20_000
"""Of one answer: far more than `num_predict` allows, so what sends more is no Ollama that keeps to its word."""
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")


class _BrokeOff(Exception):
    """An answer that never said that it was whole."""


@dataclass(frozen=True, slots=True)
class Model:
    """What `/api/show` says of a model: its longest context in tokens (None where unknown), what it can do."""

    context: int | None
    chats: bool
    thinks: bool


@dataclass(frozen=True, slots=True)
class Completion:
    """A whole answer. `cut` is True where it ended because `num_predict` tokens were used up."""

    content: str
    cut: bool


class OllamaServer:
    """Asks one model of one server. A client is made for each call, so it may be used from any event loop."""

    def __init__(self, host: str, model: str, num_ctx: int, timeout: float) -> None:
        """`host` is an address such as http://127.0.0.1:11434; `num_ctx` in tokens; a call takes `timeout` seconds."""
        self.host, self.name, self.num_ctx = host, model, num_ctx
        self._timeout = timeout
        self._tls: ssl.SSLContext | None = None
        self._model: Model | None = None

    async def model(self) -> Model:
        """The model, looked up once and again after a failure. Never has the server fetch anything.

        Raises EngineUnavailable where the server is away, or has no such model, or it can't chat.
        """
        if self._model is None:
            async with self._asking() as client:
                found = _model(await client.show(self.name))
            if not found.chats:
                raise EngineUnavailable(
                    f"The model “{self.name}” can't chat: set ollama_model to one that can, such as llama3.2:3b."
                )
            self._model = found
        return self._model

    async def chat(self, messages: Sequence[Mapping[str, str]], options: Mapping[str, Any]) -> Completion:
        """One answer to a list of messages (role, content). `num_ctx` is added to the options, the same every time.

        Raises EngineUnavailable, also for an answer that ends without `done: true`.
        """
        # A model that thinks does so unless told not to; the others may refuse to hear of it.
        think = False if (await self.model()).thinks else None
        content, last = "", None
        async with self._asking() as client:
            stream = await client.chat(
                self.name, messages, think=think, stream=True, options={**options, "num_ctx": self.num_ctx}
            )
            # It is a generator, though its type doesn't say so; closed at once, it has the server stop as well.
            async with aclosing(cast("AsyncGenerator[ollama.ChatResponse, None]", stream)) as parts:
                async for last in parts:
                    content += last.message.content or ""
                    if len(content) > MOST_CHARACTERS:
                        raise _BrokeOff
            if last is None or not last.done:
                raise _BrokeOff
        return Completion(content, cut=last.done_reason == "length")

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[ollama.AsyncClient]:
        """A client within the time limit; whatever goes wrong with it is told in one sentence, without any text."""
        try:
            async with asyncio.timeout(self._timeout), self._client() as client:
                yield client
        except (
            *(_BrokeOff, ollama.ResponseError, ConnectionError, TimeoutError, httpx.HTTPError, httpx.InvalidURL),
            # JSON that is none, or that is no object of Ollama's (pydantic's ValidationError is a ValueError too).
            *(ValueError, TypeError, AttributeError),
        ) as problem:
            self._model = None
            # Not chained: what the package complains about may quote what was said.
            raise EngineUnavailable(self._sentence(problem)) from None

    def _client(self) -> ollama.AsyncClient:
        limits = httpx.Timeout(self._timeout, connect=min(self._timeout, CONNECT_WITHIN))
        # What people said goes to this host alone: not on to where it redirects, and not through a proxy when local.
        local = urlsplit(self.host).hostname in _LOCAL
        return ollama.AsyncClient(
            self.host, timeout=limits, follow_redirects=False, trust_env=not local, verify=self._trusted()
        )

    def _trusted(self) -> ssl.SSLContext:
        """Loading the certificates takes 20 ms or more, so it is done once, and not at all where nothing needs them."""
        if self._tls is None:
            plain = self.host.startswith("http:")
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else httpx.create_ssl_context()
        return self._tls

    def _sentence(self, problem: Exception) -> str:
        """What happened, and what to do."""
        here = f"Ollama at {self.host}"
        if isinstance(problem, ollama.ResponseError):
            return self._refusal(problem.status_code, str(problem.error).lower())
        if isinstance(problem, ConnectionError | httpx.ConnectError | httpx.ConnectTimeout):
            return f"{here} does not answer: start it with `ollama serve`, or set ollama_host to where it runs."
        if isinstance(problem, TimeoutError | httpx.TimeoutException):
            return (
                f"{here} took longer than {self._timeout:g} seconds: raise ollama_timeout, or set ollama_model to a "
                "smaller model."
            )
        if isinstance(problem, _BrokeOff | httpx.HTTPError):
            return f"{here} broke off in the middle of an answer: look at its log if it happens again."
        return f"What answers at {self.host} is not Ollama: set ollama_host to the address of a running Ollama."

    def _refusal(self, status: int, error: str) -> str:
        here = f"Ollama at {self.host}"
        if status == httpx.codes.NOT_FOUND and "model" in error:
            return (
                f"{here} has no model “{self.name}”: run `ollama pull {self.name}`, or set ollama_model to one that "
                "`ollama list` shows."
            )
        if status == httpx.codes.SERVICE_UNAVAILABLE:
            return f"{here} is busy with other requests: try again in a while."
        if "memory" in error:
            return f"{here} has too little memory for “{self.name}”: set ollama_model to a smaller model."
        if status < 0:
            return f"{here} failed in the middle of an answer: look at its log if it happens again."
        if status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.BAD_REQUEST:
            return f"{here} could not answer (status {status}): look at its log, then try again."
        return f"What answers at {self.host} is not an open Ollama (status {status}): set ollama_host to one that is."


def _model(shown: ollama.ShowResponse) -> Model:
    """Servers before 0.6.4 name no capabilities: then the model is taken to chat, and not to think."""
    can = shown.capabilities
    lengths = [v for k, v in (shown.modelinfo or {}).items() if k.endswith(".context_length") and isinstance(v, int)]
    return Model(
        context=min(lengths) if lengths else None,
        chats=can is None or "completion" in can,
        thinks=can is not None and "thinking" in can,
    )
