"""What echoes said, found and recognised again in the channel."""

from __future__ import annotations

from datetime import timedelta

import pytest

from echo.discord.voice import SKEW
from echo.errors import ServiceUnavailable
from echo.sandbox.records import Dispatch
from tests.discord.speaking import MESSAGES, P, deny, general, scene, small
from tests.discord.stand import NOON

# nextcord 2.6 gives aiohttp its timeout in a form of old.
pytestmark = pytest.mark.filterwarnings("ignore:parameter 'timeout' of type 'float':DeprecationWarning")


@pytest.mark.parametrize("by_bot", [False, True])
async def test_a_line_that_was_said_is_found_by_a_process_that_remembers_nothing(by_bot: bool) -> None:
    world = small()
    if by_bot:
        deny(world, P.MANAGE_WEBHOOKS)
    async with scene(world) as on:
        said = await on.voice.say(on.line(" said before the crash "))
        for number in range(150):
            world.post_message(on.session.channel_id, world.guild.owner_id, f"meanwhile {number}", now=NOON.timestamp())
        other = on.fresh()
        assert await other.find_said(on.line(" said before the crash "), NOON) == said
        assert await other.find_said(on.line("never said"), NOON) is None
        assert await other.find_said(on.line(" said before the crash "), NOON + SKEW + timedelta(seconds=5)) is None
        await other.close()


async def test_the_same_words_of_somebody_else_are_not_the_line() -> None:
    world = small()
    async with scene(world) as on:
        stranger = world.create_webhook(on.session.channel_id, "Echo", world.guild.owner_id, now=NOON.timestamp())
        now = NOON.timestamp() + 1
        world.post_message(on.session.channel_id, stranger, "ok", now=now, author_name="Mara (echo)")
        world.post_message(on.session.channel_id, on.profile.user_id, "ok", now=now)
        world.post_message(on.session.channel_id, world.bot.id, "ok", now=now)
        assert await on.voice.find_said(on.line("ok"), NOON) is None


async def test_what_stands_in_the_channel_is_read_once_and_then_remembered() -> None:
    async with scene(small()) as on:
        said = await on.voice.say(on.line("me too"))
        found = await on.voice.recent(on.session.channel_id, 10)
        assert [(heard.author, heard.text) for heard in found][-2:] == [
            ("Bo", "Bo says general 2"),
            ("Mara (echo)", "me too"),
        ]
        assert [heard.speaker for heard in found] == [None, None, None, 7]
        assert [heard.human for heard in found] == [True, True, True, False]
        assert found[-1].author_id == 0 and found[-1].message_id == said
        asked = on.asked("GET", MESSAGES)
        assert await on.voice.recent(on.session.channel_id, 10) == found
        assert on.asked("GET", MESSAGES) == asked
        assert await on.voice.recent(on.session.channel_id, 2) == found[-2:]


@pytest.mark.parametrize("by_bot", [False, True])
async def test_its_own_words_are_known_after_a_restart(by_bot: bool) -> None:
    world = small()
    if by_bot:
        deny(world, P.MANAGE_WEBHOOKS)
    async with scene(world) as on:
        await on.voice.say(on.line("words of old"))
        other = on.fresh()
        last = (await other.recent(on.session.channel_id, 10))[-1]
        assert (last.speaker, last.text, last.author_id, last.human) == (7, "words of old", 0, False)
        await other.close()


async def test_whose_words_they_are_is_told_of_raw_messages() -> None:
    world = small()
    told: list[Dispatch] = []
    async with scene(world) as on:
        world.subscribe(told.append)
        await on.voice.say(on.line("mine"))
        hook = next(iter(world.webhooks.values()))
        stranger = world.create_webhook(on.session.channel_id, "Bridge", world.guild.owner_id, now=NOON.timestamp())
        shared = world.create_webhook(on.session.channel_id, "Echo", world.bot.id, now=NOON.timestamp())
        named = ((hook, "Mara (echo)"), (shared, "Olga (echo)"), (stranger, "Mara (echo)"), (world.bot.id, None))
        for author, name in named:
            world.post_message(on.session.channel_id, author, "hm", now=NOON.timestamp(), author_name=name)
        raws = [dispatch.data for dispatch in told if dispatch.event == "MESSAGE_CREATE"]
        assert [on.voice.is_own(raw) for raw in raws] == [7, 7, 0, None, None]


async def test_a_line_of_before_or_of_another_echo_is_not_the_line() -> None:
    async with scene(small()) as on:
        said = await on.voice.say(on.line("ok"))
        assert await on.voice.find_said(on.line("ok"), NOON) == said
        assert await on.voice.find_said(on.line("ok"), NOON + SKEW + timedelta(seconds=5)) is None
        hook = next(iter(on.world.webhooks.values()))
        now = NOON.timestamp() + 60
        on.world.post_message(on.session.channel_id, hook, "fine", now=now, author_name="Olga (echo)")
        assert await on.voice.find_said(on.line("fine"), NOON) is None


async def test_an_answer_in_a_form_of_no_description_may_pass() -> None:
    world = small()
    odd = {"author": {"handle": "nobody"}}
    world.post_message(general(world).id, world.guild.owner_id, "odd", now=NOON.timestamp(), interaction=odd)
    async with scene(world) as on:
        for asking in (on.voice.recent(on.session.channel_id, 10), on.voice.find_said(on.line("hm"), NOON)):
            with pytest.raises(ServiceUnavailable, match="does not describe"):
                await asking
