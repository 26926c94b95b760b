"""Direct messages: erasing one's own echoes from there, also after leaving the server, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from echo.sandbox.options import NotPossible
from states.events import ForgetAsked
from states.model import ProfileState
from tests.discord.edge import Edge, edge_at


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Edge]:
    async with edge_at(tmp_path) as edge:
        yield edge


async def privately(edge: Edge, author: str, name: str, **options: object) -> dict[str, Any]:
    return await edge.command(author, name, edge.people.direct(author), **options)


async def test_who_left_the_server_erases_their_echo_by_direct_message(edge: Edge) -> None:
    await edge.ready("Bo")
    edge.world.kick(edge.id_of("Bo"))
    with pytest.raises(NotPossible):
        await edge.command("Bo", "echo forget")
    said = await privately(edge, "Bo", "echo forget")
    assert "**Somewhere**" in said["content"] and edge.profile("Bo").state is ProfileState.READY
    pressed = await edge.press("Bo", said, "Erase it")
    assert "is silent from now on" in pressed["content"]
    await edge.until(lambda: edge.profile("Bo").state is ProfileState.FORGOTTEN)
    late = await edge.press("Bo", said, "Erase it")
    assert "not yours, or is gone already" in late["content"]


async def test_one_of_several_servers_is_chosen_and_the_others_stay(edge: Edge) -> None:
    await edge.ready("Bo")
    elsewhere = await edge.router.create(77, edge.id_of("Bo"), edge.id_of("Bo"), edge.channel("general"), edge.clock())
    said = await privately(edge, "Bo", "echo forget", posts=True)
    assert "**Somewhere**, **server 77**" in said["content"]
    menu = said["components"][0]
    pressed = await edge.people.press("Bo", said["message_id"], menu["custom_id"], ["server 77"])
    assert "taken down" in pressed["responses"][0]["content"]
    await edge.until(lambda: edge.board.profiles[2].state is ProfileState.FORGOTTEN)
    assert edge.board.profiles[1].state is ProfileState.READY and elsewhere is not None
    told = next(line for line in edge.board.journal if line.event == ForgetAsked.__name__)
    assert '"posts": true' in told.facts


async def test_a_direct_message_is_about_nobody_else(edge: Edge) -> None:
    await edge.ready("Bo")
    assert "no echo of you" in (await privately(edge, "Ada", "echo forget"))["content"]
    assert "no echo of you" in (await privately(edge, "Ada", "echo forget", user="@Bo"))["content"]
    assert "works in servers" in (await privately(edge, "Ada", "echo status"))["content"]
    assert "makes echoes" in (await privately(edge, "Ada", "echo help"))["content"]
    assert edge.profile("Bo").state is ProfileState.READY
