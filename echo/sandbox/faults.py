"""What can be made to go wrong in the sandbox, from Python or by `POST /sandbox/faults`."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from echo.errors import UsageError

SCOPES: Final = ("user", "shared", "global")
"""Whose rate limit a 429 speaks of: the bot's own, a resource's that many share, or that of the whole bot."""
COUNTED: Final = (
    "rate_limit",
    "errors",
    "reset",
    "silent",
    "held",
    "malformed",
    "repeat_pages",
    "indexing",
    "search_short",
)
_SWITCHES: Final = ("mute_heartbeats", "search_forbidden", "message_content")
_ACTS: Final = ("clear", "drop_sockets", "reconnect", "invalidate_sessions")
_SET: Final = (*COUNTED, *_SWITCHES, "rate_limit_scope", "retry_after", "status", "slow", "match")
KNOWN: Final = ", ".join(sorted((*_SET, *_ACTS)))


@dataclass(slots=True)
class Faults:
    """The faults that are set. They touch Discord's API, never the API for the sandbox's people.

    Those of `COUNTED` count down, each for so many requests more: `rate_limit` gives them a 429 of
    `rate_limit_scope` that asks to wait `retry_after` (seconds; None for a moment), `errors` gives `status` (an HTTP
    status, 400 to 599), `reset` breaks the connection in the middle of the answer's body, `silent` never answers
    (until `clear`), `held` lets them wait until then and does them all the same, `malformed` answers with a JSON text
    that is cut off, `repeat_pages` gives a page of history the page that was asked for before in
    that channel. Of searches, `indexing` answers 202, `search_short` fewer messages than there would be;
    `search_forbidden` refuses them all with 403. `message_content` False takes the intent of that
    name away. `slow` is in seconds, before each answer. `match` limits all that touch requests to paths that contain
    it. With `mute_heartbeats` the gateway acknowledges nothing: to the client, a zombie. `drop`, `reconnect` and
    `invalidate` are called by the fields of those names; the gateway sets them.
    """

    rate_limit: int = 0
    rate_limit_scope: str = "user"
    retry_after: float | None = None
    errors: int = 0
    status: int = 503
    reset: int = 0
    silent: int = 0
    held: int = 0
    malformed: int = 0
    repeat_pages: int = 0
    indexing: int = 0
    search_short: int = 0
    search_forbidden: bool = False
    message_content: bool = True
    slow: float = 0.0
    match: str = ""
    mute_heartbeats: bool = False
    drop: Callable[[], None] = field(default=lambda: None)
    reconnect: Callable[[], None] = field(default=lambda: None)
    invalidate: Callable[[], None] = field(default=lambda: None)
    _ended: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    _taken: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def clear(self) -> None:
        """Nothing goes wrong any more, and requests that were never answered are let go."""
        for name in COUNTED:
            setattr(self, name, 0)
        self.rate_limit_scope, self.retry_after, self.status = "user", None, 503
        self.slow, self.match = 0.0, ""
        self.mute_heartbeats, self.search_forbidden, self.message_content = False, False, True
        self._ended.set()
        self._taken.set()
        self._ended, self._taken = asyncio.Event(), asyncio.Event()

    def set(self, wanted: Mapping[str, Any]) -> None:
        """Sets the faults of a JSON object, all or none. Raises `UsageError` for an unknown name or a wrong value."""
        for name, value in wanted.items():
            _check(name, value)
        if wanted.get("clear"):
            self.clear()
        for name in _SET:
            if name in wanted:
                setattr(self, name, wanted[name])
        for name, act in (
            ("drop_sockets", self.drop),
            ("reconnect", self.reconnect),
            ("invalidate_sessions", self.invalidate),
        ):
            if wanted.get(name):
                act()

    def hit(self, path: str) -> bool:
        """Whether the faults touch this path."""
        return self.match in path

    def take(self, name: str, path: str) -> bool:
        """Whether the fault of this name (one of `COUNTED`) befalls a request for the path, counting it."""
        left: int = getattr(self, name)
        if not left or not self.hit(path):
            return False
        setattr(self, name, left - 1)
        self._taken.set()
        self._taken = asyncio.Event()
        return True

    async def used_up(self, name: str) -> None:
        """Ends when the fault of this name (one of `COUNTED`) has befallen all the requests that it was set for."""
        while getattr(self, name):
            await self._taken.wait()

    async def silence(self) -> None:
        """Ends when the faults are cleared."""
        await self._ended.wait()

    def shown(self) -> dict[str, Any]:
        """What is set, as JSON."""
        return {name: getattr(self, name) for name in _SET}


def _check(name: str, value: object) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if name in (*_ACTS, *_SWITCHES):
        right, wanted = isinstance(value, bool), "true or false"
    elif name in COUNTED:
        right, wanted = whole and int(str(value)) >= 0, "a whole number of requests, 0 or more"
    elif name == "status":
        right, wanted = whole and 400 <= int(str(value)) <= 599, "an HTTP status from 400 to 599"
    elif name == "slow":
        right, wanted = number and 0 <= float(str(value)) <= 60, "a number of seconds from 0 to 60"
    elif name == "retry_after":
        right, wanted = number and float(str(value)) >= 0, "a number of seconds, 0 or more"
    elif name == "rate_limit_scope":
        right, wanted = value in SCOPES, f"one of: {', '.join(SCOPES)}"
    elif name == "match":
        right, wanted = isinstance(value, str), "a part of a path"
    else:
        raise UsageError(f"There is no fault called {name!r}: the faults are {KNOWN}.")
    if not right:
        raise UsageError(f"The fault {name!r} must be {wanted}.")
