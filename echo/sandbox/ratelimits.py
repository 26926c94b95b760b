"""Rate limits like Discord's: a bucket for each method, route and major parameter, and one for the whole bot.

The figures: 50 requests a second in all (Discord's documentation); the others are those that its answers usually
carry, which it asks clients to read from the headers and not to know.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Rate(NamedTuple):
    """So many requests in so many seconds."""

    requests: int
    seconds: float


GLOBAL = Rate(50, 1.0)
ORDINARY = Rate(50, 1.0)
RATES: Mapping[tuple[str, str], Rate] = {
    ("POST", "/channels/{channel_id}/messages"): Rate(5, 5.0),
    ("PATCH", "/channels/{channel_id}/messages/{message_id}"): Rate(5, 5.0),
    ("DELETE", "/channels/{channel_id}/messages/{message_id}"): Rate(5, 1.0),
    ("POST", "/channels/{channel_id}/typing"): Rate(5, 5.0),
    ("PUT", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me"): Rate(1, 0.25),
    ("POST", "/webhooks/{webhook_id}/{webhook_token}"): Rate(5, 2.0),
    ("GET", "/guilds/{guild_id}/members"): Rate(10, 10.0),
    ("GET", "/guilds/{guild_id}/members/search"): Rate(10, 10.0),
}
"""Per method and route (paths as in Discord's OpenAPI); routes that are not here have the ORDINARY rate."""
UNCOUNTED = ("/interactions/", "/gateway")
"""Beginnings of paths that count neither globally nor by bucket."""


@dataclass(slots=True)
class Standing:
    """How a bucket stands after a request. Times in seconds; `allowed` is False for one request too many.

    `scope` is whose limit it is: `user` (the bot's own bucket), `shared` (a resource's) or `global` (the whole bot's).
    """

    bucket: str
    limit: int
    remaining: int
    reset_after: float
    allowed: bool
    scope: str = "user"


@dataclass(slots=True)
class _Window:
    ends: float
    used: int = 0


class RateLimits:
    """Counts requests in fixed windows that start with their first request.

    `monotonic` measures the windows, in seconds. `rates` replaces the figures of single routes.
    """

    def __init__(
        self,
        monotonic: Callable[[], float],
        *,
        rates: Mapping[tuple[str, str], Rate] | None = None,
        everywhere: Rate = GLOBAL,
    ) -> None:
        self._monotonic = monotonic
        self._rates = {**RATES, **(rates or {})}
        self._everywhere = everywhere
        self._windows: dict[str, _Window] = {}

    def take(self, method: str, template: str, major: str) -> Standing | None:
        """Counts one request to the route `template`, whose major parameter (channel, guild, webhook) is `major`.

        None where nothing is counted.
        """
        if template.startswith(UNCOUNTED):
            return None
        of_webhook = template.startswith("/webhooks/{webhook_id}/{webhook_token}")
        whole = None if of_webhook else self._count("global", self._everywhere)
        if whole is not None and not whole.allowed:
            whole.scope = "global"
            return whole
        name = hashlib.blake2b(f"{method} {template} {major}".encode(), digest_size=8).hexdigest()
        return self._count(name, self._rates.get((method, template), ORDINARY))

    def _count(self, bucket: str, rate: Rate) -> Standing:
        now = self._monotonic()
        window = self._windows.get(bucket)
        if window is None or window.ends <= now:
            self._forget(now)
            window = self._windows[bucket] = _Window(now + rate.seconds)
        allowed = window.used < rate.requests
        window.used += allowed
        return Standing(bucket, rate.requests, rate.requests - window.used, window.ends - now, allowed)

    def _forget(self, now: float) -> None:
        if len(self._windows) > 1000:
            self._windows = {name: window for name, window in self._windows.items() if window.ends > now}


def headers(standing: Standing, now: float) -> dict[str, str]:
    """The headers of an answer; `now` in seconds since the epoch, UTC. Resets are in seconds."""
    found = {
        "X-RateLimit-Limit": str(standing.limit),
        "X-RateLimit-Remaining": str(standing.remaining),
        "X-RateLimit-Reset": f"{now + standing.reset_after:.3f}",
        "X-RateLimit-Reset-After": f"{standing.reset_after:.3f}",
        "X-RateLimit-Bucket": standing.bucket,
    }
    if standing.allowed:
        return found
    # Clients retry a 429 only if it came through Discord's proxy, which they know by Via.
    refused = {"Via": "1.1 sandbox", "Retry-After": f"{max(1, round(standing.reset_after + 0.5))}"}
    refused["X-RateLimit-Scope"] = standing.scope
    if standing.scope == "global":
        return {**refused, "X-RateLimit-Global": "true"}
    return {**found, **refused}


def refusal(standing: Standing) -> dict[str, object]:
    """The body of a 429."""
    return {
        "message": "You are being rate limited.",
        "retry_after": round(standing.reset_after, 3),
        "global": standing.scope == "global",
        "code": 0,
    }
