"""Echo stopped amid its work: what it was doing is interrupted, not failed, and goes on when it starts again."""

from __future__ import annotations

from pathlib import Path

from states.board import Board
from states.model import ProfileState
from tests.e2e.test_whole_way import chatter, online, stored
from tests.support.running import running, until
from tests.support.settlers import gardeners


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


async def test_what_is_just_being_said_is_said_to_its_end_and_noted(tmp_path: Path) -> None:
    async with running(tmp_path, gardeners(), chattiness=0) as echo:
        await online(echo, "Mara", "garden")
        sandbox = echo.echo.sandbox
        assert sandbox is not None
        await echo.people.say("Petr", "garden", "Mara (echo): what about the goose?")
        due = await until(echo.board, lambda: echo.session().due.get("speak"))
        sandbox.faults.set({"slow": 0.5, "match": "/webhooks"})
        echo.clock.move((due - echo.clock()).total_seconds())
        await until(echo.board, lambda: "speak" not in echo.session().due)
        people = echo.people
    said = [int(message["id"]) for message in people.messages("garden") if message["webhook"]]
    assert len(said) == 1
    assert stored(tmp_path, "SELECT message_id FROM generation_parts") == [(said[0],)]
    assert ("Say",) not in stored(tmp_path, "SELECT effect FROM outbox WHERE NOT done")
    measured = "SELECT profile_id, version, host, outcome FROM measures WHERE seconds > 0 AND drafts > rejected"
    assert stored(tmp_path, measured) == [(1, 1, "embedded", "answered")], "though it stopped before it was due"
