"""Router, database, alarms and interpreter, all real; what performs the effects is the test's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from db.connection import Database
from db.outbox import Outbox, OutboxRow
from echo.interpreter import Interpreter, Work
from echo.router import Router
from echo.tasks import Tasks
from schedules.timers import Timers
from states import events as ev
from states.board import Board, Fault
from states.decide import Refusal, Step
from states.effects import QUEUED, Effect
from states.model import MachineKey, MachineKind, Snapshot
from states.policy import Policy
from tests.support.clock import HandClock
from tests.support.stored_steps import steps_of

PROFILE = MachineKey(MachineKind.PROFILE, 1)


class Machinery:
    """Router, database, alarms and interpreter, all real; what performs the effects is the test's."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = HandClock()
        self.board = Board()
        self.outbox = Outbox(database)
        self.router = Router(self.board, steps_of(database), Policy(), 5, self.clock)
        self.tasks = Tasks(lambda where, sentence: self.board.report(Fault(self.clock(), where, sentence)))
        self.begun: list[Effect] = []
        self.moved = asyncio.Event()
        self.hold = asyncio.Event()
        self.outcome: Callable[[OutboxRow], ev.Event | None] = lambda row: None
        works: dict[type[Effect], Work] = dict.fromkeys(QUEUED, self.work)
        self.interpreter = Interpreter(
            self.board, self.outbox, works, self.router.post, self.type_in, self.tasks, self.clock
        )
        self.timers = Timers(self.clock, self.router.ring)
        self.router.connect(self.interpreter, self.timers)

    async def work(self, row: OutboxRow, snapshot: Snapshot) -> ev.Event | None:
        self.begun.append(row.effect)
        self.moved.set()
        await self.hold.wait()
        return self.outcome(row)

    async def began(self, count: int) -> list[Effect]:
        """The effects begun, once there are so many."""
        async with asyncio.timeout(60):
            while len(self.begun) < count:
                self.moved.clear()
                await self.moved.wait()
        return self.begun

    async def type_in(self, channel_id: int) -> None:
        return

    async def start(self) -> None:
        profiles, sessions = await steps_of(self.database).load()
        self.router.adopt([*profiles, *sessions])
        self.interpreter.perform(tuple(await self.outbox.pending()))
        self.timers.start()
        self.interpreter.begin()

    async def create(self, user: int = 20) -> Step | Refusal:
        return await self.router.create(10, user, 30, 40, self.clock(), approves=True)


@asynccontextmanager
async def machinery(path: Path, breaks: int = 0, later: float = 0.0) -> AsyncIterator[Machinery]:
    """A started machinery on this database, `later` seconds on, in which just so many things break unforeseen."""
    async with Database(path, patience=0.01) as database:
        here = Machinery(database)
        here.clock.move(later)
        await here.start()
        yield here
        here.hold.set()
        here.timers.stop()
        here.interpreter.hold()
        await here.tasks.end(5)
        await here.router.close(5)
        assert len(here.board.faults) == breaks, here.board.faults


async def ended(*names: str) -> None:
    """Wait until the tasks whose names begin so have ended."""
    while running := [task for task in asyncio.all_tasks() if task.get_name().startswith(names)]:
        await asyncio.wait(running, timeout=60)
