"""Reports of an echo's messages: who gets them, what can be done with them, and what of them is bounded and kept."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import pytest

from echo.settings import Settings
from tests.discord.edge import Edge, edge_at
from tests.discord.test_reacting import spoken
from tests.support.files import everything_in

WHY = "it made a joke about my grandmother's parrot"


def link(edge: Edge, message_id: int) -> str:
    return f"https://discord.com/channels/{edge.world.guild.id}/{edge.channel('general')}/{message_id}"


async def test_a_report_reaches_the_manager_privately_who_can_remove_the_message_and_silence_the_echo(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with edge_at(tmp_path) as edge:
        message_id = await spoken(edge)
        told = await edge.command("Cy Day", "echo report", message=link(edge, message_id), why=f"{WHY}\n@everyone")
        assert told["ephemeral"] and "Those who manage this server were told" in told["content"]
        [letter] = edge.people.letters("Ada")
        for part in ("Cy Day", "Bo (echo)", link(edge, message_id), WHY):
            assert part in letter["content"], part
        assert edge.people.letters("Bo") == [], "its person is no manager"
        assert any("was reported" in sentence for sentence in edge.board.conditions.values())
        assert not any(WHY in sentence for sentence in edge.board.conditions.values())

        assert "removed" in (await edge.press("Ada", {"message_id": letter["id"]}, "Remove it"))["content"]
        assert edge.world.message(edge.channel("general"), message_id) is None
        assert not any("was reported" in sentence for sentence in edge.board.conditions.values())
        await edge.press("Ada", {"message_id": letter["id"]}, "Take the echo offline")
        assert edge.board.sessions_online() == []
        await edge.database.compact()
        assert WHY.encode() not in everything_in(tmp_path) and WHY not in caplog.text


async def test_a_report_by_the_messages_menu_goes_to_the_channel_for_reports_where_there_is_one(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as first:
        channel = first.channel("random")
    settings = Settings(data_dir=tmp_path, guild_ready_timeout=0.05, report_channels=str(channel))
    async with edge_at(tmp_path / "again", settings=settings) as edge:
        message_id = await spoken(edge)
        opened = await edge.command("Cy Day", "Report this echo", message=str(message_id))
        answered = await edge.people.modal("Cy Day", opened["modal"]["custom_id"], {"why": WHY})
        assert "were told" in answered["responses"][0]["content"]
        [said] = [one for one in edge.people.messages("random") if WHY in one["content"]]
        assert [one["label"] for one in said["components"]] == ["Remove it", "Take the echo offline"]
        assert edge.people.letters("Ada") == []
        refused = await edge.press("Cy Day", {"message_id": said["id"]}, "Remove it")
        assert "Manage Server" in refused["content"]


async def test_reports_are_bounded_and_what_cannot_be_reported_is_said_in_a_sentence(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as edge:
        said = [await spoken(edge, turn) for turn in range(1, 6)]
        written = await edge.people.say("Ada", "general", "mine")
        assert "no message of an echo" in await edge.refused("Cy Day", "echo report", message=written["id"])
        assert "its link" in await edge.refused("Cy Day", "echo report", message="that one")
        assert "its link" in await edge.refused("Cy Day", "echo report", why="rude")
        await edge.people.close_letters("Ada")
        alone = await edge.refused("Cy Day", "echo report", message=link(edge, said[0]))
        assert "could be reached" in alone
        assert "reported this message already" in await edge.refused("Cy Day", "echo report", message=str(said[0]))
        for message_id in said[1:3]:
            await edge.command("Cy Day", "echo report", message=str(message_id))
        assert "many reports lately" in await edge.refused("Cy Day", "echo report", message=str(said[3]))
        edge.clock.move(timedelta(hours=1).total_seconds())
        assert "could be reached" in await edge.refused("Cy Day", "echo report", message=str(said[4]))
        # What was refused as too much was not reported: it may be as soon as it was said to.
        assert "could be reached" in await edge.refused("Cy Day", "echo report", message=str(said[3]))
