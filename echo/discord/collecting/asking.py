"""The requests of one collecting: each in its turn, given up when nothing comes, tried again where that may help."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Final, TypeVar

import nextcord

from echo.discord.collecting.budget import Account
from echo.discord.failures import mapped, understood
from echo.errors import NoPermission, ServiceUnavailable

TRIES: Final = 4
"""So often a request is made that Discord is too busy for."""
FIRST_PAUSE: Final = 1.0
"""Seconds before the second try; each further one waits twice as long."""

T = TypeVar("T")


class ConnectionLost(ServiceUnavailable):
    """Nothing comes from Discord any more, for whatever is asked."""


class Troubled(ServiceUnavailable):
    """One thing that was asked for could not be had, though it was tried again."""


class Asking:
    """Makes requests with a client that is logged in.

    A request that brings nothing for `stall` seconds is given up. If others were answered meanwhile, it alone is in
    trouble (Troubled); if not, everything is (ConnectionLost). `pause` waits between tries (seconds).
    """

    def __init__(
        self,
        client: nextcord.Client,
        account: Account,
        stall: float,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._account = account
        self._stall = stall
        self._pause = pause
        self._last = asyncio.get_running_loop().time()
        self.made = 0

    async def turn(self) -> None:
        """Return when it is the turn of one request that somebody else makes, within `ask` with `has_turns`."""
        await self._account.take()
        self.made += 1

    async def ask(
        self,
        doing: str,
        request: Callable[[], Awaitable[T]],
        *,
        was_troubled: bool = False,
        has_turns: bool = False,
    ) -> T:
        """The answer. `doing` ends the sentence "Discord does not let Echo ...".

        `was_troubled`: the same was in trouble at an earlier collecting, so that it is not the connection now.
        `has_turns`: the request waits for its turns itself. Raises Troubled or ConnectionLost, OutOfReach where it is
        gone or forbidden, NoPermission where Echo is not known.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        for attempt in range(TRIES):
            try:
                return await self._once(doing, request, has_turns)
            except ConnectionLost:
                raise
            except ServiceUnavailable as error:
                failed = error
            if isinstance(failed, _Silent) or attempt == TRIES - 1:
                break
            await self._pause(FIRST_PAUSE * 2**attempt)
        # Others were answered in the later half of the time for which this was tried: it is not the connection.
        if was_troubled or self._last >= (began + loop.time()) / 2:
            raise Troubled(str(failed)) from failed
        raise ConnectionLost(str(failed)) from failed

    async def _once(self, doing: str, request: Callable[[], Awaitable[T]], has_turns: bool) -> T:
        if self._client.is_closed():
            raise ConnectionLost("The connection to Discord was closed while collecting; Echo will try again.")
        async with nullcontext() if has_turns else self._account.request():
            self.made += not has_turns
            try:
                async with asyncio.timeout(self._stall):
                    answer = await self._answer(doing, request)
            except TimeoutError as error:
                _drop_limits(self._client)
                raise _Silent(
                    f"Discord has answered nothing for {self._stall:.0f} s to let Echo {doing}; Echo will try again."
                ) from error
            except NoPermission:
                self._last = asyncio.get_running_loop().time()
                raise
            self._last = asyncio.get_running_loop().time()
            return answer

    async def _answer(self, doing: str, request: Callable[[], Awaitable[T]]) -> T:
        try:
            with understood("An answer"), mapped(doing):
                return await request()
        except asyncio.CancelledError:
            _let_go(self._client)
            raise


class _Silent(ServiceUnavailable):
    """A request was given up because nothing came."""


def _drop_limits(client: nextcord.Client) -> None:
    """Let nextcord 3 forget the limits that it waits out, for which nothing came: Discord may have named a day.

    Requests that come later ask Discord anew; nextcord 2 does so by itself.
    """
    for name in ("_buckets", "_url_rate_limits", "_global_rate_limits"):
        known = getattr(client.http, name, {})
        for key in [key for key, limit in known.items() if limit.locked]:
            del known[key]


def _let_go(client: nextcord.Client) -> None:
    """Undo what nextcord 2.6 leaves behind where a request is cancelled while it waits out a limit on the whole bot.

    It would hold back every later request for ever.
    """
    held = getattr(client.http, "_global_over", None)
    if held is not None and not held.is_set():
        held.set()
