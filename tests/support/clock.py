"""A clock that only moves when a test moves it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class HandClock:
    """Stands at `start` (aware UTC) until moved; whoever watches is told of every jump."""

    def __init__(self, start: datetime = datetime(2026, 6, 15, 12, tzinfo=UTC)) -> None:
        self._now = start
        self._watchers: list[Callable[[], None]] = []

    def __call__(self) -> datetime:
        return self._now

    def watch(self, jumped: Callable[[], None]) -> None:
        self._watchers.append(jumped)

    def move(self, seconds: float) -> None:
        """Let this many seconds pass at once (backwards if negative)."""
        self._now += timedelta(seconds=seconds)
        for jumped in self._watchers:
            jumped()

    def timestamp(self) -> float:
        """Seconds since the epoch."""
        return self._now.timestamp()
