"""Speaking through webhooks: one for each channel, made where it may be, its token held in memory alone.

nextcord repeats a request that got a 5xx, which would make a webhook speak twice: Discord may have taken the first one,
and webhooks know no nonces. So they are executed here, and a doubtful outcome is the caller's to look up.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import nextcord
from nextcord.http import Route

from echo.discord.failures import OutOfReach, Rejected, mapped, refusal, understood
from echo.errors import EchoError, ServiceUnavailable

NAME: Final = "Echo"
INCOMING: Final = 1
MOST: Final = 15
"""Webhooks that a channel may have."""
FULL: Final = 30007
"""Discord's code for a channel that has as many."""
GONE: Final = frozenset({10015, 50027})
"""Discord's codes for a webhook that was deleted, and for one whose token is no longer right."""
UNKNOWN_MESSAGE: Final = 10008
TRIES: Final = 4
PATIENCE: Final = aiohttp.ClientTimeout(total=30.0)
LONGEST_WAIT: Final = 60.0
"""Seconds: a rate limit that asks for more is told to the caller instead of waited for."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook of Echo's. Who has its token may speak, so it hides itself."""

    id: int
    token: str = field(repr=False)


class Webhooks:
    """The webhooks of Echo's application, one for each channel."""

    def __init__(self, client: nextcord.Client) -> None:
        self._client = client
        self._known: dict[int, Webhook] = {}
        self._ids: set[int] = set()
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._ready_at: dict[int, float] = {}
        self._session: aiohttp.ClientSession | None = None

    def is_own(self, raw: Mapping[str, Any]) -> bool:
        """Whether a message came through a webhook of Echo's."""
        if raw.get("webhook_id") is None:
            return False
        ours = str(raw.get("application_id")) == str(self._echo_id)
        return ours or int(raw["webhook_id"]) in self._ids

    async def find(self, channel_id: int) -> Webhook | None:
        """The channel's webhook, if there is one. Raises OutOfReach where Echo may not see webhooks."""
        async with self._locks[channel_id]:
            if channel_id not in self._known:
                await self._look(channel_id)
            return self._known.get(channel_id)

    async def obtain(self, channel_id: int) -> Webhook | None:
        """The channel's webhook, made where there is none; None while the channel can't take another one.

        Raises OutOfReach where Echo may not make webhooks, else ServiceUnavailable.
        """
        async with self._locks[channel_id]:
            if channel_id not in self._known and await self._look(channel_id) < MOST:
                await self._make(channel_id)
            return self._known.get(channel_id)

    def forget(self, channel_id: int) -> None:
        """The channel's webhook is no more: look again before the next use."""
        self._known.pop(channel_id, None)

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

    @property
    def _echo_id(self) -> int:
        return self._client.user.id if self._client.user else 0

    async def _look(self, channel_id: int) -> int:
        """Know the channel's webhook if there is one; how many the channel has in all."""
        with mapped("see a channel's webhooks"):
            listed: Any = await self._client.http.channel_webhooks(channel_id)
        with understood("The list of webhooks"):
            own = (raw for raw in listed if str(raw.get("application_id")) == str(self._echo_id))
            usable = next((raw for raw in own if raw["type"] == INCOMING and raw.get("token")), None)
            if usable is not None:
                self._keep(channel_id, usable)
            return len(listed)

    async def _make(self, channel_id: int) -> None:
        if channel_id in self._known:
            return
        try:
            with mapped("make a webhook"):
                made = await self._client.http.create_webhook(channel_id, name=NAME, reason="For the echoes")
        except Rejected as error:
            if error.code != FULL:
                raise
        else:
            with understood("The new webhook"):
                self._keep(channel_id, made)

    def _keep(self, channel_id: int, raw: Mapping[str, Any]) -> None:
        webhook = Webhook(int(raw["id"]), raw["token"])
        self._known[channel_id] = webhook
        self._ids.add(webhook.id)

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
