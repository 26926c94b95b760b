"""How much may be done in a while, by one user, in one channel and in one server: sliding windows. Pure.

In memory only: a restart forgives what was done before it, which is less than a window long.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

MANY: Final = 10_000
"""Windows after which those that are empty are let go of."""


class Scope(StrEnum):
    """For whom a limit is."""

    USER = "user"
    CHANNEL = "channel"
    SERVER = "server"


Who = Mapping[Scope, int]
"""Whom something counts for: ids, by scope; what is left out is not counted."""


@dataclass(frozen=True, slots=True)
class Over:
    """The limit that stands in the way: of `scope`, `most` in its span, and how long until it lets more through."""

    scope: Scope
    most: int
    wait: timedelta


class Sliding:
    """What was done in the last `span`; in every window at most `most` (by scope; a scope that is left out is free).

    What is refused counts for nothing, so that whoever floods takes nothing from others but what they were let.
    """

    def __init__(self, most: Mapping[Scope, int], span: timedelta) -> None:
        self._most = most
        self._span = span
        self._done: dict[tuple[Scope, int], deque[tuple[datetime, int]]] = {}

    def take(self, now: datetime, who: Who) -> Over | None:
        """Count one more, or say which limit it would pass."""
        over = self.over(now, who)
        if over is None:
            self.spend(now, who, 1)
        return over

    def spend(self, now: datetime, who: Who, amount: int) -> None:
        """Count what was done already, though it may pass a limit."""
        if len(self._done) >= MANY:
            self._let_go(now)
        for scope, key in who.items():
            if scope in self._most and amount:
                done = self._done.setdefault((scope, key), deque())
                while done and done[0][0] + self._span <= now:
                    done.popleft()
                done.append((now, amount))

    def over(self, now: datetime, who: Who) -> Over | None:
        """The limit that one more would pass, the one that holds longest; nothing is counted."""
        found = (self._over(now, scope, key) for scope, key in who.items() if scope in self._most)
        return max((one for one in found if one is not None), key=lambda one: one.wait, default=None)

    def _over(self, now: datetime, scope: Scope, key: int) -> Over | None:
        most = self._most[scope]
        done = self._lately(now, scope, key)
        left = sum(amount for _, amount in done) - most
        if left < 0:
            return None
        for at, amount in done:
            left -= amount
            if left < 0:
                return Over(scope, most, at + self._span - now)
        return Over(scope, most, self._span)

    def _lately(self, now: datetime, scope: Scope, key: int) -> list[tuple[datetime, int]]:
        return [one for one in self._done.get((scope, key), ()) if one[0] + self._span > now]

    def _let_go(self, now: datetime) -> None:
        self._done = {(scope, key): done for (scope, key), done in self._done.items() if self._lately(now, scope, key)}


def over_of(now: datetime, times: Iterable[datetime], most: int, span: timedelta, scope: Scope) -> Over | None:
    """The same for what is known to have been done at `times` (any order), as rows of a database tell."""
    lately = sorted(at for at in times if at + span > now)
    return Over(scope, most, lately[len(lately) - most] + span - now) if len(lately) >= most else None
