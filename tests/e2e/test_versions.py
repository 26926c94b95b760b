"""Going back to the version before, while the echo is online, until anything is withdrawn."""

from __future__ import annotations

import asyncio
from pathlib import Path

from states.model import ProfileSnapshot, ProfileState, SessionState
from tests.e2e.test_whole_way import models, online, stored
from tests.persona.talk import rows
from tests.support.running import Running, running, until
from tests.support.settlers import gardeners

CHANNEL = "garden"


def files(home: Path) -> list[str]:
    return sorted(path.name for path in models(home))


async def renewed(echo: Running, version: int) -> ProfileSnapshot:
    """Learn anew; the profile once that version speaks."""
    assert "trained anew" in await echo.echo.operator.refresh(1)
    await until(echo.board, lambda: echo.board.profiles[1].model_version == version)
    return echo.board.profiles[1]


async def spoken_by(echo: Running, home: Path) -> str:
    """Have the echo say something; which model made it."""
    await echo.tell("Petr", CHANNEL, "Mara (echo): what about the goose?")
    return str(stored(home, "SELECT model FROM generations ORDER BY id DESC LIMIT 1")[0][0])


async def test_an_echo_goes_back_to_the_version_before_until_anything_is_deleted(tmp_path: Path) -> None:
    async with running(tmp_path, gardeners(), chattiness=0) as echo:
        await online(echo, "Mara", CHANNEL)
        operator = echo.echo.operator
        assert "No earlier version" in await operator.roll_back(1)
        await renewed(echo, 2)
        assert await spoken_by(echo, tmp_path) == "1-2" and files(tmp_path) == ["1-1.model", "1-2.model"]

        assert await operator.roll_back(1) == "Version 1 speaks again."
        assert echo.session().state is SessionState.LISTENING
        assert await spoken_by(echo, tmp_path) == "1-1", "the session goes on with it at once"
        assert await operator.roll_back(1) == "Version 2 speaks again."
        assert await operator.roll_back(1) == "Version 1 speaks again."

        three = await renewed(echo, 3)
        assert (three.previous, three.made) == (1, 3)
        async with asyncio.timeout(60):
            while files(tmp_path) != ["1-1.model", "1-3.model"]:
                await echo.command("Mara", CHANNEL, "echo status")
        own = next(m for m in echo.people.messages(CHANNEL) if m["author"] == "Mara" and not m["webhook"])
        await echo.people.delete("Mara", own["id"])
        await until(echo.board, lambda: echo.board.profiles[1].previous is None)
        assert "edited or deleted since" in await operator.roll_back(1)
        assert await spoken_by(echo, tmp_path) == "1-3"
    assert files(tmp_path) == ["1-3.model"]
    kept = stored(tmp_path, "SELECT event FROM journal WHERE event = 'RollbackAsked'")
    assert len(kept) == 3


async def test_a_renewal_that_does_not_pass_its_test_leaves_the_older_version_speaking(tmp_path: Path) -> None:
    async with running(tmp_path, rows(900), min_messages=20) as echo:
        await echo.agreed("Wren", "lobby", "01.06.2026")
        await echo.ready()
    # The gate asks for more than anybody can reach.
    export = tmp_path / "export.jsonl"
    async with running(tmp_path, export, scorecard_moments=25, scorecard_gate=1, min_messages=20) as echo:
        await echo.echo.operator.refresh(1)
        profile = await until(echo.board, lambda: (p := echo.board.profiles[1]).made == 2 and p)
        assert profile.state is ProfileState.READY and profile.can_speak and profile.model_version == 1
        assert profile.reason is not None and "does not speak" in profile.reason
        assert [card.passed for card in echo.board.scores[1]] == [False], "the card of what was refused is kept"
        told = await echo.command("Wren", "lobby", "echo status")
        assert "ready" in told and profile.reason in told
        assert "is online" in await echo.command("Wren", "lobby", "echo online")
    assert files(tmp_path) == ["1-1.model"]
