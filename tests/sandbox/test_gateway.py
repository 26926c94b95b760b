"""The gateway, frame by frame."""

from __future__ import annotations

import zlib
from typing import Any

import aiohttp
import pytest

from echo.sandbox.intents import EVERY, PRIVILEGED, Intent
from echo.sandbox.permissions import Permission
from echo.sandbox.records import Overwrite
from echo.sandbox.server import Sandbox
from tests.support.loopback import LIMIT, NOW, Wire, channel, opened, small_world, user, wired

TALK = int(Intent.GUILDS | Intent.GUILD_MESSAGES | Intent.MESSAGE_CONTENT | Intent.GUILD_MEMBERS)


def say(sandbox: Sandbox, text: str, who: str = "Mara", where: str = "general") -> str:
    world = sandbox.world
    return str(world.post_message(channel(world, where).id, user(world, who).id, text, now=NOW).id)


async def contents(wire: Wire, last: str) -> list[str]:
    """What is said up to and with this text."""
    found: list[str] = []
    while not found or found[-1] != last:
        found.append((await wire.until("MESSAGE_CREATE"))[-1]["d"]["content"])
    return found


async def test_identifying_gives_ready_and_then_the_server(sandbox: Sandbox) -> None:
    async with wired(sandbox) as wire:
        ready = await wire.identify(TALK)
        assert ready["user"]["id"] == str(sandbox.world.bot.id)
        assert ready["guilds"] == [{"id": str(sandbox.world.guild.id), "unavailable": True}]
        assert ready["resume_gateway_url"] == sandbox.gateway.address
        guild = (await wire.until("GUILD_CREATE"))[-1]
        assert [one["name"] for one in guild["d"]["channels"]] == ["general", "workshop"]
        assert [one["name"] for one in guild["d"]["threads"]] == ["tea"]
        assert (guild["d"]["member_count"], len(guild["d"]["members"])) == (3, 1)
        assert guild["s"] == 2


async def test_heartbeats_are_acknowledged(sandbox: Sandbox) -> None:
    async with wired(sandbox) as wire:
        await wire.send(1, None)
        assert (await wire.next())["op"] == 11


async def test_a_client_without_heartbeats_is_cut_off() -> None:
    async with opened(heartbeat_interval=0.05) as sandbox, wired(sandbox) as wire:
        await wire.identify(TALK)
        assert await wire.closed() == 4009


async def test_a_zombie_gets_no_acknowledgement_until_the_fault_is_cleared(sandbox: Sandbox) -> None:
    async with wired(sandbox) as wire:
        await wire.identify(TALK)
        await wire.until("GUILD_CREATE")
        sandbox.faults.set({"mute_heartbeats": True})
        await wire.send(1, 2)
        await wire.send(8, {"guild_id": str(sandbox.world.guild.id), "query": "", "limit": 0})
        assert (await wire.next())["t"] == "GUILD_MEMBERS_CHUNK"
        sandbox.faults.set({"clear": True})
        await wire.send(1, 3)
        assert (await wire.next())["op"] == 11


@pytest.mark.parametrize(
    ("op", "data", "code"),
    [
        (2, {"token": "wrong", "intents": 1}, 4004),
        (2, {"token": "sandbox", "intents": -1}, 4013),
        (2, {"token": "sandbox"}, 4013),
        (2, {"token": "sandbox", "intents": 1, "shard": [2, 1]}, 4010),
        (6, {"token": "wrong", "session_id": "x", "seq": 1}, 4004),
        (8, {"guild_id": "1"}, 4003),
        (99, {}, 4003),
        (99, None, 4001),
        (2, [], 4002),
    ],
)
async def test_wrong_payloads_end_the_connection_with_discords_code(
    sandbox: Sandbox, op: int, data: Any, code: int
) -> None:
    async with wired(sandbox) as wire:
        await wire.send(op, data)
        assert await wire.closed() == code


async def test_what_is_no_json_or_no_known_version_ends_the_connection(sandbox: Sandbox) -> None:
    async with wired(sandbox) as wire:
        await wire.socket.send_str("{")
        assert await wire.closed() == 4002
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{sandbox.gateway.address}?v=6") as socket:
        assert await Wire(socket).closed() == 4012


async def test_identifying_twice_ends_the_connection(sandbox: Sandbox) -> None:
    async with wired(sandbox) as wire:
        await wire.identify(TALK)
        await wire.send(2, {"token": "sandbox", "intents": TALK})
        assert await wire.closed() == 4005


async def test_a_privileged_intent_that_was_not_granted_ends_the_connection() -> None:
    async with opened(granted=PRIVILEGED & ~Intent.MESSAGE_CONTENT) as sandbox, wired(sandbox) as wire:
        await wire.send(2, {"token": "sandbox", "intents": TALK})
        assert await wire.closed() == 4014


async def test_every_dispatch_has_the_next_number(sandbox: Sandbox) -> None:
    async with wired(sandbox) as wire:
        await wire.identify(TALK)
        for number in range(3):
            say(sandbox, str(number))
        frames = [*await wire.until("GUILD_CREATE"), await wire.next(), await wire.next(), await wire.next()]
        assert [one["s"] for one in frames] == [2, 3, 4, 5]


async def test_what_was_missed_is_replayed_when_a_session_resumes(sandbox: Sandbox) -> None:
    async with wired(sandbox) as wire:
        ready = await wire.identify(TALK)
        say(sandbox, "heard")
        assert await contents(wire, "heard")
        seen = wire.number
        sandbox.gateway.drop_sockets()
        assert await wire.closed() in (None, 1006)
    for text in ("missed one", "missed two"):
        say(sandbox, text)
    async with wired(sandbox) as wire:
        await wire.send(6, {"token": "sandbox", "session_id": ready["session_id"], "seq": seen})
        frames = await wire.until("RESUMED")
        assert [one["d"].get("content") for one in frames] == ["missed one", "missed two", None]
        assert seen is not None
        assert [one["s"] for one in frames] == [seen + 1, seen + 2, seen + 3]
        say(sandbox, "live again")
        assert await contents(wire, "live again") == ["live again"]


async def test_a_session_that_nobody_knows_or_that_was_ended_is_invalid(sandbox: Sandbox) -> None:
    async with wired(sandbox) as wire:
        ready = await wire.identify(TALK)
        await wire.socket.close(code=1000)
    for session, number in ((ready["session_id"], 2), ("nobody's", 1)):
        async with wired(sandbox) as wire:
            await wire.send(6, {"token": "sandbox", "session_id": session, "seq": number})
            frame = await wire.next()
            assert (frame["op"], frame["d"]) == (9, False)
            await wire.identify(TALK)


async def test_a_resume_from_the_future_is_invalid(sandbox: Sandbox) -> None:
    async with wired(sandbox) as wire:
        ready = await wire.identify(TALK)
        sandbox.gateway.drop_sockets()
    async with wired(sandbox) as wire:
        await wire.send(6, {"token": "sandbox", "session_id": ready["session_id"], "seq": 999})
        assert (await wire.next())["op"] == 9


async def test_a_second_socket_takes_the_session_over(sandbox: Sandbox) -> None:
    async with wired(sandbox) as first, wired(sandbox) as second:
        ready = await first.identify(TALK)
        await second.send(6, {"token": "sandbox", "session_id": ready["session_id"], "seq": 2})
        await second.until("RESUMED")
        assert await first.closed() in (None, 1006)
        say(sandbox, "to the second")
        assert await contents(second, "to the second")


async def test_clients_are_told_to_reconnect_or_that_their_session_is_invalid(sandbox: Sandbox) -> None:
    async with wired(sandbox) as wire:
        ready = await wire.identify(TALK)
        await wire.until("GUILD_CREATE")
        sandbox.faults.set({"reconnect": True})
        assert (await wire.next())["op"] == 7
        sandbox.faults.set({"invalidate_sessions": True})
        frame = await wire.next()
        assert (frame["op"], frame["d"]) == (9, False)
    assert ready["session_id"] not in sandbox.gateway.sessions


async def test_events_come_only_with_their_intents(sandbox: Sandbox) -> None:
    async with wired(sandbox) as wire:
        await wire.identify(int(Intent.GUILDS | Intent.GUILD_MESSAGE_REACTIONS))
        message = int(say(sandbox, "unheard"))
        world = sandbox.world
        world.start_typing(channel(world, "general").id, user(world, "Mara").id, now=NOW)
        world.add_reaction(channel(world, "general").id, message, user(world, "Mara").id, "👍")
        frames = await wire.until("MESSAGE_REACTION_ADD")
        assert [one["t"] for one in frames] == ["GUILD_CREATE", "MESSAGE_REACTION_ADD"]
        assert frames[-1]["d"]["emoji"] == {"id": None, "name": "👍"}


async def test_without_the_content_intent_texts_are_empty_but_for_mentions_and_own_ones(sandbox: Sandbox) -> None:
    async with wired(sandbox) as wire:
        await wire.identify(TALK & ~Intent.MESSAGE_CONTENT)
        bot = sandbox.world.bot
        say(sandbox, "secret")
        say(sandbox, f"hey <@{bot.id}>")
        sandbox.world.post_message(channel(sandbox.world, "general").id, bot.id, "mine", now=NOW)
        assert await contents(wire, "mine") == ["", f"hey <@{bot.id}>", "mine"]


async def test_what_happens_where_the_bot_can_not_look_is_not_told(sandbox: Sandbox) -> None:
    world = sandbox.world
    general = channel(world, "general").id
    async with wired(sandbox) as wire:
        await wire.identify(TALK)
        world.set_overwrite(general, Overwrite(world.bot.id, 1, deny=int(Permission.VIEW_CHANNEL)))
        say(sandbox, "behind the door")
        say(sandbox, "also behind it", where="tea")
        say(sandbox, "in the open", where="workshop")
        assert await contents(wire, "in the open") == ["in the open"]


async def test_an_ephemeral_message_to_a_person_is_not_told_to_the_bot(sandbox: Sandbox) -> None:
    world = sandbox.world
    async with wired(sandbox) as wire:
        await wire.identify(TALK)
        mara = user(world, "Mara").id
        world.post_message(channel(world, "general").id, world.bot.id, "psst", flags=64, only_user=mara, now=NOW)
        say(sandbox, "aloud")
        assert await contents(wire, "aloud") == ["aloud"]


async def test_changes_of_the_server_are_told(sandbox: Sandbox) -> None:
    world = sandbox.world
    async with wired(sandbox) as wire:
        await wire.identify(EVERY & ~int(Intent.GUILD_PRESENCES))
        await wire.until("GUILD_CREATE")
        made = world.create_channel("new", now=NOW)
        world.modify_channel(made.id, now=NOW, topic="t")
        world.create_webhook(made.id, "Voice", world.bot.id, now=NOW)
        thread = world.create_thread(made.id, "side", world.bot.id, now=NOW)
        world.join_thread(thread.id, user(world, "Mara").id, now=NOW)
        world.delete_channel(made.id)
        world.modify_member(user(world, "Mara").id, nick="M")
        world.kick(user(world, "Tobias").id)
        tobias = user(world, "Tobias")
        world.join(tobias, now=NOW)
        assert [one["t"] for one in await wire.until("GUILD_MEMBER_ADD")] == [
            "CHANNEL_CREATE",
            "CHANNEL_UPDATE",
            "WEBHOOKS_UPDATE",
            "THREAD_CREATE",
            "THREAD_MEMBERS_UPDATE",
            "CHANNEL_DELETE",
            "GUILD_MEMBER_UPDATE",
            "GUILD_MEMBER_REMOVE",
            "GUILD_MEMBER_ADD",
        ]


async def test_a_bot_that_is_thrown_out_hears_that_the_server_is_gone_and_then_nothing(sandbox: Sandbox) -> None:
    world = sandbox.world
    async with wired(sandbox) as wire:
        await wire.identify(TALK)
        world.kick(world.bot.id)
        assert (await wire.until("GUILD_DELETE"))[-1]["d"] == {"id": str(world.guild.id)}
        say(sandbox, "without the bot")
        await wire.send(1, None)
        assert (await wire.next())["op"] == 11


async def test_direct_messages_are_told_without_a_server(sandbox: Sandbox) -> None:
    world = sandbox.world
    async with wired(sandbox) as wire:
        await wire.identify(int(Intent.GUILDS | Intent.DIRECT_MESSAGES))
        mara = user(world, "Mara").id
        world.post_message(world.open_dm(mara, now=NOW).id, mara, "just us", now=NOW)
        data = (await wire.until("MESSAGE_CREATE"))[-1]["d"]
        assert (data["content"], "guild_id" in data) == ("just us", False)


async def test_members_are_asked_for_all_by_name_or_by_id(sandbox: Sandbox) -> None:
    world = sandbox.world
    guild, mara = str(world.guild.id), str(user(world, "Mara").id)
    async with wired(sandbox) as wire:
        await wire.identify(TALK)

        async def asked(**wanted: Any) -> dict[str, Any]:
            await wire.send(8, {"guild_id": guild, **wanted})
            data: dict[str, Any] = (await wire.until("GUILD_MEMBERS_CHUNK"))[-1]["d"]
            return data

        assert len((await asked(query="", limit=0, nonce="n"))["members"]) == 3
        assert [one["user"]["id"] for one in (await asked(query="ma", limit=5))["members"]] == [mara]
        by_id = await asked(user_ids=[mara, "5"], nonce="x")
        assert (len(by_id["members"]), by_id["not_found"], by_id["nonce"]) == (1, ["5"], "x")


async def test_a_shard_gets_only_the_servers_that_are_its_own(sandbox: Sandbox) -> None:
    own = (sandbox.world.guild.id >> 22) % 2
    for shard, guilds in ((own, 1), (1 - own, 0)):
        async with wired(sandbox) as wire:
            await wire.send(2, {"token": "sandbox", "intents": TALK, "shard": [shard, 2]})
            assert len((await wire.until("READY"))[-1]["d"]["guilds"]) == guilds


async def test_a_compressed_stream_says_the_same(sandbox: Sandbox) -> None:
    url = f"{sandbox.gateway.address}?v=10&encoding=json&compress=zlib-stream"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        inflate = zlib.decompressobj()
        for start in (b'{"op":10', b'{"op":11'):
            packed = await socket.receive_bytes(timeout=LIMIT)
            assert packed.endswith(b"\x00\x00\xff\xff")
            assert inflate.decompress(packed).startswith(start)
            await socket.send_json({"op": 1, "d": None})


async def test_only_the_last_frames_are_kept_for_a_resume(sandbox: Sandbox) -> None:
    async with wired(sandbox) as wire:
        ready = await wire.identify(TALK)
        sandbox.gateway.drop_sockets()
    session = sandbox.gateway.sessions[ready["session_id"]]
    for number in range(6000):
        session.send("TYPING_START", {"number": number})
    async with wired(sandbox) as wire:
        await wire.send(6, {"token": "sandbox", "session_id": ready["session_id"], "seq": 2})
        assert (await wire.next())["op"] == 9


def test_the_small_world_stays_as_the_tests_know_it() -> None:
    assert {one.name for one in small_world().channels.values()} == {"general", "workshop", "tea", "attic"}
