"""Speaking through webhooks, and taking back what was said.

nextcord repeats a request that got a 5xx, which would make a webhook speak twice: Discord may have taken the first one,
and webhooks know no nonces. So they are executed here, and a doubtful outcome is the caller's to look up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import nextcord
from nextcord.http import Route

from echo.discord.failures import OutOfReach, refusal
from echo.errors import EchoError, ServiceUnavailable

GONE: Final = frozenset({10015, 50027})
"""Discord's codes for a webhook that was deleted, and for one whose token is no longer right."""
UNKNOWN_MESSAGE: Final = 10008
TRIES: Final = 4
PATIENCE: Final = aiohttp.ClientTimeout(total=30.0)
LONGEST_WAIT: Final = 60.0
"""Seconds: a rate limit that asks for more is told to the caller instead of waited for."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook of Echo's. Who has its token may speak, so it hides itself.

    It speaks for `profile_id` alone (0: for whoever has none of their own), and `picture` says which picture it bears.
    """

    id: int
    token: str = field(repr=False)
    profile_id: int = 0
    picture: str = ""


class Executing:
    """Executes webhooks, each as fast as Discord lets it."""

    def __init__(self) -> None:
        self._ready_at: dict[int, float] = {}
        self._session: aiohttp.ClientSession | None = None

    async def execute(self, webhook: Webhook, message: Mapping[str, Any], thread_id: int | None) -> Mapping[str, Any]:
        """Say it, once, and give Discord's message.

        Raises OutOfReach or Rejected (nothing was said; `code` in GONE: the webhook is no more), or
        ServiceUnavailable: then it may have been said all the same.
        """
        loop = asyncio.get_running_loop()
        for _ in range(TRIES):
            await asyncio.sleep(max(0.0, self._ready_at.get(webhook.id, 0.0) - loop.time()))
            status, data, wait = await self._post(webhook, message, thread_id)
            if wait:
                self._ready_at[webhook.id] = loop.time() + wait
            if status < 300:
                return data
            code = data.get("code", 0)
            if code in GONE:
                raise OutOfReach("The webhook that the echo speaks through was deleted; it is made again.", code)
            if status != 429 or wait > LONGEST_WAIT:
                raise refusal(status, code, "speak through its webhook")
        raise _busy()

    async def delete(self, webhook: Webhook, message_id: int, thread_id: int | None) -> None:
        """Delete what it said. Raises OutOfReach (`code` UNKNOWN_MESSAGE: it said no such message), Rejected or
        ServiceUnavailable."""
        url = f"{Route.BASE}/webhooks/{webhook.id}/{webhook.token}/messages/{message_id}"
        where = {} if thread_id is None else {"thread_id": str(thread_id)}
        loop = asyncio.get_running_loop()
        for _ in range(TRIES):
            await asyncio.sleep(max(0.0, self._ready_at.get(webhook.id, 0.0) - loop.time()))
            status, data, wait = await self._ask("DELETE", url, where)
            if wait:
                self._ready_at[webhook.id] = loop.time() + wait
            if status < 300:
                return
            if status != 429 or wait > LONGEST_WAIT:
                raise refusal(status, data.get("code", 0), "delete what an echo said")
        raise _busy()

    async def close(self) -> None:
        """Let go of the connections."""
        if self._session is not None:
            await self._session.close()

    async def _post(
        self, webhook: Webhook, message: Mapping[str, Any], thread_id: int | None
    ) -> tuple[int, Mapping[str, Any], float]:
        where = {"wait": "true"} | ({} if thread_id is None else {"thread_id": str(thread_id)})
        return await self._ask("POST", f"{Route.BASE}/webhooks/{webhook.id}/{webhook.token}", where, message)

    async def _ask(
        self, method: str, url: str, where: Mapping[str, str], message: Mapping[str, Any] | None = None
    ) -> tuple[int, Mapping[str, Any], float]:
        """HTTP status, JSON, and for how many seconds Discord wants no further request of this webhook (0: none)."""
        if self._session is None:
            agent = f"DiscordBot (https://github.com/nextcord/nextcord, {nextcord.__version__})"
            self._session = aiohttp.ClientSession(headers={"User-Agent": agent}, timeout=PATIENCE)
        try:
            async with self._session.request(method, url, json=message, params=where) as response:
                told = response.status != 204 and (response.status != 429 or _is_json(response))
                data = await response.json(content_type=None) if told else {}
                return response.status, data if isinstance(data, dict) else {}, _wait(response, data)
        except (aiohttp.ClientError, OSError, ValueError):
            # Not chained: what aiohttp raises may hold the address, and so the token.
            raise _busy() from None


def _is_json(response: aiohttp.ClientResponse) -> bool:
    return response.content_type == "application/json"


def _wait(response: aiohttp.ClientResponse, data: Any) -> float:
    if response.status == 429:
        asked = data.get("retry_after") if isinstance(data, dict) else None
        return max(float(asked if asked is not None else response.headers.get("Retry-After", 1.0)), 0.001)
    if response.headers.get("X-RateLimit-Remaining") == "0":
        return float(response.headers.get("X-RateLimit-Reset-After", 0.0))
    return 0.0


def _busy() -> EchoError:
    return ServiceUnavailable("Discord could not be reached to say this; Echo will look whether it was heard.")
