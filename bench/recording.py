"""A journalled step against a bare commit on the same file."""

from __future__ import annotations

import time
from itertools import count
from pathlib import Path
from typing import Final

from bench.answering import EVENTS, answer
from bench.figures import Figure, Scale, by_turns
from db.connection import Database
from db.steps import Steps
from states.model import ProfileSnapshot, SessionSnapshot
from tests.support.snapshots import birth, session_birth
from tests.support.stored_steps import steps_of

ANSWERS: Final = 200
"""In each round, EVENTS steps each, two of which queue an effect."""


async def measure(scale: Scale, folder: Path) -> list[Figure]:
    """Milliseconds for each recorded step of an answer, and for each commit of one changed row."""
    answers, numbers = scale.of(ANSWERS, 10), count()
    async with Database(folder / "echo.db") as database:
        steps = steps_of(database)
        session = await _online(steps)

        async def recorded() -> float:
            nonlocal session
            spent = 0.0
            for _ in range(answers):
                for step in answer(session, next(numbers)):
                    began = time.perf_counter()
                    await steps.record(step)
                    spent += time.perf_counter() - began
                    assert isinstance(step.after, SessionSnapshot)
                    session = step.after
            return spent / answers / EVENTS * 1000

        async def committed() -> float:
            began = time.perf_counter()
            for number in range(answers * EVENTS):
                async with database.write() as connection:
                    await connection.execute("INSERT OR REPLACE INTO meta VALUES ('bench', ?)", (b"%d" % number,))
            return (time.perf_counter() - began) / answers / EVENTS * 1000

        echo, plain = await by_turns(scale.runs, recorded, committed)
    return [Figure("a step: snapshot, journal, outbox", "ms", echo, "a bare commit of one row", plain)]


async def _online(steps: Steps) -> SessionSnapshot:
    profile = (await steps.record(birth())).snapshot
    assert isinstance(profile, ProfileSnapshot)
    session = (await steps.record(session_birth(profile))).snapshot
    assert isinstance(session, SessionSnapshot)
    return session
