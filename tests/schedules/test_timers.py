"""Alarms ring when a deadline is reached by our clock, once, and follow every change of the deadlines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from schedules.timers import Timers
from states.events import TimerFired
from states.model import MachineKey, MachineKind
from tests.support.clock import HandClock

KEY = MachineKey(MachineKind.SESSION, 4)


class Bell:
    """A real alarm bench: a clock moved by hand and a list of what rang."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.rang: list[tuple[MachineKey, TimerFired]] = []
        self.heard = asyncio.Event()
        self.timers = Timers(self.clock, self.ring)

    def ring(self, key: MachineKey, event: TimerFired) -> None:
        self.rang.append((key, event))
        self.heard.set()

    async def rings(self) -> TimerFired:
        async with asyncio.timeout(60):
            await self.heard.wait()
        self.heard.clear()
        return self.rang[-1][1]


@pytest.fixture
async def bell() -> AsyncIterator[Bell]:
    bell = Bell()
    bell.timers.start()
    yield bell
    bell.timers.stop()


async def test_an_alarm_rings_when_the_clock_is_moved_past_it_and_not_before(bell: Bell) -> None:
    due = bell.clock() + timedelta(seconds=600)
    bell.timers.reconcile(KEY, {"speak": due})
    bell.clock.move(599)
    bell.timers.reconcile(MachineKey(MachineKind.SESSION, 5), {"cool": bell.clock()})
    assert (await bell.rings()).name == "cool"
    assert len(bell.rang) == 1
    bell.clock.move(1)
    fired = await bell.rings()
    assert (fired.name, fired.due, fired.at) == ("speak", due, due)
    assert bell.timers.pending == 0


async def test_a_deadline_that_moved_rings_only_at_its_new_time(bell: Bell) -> None:
    first = bell.clock() + timedelta(seconds=10)
    later = first + timedelta(seconds=10)
    bell.timers.reconcile(KEY, {"speak": first})
    bell.timers.reconcile(KEY, {"speak": later})
    bell.clock.move(10)
    bell.timers.reconcile(MachineKey(MachineKind.SESSION, 5), {"cool": bell.clock()})
    assert (await bell.rings()).name == "cool"
    bell.clock.move(10)
    assert (await bell.rings()).due == later


async def test_a_deadline_taken_off_never_rings(bell: Bell) -> None:
    bell.timers.reconcile(KEY, {"speak": bell.clock() + timedelta(seconds=1)})
    bell.timers.reconcile(KEY, {})
    assert bell.timers.pending == 0
    bell.clock.move(5)
    bell.timers.reconcile(KEY, {"cool": bell.clock()})
    assert (await bell.rings()).name == "cool"


async def test_a_deadline_long_past_rings_at_once_even_if_set_before_the_start() -> None:
    bell = Bell()
    bell.timers.reconcile(KEY, {"retry": bell.clock() - timedelta(days=3)})
    bell.timers.start()
    assert (await bell.rings()).name == "retry"
    bell.timers.stop()
