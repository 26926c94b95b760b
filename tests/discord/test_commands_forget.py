"""One click of the subject's erases everything; others are asked whether they are sure, or refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from states.model import ProfileState
from states.policy import SENTENCES, Refused
from tests.discord.edge import Edge, edge_at


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Edge]:
    async with edge_at(tmp_path) as edge:
        yield edge


async def forgotten(edge: Edge, name: str = "Bo") -> None:
    await edge.until(lambda: edge.profile(name).state is ProfileState.FORGOTTEN)


def question(edge: Edge, name: str = "Bo") -> dict[str, Any]:
    return {"message_id": edge.profile(name).consent_message_id}


async def test_the_subject_erases_their_echo_by_command_at_once(edge: Edge) -> None:
    await edge.ready("Bo")
    said = await edge.refused("Bo", "echo forget")
    assert "is silent from now on" in said and "being erased" in said
    await forgotten(edge)
    assert edge.profile("Bo").reason == "The person it was of had it erased."


async def test_the_subject_erases_their_echo_by_one_press_of_the_button(edge: Edge) -> None:
    await edge.ready("Bo")
    message_id = edge.profile("Bo").consent_message_id
    await edge.until(lambda: edge.standing(message_id)["components"][0]["custom_id"] == "echo:forget:1")
    said = await edge.press("Bo", question(edge), "Stop and erase everything")
    assert said["ephemeral"] and not said["components"]
    await forgotten(edge)
    now = await edge.until(lambda: (m := edge.standing(message_id)) and not m["components"] and m)
    assert "had it erased. Nothing is kept." in now["content"]


async def test_a_manager_is_asked_whether_they_are_sure(edge: Edge) -> None:
    await edge.ready("Bo")
    said = await edge.command("Ada", "echo forget", user="@Bo")
    assert said["ephemeral"] and [one["label"] for one in said["components"]] == ["Yes, erase everything"]
    assert edge.profile("Bo").state is ProfileState.READY
    await edge.press("Ada", said, "Yes, erase everything")
    await forgotten(edge)
    assert edge.profile("Bo").reason == "Somebody who manages this server had it erased."


async def test_a_manager_may_name_the_profile(edge: Edge) -> None:
    await edge.asked("Bo")
    said = await edge.command("Ada", "echo forget", profile="bo")
    await edge.press("Ada", said, "Yes, erase everything")
    await forgotten(edge)


async def test_others_may_erase_nothing(edge: Edge) -> None:
    await edge.ready("Bo")
    assert "Manage Server" in await edge.refused("Cy Day", "echo forget", user="@Bo")
    await edge.until(lambda: edge.standing(edge.profile("Bo").consent_message_id)["components"])
    said = await edge.press("Cy Day", question(edge), "Stop and erase everything")
    assert "Only Bo and those with the permission Manage Server" in said["content"]
    assert edge.profile("Bo").state is ProfileState.READY


async def test_who_was_a_manager_no_longer_erases_with_an_old_button(edge: Edge) -> None:
    await edge.ready("Bo")
    said = await edge.command("Ada", "echo forget", user="@Bo")
    edge.world.guild.owner_id = edge.id_of("Cy Day")
    edge.world.modify_member(edge.id_of("Ada"), roles=[])
    refused = await edge.press("Ada", said, "Yes, erase everything")
    assert "Manage Server" in refused["content"]
    assert edge.profile("Bo").state is ProfileState.READY


async def test_a_manager_without_an_echo_must_say_whose(edge: Edge) -> None:
    await edge.ready("Bo")
    assert "There is no echo of you in this server" in await edge.refused("Ada", "echo forget")
    assert "There is no echo of Cy Day" in await edge.refused("Ada", "echo forget", user="@Cy Day")
    assert edge.profile("Bo").state is ProfileState.READY


async def test_a_button_of_an_echo_that_is_gone_says_so(edge: Edge) -> None:
    await edge.ready("Bo")
    said = await edge.command("Ada", "echo forget", user="@Bo")
    await edge.refused("Bo", "echo forget")
    await forgotten(edge)
    late = await edge.press("Ada", said, "Yes, erase everything")
    assert late["content"] == SENTENCES[Refused.FORGOTTEN]
