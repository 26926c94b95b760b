"""Upkeep that comes round by the calendar: what runs when. The work itself is handed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

TABLE: Mapping[str, str] = {
    "retention": "17 3 * * *",
    "checkpoint": "47 * * * *",
    "reconcile": "29 4 * * *",
    "bases": "3-58/5 * * * *",
    "letters": "23 * * * *",
    "failures": "4-59/5 * * * *",
}
"""Name of the job -> crontab expression, UTC: odd minutes, so that Echo does not wake with everybody else."""


class Calendar(Protocol):
    """What can start work by the calendar (`schedules.timers.Timers`)."""

    def every(self, name: str, cron: str, work: Callable[[], None]) -> None:
        """Start `work` whenever `cron` says."""


def schedule(calendar: Calendar, works: Mapping[str, Callable[[], None]]) -> None:
    """Set every job of TABLE; `works` must have just these. Raises KeyError for one that is missing."""
    for name, cron in TABLE.items():
        calendar.every(name, cron, works[name])
