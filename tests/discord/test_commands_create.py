"""Asking for an echo: who may ask for whom, what the question looks like, and what every answer leads to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from echo.discord.consent_texts import text_hash
from echo.sandbox.permissions import Permission
from echo.sandbox.records import Overwrite
from echo.settings import Settings
from states import events as ev
from states.model import ProfileState
from states.policy import SENTENCES, Refused
from tests.discord.edge import Edge, edge_at, small_world


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Edge]:
    async with edge_at(tmp_path) as edge:
        yield edge


def messages_in(edge: Edge, channel: str = "general") -> list[dict[str, Any]]:
    return [m for m in edge.people.messages(channel) if m["author"] == "Echo"]


def deny(edge: Edge, channel: str, bits: Permission) -> None:
    """Take permissions in a channel away from Echo itself."""
    edge.world.set_overwrite(edge.channel(channel), Overwrite(edge.world.bot.id, 1, deny=int(bits)))


# asking


async def test_the_answer_to_create_is_the_question_itself_and_pings_the_subject_alone(edge: Edge) -> None:
    question = await edge.asked("Bo", "Ada")
    assert not question["ephemeral"]
    assert "**Ada** asks" in question["content"] and "before 01.06.2026" in question["content"]
    assert "#general and #random" in question["content"] and "**Somewhere**" in question["content"]
    assert [one["label"] for one in question["components"]] == ["I agree", "No"]
    stored = edge.world.message(edge.channel("general"), int(question["message_id"]))
    assert stored is not None and stored.mentions == (edge.id_of("Bo"),)
    profile = edge.profile("Bo")
    assert profile.state is ProfileState.AWAITING_CONSENT
    assert profile.consent_message_id == int(question["message_id"])
    assert (profile.asker_id, profile.channel_id) == (edge.id_of("Ada"), edge.channel("general"))
    assert len(messages_in(edge)) == 1


async def test_somebody_may_always_ask_for_their_own_echo(edge: Edge) -> None:
    question = await edge.asked("Cy Day", "Cy Day")
    assert "you asked for an echo of yourself" in question["content"]


async def test_asking_for_somebody_else_takes_manage_server(edge: Edge) -> None:
    said = await edge.refused("Bo", "echo create", user="@Cy Day", before="01.06.2026")
    assert "Manage Server" in said and edge.board.profiles == {}


async def test_a_bot_cannot_be_echoed(edge: Edge) -> None:
    said = await edge.refused("Ada", "echo create", user="@Echo", before="01.06.2026")
    assert said.startswith("Echo is a bot") and edge.board.profiles == {}


async def test_somebody_who_left_the_server_cannot_be_echoed(edge: Edge) -> None:
    form = await opened_form(edge, "Bo")
    edge.world.kick(edge.id_of("Bo"))
    said = await submitted(edge, form, "01.06.2026")
    assert said["ephemeral"] and "not in this server" in said["content"] and edge.board.profiles == {}


@pytest.mark.parametrize(
    ("before", "part"),
    [
        ("1.6.2026", "for example 01.06.2026"),
        ("31.02.2026", "There is no 31.02.2026"),
        ("16.06.2026", "is in the future"),
        ("01.02.2016", "Bo came to Discord on"),
    ],
)
async def test_a_date_that_cannot_be_is_refused_with_a_good_one(edge: Edge, before: str, part: str) -> None:
    said = await edge.refused("Ada", "echo create", user="@Bo", before=before)
    assert part in said and edge.board.profiles == {}


async def test_a_date_before_the_server_is_refused(edge: Edge) -> None:
    made = edge.client.guilds[0].created_at
    [early] = [u for u in edge.world.users.values() if u.name == edge.world.users[edge.id_of("Bo")].name]
    assert early.id < edge.world.guild.id
    said = await edge.refused("Bo", "echo create", user="@Bo", before=f"{made - timedelta(days=1):%d.%m.%Y}")
    assert "this server was made on" in said


async def test_a_second_echo_of_the_same_person_is_refused(edge: Edge) -> None:
    await edge.agree("Bo", await edge.asked("Bo"))
    said = await edge.refused("Ada", "echo create", user="@Bo", before="01.06.2026")
    assert said == SENTENCES[Refused.DUPLICATE_PROFILE]
    assert len(edge.board.profiles) == 1 and len(messages_in(edge)) == 1


async def test_a_question_that_stands_open_is_not_put_twice_but_shown(edge: Edge) -> None:
    question = await edge.asked("Bo")
    said = await edge.refused("Ada", "echo create", user="@Bo", before="01.06.2026")
    assert "stands in this channel already" in said and said.endswith(f"/{question['message_id']}")
    assert len(messages_in(edge)) == 1
    said = await edge.refused("Ada", "echo create", user="@Bo", before="02.06.2026")
    assert said == SENTENCES[Refused.OTHER_DATE]


async def test_a_question_that_was_deleted_is_put_again(edge: Edge) -> None:
    lost = await edge.asked("Bo")
    edge.world.delete_message(edge.channel("general"), int(lost["message_id"]))
    question = await edge.asked("Bo")
    assert [one["label"] for one in question["components"]] == ["I agree", "No"] and not question["ephemeral"]
    assert len(edge.board.profiles) == 1
    await edge.agree("Bo", question)
    assert edge.profile("Bo").state is ProfileState.COLLECTING


async def test_where_echo_can_read_nothing_it_says_what_it_needs(edge: Edge) -> None:
    for channel in ("general", "random"):
        deny(edge, channel, Permission.READ_MESSAGE_HISTORY)
    guild = edge.client.guilds[0]
    await edge.until(lambda: not any(c.permissions_for(guild.me).read_message_history for c in guild.text_channels))
    said = await edge.refused("Ada", "echo create", user="@Bo", before="01.06.2026")
    assert "Read Message History" in said and edge.board.profiles == {}


async def test_the_question_names_no_channel_that_is_left_out(tmp_path: Path) -> None:
    world = small_world()
    shut = world.find_channel("random")
    assert shut is not None
    settings = Settings(data_dir=tmp_path, guild_ready_timeout=0.05, excluded_channels=str(shut.id))
    async with edge_at(tmp_path, world, settings=settings) as edge:
        question = await edge.asked("Bo", "Ada")
        assert "(now #general) and in their threads" in question["content"]
        await edge.people.create_channel("Ada", "late", nsfw=True)
        guild = edge.client.guilds[0]
        await edge.until(lambda: any(one.name == "late" for one in guild.channels))
        assert "(now #general) and in their threads" in (await edge.asked("Cy Day", "Ada"))["content"]


async def test_where_echo_cannot_write_it_says_what_it_needs(edge: Edge) -> None:
    deny(edge, "random", Permission.SEND_MESSAGES)
    said = await edge.refused("Ada", "echo create", "random", user="@Bo", before="01.06.2026")
    assert "Send Messages" in said and edge.board.profiles == {}


async def test_in_a_thread_writing_in_threads_is_what_counts(edge: Edge) -> None:
    deny(edge, "general", Permission.SEND_MESSAGES_IN_THREADS)
    said = await edge.refused("Ada", "echo create", "plans", user="@Bo", before="01.06.2026")
    assert "cannot write" in said
    edge.world.delete_overwrite(edge.channel("general"), edge.world.bot.id)
    deny(edge, "general", Permission.SEND_MESSAGES)
    question = await edge.command("Ada", "echo create", "plans", user="@Bo", before="01.06.2026")
    assert not question["ephemeral"] and edge.profile("Bo").channel_id == edge.channel("plans")


async def test_make_an_echo_asks_for_the_date_and_does_the_same(edge: Edge) -> None:
    question = await submitted(edge, await opened_form(edge, "Bo"), "01.06.2026")
    assert "**Ada** asks" in question["content"] and not question["ephemeral"]
    await edge.until(lambda: edge.profile("Bo").consent_message_id == int(question["message_id"]))


async def test_make_an_echo_refuses_what_create_refuses(edge: Edge) -> None:
    [said] = (await edge.people.command("Bo", "general", "Make an echo", {"user": "Cy Day"}))["responses"]
    assert "Manage Server" in said["content"] and said["ephemeral"]
    said = await submitted(edge, await opened_form(edge, "Bo"), "June")
    assert "dd.mm.yyyy" in said["content"] and edge.board.profiles == {}


# answering


async def test_only_the_subjects_yes_counts(edge: Edge) -> None:
    question = await edge.asked("Bo", "Ada")
    for other in ("Ada", "Cy Day"):
        for label in ("I agree", "No"):
            said = await edge.press(other, question, label)
            assert said["ephemeral"] and said["content"] == SENTENCES[Refused.NOT_THE_SUBJECT]
    assert edge.profile("Bo").state is ProfileState.AWAITING_CONSENT
    said = await edge.agree("Bo", question)
    assert said["ephemeral"] and said["content"].startswith("Thank you.")
    assert edge.profile("Bo").state is ProfileState.COLLECTING


async def test_a_yes_is_kept_with_the_version_and_hash_of_what_was_asked(edge: Edge) -> None:
    question = await edge.asked("Bo")
    await edge.agree("Bo", question)
    async with edge.database.read() as connection:
        rows = await connection.execute_fetchall("SELECT user_id, text_version, text_hash FROM consents")
    assert [tuple(row) for row in rows] == [(edge.id_of("Bo"), 7, text_hash(7))]


async def test_a_yes_to_what_does_not_hold_any_more_is_not_taken(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as first:
        promised = await first.asked("Bo")
        shown = await first.press("Bo", promised, "I agree")
        assert "Nothing that is read leaves" in shown["content"]
        world = first.world
    away = Settings(
        data_dir=tmp_path, guild_ready_timeout=0.05, engine="ollama", ollama_host="http://model.example.org:11434"
    )
    async with edge_at(tmp_path, world, settings=away) as second:
        said = await second.press("Bo", shown, "I agree to this")
        assert "is not kept any more" in said["content"] and "`/echo consent change`" in said["content"]
        assert second.profile("Bo").state is ProfileState.AWAITING_CONSENT
        question = await second.command("Ada", "echo create", user="@Bo", before="01.06.2026")
        assert "goes to a model server" in question["content"]
        assert "goes to a model server" in (await second.press("Bo", question, "I agree"))["content"]
        await second.agree("Bo", question)
        async with second.database.read() as connection:
            [row] = await connection.execute_fetchall("SELECT text_version, text_hash FROM consents")
        assert tuple(row) == (8, text_hash(8))


async def test_after_a_yes_the_question_says_so_and_keeps_one_button(edge: Edge) -> None:
    question = await edge.asked("Bo")
    await edge.agree("Bo", question)
    now = await edge.until(lambda: _settled(edge, question))
    assert "**Bo** agreed" in now["content"] and "<@" not in now["content"]
    assert [one["label"] for one in now["components"]] == ["Stop and erase everything"]


async def test_a_no_ends_the_matter_and_the_question_says_so(edge: Edge) -> None:
    question = await edge.asked("Bo")
    said = await edge.press("Bo", question, "No")
    assert said["content"] == "Understood: nothing was read, and nothing is kept."
    now = await edge.until(lambda: _settled(edge, question))
    assert "The person asked said no." in now["content"] and now["components"] == []
    assert edge.profile("Bo").state is ProfileState.FORGOTTEN
    await edge.asked("Bo")
    assert edge.profile("Bo").id == 2


async def test_a_question_that_nobody_answers_ends(edge: Edge) -> None:
    question = await edge.asked("Bo")
    profile = edge.profile("Bo")
    edge.clock.move(8 * 86400)
    await edge.give(profile.id, ev.TimerFired(edge.clock(), "consent", profile.due["consent"]))
    now = await edge.until(lambda: _settled(edge, question))
    assert "Nobody answered the question in time." in now["content"] and now["components"] == []


async def test_a_question_survives_a_restart(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as first:
        question = await first.asked("Bo", "Ada")
        stored = first.world.message(first.channel("general"), int(question["message_id"]))
        world = first.world
    async with edge_at(tmp_path, world) as second:
        assert stored is not None
        await second.until(lambda: second.board.names.get(second.id_of("Bo")) == "Bo")
        said = await second.agree("Bo", question)
        assert said["content"].startswith("Thank you.")
        now = await second.until(lambda: _settled(second, question))
        assert "**Bo** agreed" in now["content"]


async def test_a_question_that_stands_already_is_not_put_again(edge: Edge) -> None:
    message_id = int((await edge.asked("Bo"))["message_id"])
    assert await edge.notices.ask_consent(edge.profile("Bo"), "ask-another", message_id) == message_id
    assert len(messages_in(edge)) == 1


async def test_nothing_that_anybody_wrote_is_asked_for_before_a_yes(edge: Edge) -> None:
    question = await edge.asked("Bo")
    await edge.refused("Ada", "echo create", user="@Bo", before="01.06.2026")
    edge.world.delete_message(edge.channel("general"), int(question["message_id"]))
    question = await edge.asked("Bo")
    await edge.press("Cy Day", question, "I agree")
    own = "/channels/{channel_id}/messages/{message_id}"
    read = [
        route for how, route in edge.requests if how == "GET" and "/messages" in route and "/webhooks/" not in route
    ]
    assert read == [own, own], "its own question alone, once to each asking again"
    assert not [heard for name in ("general", "random") for heard in edge.hearing.recent(edge.channel(name))]


async def test_without_a_command_that_waits_the_question_is_put_in_the_channel(edge: Edge) -> None:
    question = await edge.asked("Bo")
    edge.world.delete_message(edge.channel("general"), int(question["message_id"]))
    first = await edge.notices.ask_consent(edge.profile("Bo"), "ask-7")
    edge.world.edit_message(edge.channel("general"), first, now=edge.clock.timestamp(), components=())
    again = await edge.notices.ask_consent(edge.profile("Bo"), "ask-7")
    # The nonce finds the first one though its buttons are gone.
    assert again == first
    stored = edge.world.message(edge.channel("general"), first)
    assert stored is not None and stored.mentions == (edge.id_of("Bo"),)


async def test_a_slow_database_costs_the_answer_nothing_but_its_place(edge: Edge) -> None:
    """Where the step takes too long, the command is deferred in time and the question is put in the channel."""
    async with edge.database.write():
        asking = edge.people.command("Ada", "general", "echo create", {"user": "@Bo", "before": "01.06.2026"})
        task = asyncio.create_task(asking)
        loading = await edge.until(lambda: [m for m in edge.people.messages("general", viewer="Ada") if m["ephemeral"]])
        assert loading
    [said] = (await task)["responses"]
    assert said["ephemeral"] and "is being put in this channel" in said["content"]
    [question] = await edge.until(lambda: messages_in(edge))
    assert [one["label"] for one in question["components"]] == ["I agree", "No"]


def _settled(edge: Edge, question: dict[str, Any]) -> dict[str, Any] | None:
    now = edge.standing(question["message_id"])
    return now if [one["label"] for one in now["components"]] != ["I agree", "No"] else None


async def opened_form(edge: Edge, subject: str) -> dict[str, Any]:
    """The form that "Make an echo" opens for Ada."""
    found: dict[str, Any] = await edge.people.command("Ada", "general", "Make an echo", {"user": subject})
    form: dict[str, Any] = found["responses"][0]["modal"]
    return form


async def submitted(edge: Edge, form: dict[str, Any], before: str) -> dict[str, Any]:
    """The response to the form, filled in."""
    [said] = (await edge.people.modal("Ada", form["custom_id"], {"echo:before": before}))["responses"]
    found: dict[str, Any] = said
    return found
