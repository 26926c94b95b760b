"""An echo wears its person's picture with the badge; one that can't be had delays nobody, and others' is never worn."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace

import pytest
from PIL import Image

from echo.discord.badge import badge_alone, badged
from echo.discord.voice import Voice
from echo.discord.webhooks import MOST, OWN
from echo.sandbox.pictures import drawn
from echo.sandbox.records import Webhook
from tests.discord.speaking import WEBHOOKS, Scene, scene, small
from tests.discord.stand import NOON

# nextcord 2.6 gives aiohttp its timeout in a form of old.
pytestmark = pytest.mark.filterwarnings("ignore:parameter 'timeout' of type 'float':DeprecationWarning")


def worn(on: Scene, message_id: int) -> bytes:
    """The picture beside a message."""
    said = on.message(message_id)
    assert said.avatar is None and said.webhook_id is not None
    return on.world.pictures[on.world.webhooks[said.webhook_id].avatar or ""]


def maras(on: Scene) -> bytes:
    """Mara's own picture, with the badge."""
    mara = on.world.find_user("Mara")
    assert mara is not None
    found = badged(drawn(mara.picture, "M"))
    assert found is not None
    return found


def own(on: Scene) -> list[Webhook]:
    return [one for one in on.world.webhooks.values() if one.application_id == on.world.application_id]


async def test_an_echo_wears_its_persons_picture_with_the_badge_also_after_a_restart() -> None:
    async with scene(small()) as on:
        assert worn(on, await on.voice.say(on.line("one"))) == maras(on)
        other = on.fresh()
        assert worn(on, await other.say(on.line("two", part=1))) == maras(on)
        await other.close()
        assert len(own(on)) == 1 and own(on)[0].name.startswith("Echo 7 ") and on.asked("POST", WEBHOOKS) == 1


@pytest.mark.parametrize("fault", [{"errors": 9, "status": 404}, {"silent": 9}, {"rate_limit": 9}])
async def test_where_the_picture_is_not_to_be_had_the_badge_stands_alone_and_nobody_waits_long(
    fault: dict[str, int],
) -> None:
    async with scene(small()) as on:
        on.stand.sandbox.faults.set({**fault, "match": "/avatars/"})
        async with asyncio.timeout(10):
            said = await on.voice.say(on.line("one"))
        assert worn(on, said) == badge_alone()
        assert worn(on, await on.voice.say(on.line("two", part=1))) == badge_alone()
        on.stand.sandbox.faults.clear()
        other = on.fresh()
        assert worn(on, await other.say(on.line("three", part=2))) == maras(on), "it is asked for again"
        await other.close()
        assert len(own(on)) == 1


async def test_a_hostile_picture_gives_the_badge_alone() -> None:
    async with scene(small()) as on:
        mara = on.world.find_user("Mara")
        assert mara is not None
        held = io.BytesIO()
        frames = [Image.new("RGB", (32, 32), (shade, 0, 0)) for shade in (0, 120, 240)]
        frames[0].save(held, "PNG", save_all=True, append_images=frames[1:])
        for hostile in (held.getvalue(), b"no picture", b"\x89PNG" + bytes(5_000_000)):
            on.world.pictures[mara.picture] = hostile
            fresh: Voice = on.fresh()
            assert worn(on, await fresh.say(on.line("still here"))) == badge_alone()
            await fresh.close()


async def test_a_picture_of_somebody_before_is_never_worn() -> None:
    world = small()
    channel = world.find_channel("general")
    assert channel is not None
    old = world.create_webhook(
        channel.id, "Echo 7 0123456789ab", world.bot.id, now=NOON.timestamp(), avatar="0123456789ab"
    )
    world.pictures["0123456789ab"] = b"somebody else's"
    async with scene(world) as on:
        on.stand.sandbox.faults.set({"errors": 9, "status": 404, "match": "/avatars/"})
        assert worn(on, await on.voice.say(on.line("one"))) == badge_alone()
        assert list(world.webhooks) == [old.id], "the webhook is the same, and its picture another"


async def test_a_channel_has_a_bounded_number_of_them_and_the_others_share_one() -> None:
    async with scene(small()) as on:
        for number in range(1, OWN + 4):
            one = replace(on.profile, id=number)
            on.board.profiles[number] = one
            said = await on.voice.say(replace(on.line(f"line {number}", generation=number), profile=one))
            assert worn(on, said) == (maras(on) if number < OWN else badge_alone())
        assert len(own(on)) == OWN and sum(one.name == "Echo" for one in own(on)) == 1
        listed = on.asked("GET", WEBHOOKS)
        again = replace(on.line("again", generation=99), profile=on.board.profiles[OWN + 2])
        assert worn(on, await on.voice.say(again)) == badge_alone() and on.asked("GET", WEBHOOKS) == listed


async def test_the_last_place_in_a_channel_is_for_the_one_that_all_share() -> None:
    world = small()
    channel = world.find_channel("general")
    assert channel is not None
    for number in range(MOST - 1):
        world.create_webhook(channel.id, f"hook {number}", world.guild.owner_id, now=NOON.timestamp())
    async with scene(world) as on:
        assert worn(on, await on.voice.say(on.line("squeezed in"))) == badge_alone()
        assert [one.name for one in own(on)] == ["Echo"]


async def test_a_shared_one_of_old_gets_the_badge_and_echo_itself_speaks_through_it() -> None:
    world = small()
    channel = world.find_channel("general")
    assert channel is not None
    for number in range(MOST - 1):
        world.create_webhook(channel.id, f"hook {number}", world.guild.owner_id, now=NOON.timestamp())
    old = world.create_webhook(channel.id, "Echo", world.bot.id, now=NOON.timestamp())
    async with scene(world) as on:
        assert worn(on, await on.voice.say(on.line("one"))) == badge_alone()
        await on.voice.tell(channel.id, "for itself")
        assert own(on) == [old] and on.asked("PATCH", "/webhooks/{webhook_id}") == 1
