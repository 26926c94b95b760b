"""What is said while Echo is away is heard when it is back, if that is soon enough for anybody to care."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from echo.app import Serving, open_echo
from echo.config import load
from echo.sandbox.invented import GUILD_NAME
from echo.sandbox.server import Sandbox
from echo.sandbox.world import World
from states.model import SessionState
from tests.support.clock import HandClock
from tests.support.running import Running, until
from tests.support.settlers import gardeners


class Away:
    """A Discord that stays, and an Echo that comes and goes."""

    def __init__(self, home: Path) -> None:
        self.clock = HandClock()
        world = World.populate(1, GUILD_NAME, gardeners(), manager="Mara")
        self.sandbox = Sandbox(world, clock=self.clock.timestamp, token="a-token-of-a-test", rate_limits=False)
        environ = {"ECHO_DATA_DIR": str(home), "ECHO_GUILD_READY_TIMEOUT": "0.05", "DISCORD_TOKEN": "a-token-of-a-test"}
        self.loaded = load(environ=environ | {"ECHO_CHATTINESS": "0", "ECHO_SCORECARD_MOMENTS": "0"}, cwd=home)

    @asynccontextmanager
    async def here(self) -> AsyncIterator[Running]:
        serving = Serving(sandbox=False, api_base=f"{self.sandbox.address}/api/v10")
        async with open_echo(self.loaded, serving, self.clock) as echo:
            yield Running(echo, self.sandbox.people, self.clock)
            assert echo.board.faults == ()


@pytest.fixture
async def away(tmp_path: Path) -> AsyncIterator[Away]:
    life = Away(tmp_path)
    async with life.sandbox:
        async with life.here() as echo:
            await echo.agreed("Mara", "garden", "01.06.2026")
            await echo.ready()
            await echo.command("Mara", "garden", "echo online")
            await echo.tell("Petr", "garden", "Mara (echo): how are the beans?")
        yield life


async def test_what_was_said_to_an_echo_meanwhile_is_answered(away: Away) -> None:
    away.clock.move(30)
    asked = await away.sandbox.people.say("Petr", "garden", "Mara (echo): and the goose?")
    async with away.here() as echo:
        await until(echo.board, lambda: echo.session().state is not SessionState.LISTENING)
        await echo.let_it_speak()
        answers = away.sandbox.people.messages("garden", after=asked["id"])
        assert answers and {answer["author"] for answer in answers} == {"Mara (echo)"}


async def test_what_was_answered_just_before_a_restart_is_not_answered_again(away: Away) -> None:
    last = away.sandbox.people.messages("garden")[-1]
    async with away.here() as echo:
        await echo.tell("Petr", "garden", "hm")
        assert echo.session().turn == 2, "one thought before the restart, and one about the new word"
    assert [after["content"] for after in away.sandbox.people.messages("garden", after=last["id"])] == ["hm"]


async def test_neither_what_was_answered_nor_what_is_long_past_is_answered_again(away: Away) -> None:
    asked = await away.sandbox.people.say("Petr", "garden", "Mara (echo): and the goose?")
    away.clock.move(3600)
    async with away.here() as echo:
        began = len(echo.board.journal)
        # What it hears now comes after what it would have heard again.
        await echo.tell("Petr", "garden", "hm")
        heard = [line for line in list(echo.board.journal)[began:] if line.event == "MessageHeard"]
    assert len(heard) == 1
    assert [after["content"] for after in away.sandbox.people.messages("garden", after=asked["id"])] == ["hm"]
