"""Echo stopped amid its work: what it was doing is interrupted, not failed, and goes on when it starts again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from states.board import Board
from states.model import ProfileState
from tests.e2e.test_whole_way import chatter
from tests.support.running import running, until


def stored(home: Path, query: str) -> list[tuple[object, ...]]:
    """What the one database under a folder holds."""
    (path,) = home.rglob("echo.db")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


async def test_a_stop_is_no_failure_of_what_was_being_collected(tmp_path: Path) -> None:
    board = Board()
    async with running(tmp_path, chatter(400)) as echo:
        board, sandbox = echo.board, echo.echo.sandbox
        assert sandbox is not None
        sandbox.faults.set({"slow": 1.0, "match": "/messages"})
        await echo.agreed("Ana", "talk", "01.06.2026")
        assert board.profiles[1].state is ProfileState.COLLECTING
    assert board.faults == () and board.profiles[1].reason is None
    assert stored(tmp_path, "SELECT training_status, tries, reason FROM echo_profiles") == [("collecting", 0, None)]
    assert ("Collect",) in stored(tmp_path, "SELECT effect FROM outbox WHERE NOT done")

    async with running(tmp_path, tmp_path / "export.jsonl") as again:
        assert (await again.ready()).messages == 200
        await until(again.board, lambda: again.board.profiles[1].state is ProfileState.READY)
