"""How the engine went: written in batches, nothing lost at an orderly stop, and on the board within a moment."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from db.connection import Database
from db.measures import MeasureLog
from echo.engine_reports import EngineReports
from states.board import Board
from states.model import ProfileSnapshot, ProfileState
from tests.console import stories
from tests.support.clock import HandClock
from tests.support.measured import measured
from tests.support.snapshots import birth
from tests.support.stored_steps import steps_of


class Stand:
    """A database with one profile, a board, and a pause that ends when the test says so."""

    def __init__(self, database: Database, board: Board) -> None:
        self.log, self.board, self.clock = MeasureLog(database), board, HandClock()
        self.pausing, self.go_on = asyncio.Event(), asyncio.Event()
        self.reports = EngineReports(board, self.log, self.clock, held=5, anew=0.01, pause=self._pause)

        self.running = asyncio.create_task(self.reports.run())

    async def stopped(self) -> None:
        """Cancel what runs, as at the end of the process."""
        self.running.cancel()
        await asyncio.wait({self.running})

    async def changed(self, fact: Callable[[], object]) -> None:
        """Return once the board shows it."""
        change = asyncio.Event()
        unwatch = self.board.watch(change.set)
        async with asyncio.timeout(30):
            while not fact():
                await change.wait()
                change.clear()
        unwatch()

    async def _pause(self) -> None:
        self.pausing.set()
        await self.go_on.wait()
        self.go_on.clear()

    async def written(self) -> None:
        """Return after the next round of writing."""
        async with asyncio.timeout(30):
            await self.pausing.wait()
        self.pausing.clear()


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    async with Database(tmp_path / "echo.db", patience=0.5) as database:
        recorded = await steps_of(database).record(birth())
        board = stories.board()
        board.show(recorded.snapshot)
        stand = Stand(database, board)
        yield stand
        await stand.stopped()
        assert stand.running.cancelled()


def rows(tmp_path: Path) -> list[int]:
    """The profiles' versions in the file, as another program sees them."""
    with closing(sqlite3.connect(tmp_path / "echo.db")) as connection:
        return [version for (version,) in connection.execute("SELECT version FROM measures ORDER BY id")]


async def test_what_is_measured_is_on_the_board_and_on_disk(stand: Stand, tmp_path: Path) -> None:
    stand.reports.measured(measured())
    stand.reports.measured(measured(outcome="failed"))
    await stand.written()
    assert rows(tmp_path) == [1, 1]
    shown = stand.board.measures[1]
    assert shown.hour.outcomes == (("answered", 1), ("failed", 1)) and shown.answer_times == (3.0,)


async def test_at_an_orderly_stop_nothing_is_lost_or_written_twice(stand: Stand, tmp_path: Path) -> None:
    stand.reports.measured(measured(version=1))
    await stand.written()
    stand.reports.measured(measured(version=2))
    stand.go_on.set()
    with closing(sqlite3.connect(tmp_path / "echo.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        while stand.reports.waiting:
            await asyncio.to_thread(threading.get_ident)
        # The writing is under way when everything stops; one more comes too late for it.
        stand.reports.measured(measured(version=3))
        await stand.stopped()
        other.execute("ROLLBACK")
    await stand.reports.close()
    assert rows(tmp_path) == [1, 2, 3] and stand.reports.waiting == 0


async def test_where_writing_fails_it_is_tried_again_and_only_the_oldest_go(
    stand: Stand, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(tmp_path / "echo.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        stand.reports.measured(measured(version=1))
        await stand.written()
        for version in range(2, 8):
            stand.reports.measured(measured(version=version))
        stand.go_on.set()
        await stand.written()
        other.execute("ROLLBACK")
    stand.go_on.set()
    await stand.written()
    assert rows(tmp_path) == [3, 4, 5, 6, 7] and stand.reports.dropped == 2
    assert [record.levelno for record in caplog.records].count(logging.WARNING) == 1


async def test_what_is_older_than_an_hour_leaves_the_last_hour_by_itself(stand: Stand) -> None:
    stand.reports.measured(measured())
    await stand.written()
    assert stand.board.measures[1].hour.total == 1
    stand.clock.move(3601)
    stand.go_on.set()
    await stand.changed(lambda: stand.board.measures[1].hour.total == 0)
    assert stand.board.measures[1].day.total == 1
    stand.clock.move(86_400)
    await stand.changed(lambda: 1 not in stand.board.measures)


async def test_how_a_server_stands_is_a_condition_of_the_board(stand: Stand) -> None:
    stand.reports.stands("ollama", "Ollama is away.")
    assert stand.board.conditions["ollama"] == "Ollama is away."
    stand.reports.stands("ollama", None)
    assert "ollama" not in stand.board.conditions


async def test_what_was_measured_before_the_start_is_shown_and_goes_when_it_is_forgotten(
    tmp_path: Path,
) -> None:
    async with Database(tmp_path / "echo.db") as database:
        profile = (await steps_of(database).record(birth())).snapshot
        assert isinstance(profile, ProfileSnapshot)
        board = Board()
        board.show(profile)
        await MeasureLog(database).add([measured(profile.id, 7200)])
        shown = asyncio.Event()
        board.watch(shown.set)
        running = asyncio.create_task(EngineReports(board, MeasureLog(database), HandClock()).run())
        async with asyncio.timeout(30):
            await shown.wait()
        running.cancel()
        await asyncio.wait({running})
        assert board.measures[profile.id].day.total == 1 and board.measures[profile.id].hour.total == 0
        board.show(replace(profile, state=ProfileState.FORGETTING))
        assert board.measures == {}
