"""Long jobs tell who asked, once, where they asked; failures that repeat are told once and then summed up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from echo.discord.asking import Asking
from echo.discord.translate import Call
from echo.errors import NothingToRead
from echo.sandbox.interactions import LIFETIME
from states import events as ev
from states.model import ProfileSnapshot
from tests.discord.edge import Edge, edge_at


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Edge]:
    async with edge_at(tmp_path) as edge:
        yield edge


def told(edge: Edge, part: str, channel: str = "general") -> list[str]:
    return [one["content"] for one in edge.people.messages(channel) if part in one["content"]]


async def fails(edge: Edge, profile: ProfileSnapshot) -> None:
    """Its collecting fails for good, and somebody has it tried again."""
    await edge.give(profile.id, ev.CollectionFailed(edge.clock(), "There is nothing to read.", transient=False))
    await edge.until(lambda: edge.profile("Bo").reason == "There is nothing to read.")
    await edge.give(profile.id, ev.RetryAsked(edge.clock(), 0))


async def test_what_fails_again_and_again_is_told_at_once_and_then_summed_up(edge: Edge) -> None:
    await edge.agree("Bo", await edge.asked("Bo", "Bo"))
    profile = edge.profile("Bo")
    for _ in range(5):
        await fails(edge, profile)
        await edge.router.settled()
        edge.clock.move(600)
    await edge.until(lambda: told(edge, "needs somebody"))
    assert len(told(edge, "needs somebody")) == 1
    assert told(edge, "needs somebody")[0].startswith(f"<@{edge.id_of('Bo')}> The echo of **Bo** needs somebody")
    await edge.notices.tell_overdue()
    assert len(told(edge, "needs somebody")) == 1
    edge.clock.move(600)
    await edge.notices.tell_overdue()
    [_, late] = told(edge, "needs somebody")
    assert late.endswith("It failed 4 more times since 2026-06-15 12:10 UTC.")
    await edge.notices.tell_overdue()
    assert len(told(edge, "needs somebody")) == 2


async def test_who_asked_is_told_once_in_the_channel_when_an_echo_is_ready(edge: Edge) -> None:
    await edge.ready("Bo")
    await edge.until(lambda: told(edge, "is ready. `/echo online`"))
    [said] = told(edge, "is ready. `/echo online`")
    assert said.startswith(f"<@{edge.id_of('Bo')}> The echo of **Bo** is ready.")


@pytest.mark.parametrize("closed", [False, True])
async def test_what_comes_after_discord_takes_no_answer_reaches_who_asked_all_the_same(
    edge: Edge, closed: bool
) -> None:
    gate = asyncio.Event()

    async def slow(asking: Asking, call: Call) -> None:
        await asking.reply.patiently(gate.wait())
        raise NothingToRead("There was nothing in it: give another one.")

    edge.client.commands.more["echo report"] = slow
    await edge.people.close_letters("Bo", closed=closed)
    command = asyncio.create_task(edge.people.command("Bo", "random", "echo report"))
    place = edge.channel("random")
    await edge.until(lambda: any(one.only_user for one in edge.world.ephemeral.values()))
    edge.clock.move(LIFETIME + 1)
    gate.set()
    if closed:
        await edge.until(lambda: told(edge, "your direct messages are closed", "random"))
        assert told(edge, "your direct messages are closed", "random")[0].startswith(f"<@{edge.id_of('Bo')}>")
        assert told(edge, "nothing in it", "random") == [], "the answer was for them alone"
    else:
        await edge.until(lambda: edge.people.letters("Bo"))
        [letter] = edge.people.letters("Bo")
        assert f"<#{place}>" in letter["content"] and letter["content"].endswith("give another one.")
        assert told(edge, "<@", "random") == []
    command.cancel()
