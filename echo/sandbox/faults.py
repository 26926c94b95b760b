"""What can be made to go wrong in the sandbox, from Python or by `POST /sandbox/faults`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from echo.errors import UsageError

KNOWN = "clear, drop_sockets, errors, invalidate_sessions, match, mute_heartbeats, rate_limit, reconnect, slow, status"


@dataclass(slots=True)
class Faults:
    """The faults that are set. They touch Discord's API, never the API for the sandbox's people.

    `rate_limit` and `errors` count down: so many requests more get a 429, or `status` (an HTTP status, 500 to 599).
    `slow` is in seconds, before each answer. `match` limits all of them to paths that contain it. With
    `mute_heartbeats` the gateway acknowledges nothing: to the client, a zombie. `drop`, `reconnect` and `invalidate`
    are called by the fields of those names; the gateway sets them.
    """

    rate_limit: int = 0
    errors: int = 0
    status: int = 503
    slow: float = 0.0
    match: str = ""
    mute_heartbeats: bool = False
    drop: Callable[[], None] = field(default=lambda: None)
    reconnect: Callable[[], None] = field(default=lambda: None)
    invalidate: Callable[[], None] = field(default=lambda: None)

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self.rate_limit = self.errors = 0
        self.status, self.slow, self.match, self.mute_heartbeats = 503, 0.0, "", False

    def set(self, wanted: Mapping[str, Any]) -> None:
        """Sets the faults of a JSON object, all or none. Raises `UsageError` for an unknown name or a wrong value."""
        for name, value in wanted.items():
            _check(name, value)
        if wanted.get("clear"):
            self.clear()
        for name in ("rate_limit", "errors", "status", "slow", "match", "mute_heartbeats"):
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

    def take_rate_limit(self, path: str) -> bool:
        """Whether this request gets a 429, counting it."""
        if not self.rate_limit or not self.hit(path):
            return False
        self.rate_limit -= 1
        return True

    def take_error(self, path: str) -> bool:
        """Whether this request gets `status`, counting it."""
        if not self.errors or not self.hit(path):
            return False
        self.errors -= 1
        return True

    def shown(self) -> dict[str, Any]:
        """What is set, as JSON."""
        return {
            "rate_limit": self.rate_limit,
            "errors": self.errors,
            "status": self.status,
            "slow": self.slow,
            "match": self.match,
            "mute_heartbeats": self.mute_heartbeats,
        }


def _check(name: str, value: object) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if name in ("clear", "drop_sockets", "reconnect", "invalidate_sessions", "mute_heartbeats"):
        right, wanted = isinstance(value, bool), "true or false"
    elif name in ("rate_limit", "errors"):
        right, wanted = whole and int(str(value)) >= 0, "a whole number of requests, 0 or more"
    elif name == "status":
        right, wanted = whole and 500 <= int(str(value)) <= 599, "an HTTP status from 500 to 599"
    elif name == "slow":
        number = isinstance(value, int | float) and not isinstance(value, bool)
        right, wanted = number and 0 <= float(str(value)) <= 60, "a number of seconds from 0 to 60"
    elif name == "match":
        right, wanted = isinstance(value, str), "a part of a path"
    else:
        raise UsageError(f"There is no fault called {name!r}: the faults are {KNOWN}.")
    if not right:
        raise UsageError(f"The fault {name!r} must be {wanted}.")
