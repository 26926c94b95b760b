"""The clock: the only place of Echo's decisions that reads the present."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Gives the present, and says when it jumped."""

    def __call__(self) -> datetime:
        """The present as aware UTC."""

    def watch(self, jumped: Callable[[], None]) -> None:
        """Call `jumped` after the clock was set to another time than the one that passed."""


class SystemClock:
    """The machine's own clock, which is not known to jump."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)

    def watch(self, jumped: Callable[[], None]) -> None:
        """There is nothing to watch: an alarm that rings early looks at the clock and is set again."""
