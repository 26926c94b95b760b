"""A real nextcord client against the sandbox: what Echo does with Discord must work here."""

from __future__ import annotations

from collections.abc import Callable

import nextcord
import pytest
from nextcord.utils import time_snowflake

from echo.sandbox.intents import PRIVILEGED, Intent
from echo.sandbox.permissions import Permission
from echo.sandbox.records import Overwrite
from echo.sandbox.server import Sandbox
from tests.support.loopback import NOW, Listening, channel, listening, opened, user


def general(client: Listening) -> nextcord.TextChannel:
    found = nextcord.utils.get(client.guilds[0].text_channels, name="general")
    assert found is not None
    return found


def said(text: str) -> Callable[..., bool]:
    return lambda message: bool(message.content == text)


async def test_a_client_gets_the_server_with_all_its_people(sandbox: Sandbox) -> None:
    async with listening(sandbox) as client:
        guild = client.guilds[0]
        assert (guild.name, guild.member_count, len(guild.members)) == ("Small world", 3, 3)
        assert [one.name for one in guild.text_channels] == ["general", "workshop"]
        assert [one.name for one in guild.threads] == ["tea"]
        assert guild.owner is not None
        assert guild.owner.global_name == "Mara"
        assert general(client).permissions_for(guild.me).manage_webhooks
        assert guild.owner.guild_permissions.manage_guild


async def test_the_whole_history_is_walked_back_in_pages(sandbox: Sandbox) -> None:
    async with listening(sandbox) as client:
        newest = nextcord.Object(time_snowflake(nextcord.utils.utcnow(), high=True))
        texts = [one.content async for one in general(client).history(limit=None, before=newest)]
        assert texts == [f"line {i}" for i in range(119, -1, -1)]


async def test_threads_active_and_archived_are_found_and_read(sandbox: Sandbox) -> None:
    async with listening(sandbox) as client:
        threads = [*client.guilds[0].threads, *[one async for one in general(client).archived_threads()]]
        read = {}
        for thread in threads:
            newest = nextcord.Object(time_snowflake(nextcord.utils.utcnow(), high=True))
            read[thread.name] = [one.content async for one in thread.history(limit=None, before=newest)]
        assert read == {"tea": ["second cup", "first cup"], "attic": ["very old", "old dust"]}


async def test_what_people_say_is_heard_with_its_reference(sandbox: Sandbox) -> None:
    world = sandbox.world
    async with listening(sandbox) as client:
        place, mara = channel(world, "general").id, user(world, "Mara").id
        first = world.post_message(place, mara, "who is there?", now=NOW)
        world.post_message(place, user(world, "Tobias").id, "me", reply_to=first.id, now=NOW)
        message = await client.saw("message", said("me"))
        assert message.reference.resolved.content == "who is there?"
        assert message.mentions[0].id == mara
        world.edit_message(place, first.id, content="who's there?", now=NOW + 1)
        await client.saw("raw_message_edit")
        world.start_typing(place, mara, now=NOW)
        await client.saw("typing")
        world.delete_message(place, first.id)
        await client.saw("raw_message_delete", lambda gone: gone.message_id == first.id)


async def test_the_bot_sends_edits_reacts_and_deletes(sandbox: Sandbox) -> None:
    async with listening(sandbox) as client:
        message = await general(client).send("hi", embed=nextcord.Embed(title="T"))
        await client.saw("message", said("hi"))
        changed = await message.edit(content="hello")
        assert (changed.content, changed.embeds[0].title) == ("hello", "T")
        await message.add_reaction("👋")
        await client.saw("raw_reaction_add")
        answer = await message.reply("indeed", allowed_mentions=nextcord.AllowedMentions.none())
        assert (answer.reference is not None, answer.mentions) == (True, [])
        await message.delete()
        await client.saw("raw_message_delete")


async def test_typing_reaches_the_channel(sandbox: Sandbox) -> None:
    told: list[str] = []
    sandbox.world.subscribe(lambda dispatch: told.append(dispatch.event))
    async with listening(sandbox) as client:
        async with general(client).typing():
            pass
        await client.saw("raw_typing")
        assert "TYPING_START" in told


async def test_a_webhook_speaks_in_channel_and_thread_and_takes_it_back(sandbox: Sandbox) -> None:
    async with listening(sandbox) as client:
        webhook = await general(client).create_webhook(name="Voice")
        spoken = await webhook.send(
            "hi", username="Mara (echo)", allowed_mentions=nextcord.AllowedMentions.none(), wait=True
        )
        heard = await client.saw("message", said("hi"))
        assert (heard.webhook_id, heard.author.name, heard.id) == (webhook.id, "Mara (echo)", spoken.id)
        tea = client.guilds[0].threads[0]
        await webhook.send("more tea", thread=tea, wait=True)
        assert (await client.saw("message", said("more tea"))).channel.id == tea.id
        assert (await spoken.edit(content="hello")).content == "hello"
        await spoken.delete()
        assert [one.id for one in await general(client).webhooks()] == [webhook.id]
        await webhook.delete()
        with pytest.raises(nextcord.NotFound) as gone:
            await webhook.send("anybody?", wait=True)
        assert gone.value.code == 10015


async def test_forbidden_acts_are_forbidden_to_the_client_too(sandbox: Sandbox) -> None:
    world = sandbox.world
    async with listening(sandbox) as client:
        denied = int(Permission.SEND_MESSAGES | Permission.MANAGE_WEBHOOKS)
        world.set_overwrite(channel(world, "general").id, Overwrite(world.bot.id, 1, deny=denied))
        await client.saw("guild_channel_update")
        assert not general(client).permissions_for(client.guilds[0].me).send_messages
        for act in (general(client).send("x"), general(client).create_webhook(name="Voice")):
            with pytest.raises(nextcord.Forbidden) as forbidden:
                await act
            assert forbidden.value.code == 50013


async def test_after_a_lost_connection_nothing_is_missed_and_nothing_comes_twice(sandbox: Sandbox) -> None:
    world = sandbox.world
    place, mara = channel(world, "general").id, user(world, "Mara").id
    async with listening(sandbox) as client:
        world.post_message(place, mara, "before", now=NOW)
        await client.saw("message", said("before"))
        sandbox.faults.set({"drop_sockets": True})
        for number in range(5):
            world.post_message(place, mara, f"while away {number}", now=NOW)
        await client.saw("resumed")
        world.post_message(place, mara, "after", now=NOW)
        await client.saw("message", said("after"))
        texts = [args[0].content for name, args in client.heard if name == "message"]
        assert texts == ["before", *[f"while away {number}" for number in range(5)], "after"]
        assert client.count("ready") == 1


async def test_an_invalid_session_is_begun_anew(sandbox: Sandbox) -> None:
    async with listening(sandbox) as client:
        sandbox.faults.set({"invalidate_sessions": True})
        await client.saw_again("connect")
        world = sandbox.world
        world.post_message(channel(world, "general").id, user(world, "Mara").id, "anew", now=NOW)
        await client.saw("message", said("anew"))


async def test_the_client_waits_out_a_rate_limit_and_server_errors(sandbox: Sandbox) -> None:
    async with listening(sandbox) as client:
        sandbox.faults.set({"rate_limit": 1, "match": "/messages"})
        assert (await general(client).send("in the end")).content == "in the end"


async def test_a_wrong_token_and_missing_intents_end_the_client(sandbox: Sandbox) -> None:
    with pytest.raises(nextcord.LoginFailure):
        async with listening(sandbox, token="wrong"):
            raise AssertionError("logged in with a wrong token")
    async with opened(granted=PRIVILEGED & ~Intent.MESSAGE_CONTENT) as poor:
        with pytest.raises(nextcord.PrivilegedIntentsRequired):
            async with listening(poor):
                raise AssertionError("connected without the intent")


async def test_direct_messages_reach_a_person(sandbox: Sandbox) -> None:
    async with listening(sandbox) as client:
        mara = await client.fetch_user(user(sandbox.world, "Mara").id)
        sent = await mara.send("a word")
        assert isinstance(sent.channel, nextcord.DMChannel)
        assert [one.content for one in sandbox.world.messages[sent.channel.id]] == ["a word"]


async def test_the_application_is_read(sandbox: Sandbox) -> None:
    async with listening(sandbox) as client:
        assert (await client.application_info()).id == sandbox.world.application_id
