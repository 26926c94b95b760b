"""Several Ollama servers: a base model stays on one of them, a dead one is left out, none is asked too much at once."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeVar

from echo.engines.ollama.client import OllamaClient
from echo.engines.ollama.failures import BrokeOff, Busy, NotOllama, OllamaFailure, TooSlow, Unreachable
from echo.reports import NO_REPORTS, Reports
from states.breaker import (
    Breaker,
    BreakerEvent,
    BreakerState,
    RequestAnswered,
    RequestFailed,
    RequestWanted,
    TrialAbandoned,
    after,
)

T = TypeVar("T")


@dataclass(eq=False, slots=True)
class _Host:
    address: str
    slots: asyncio.Semaphore
    breaker: Breaker = field(default_factory=Breaker)
    failure: OllamaFailure | None = None
    """The last that counted against it."""
    looked_at: asyncio.Event | None = None
    """Set once it is known whether it is back; None while nobody looks."""


class Hosts:
    """The servers of the settings. For the tasks of one event loop.

    Whoever asks one through a client of these moves its breaker (`states.breaker`), and its state is told to `reports`
    as `ollama ADDRESS`: once when the server is left out, once when it is back.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        timeout: float,
        stall: float,
        parallel: int = 1,
        reports: Reports = NO_REPORTS,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`timeout` and `stall` as of OllamaClient, in seconds; `parallel` requests go to each server at the same time.

        `clock` gives seconds; `sleep` pauses between two tries.
        """
        self.addresses = tuple(addresses)
        self._timeout, self._reports, self._clock = timeout, reports, clock
        self._hosts = {address: _Host(address, asyncio.Semaphore(parallel)) for address in self.addresses}
        self._clients = {
            address: OllamaClient(address, timeout, stall, heard=functools.partial(self._heard, host), sleep=sleep)
            for address, host in self._hosts.items()
        }

    def at(self, address: str) -> OllamaClient:
        """The client of one of `addresses`, be it left out or not; it waits for no slot."""
        return self._clients[address]

    def every(self) -> list[OllamaClient]:
        """The clients of all servers that are not left out; they wait for no slot."""
        return [self._clients[host.address] for host in self._hosts.values() if self._may(host) is not None]

    def home(self, base: str) -> OllamaClient:
        """The client of the server that a base stays on, the next one where that is left out; it waits for no slot.

        Raises the failure of the base's own server where all are left out.
        """
        return self._clients[self._choice(base, ()).address]

    def order(self, base: str) -> list[str]:
        """The addresses in the order in which a base is asked of them: always the same, another for each base.

        (Highest random weight: D. Thaler, C. Ravishankar, 1998. One more server moves only the bases that it takes.)
        """

        def weight(address: str) -> bytes:
            return hashlib.blake2b(f"{address}\0{base}".encode(), digest_size=8).digest()

        return sorted(self.addresses, key=weight, reverse=True)

    @property
    def tries_again_in(self) -> float | None:
        """Seconds until a server that was left out because no Ollama answers is to be tried; None where none is."""
        now = self._clock()
        return min(
            (max(0.0, due - now) for host in self._hosts.values() if (due := _due(host)) is not None), default=None
        )

    async def try_left_out(self) -> None:
        """Ask each server whose time has come whether it is back: nobody else may ask it anything for long. Does not
        raise.

        One that took requests and never answered is not asked: that it has a version would tell nothing of its models.
        """
        tried: list[_Host] = []
        for host in self._hosts.values():
            breaker = self._may(host) if _due(host) is not None else None
            if breaker is not None:
                host.breaker, host.looked_at = breaker, asyncio.Event()
                tried.append(host)
        await asyncio.gather(*(self._try(host) for host in tried))

    async def _try(self, host: _Host) -> None:
        try:
            with self._trial(host), suppress(OllamaFailure):
                await self._clients[host.address].version()
        finally:
            if host.looked_at is not None:
                host.looked_at.set()
            host.looked_at = None

    @contextmanager
    def _trial(self, host: _Host) -> Iterator[None]:
        """While a server is asked; where it was tried, and given up before its answer was known, nothing was learnt."""
        tries = host.breaker.state is BreakerState.HALF_OPEN
        try:
            yield
        finally:
            if tries and host.breaker.state is BreakerState.HALF_OPEN:
                self._move(host, TrialAbandoned(self._clock()))

    @asynccontextmanager
    async def client(self, base: str) -> AsyncIterator[OllamaClient]:
        """The client of the server that a base stays on, once one of its slots is free; `waited` says how long that
        took. The next one where that server is left out.

        Raises Busy where no slot is free within the timeout; the failure of the base's own server where all are out.
        """
        async with self._lease(base, (), has_slot=True) as client:
            yield client

    @asynccontextmanager
    async def _lease(self, base: str, avoided: Collection[str], *, has_slot: bool) -> AsyncIterator[OllamaClient]:
        started = self._clock()
        host = await (self._seat if has_slot else self._entered)(base, avoided)
        with self._trial(host):
            try:
                yield self._clients[host.address].after(self._clock() - started)
            finally:
                if has_slot:
                    host.slots.release()

    async def ask(self, base: str, call: Callable[[OllamaClient], Awaitable[T]]) -> T:
        """What `call` returns with `client(base)`; made again at the next server where the first can't be reached, or
        broke the connection before it said anything."""
        return await self._asked(base, call, has_slot=True)

    async def reach(self, base: str, call: Callable[[OllamaClient], Awaitable[T]]) -> T:
        """The same without waiting for a slot, for what has no model speak."""
        return await self._asked(base, call, has_slot=False)

    async def _asked(self, base: str, call: Callable[[OllamaClient], Awaitable[T]], *, has_slot: bool) -> T:
        avoided: list[str] = []
        while True:
            asked = ""
            try:
                async with self._lease(base, avoided, has_slot=has_slot) as client:
                    asked = client.host
                    return await call(client)
            except (Unreachable, BrokeOff) as failure:
                avoided.append(asked)
                is_left = any(client.host not in avoided for client in self.every())
                if failure.said or not asked or not is_left:
                    raise

    async def _seat(self, base: str, avoided: Collection[str]) -> _Host:
        """Takes a slot of the first server that may be asked."""
        try:
            async with asyncio.timeout(self._timeout):
                while True:
                    host = await self._chosen(base, avoided)
                    await host.slots.acquire()
                    # While it was waited for, the server may have died.
                    breaker = self._may(host)
                    if breaker is not None:
                        host.breaker = breaker
                        return host
                    host.slots.release()
        except TimeoutError:
            raise Busy(
                f"Ollama is busy with Echo's own requests for more than {self._timeout:g} seconds: raise "
                "ollama_parallel as far as its OLLAMA_NUM_PARALLEL, or add another address to ollama_host."
            ) from None

    async def _entered(self, base: str, avoided: Collection[str]) -> _Host:
        """The first server that may be asked, without a slot of its own."""
        host = await self._chosen(base, avoided)
        host.breaker = self._may(host) or host.breaker
        return host

    async def _chosen(self, base: str, avoided: Collection[str]) -> _Host:
        """`_choice`; where all are left out and one is just being looked at, what that shows is waited for."""
        try:
            return self._choice(base, avoided)
        except OllamaFailure:
            looked_at = [host.looked_at for host in self._hosts.values() if host.looked_at is not None]
            if not looked_at:
                raise
            await asyncio.gather(*(known.wait() for known in looked_at))
        return self._choice(base, avoided)

    def _choice(self, base: str, avoided: Collection[str]) -> _Host:
        ordered = [self._hosts[address] for address in self.order(base)]
        for host in ordered:
            if host.address not in avoided and self._may(host) is not None:
                return host
        failure = ordered[0].failure
        assert failure is not None, "a server is left out only after it failed"
        raise type(failure)(str(failure))

    def _may(self, host: _Host) -> Breaker | None:
        return after(host.breaker, RequestWanted(self._clock()))

    def _heard(self, host: _Host, failure: OllamaFailure | None, has_model: bool) -> None:
        """A try has ended."""
        if failure is None or not failure.is_away:
            # What hung had its models hang: that they are listed tells nothing.
            if has_model or not (host.breaker.failures and isinstance(host.failure, TooSlow)):
                self._move(host, RequestAnswered())
            return
        host.failure = failure
        self._move(host, RequestFailed(self._clock()))

    def _move(self, host: _Host, event: BreakerEvent) -> None:
        before = host.breaker
        host.breaker = after(before, event) or before
        was_out, is_out = before.state is not BreakerState.CLOSED, host.breaker.state is not BreakerState.CLOSED
        if is_out and not was_out:
            reason = str(host.failure).removesuffix(".")
            self._reports.stands(f"ollama {host.address}", f"{reason}; Echo leaves it out until it answers again.")
        elif was_out and not is_out:
            self._reports.stands(f"ollama {host.address}", None)


def _due(host: _Host) -> float | None:
    """When one that was left out because no Ollama answers there is to be tried; None for all others."""
    return host.breaker.due if isinstance(host.failure, Unreachable | NotOllama) else None
