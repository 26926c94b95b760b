"""Failures that repeat: the first is told at once, what follows is counted and told in one sentence later. Pure."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)

FIRST: Final = timedelta(hours=1)
"""For how long the first failure stands for those that follow; each time it is twice as long as before."""
LONGEST: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Failures:
    """How often it failed since somebody was told (0: this is the first time), and since when."""

    count: int
    since: datetime

    @property
    def sentence(self) -> str:
        """What is told beside the newest failure; empty for the first."""
        times = f"{self.count} more time{'' if self.count == 1 else 's'}"
        return f"It failed {times} since {self.since:%Y-%m-%d %H:%M} UTC." if self.count else ""


@dataclass(frozen=True, slots=True)
class _Window:
    """From when on it is told again, how long that was, and what is counted meanwhile from `since` on."""

    until: datetime
    span: timedelta
    count: int = 0
    since: datetime | None = None


class Throttle(Generic[K]):
    """Keeps by key what was told. In memory only: after a restart the first failure is told at once again."""

    def __init__(self, first: timedelta = FIRST, longest: timedelta = LONGEST) -> None:
        self._first = first
        self._longest = longest
        self._windows: dict[K, _Window] = {}

    def failed(self, key: K, now: datetime) -> Failures | None:
        """It failed. What is to be told of that now; None: it is counted. Whoever tells it calls `told`."""
        window = self._windows.get(key)
        if window is None:
            return Failures(0, now)
        counted = replace(window, count=window.count + 1, since=window.since or now)
        self._windows[key] = counted
        return None if now < window.until else Failures(counted.count, counted.since or now)

    def told(self, key: K, now: datetime) -> None:
        """It was told: what follows is counted, for longer each time."""
        window = self._windows.get(key)
        span = self._first if window is None else min(self._longest, 2 * window.span)
        self._windows[key] = _Window(now + span, span)

    def succeeded(self, key: K) -> None:
        """It works again: the next failure is the first one."""
        self._windows.pop(key, None)

    def overdue(self, now: datetime) -> dict[K, Failures]:
        """What was counted and is to be told though nothing failed since; windows without anything are let go of."""
        over = {key: window for key, window in self._windows.items() if now >= window.until}
        for key, window in over.items():
            if not window.count:
                del self._windows[key]
        return {key: Failures(one.count, one.since or now) for key, one in over.items() if one.count}
