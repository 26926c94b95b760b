"""Echoes speaking in a sandbox over loopback: through webhooks, or as the bot."""

from __future__ import annotations

import logging

import nextcord
import pytest

from echo.corpus.mark import marked
from echo.discord.webhooks import Webhook
from echo.errors import ServiceUnavailable
from echo.ports import ChannelGone
from echo.sandbox.records import Dispatch
from tests.discord.speaking import EXECUTE, WEBHOOKS, P, deny, general, heard, scene, small
from tests.discord.stand import NOON

# nextcord 2.6 gives aiohttp its timeout in a form of old.
pytestmark = pytest.mark.filterwarnings("ignore:parameter 'timeout' of type 'float':DeprecationWarning")


async def test_an_echo_speaks_through_a_webhook_under_its_persons_name_and_picture() -> None:
    async with scene(small()) as on:
        said = on.message(await on.voice.say(on.line("well hello")))
        assert said.webhook_id is not None and said.author_id != on.world.bot.id
        assert (said.author_name, said.content) == ("Mara (echo)", marked("well hello"))
        (sent,) = on.stand.sent("POST", EXECUTE)
        assert "avatar_url" not in sent
        assert on.world.pictures[on.world.webhooks[said.webhook_id].avatar or ""].startswith(b"\x89PNG")
        assert on.stand.asked("POST", EXECUTE) == [{"wait": "true"}]


async def test_one_webhook_serves_a_channel_also_after_a_restart() -> None:
    async with scene(small()) as on:
        await on.voice.say(on.line("one"))
        await on.voice.say(on.line("two", part=1))
        other = on.fresh()
        await other.say(on.line("three", part=2))
        await other.close()
        assert on.asked("POST", WEBHOOKS) == 1 and len(on.world.webhooks) == 1
        assert on.asked("GET", WEBHOOKS) == 2


async def test_a_strangers_webhook_is_left_alone() -> None:
    world = small()
    stranger = world.create_webhook(general(world).id, "Echo", world.guild.owner_id, now=NOON.timestamp())
    async with scene(world) as on:
        said = on.message(await on.voice.say(on.line("not yours")))
        assert said.webhook_id != stranger.id and len(on.world.webhooks) == 2


async def test_nobody_is_pinged() -> None:
    async with scene(small()) as on:
        bo = on.world.find_user("Bo")
        assert bo is not None
        text = f"@everyone @here <@{bo.id}> <@&{on.world.guild.id}> hey"
        said = on.message(await on.voice.say(on.line(text)))
        assert said.content == marked(text)
        assert (said.mentions, said.mention_roles, said.mention_everyone) == ((), (), False)
        deny(on.world, P.MANAGE_WEBHOOKS)
        await heard(on, "CHANNEL_UPDATE")
        said = on.message(await on.voice.say(on.line(text, part=1)))
        assert said.author_id == on.world.bot.id
        assert (said.mentions, said.mention_roles, said.mention_everyone) == ((), (), False)


async def test_a_thread_is_spoken_in_through_its_channels_webhook() -> None:
    async with scene(small()) as on:
        plans = on.world.find_channel("plans")
        assert plans is not None and plans.archived
        await on.voice.say(on.line("in the channel"))
        said = on.message(await on.voice.say(on.line("in the thread", part=1, channel=plans)), plans)
        assert said.author_name == "Mara (echo)" and not plans.archived
        assert on.stand.asked("POST", EXECUTE)[-1] == {"wait": "true", "thread_id": str(plans.id)}
        assert len(on.world.webhooks) == 1


async def test_a_deleted_webhook_is_made_again_once() -> None:
    async with scene(small()) as on:
        await on.voice.say(on.line("one"))
        on.world.delete_webhook(next(iter(on.world.webhooks)))
        said = on.message(await on.voice.say(on.line("two", part=1)))
        assert said.author_name == "Mara (echo)" and on.asked("POST", WEBHOOKS) == 2


async def test_a_channel_full_of_webhooks_is_spoken_in_as_the_bot_until_there_is_room() -> None:
    world = small()
    for number in range(15):
        world.create_webhook(general(world).id, f"hook {number}", world.guild.owner_id, now=NOON.timestamp())
    async with scene(world) as on:
        said = on.message(await on.voice.say(on.line("squeezed in")))
        assert said.author_id == on.world.bot.id
        assert said.content == marked("**Mara (echo):**\nsqueezed in")
        assert on.asked("POST", WEBHOOKS) == 0
        world.delete_webhook(next(iter(world.webhooks)))
        assert on.message(await on.voice.say(on.line("again", part=1))).author_name == "Mara (echo)"


async def test_without_manage_webhooks_the_bot_speaks_and_nothing_is_refused() -> None:
    world = small()
    deny(world, P.MANAGE_WEBHOOKS)
    async with scene(world) as on:
        said = on.message(await on.voice.say(on.line("plainly")))
        assert said.content == marked("**Mara (echo):**\nplainly")
        assert all(status < 400 for *_, status, _ in on.stand.wire.exchanges)


async def test_the_bot_says_a_repeated_line_once() -> None:
    world = small()
    deny(world, P.MANAGE_WEBHOOKS)
    async with scene(world) as on:
        first = await on.voice.say(on.line("once"))
        assert await on.voice.say(on.line("once")) == first
        assert await on.voice.say(on.line("once", part=1)) != first


async def test_a_long_line_fits_under_the_bots_header_too() -> None:
    world = small()
    deny(world, P.MANAGE_WEBHOOKS)
    async with scene(world) as on:
        said = on.message(await on.voice.say(on.line("x" * 2000)))
        assert len(said.content) == 2000
        assert await on.voice.find_said(on.line("x" * 2000), NOON) == said.id


async def test_where_nothing_may_be_said_the_channel_is_gone() -> None:
    world = small()
    deny(world, P.MANAGE_WEBHOOKS, P.SEND_MESSAGES)
    async with scene(world) as on:
        with pytest.raises(ChannelGone, match="does not let Echo speak in the channel"):
            await on.voice.say(on.line("anyone?"))


async def test_a_deleted_channel_is_gone() -> None:
    async with scene(small()) as on:
        on.world.delete_channel(on.session.channel_id)
        with pytest.raises(ChannelGone):
            await on.voice.say(on.line("anyone?"))
        with pytest.raises(ChannelGone):
            await on.voice.find_said(on.line("anyone?"), NOON)


async def test_a_failing_webhook_is_asked_once_and_the_doubt_is_told() -> None:
    async with scene(small()) as on:
        await on.voice.say(on.line("one"))
        on.stand.sandbox.faults.set({"errors": 5, "status": 502, "match": "/webhooks/"})
        before = on.asked("POST", EXECUTE)
        with pytest.raises(ServiceUnavailable):
            await on.voice.say(on.line("two", part=1))
        assert on.asked("POST", EXECUTE) == before + 1


async def test_a_rate_limit_is_waited_for_and_the_line_said_once() -> None:
    async with scene(small()) as on:
        await on.voice.say(on.line("one"))
        on.stand.sandbox.faults.set({"rate_limit": 1, "match": "/webhooks/"})
        await on.voice.say(on.line("two", part=1))
        contents = [message.content for message in on.world.messages[on.session.channel_id]]
        assert contents.count(marked("two")) == 1


async def test_a_burst_of_lines_runs_into_no_refusal() -> None:
    async with scene(small(), rate_limits=True) as on:
        for part in range(7):
            await on.voice.say(on.line(f"line {part}", part=part))
        statuses = [status for _, route, _, _, status, _ in on.stand.wire.exchanges if route == EXECUTE]
        assert statuses == [200] * 7


async def test_a_person_whom_the_gateway_did_not_name_is_looked_up() -> None:
    world = small()
    mara = world.find_user("Mara")
    assert mara is not None
    world.modify_member(mara.id, nick="Marchen")
    intents = nextcord.Intents.all()
    intents.members = False
    async with scene(world, intents) as on:
        assert on.voice.names_of(on.profile) == ("Somebody",)
        assert on.message(await on.voice.say(on.line("hey"))).author_name == "Marchen (echo)"
        assert on.voice.names_of(on.profile) == ("Marchen", "Mara", mara.name)
        await on.voice.say(on.line("you", part=1))
        assert on.asked("GET", "/guilds/{guild_id}/members/{user_id}") == 1


async def test_somebody_who_left_keeps_their_name() -> None:
    world = small()
    mara = world.find_user("Mara")
    assert mara is not None
    world.kick(mara.id)
    async with scene(world) as on:
        assert on.message(await on.voice.say(on.line("bye"))).author_name == "Mara (echo)"


async def test_typing_is_shown_and_its_failure_costs_nothing() -> None:
    world = small()
    told: list[Dispatch] = []
    async with scene(world) as on:
        world.subscribe(told.append)
        await on.voice.type_in(on.session.channel_id)
        assert [dispatch.event for dispatch in told] == ["TYPING_START"]
        on.world.delete_channel(on.session.channel_id)
        await on.voice.type_in(on.session.channel_id)


async def test_neither_tokens_nor_words_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "echo")
    async with scene(small()) as on:
        await on.voice.say(on.line("something between us"))
        token = next(iter(on.world.webhooks.values())).token
        on.stand.sandbox.faults.set({"errors": 1, "status": 500, "match": "/webhooks/"})
        with pytest.raises(ServiceUnavailable) as failure:
            await on.voice.say(on.line("something between us", part=1))
        lines = [*(record.getMessage() for record in caplog.records if record.name.startswith("echo"))]
        lines += [str(failure.value), repr(failure.value.__cause__), repr(Webhook(1, token))]
        assert not [line for line in lines if token in line or "between us" in line]


async def test_an_unreachable_discord_is_told_without_the_webhooks_address() -> None:
    async with scene(small()) as on:
        await on.voice.say(on.line("one"))
        token = next(iter(on.world.webhooks.values())).token
        await on.stand.sandbox.__aexit__(None, None, None)
        with pytest.raises(ServiceUnavailable) as failure:
            await on.voice.say(on.line("two", part=1))
        assert token not in repr(failure.value) and failure.value.__cause__ is None
