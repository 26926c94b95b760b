"""Bringing echoes online and offline, and looking how they stand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from echo.discord.commands import ALREADY_THERE
from echo.sandbox.permissions import Permission
from echo.sandbox.records import Overwrite
from echo.settings import Settings
from states import events as ev
from states.board import Progress
from states.model import SessionState
from states.policy import SENTENCES, Refused
from tests.discord.edge import Edge, edge_at


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Edge]:
    async with edge_at(tmp_path) as edge:
        yield edge


async def offered(edge: Edge, author: str, command: str, typed: str = "", channel: str = "general") -> list[str]:
    """The names that are offered for the option `profile`."""
    return [one["name"] for one in await edge.people.autocomplete(author, channel, command, "profile", typed)]


# online


async def test_the_subject_brings_their_echo_online_and_everybody_is_told(edge: Edge) -> None:
    profile = await edge.ready("Bo")
    said = await edge.command("Bo", "echo online")
    assert not said["ephemeral"] and "**Bo (echo)** is online in this channel now: a bot" in said["content"]
    session = edge.session(profile)
    assert session.state is SessionState.LISTENING and session.channel_id == edge.channel("general")
    assert session.started_by == edge.id_of("Bo")


@pytest.mark.parametrize("named", ["Bo", "@bo", "bo (echo)", "1", "number 1", "b"])
async def test_a_manager_names_the_echo_in_any_usual_way(edge: Edge, named: str) -> None:
    profile = await edge.ready("Bo")
    await edge.command("Ada", "echo online", profile=named)
    assert edge.session(profile).state is SessionState.LISTENING


async def test_others_may_not_bring_an_echo_online(edge: Edge) -> None:
    await edge.ready("Bo")
    assert "Only Bo and those with the permission Manage Server" in await edge.refused("Cy Day", "echo online")
    assert edge.board.sessions == {}


async def test_an_echo_that_is_not_ready_cannot_come_online(edge: Edge) -> None:
    await edge.asked("Bo")
    assert "No echo is ready" in await edge.refused("Bo", "echo online")
    assert await edge.refused("Bo", "echo online", profile="Bo") == SENTENCES[Refused.NOT_READY]


async def test_an_echo_is_online_once_in_a_channel(edge: Edge) -> None:
    await edge.ready("Bo")
    await edge.command("Bo", "echo online")
    assert await edge.refused("Bo", "echo online") == SENTENCES[Refused.ALREADY_ONLINE]
    # What was asked for beyond that is not passed over in silence.
    assert await edge.refused("Ada", "echo online", profile="Bo", starts=True) == ALREADY_THERE
    await edge.command("Bo", "echo online", "random")
    assert len(edge.board.sessions_online()) == 2


async def test_the_limit_of_a_server_is_told(tmp_path: Path) -> None:
    one = Settings(data_dir=tmp_path, guild_ready_timeout=0.05, max_active_sessions_per_server=1)
    async with edge_at(tmp_path, settings=one) as edge:
        await edge.ready("Bo")
        await edge.command("Bo", "echo online")
        assert await edge.refused("Bo", "echo online", "random") == SENTENCES[Refused.SESSION_LIMIT]


async def test_a_name_that_fits_nobody_or_several_lists_the_choices(edge: Edge) -> None:
    assert "no echo in this server yet" in await edge.refused("Ada", "echo online", profile="Zoe")
    await edge.ready("Bo")
    await edge.ready("Cy Day")
    said = await edge.refused("Ada", "echo online", profile="**Zoe**")
    assert said == "There is no echo of “Zoe” in this server; there are: Bo (number 1), Cy Day (number 2)."
    said = await edge.refused("Ada", "echo online")
    assert said == "Say which echo is meant with the option profile: Bo (number 1), Cy Day (number 2)."
    edge.board.name({edge.id_of("Cy Day"): "Bo"})
    said = await edge.refused("Ada", "echo online", profile="bo")
    assert "fits several echoes" in said and "Bo (number 1), Bo (number 2)" in said


async def test_ones_own_echo_is_meant_where_none_is_named(edge: Edge) -> None:
    await edge.ready("Bo")
    own = await edge.ready("Cy Day")
    await edge.command("Cy Day", "echo online")
    assert edge.session(own).profile_id == own.id


async def test_where_no_echo_could_speak_it_does_not_come_online(edge: Edge) -> None:
    await edge.ready("Bo")
    bot, random = edge.world.bot.id, edge.channel("random")
    denied = int(Permission.SEND_MESSAGES | Permission.MANAGE_WEBHOOKS)
    edge.world.set_overwrite(random, Overwrite(bot, 1, deny=denied))
    assert "cannot speak in this channel" in await edge.refused("Bo", "echo online", "random")
    edge.world.set_overwrite(random, Overwrite(bot, 1, deny=int(Permission.SEND_MESSAGES)))
    await edge.command("Bo", "echo online", "random")
    assert len(edge.board.sessions_online()) == 1


# offline


async def test_the_subject_silences_their_echo_from_any_channel(edge: Edge) -> None:
    profile = await edge.ready("Bo")
    await edge.command("Bo", "echo online")
    said = await edge.command("Bo", "echo offline", "random")
    assert "**Bo (echo)** is offline in #general now" in said["content"]
    assert edge.session(profile).state is SessionState.OFFLINE


async def test_in_the_channel_itself_only_that_one_ends(edge: Edge) -> None:
    await edge.ready("Bo")
    for channel in ("general", "random"):
        await edge.command("Bo", "echo online", channel)
    said = await edge.command("Ada", "echo offline")
    assert "is offline in this channel now" in said["content"]
    [left] = edge.board.sessions_online()
    assert left.channel_id == edge.channel("random")


async def test_others_may_not_silence_an_echo_and_nothing_online_is_said_so(edge: Edge) -> None:
    await edge.ready("Bo")
    assert "No echo is online in this channel" in await edge.refused("Ada", "echo offline")
    assert "is not online anywhere" in await edge.refused("Ada", "echo offline", profile="Bo")
    await edge.command("Bo", "echo online")
    assert "Manage Server" in await edge.refused("Cy Day", "echo offline")
    assert len(edge.board.sessions_online()) == 1


async def test_what_is_offered_is_what_fits(edge: Edge) -> None:
    await edge.ready("Bo")
    await edge.asked("Cy Day")
    assert await offered(edge, "Ada", "echo online") == ["Bo"]
    assert await offered(edge, "Cy Day", "echo online") == []
    assert await offered(edge, "Ada", "echo offline") == []
    assert await offered(edge, "Ada", "echo forget") == ["Bo", "Cy Day"]
    assert await offered(edge, "Ada", "echo forget", "cy") == ["Cy Day"]
    assert await offered(edge, "Cy Day", "echo forget") == ["Cy Day"]
    await edge.command("Bo", "echo online")
    assert await offered(edge, "Ada", "echo online") == []
    assert await offered(edge, "Ada", "echo online", channel="random") == ["Bo"]
    assert await offered(edge, "Bo", "echo offline") == ["Bo"]
    [choice] = await edge.people.autocomplete("Ada", "general", "echo offline", "profile", "")
    assert choice["value"] == "1"


# what is heard


async def test_what_people_write_reaches_the_echo_and_no_other_channel_does(edge: Edge) -> None:
    profile = await edge.ready("Bo")
    await edge.command("Bo", "echo online")
    await edge.people.say("Ada", "random", "nobody hears this")
    await edge.people.say("Ada", "general", "hello there")
    await edge.until(lambda: edge.session(profile).state is SessionState.COMPOSING)
    first = edge.session(profile)
    assert not first.addressed and [one.text for one in edge.hearing.recent(first.channel_id)] == ["hello there"]
    assert edge.hearing.recent(edge.channel("random")) == []
    said = await edge.people.say("Cy Day", "general", "bo, are you there?")
    await edge.until(lambda: edge.session(profile).heard_id == int(said["id"]))
    assert edge.session(profile).addressed
    [_, last] = edge.hearing.recent(first.channel_id)
    assert (last.author, last.author_id, last.human) == ("Cy Day", edge.id_of("Cy Day"), True)


async def test_deleted_and_edited_messages_are_no_longer_remembered_as_they_were(edge: Edge) -> None:
    profile = await edge.ready("Bo")
    await edge.command("Bo", "echo online")
    general = edge.channel("general")
    first, second = [await edge.people.say("Ada", "general", text) for text in ("one", "two")]
    await edge.until(lambda: edge.session(profile).heard_id == int(second["id"]))
    edge.world.edit_message(general, int(second["id"]), now=edge.clock.timestamp(), content="two, better")
    edge.world.delete_message(general, int(first["id"]))
    third = await edge.people.say("Ada", "general", "three")
    await edge.until(lambda: edge.session(profile).heard_id == int(third["id"]))
    assert [one.text for one in edge.hearing.recent(general)] == ["two, better", "three"]


# looking


async def test_status_says_how_far_every_echo_is_and_why(edge: Edge) -> None:
    assert "There is no echo in this server yet" in await edge.refused("Cy Day", "echo status")
    await edge.asked("Bo")
    said = await edge.refused("Cy Day", "echo status")
    assert said.startswith("**Bo** (number 1, before 01.06.2026) waits for their answer. The question ends in 7 days.")
    await edge.agree("Bo", {"message_id": edge.profile("Bo").consent_message_id})
    edge.board.advance(edge.profile("Bo").key, Progress("collecting", 1204, None, "messages"))
    assert "is reading what they wrote: 1,204 messages." in await edge.refused("Bo", "echo status")
    await edge.give(1, ev.CollectionFinished(edge.clock(), 12, 50))
    said = await edge.refused("Bo", "echo status")
    assert "Only 12 messages before the cut-off could be read, 38 more are needed" in said


async def test_status_and_list_name_ready_echoes_and_where_they_are(edge: Edge) -> None:
    await edge.ready("Bo", 1204)
    assert "Not online; `/echo online`" in await edge.refused("Bo", "echo status")
    await edge.command("Bo", "echo online")
    said = await edge.refused("Cy Day", "echo status")
    assert said.endswith("is ready (learned from 1,204 messages). The consent ends in 180 days. Online in #general.")
    said = await edge.refused("Cy Day", "echo list")
    assert said == "1. **Bo**, before 01.06.2026: is ready (learned from 1,204 messages)"


async def test_a_profile_that_stands_still_is_told_in_the_channel(edge: Edge) -> None:
    await edge.agree("Bo", await edge.asked("Bo"))
    await edge.give(1, ev.CollectionFinished(edge.clock(), 12, 50))
    told = await edge.until(
        lambda: [m for m in edge.people.messages("general") if "needs somebody: Only 12 messages" in m["content"]]
    )
    assert len(told) == 1 and "38 more are needed" in told[0]["content"]


async def test_a_ready_echo_is_told_once_in_the_channel_with_what_to_do_next(edge: Edge) -> None:
    await edge.ready("Bo")
    told = await edge.until(
        lambda: [m for m in edge.people.messages("general") if "The echo of **Bo** is ready" in m["content"]]
    )
    assert len(told) == 1 and "/echo online" in told[0]["content"]


async def test_help_says_what_it_is_what_it_keeps_and_how_to_stop(edge: Edge) -> None:
    said = await edge.refused("Cy Day", "echo help")
    for part in ("/echo create", "dd.mm.yyyy", "15.06.2026", "/echo offline", "/echo forget", "30 days", "I agree"):
        assert part in said


async def test_many_commands_at_once_are_all_answered(edge: Edge) -> None:
    said = await asyncio.gather(*(edge.command("Ada", "echo help") for _ in range(20)))
    assert len({one["message_id"] for one in said}) == 20
