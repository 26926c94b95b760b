"""A yes counts once, for the question that it was put to, in the server where that was; forged ids mean nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from echo.discord.agreeing import OVER
from echo.sandbox.interaction_payloads import COMPONENT
from states.model import ProfileState
from states.policy import SENTENCES, Refused
from tests.discord.edge import Edge, edge_at


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Edge]:
    async with edge_at(tmp_path) as edge:
        yield edge


async def consents(edge: Edge) -> list[tuple[int, int]]:
    async with edge.database.read() as connection:
        rows = await connection.execute_fetchall("SELECT profile_id, user_id FROM consents")
    return [(row[0], row[1]) for row in rows]


async def forged(edge: Edge, author: str, custom_id: str) -> str:
    """What is answered to a press whose custom id no message holds."""
    data = {"component_type": 2, "custom_id": custom_id}
    source = edge.world.post_message(edge.channel("general"), edge.world.bot.id, "look", now=edge.clock.timestamp())
    pressed = edge.sandbox.interactions.begin(
        COMPONENT, edge.id_of(author), edge.channel("general"), data, source=source
    )
    await edge.sandbox.interactions.settled(pressed)
    said = [edge.world.message(pressed.channel_id, one) for one in pressed.said]
    return "\n".join(message.content for message in said if message is not None)


async def test_a_yes_to_a_question_that_is_over_is_no_yes_to_the_next_one(edge: Edge) -> None:
    old = await edge.command("Ada", "echo create", user="@Bo", before="01.05.2026")
    said = await edge.command("Ada", "echo forget", user="@Bo")
    await edge.press("Ada", said, "Yes, erase everything")
    await edge.until(lambda: edge.profile("Bo").state is ProfileState.FORGOTTEN)
    await edge.asked("Bo")
    assert await forged(edge, "Bo", old["components"][0]["custom_id"]) == SENTENCES[Refused.FORGOTTEN]
    assert edge.profile("Bo").state is ProfileState.AWAITING_CONSENT and await consents(edge) == []


async def test_a_yes_that_is_pressed_again_counts_once(edge: Edge) -> None:
    question = await edge.asked("Bo")
    yes = question["components"][0]["custom_id"]
    await edge.agree("Bo", question)
    assert await forged(edge, "Bo", yes) == SENTENCES[Refused.ALREADY_AGREED]
    assert await forged(edge, "Bo", yes.replace("yes", "no").rpartition(":")[0]) == SENTENCES[Refused.NOT_NOW]
    assert await consents(edge) == [(1, edge.id_of("Bo"))]


async def test_a_press_is_about_echoes_of_its_own_server_alone(edge: Edge) -> None:
    question = await edge.asked("Bo")
    elsewhere = replace(edge.profile("Bo"), server_id=edge.world.guild.id + 1)
    edge.board.show(elsewhere)
    for who, custom_id in (
        ("Bo", question["components"][0]["custom_id"]),
        ("Bo", "echo:consent:no:1"),
        ("Bo", "echo:forget:1"),
        ("Ada", "echo:sure:1"),
    ):
        assert await forged(edge, who, custom_id) == OVER
    assert edge.profile("Bo") == elsewhere and await consents(edge) == []


@pytest.mark.parametrize("custom_id", ["echo:consent:yes:999:1", "echo:forget:999", "echo:sure:999"])
async def test_a_press_about_no_echo_says_so(edge: Edge, custom_id: str) -> None:
    assert await forged(edge, "Ada", custom_id) == OVER


async def test_a_yes_to_choices_that_were_never_shown_is_not_taken(edge: Edge) -> None:
    await edge.asked("Bo")
    for token in ("0", "", "f" * 16):
        assert "is not kept any more" in await forged(edge, "Bo", f"echo:consent:agree:1:{token}")
    assert edge.profile("Bo").state is ProfileState.AWAITING_CONSENT and await consents(edge) == []


async def test_who_may_not_is_not_helped_by_a_forged_confirmation(edge: Edge) -> None:
    await edge.ready("Bo")
    assert "Manage Server" in await forged(edge, "Cy Day", "echo:sure:1")
    assert "Manage Server" in await forged(edge, "Cy Day", "echo:forget:1")
    assert edge.profile("Bo").state is ProfileState.READY
