"""Alarms that follow the snapshots' deadlines: one APScheduler job for each machine and name of a deadline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from schedules.clock import Clock, SystemClock
from states.events import TimerFired
from states.model import MachineKey

WALL = SystemClock()
"""What APScheduler compares with, whatever clock Echo lives by."""

Ring = Callable[[MachineKey, TimerFired], None]


class Timers:
    """Makes the alarms of a machine exactly its deadlines, and posts a `TimerFired` when one is reached.

    Deadlines live on the snapshots, so no job is ever stored. APScheduler compares the machine's wall clock; ours may
    be another one (moved by hand) or be set back: hence every alarm asks our clock again before it rings.
    """

    def __init__(self, clock: Clock, ring: Ring) -> None:
        self._clock = clock
        self._ring = ring
        self._armed: dict[MachineKey, dict[str, datetime]] = {}
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        )
        clock.watch(self._set_all)

    def start(self) -> None:
        """Begin to ring; needs the running loop."""
        self._scheduler.start()
        self._set_all()

    def stop(self) -> None:
        """Ring no more."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    @property
    def pending(self) -> int:
        """How many alarms are set."""
        return sum(len(names) for names in self._armed.values())

    def reconcile(self, key: MachineKey, due: Mapping[str, datetime]) -> None:
        """Make the alarms of one machine exactly these; one that stands already is left alone."""
        armed = self._armed.setdefault(key, {})
        for name in [name for name in armed if name not in due]:
            del armed[name]
            self._unset(key, name)
        for name, at in due.items():
            if armed.get(name) != at:
                armed[name] = at
                self._set(key, name, at)
        if not armed:
            del self._armed[key]

    def every(self, name: str, cron: str, work: Callable[[], None]) -> None:
        """Call `work` (which must only post or start something) whenever the crontab expression `cron` (UTC) says."""
        self._scheduler.add_job(
            _calling(work), CronTrigger.from_crontab(cron, timezone=UTC), id=name, replace_existing=True
        )

    def _set_all(self) -> None:
        for key, names in self._armed.items():
            for name, at in names.items():
                self._set(key, name, at)

    def _set(self, key: MachineKey, name: str, at: datetime) -> None:
        if not self._scheduler.running:
            return
        # APScheduler's own present: what is left by our clock is counted from it.
        run_date = WALL() + max(timedelta(0), at - self._clock())
        self._scheduler.add_job(
            self._alarm, "date", run_date=run_date, args=(key, name, at), id=f"{key}/{name}", replace_existing=True
        )

    def _unset(self, key: MachineKey, name: str) -> None:
        if self._scheduler.get_job(f"{key}/{name}") is not None:
            self._scheduler.remove_job(f"{key}/{name}")

    async def _alarm(self, key: MachineKey, name: str, at: datetime) -> None:
        armed = self._armed.get(key, {})
        if armed.get(name) != at:
            return
        if self._clock() < at:
            self._set(key, name, at)
            return
        del armed[name]
        self._ring(key, TimerFired(self._clock(), name, at))


def _calling(work: Callable[[], None]) -> Callable[[], object]:
    # APScheduler runs plain functions in a thread and coroutines on the loop; upkeep belongs on the loop.
    async def job() -> None:
        work()

    return job
