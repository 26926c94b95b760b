"""Limits of what may be asked and said: refused with when it may be again; what silences and erases never is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from echo.errors import LimitReached
from echo.limit_settings import LimitSettings
from echo.limiting import Limiting
from states.board import Board
from states.model import SessionSnapshot, SessionState
from states.policy import SENTENCES, Refused
from tests.discord.edge import Edge, edge_at
from tests.persona.talk import rows
from tests.support.clock import HandClock
from tests.support.running import running, until


@asynccontextmanager
async def limited(folder: Path, **limits: int) -> AsyncIterator[Edge]:
    async with edge_at(folder) as edge:
        limiting = Limiting(LimitSettings(**limits), edge.board, edge.clock)
        edge.client.interactions.limit, edge.client.commands.limit = limiting.command, limiting.collection
        edge.router.room = limiting.bar
        yield edge


async def test_a_flood_of_one_is_refused_with_when_they_may_again_and_costs_nobody_else(tmp_path: Path) -> None:
    async with limited(tmp_path, commands_per_user=3, commands_per_channel=6, commands_per_server=6) as edge:
        for _ in range(3):
            assert "**Echo** makes echoes" in (await edge.command("Bo", "echo help"))["content"]
        edge.clock.move(20.5)
        for _ in range(5):
            said = await edge.refused("Bo", "echo help")
            assert said == "You have asked Echo for as much as one may in a minute (3): again in 40 s."
        assert "**Echo** makes echoes" in (await edge.command("Ada", "echo help"))["content"]
        assert "no echo of you" in await edge.refused("Bo", "echo forget"), "what erases is never counted"
        await edge.command("Ada", "echo halt")
        for _ in range(2):
            await edge.command("Cy Day", "echo help")
        said = await edge.refused("Ada", "echo help", "random")
        assert said == "In this server Echo was asked for as much as it may be in a minute (6): again in 40 s."
        edge.clock.move(40)
        assert "**Echo** makes echoes" in (await edge.command("Bo", "echo help"))["content"]


async def test_what_is_asked_in_direct_messages_counts_too_but_for_what_erases(tmp_path: Path) -> None:
    async with limited(tmp_path, commands_per_user=1) as edge:
        private = edge.people.direct("Bo")
        assert "**Echo** makes echoes" in (await edge.command("Bo", "echo help", private))["content"]
        assert "again in 60 s" in (await edge.command("Bo", "echo help", private))["content"]
        assert "no echo of you" in (await edge.command("Bo", "echo forget", private))["content"]
        assert "again in 60 s" in await edge.refused("Bo", "echo list"), "in a server as well"


async def test_presses_count_and_the_way_out_does_not(tmp_path: Path) -> None:
    async with limited(tmp_path, commands_per_user=1) as edge:
        question = await edge.asked("Bo", "Ada")
        assert "again in 60 s" in (await edge.press("Ada", question, "I agree"))["content"]
        await edge.command("Bo", "echo help")
        assert "again in 60 s" in await edge.refused("Bo", "echo list")
        await edge.press("Bo", question, "No")
        await edge.until(lambda: not edge.profile("Bo").is_living)


async def test_only_so_many_echoes_are_asked_for_in_a_day_also_after_a_restart(tmp_path: Path) -> None:
    async with limited(tmp_path, collections_per_user=1) as edge:
        await edge.asked("Bo", "Ada")
        world = edge.world
        edge.clock.move(3600)
        said = await edge.refused("Ada", "echo create", user="@Cy Day")
        assert said == "You have asked for as many echoes as one may in a day (1): again in 82800 s (about 23 hours)."
        await edge.command("Cy Day", "echo create", user="@Cy Day", before="01.06.2026")
    async with edge_at(tmp_path, world) as edge:
        edge.client.commands.limit = Limiting(
            LimitSettings(collections_per_channel=2), edge.board, edge.clock
        ).collection
        said = await edge.refused("Ada", "echo create", user="@Ada")
        assert said.startswith("In this channel as many echoes were asked for as may be in a day (2): again in ")


async def test_only_so_many_echoes_are_online_in_a_channel_and_by_one_person(tmp_path: Path) -> None:
    async with limited(tmp_path, sessions_per_channel=1, sessions_per_user=2) as edge:
        await edge.ready("Bo")
        await edge.ready("Cy Day")
        await edge.command("Ada", "echo online", profile="Bo")
        said = await edge.refused("Ada", "echo online", profile="Cy Day")
        assert said == SENTENCES[Refused.CHANNEL_LIMIT]
        await edge.command("Ada", "echo online", "random", profile="Cy Day")
        assert await edge.refused("Ada", "echo online", "plans", profile="Bo") == SENTENCES[Refused.USER_LIMIT]
        await edge.command("Bo", "echo online", "plans")
        assert await edge.refused("Ada", "echo online", profile="Bo") == SENTENCES[Refused.ALREADY_ONLINE]


async def test_an_echo_over_its_limit_is_silent_and_the_console_shows_why(tmp_path: Path) -> None:
    limits = {"limits_replies_per_user": 1, "limits_tokens_per_server": 1}
    async with running(tmp_path, rows(300), clock=HandClock(), max_echo_share=1, **limits) as here:
        await here.agreed("Wren", "lobby", "01.06.2026")
        await here.ready()
        await here.command("Wren", "lobby", "echo online")
        await here.tell("Otto", "lobby", "Wren, where is the kettle?")
        assert (count := len(here.said("lobby"))) >= 1
        for other, reason in (("Otto", "To this person"), ("Dagny", "In this server")):
            await here.tell(other, "lobby", "Wren, where is the ladder?")
            shown = (await until(here.board, lambda: here.session().reason)) or ""
            assert len(here.said("lobby")) == count and "have said as much as they may in an hour (1 " in shown
            assert reason in shown or "In this server" in shown
            line = next(one for one in reversed(here.board.journal) if one.event == "DraftFailed")
            assert "again in " in line.facts
        here.clock.move(3601)
        await here.tell("Dagny", "lobby", "Wren, where is the window?")
        assert len(here.said("lobby")) > count and here.session().reason is None


def test_what_is_told_of_again_is_when_no_limit_stands_in_the_way_any_more() -> None:
    clock = HandClock()
    session = SessionSnapshot(1, 1, SessionState.LISTENING, 1, 10, 40, 30, clock())
    limiting = Limiting(LimitSettings(replies_per_channel=1, tokens_per_channel=100), Board(), clock)
    limiting.spoken(session, (), ["word " * 90])
    clock.move(1800)
    limiting.reply(session, ())
    limiting.spoken(session, (), ["word " * 60])
    with pytest.raises(LimitReached, match=r"again in 3600 s"):
        limiting.reply(session, ())
    clock.move(3600)
    limiting.reply(session, ())
