"""How one Ollama server is reached: nothing waits for ever, what may pass is tried again, each failure is told once."""

from __future__ import annotations

import asyncio
import os
import random
import ssl
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import httpx
import ollama

from echo.engines.ollama.failures import FOREIGN, Asked, OllamaFailure

T = TypeVar("T")

CONNECT_WITHIN: Final = 5.0
"""Seconds to wait for a connection: a server that runs takes one at once."""
PAUSES: Final = (0.25, 0.75)
"""Seconds before the second and the third try, each less up to half of it at random."""
LOCAL: Final = ("localhost", "127.0.0.1", "::1")
"""Hosts that are this computer."""

Heard = Callable[[OllamaFailure | None, bool], None]
"""Is told of every try: how it failed, or None where the server answered; and whether it took a model to answer."""


def unheard(failure: OllamaFailure | None, has_model: bool) -> None:
    """Where nobody listens."""


class Patience:
    """How long one request is waited for: `timeout` seconds until something comes, then between its parts.

    Leaves by TimeoutError. Used once, as an async context manager.
    """

    def __init__(self, timeout: float, stall: float) -> None:
        self.timeout, self.stall = timeout, stall
        self.said = False
        """Whether any of the answer has come."""
        self.is_elsewhere = False
        """Whether it is the caller's own code that runs, whose failures are not Ollama's."""
        self._end: float | None = None
        self._limit = asyncio.timeout(timeout)

    async def __aenter__(self) -> Patience:
        await self._limit.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._limit.__aexit__(kind, problem, trace)

    @property
    def is_over(self) -> bool:
        """Whether it was the end of the whole that came too late, not a further part."""
        return self._end is not None and self._now() >= self._end

    def hear(self, within: float | None = None, whole: float | None = None) -> None:
        """Something came: the next part has `within` seconds (the stall limit where None) from now.

        `whole`: the seconds that all parts after the first may take together.
        """
        now = self._now()
        if whole is not None and not self.said:
            self._end = now + whole
        self.said = True
        self.wait(self.stall if within is None else within)

    def wait(self, within: float) -> None:
        """Give what comes next so many seconds from now, though nothing came."""
        due = self._now() + within
        self._limit.reschedule(due if self._end is None else min(due, self._end))

    def tell(self, listener: Callable[..., None], *facts: object) -> None:
        """Call the caller's own code; what it raises is no failure of Ollama's."""
        self.is_elsewhere = True
        listener(*facts)
        self.is_elsewhere = False

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


class Connection:
    """One server. A client is made for each request, so it may be used from any event loop."""

    def __init__(
        self,
        host: str,
        timeout: float,
        stall: float,
        connect: float = CONNECT_WITHIN,
        heard: Heard = unheard,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`timeout`, `stall` and `connect` in seconds; `sleep` is what pauses between two tries."""
        self.host, self.timeout, self.stall = host, timeout, stall
        self._connect, self._heard, self._sleep = min(timeout, connect), heard, sleep
        self._tls: ssl.SSLContext | None = None

    def asked(self, model: str = "") -> Asked:
        """What a sentence tells of a request."""
        return Asked(self.host, model, self.timeout, self.stall)

    async def ask(self, model: str, call: Callable[[Patience], Awaitable[T]], *, has_model: bool = False) -> T:
        """What `call` returns. It is made again where it failed before anything was said, in a way that may pass.

        `has_model`: it takes the model, loaded, to answer. Raises OllamaFailure.
        """
        for pause in (*PAUSES, None):
            patience = Patience(self.timeout, self.stall)
            try:
                async with patience:
                    found = await call(patience)
            except OllamaFailure as known:
                failure, is_slow = known, False
            except FOREIGN as problem:
                if patience.is_elsewhere:
                    raise
                is_slow = isinstance(problem, TimeoutError | httpx.TimeoutException)
                failure = self.asked(model).told(problem, said=patience.said)
                if is_slow and patience.is_over:
                    failure = self.asked(model).slow()
            else:
                self._heard(None, has_model)
                return found
            failure.said = patience.said
            self._heard(failure, has_model)
            if pause is None or patience.said or is_slow or not failure.may_pass:
                # Not chained: what the package complains about may quote what was said.
                raise failure from None
            # Many echoes that were turned away together do not come back together.
            await self._sleep(pause * random.uniform(0.5, 1.0))
        raise AssertionError("the last try returns or raises")

    def package(self) -> ollama.AsyncClient:
        """A client of the `ollama` package within the limits."""
        return ollama.AsyncClient(self.host, **self._manner())

    def plain(self) -> httpx.AsyncClient:
        """A client for what the package has no call for."""
        key = os.environ.get("OLLAMA_API_KEY")
        # The package sends it as well.
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.AsyncClient(base_url=self.host, headers=headers, **self._manner())

    def _manner(self) -> dict[str, Any]:
        limits = httpx.Timeout(max(self.timeout, self.stall), connect=self._connect)
        # What people said goes to this host alone: not on to where it redirects, and not through a proxy when local.
        local = urlsplit(self.host).hostname in LOCAL
        return {"timeout": limits, "follow_redirects": False, "trust_env": not local, "verify": self._trusted()}

    def _trusted(self) -> ssl.SSLContext:
        """Loading the certificates takes 20 ms or more, so it is done once, and not at all where nothing needs them."""
        if self._tls is None:
            plain = self.host.startswith("http:")
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else httpx.create_ssl_context()
        return self._tls
