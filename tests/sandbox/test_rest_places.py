"""Channels, threads, the server, its members and accounts over REST."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from echo.sandbox.permissions import Permission
from echo.sandbox.records import Overwrite
from echo.sandbox.server import Sandbox
from tests.support.loopback import NOW, Caller, calling, channel, opened, user


def place(sandbox: Sandbox, name: str = "general") -> str:
    return f"/channels/{channel(sandbox.world, name).id}"


def guild(sandbox: Sandbox) -> str:
    return f"/guilds/{sandbox.world.guild.id}"


def allow(sandbox: Sandbox, wanted: Permission) -> None:
    world = sandbox.world
    next(role for role in world.roles.values() if role.bot_id == world.bot.id).permissions |= int(wanted)


async def refused(call: Caller, method: str, path: str, status: int, code: int, body: Any = None, **query: Any) -> None:
    assert (await call(method, path, body, status=status, **query))["code"] == code


async def test_the_server_tells_of_itself_its_channels_and_roles(sandbox: Sandbox, call: Caller) -> None:
    found = await call("GET", guild(sandbox), with_counts="true")
    assert (found["name"], found["approximate_member_count"]) == ("Small world", 3)
    assert [one["name"] for one in await call("GET", f"{guild(sandbox)}/channels")] == ["general", "workshop"]
    roles = await call("GET", f"{guild(sandbox)}/roles")
    assert [one["name"] for one in roles] == ["@everyone", "Echo", "Manager"]
    assert await call("GET", f"{guild(sandbox)}/roles/{roles[1]['id']}") == roles[1]
    await refused(call, "GET", f"{guild(sandbox)}/roles/5", 404, 10011)
    await refused(call, "GET", "/guilds/5", 404, 10004)


async def test_members_are_paged_by_id_and_searched_by_name(sandbox: Sandbox, call: Caller) -> None:
    everybody = await call("GET", f"{guild(sandbox)}/members", limit=1000)
    assert len(everybody) == 3
    ids = [int(one["user"]["id"]) for one in everybody]
    assert ids == sorted(ids)
    assert await call("GET", f"{guild(sandbox)}/members", limit=5, after=ids[0]) == everybody[1:]
    found = await call("GET", f"{guild(sandbox)}/members/search", query="TOB", limit=5)
    assert [one["user"]["global_name"] for one in found] == ["Tobias"]
    await refused(call, "GET", f"{guild(sandbox)}/members/search", 400, 50035)
    await refused(call, "GET", f"{guild(sandbox)}/members", 400, 50035, limit=1001)


async def test_a_member_who_left_is_known_as_an_account_but_no_member(sandbox: Sandbox, call: Caller) -> None:
    tobias = user(sandbox.world, "Tobias").id
    assert (await call("GET", f"{guild(sandbox)}/members/{tobias}"))["user"]["username"] == "tobias"
    sandbox.world.kick(tobias)
    await refused(call, "GET", f"{guild(sandbox)}/members/{tobias}", 404, 10007)
    assert (await call("GET", f"/users/{tobias}"))["username"] == "tobias"
    await refused(call, "GET", f"{guild(sandbox)}/members/5", 404, 10013)
    await refused(call, "GET", "/users/5", 404, 10013)


async def test_a_bot_acts_on_members_below_it_and_only_with_permission(sandbox: Sandbox, call: Caller) -> None:
    world = sandbox.world
    tobias = f"{guild(sandbox)}/members/{user(world, 'Tobias').id}"
    mara = f"{guild(sandbox)}/members/{user(world, 'Mara').id}"
    await refused(call, "PATCH", tobias, 403, 50013, {"nick": "Tobi"})
    await refused(call, "DELETE", tobias, 403, 50013)
    allow(sandbox, Permission.MANAGE_NICKNAMES | Permission.KICK_MEMBERS)
    assert (await call("PATCH", tobias, {"nick": "Tobi"}))["nick"] == "Tobi"
    await refused(call, "PATCH", mara, 403, 50013, {"nick": "Boss"})
    await call("DELETE", tobias, status=204)
    assert (await call("PATCH", f"{guild(sandbox)}/members/@me", {"nick": "Echo echo"}))["nick"] == "Echo echo"


async def test_a_channel_is_made_changed_and_deleted_with_manage_channels_only(sandbox: Sandbox, call: Caller) -> None:
    await refused(call, "POST", f"{guild(sandbox)}/channels", 403, 50013, {"name": "new"})
    await refused(call, "PATCH", place(sandbox), 403, 50013, {"topic": "t"})
    await refused(call, "DELETE", place(sandbox), 403, 50013)
    allow(sandbox, Permission.MANAGE_CHANNELS)
    made = await call("POST", f"{guild(sandbox)}/channels", {"name": "Tea Room", "topic": "t"}, status=201)
    assert made["name"] == "tea-room"
    changed = await call("PATCH", f"/channels/{made['id']}", {"topic": None, "nsfw": True, "rate_limit_per_user": 5})
    assert (changed["topic"], changed["nsfw"], changed["rate_limit_per_user"]) == (None, True, 5)
    await refused(call, "PATCH", f"/channels/{made['id']}", 400, 50035, {"name": ""})
    await call("DELETE", f"/channels/{made['id']}")
    await refused(call, "GET", f"/channels/{made['id']}", 404, 10003)


async def test_overwrites_are_set_and_taken_away_with_manage_roles(sandbox: Sandbox, call: Caller) -> None:
    world, tobias = sandbox.world, user(sandbox.world, "Tobias").id
    path, body = f"{place(sandbox)}/permissions/{tobias}", {"type": 1, "deny": int(Permission.VIEW_CHANNEL)}
    await refused(call, "PUT", path, 403, 50013, body)
    allow(sandbox, Permission.MANAGE_ROLES)
    await call("PUT", path, body, status=204)
    assert not world.may(channel(world, "general").id, tobias, Permission.VIEW_CHANNEL)
    await call("DELETE", path, status=204)
    assert world.may(channel(world, "general").id, tobias, Permission.VIEW_CHANNEL)
    await refused(call, "DELETE", path, 404, 10009)
    await refused(call, "PUT", f"{place(sandbox)}/permissions/5", 404, 10009, {"type": 0})


async def test_active_threads_are_listed_for_the_server_and_archived_ones_by_channel(
    sandbox: Sandbox, call: Caller
) -> None:
    active = await call("GET", f"{guild(sandbox)}/threads/active")
    assert [one["name"] for one in active["threads"]] == ["tea"]
    archived = await call("GET", f"{place(sandbox)}/threads/archived/public")
    assert [one["name"] for one in archived["threads"]] == ["attic"]
    assert archived["threads"][0]["message_count"] == 2


async def test_archived_threads_are_paged_by_the_time_of_archiving(sandbox: Sandbox, call: Caller) -> None:
    world, general = sandbox.world, channel(sandbox.world, "general").id
    for number in range(5):
        thread = world.create_thread(general, f"old {number}", world.bot.id, now=NOW + number)
        world.modify_channel(thread.id, now=NOW + 100 + number, archived=True)
    names: list[str] = []
    before: dict[str, Any] = {}
    while True:
        page = await call("GET", f"{place(sandbox)}/threads/archived/public", limit=2, **before)
        names += [one["name"] for one in page["threads"]]
        if not page["has_more"]:
            break
        before = {"before": page["threads"][-1]["thread_metadata"]["archive_timestamp"]}
    assert names == ["old 4", "old 3", "old 2", "old 1", "old 0", "attic"]
    await refused(call, "GET", f"{place(sandbox)}/threads/archived/public", 400, 50035, before="once")


async def test_private_threads_are_listed_apart(sandbox: Sandbox, call: Caller) -> None:
    world, general = sandbox.world, channel(sandbox.world, "general").id
    own = world.create_thread(general, "own", world.bot.id, now=NOW, private=True)
    others = world.create_thread(general, "others", user(world, "Mara").id, now=NOW, private=True)
    for thread in (own, others):
        world.modify_channel(thread.id, now=NOW + 1, archived=True)
    both = await call("GET", f"{place(sandbox)}/threads/archived/private")
    assert {one["name"] for one in both["threads"]} == {"own", "others"}
    joined = await call("GET", f"{place(sandbox)}/users/@me/threads/archived/private")
    assert [one["name"] for one in joined["threads"]] == ["own"]
    world.set_overwrite(general, Overwrite(world.bot.id, 1, deny=int(Permission.MANAGE_THREADS)))
    await refused(call, "GET", f"{place(sandbox)}/threads/archived/private", 403, 50013)
    await refused(call, "GET", f"/channels/{others.id}", 403, 50001)


async def test_threads_open_from_a_message_or_by_themselves(sandbox: Sandbox, call: Caller) -> None:
    line = (await call("GET", f"{place(sandbox)}/messages", limit=1))[0]["id"]
    thread = await call("POST", f"{place(sandbox)}/messages/{line}/threads", {"name": "on that"}, status=201)
    assert (thread["id"], thread["type"]) == (line, 11)
    await refused(call, "POST", f"{place(sandbox)}/messages/{line}/threads", 400, 160004, {"name": "again"})
    alone = await call("POST", f"{place(sandbox)}/threads", {"name": "alone", "type": 11}, status=201)
    assert alone["owner_id"] == str(sandbox.world.bot.id)
    private = await call("POST", f"{place(sandbox)}/threads", {"name": "hush"}, status=201)
    assert private["type"] == 12
    await refused(call, "POST", f"/channels/{alone['id']}/threads", 400, 50024, {"name": "deeper"})
    await refused(call, "POST", f"{place(sandbox)}/threads", 400, 50035, {"name": ""})


async def test_members_join_and_leave_threads(sandbox: Sandbox, call: Caller) -> None:
    members = f"{place(sandbox, 'tea')}/thread-members"
    await call("PUT", f"{members}/@me", status=204)
    await call("PUT", f"{members}/{user(sandbox.world, 'Mara').id}", status=204)
    assert len(await call("GET", members)) == 3
    assert (await call("GET", f"{members}/{sandbox.world.bot.id}"))["user_id"] == str(sandbox.world.bot.id)
    await call("DELETE", f"{members}/@me", status=204)
    await refused(call, "GET", f"{members}/{sandbox.world.bot.id}", 404, 10007)
    await refused(call, "PUT", f"{place(sandbox, 'attic')}/thread-members/@me", 400, 50083)


async def test_a_thread_is_archived_and_renamed_by_who_may(sandbox: Sandbox, call: Caller) -> None:
    changed = await call("PATCH", place(sandbox, "tea"), {"archived": True, "name": "cold tea"})
    assert (changed["thread_metadata"]["archived"], changed["name"]) == (True, "cold tea")
    world = sandbox.world
    general = channel(world, "general").id
    world.set_overwrite(general, Overwrite(world.bot.id, 1, deny=int(Permission.MANAGE_THREADS)))
    await refused(call, "PATCH", place(sandbox, "cold tea"), 403, 50013, {"name": "warm tea"})
    assert not (await call("PATCH", place(sandbox, "cold tea"), {"archived": False}))["thread_metadata"]["archived"]


async def test_direct_messages_are_one_channel_for_each_person(sandbox: Sandbox, call: Caller) -> None:
    mara = str(user(sandbox.world, "Mara").id)
    opened_dm = await call("POST", "/users/@me/channels", {"recipient_id": mara})
    assert await call("POST", "/users/@me/channels", {"recipient_id": mara}) == opened_dm
    path = f"/channels/{opened_dm['id']}/messages"
    said = await call("POST", path, {"content": "just us"})
    assert await call("GET", path) == [said]
    await refused(call, "POST", "/users/@me/channels", 404, 10013, {"recipient_id": "5"})
    await refused(call, "POST", "/users/@me/channels", 400, 50035, {})
    await refused(call, "POST", "/users/@me/channels", 400, 50007, {"recipient_id": str(sandbox.world.bot.id)})


async def test_the_bot_reads_its_account_application_and_servers(sandbox: Sandbox, call: Caller) -> None:
    me = await call("GET", "/users/@me")
    assert (me["id"], me["bot"]) == (str(sandbox.world.bot.id), True)
    for path in ("/oauth2/applications/@me", "/applications/@me"):
        assert (await call("GET", path))["bot"]["id"] == me["id"]
    assert [one["id"] for one in await call("GET", "/users/@me/guilds")] == [str(sandbox.world.guild.id)]
    assert (await call("GET", "/gateway"))["url"] == sandbox.gateway.address
    assert (await call("GET", "/gateway/bot"))["shards"] == 1


async def test_a_wrong_token_gets_nowhere(sandbox: Sandbox) -> None:
    async with calling(sandbox, token="wrong") as stranger:
        await stranger("GET", "/users/@me", status=401)
        await stranger("GET", f"{place(sandbox)}/messages", status=401)
        await stranger("GET", "/gateway")


async def test_paths_and_methods_that_do_not_exist_are_refused_in_json(sandbox: Sandbox, call: Caller) -> None:
    assert (await call("GET", "/nowhere/at/all", status=404))["message"] == "404: Not Found"
    assert (await call("PUT", "/users/@me", status=405))["message"] == "405: Method Not Allowed"
    await refused(call, "GET", "/channels/abc", 400, 50035)


async def test_bodies_that_are_no_json_are_refused_and_files_are_kept(sandbox: Sandbox) -> None:
    url = f"{sandbox.address}/api/v10{place(sandbox)}/messages"
    headers = {"Authorization": "Bot sandbox"}
    form = aiohttp.FormData()
    form.add_field("payload_json", '{"content": "see this"}')
    form.add_field("files[0]", b"x", filename="x.txt")
    async with aiohttp.ClientSession(headers=headers) as session:
        for broken in (b"{", b"\xff\xfe\xfd", b"[" * 100_000):
            async with session.post(url, data=broken, headers={"Content-Type": "application/json"}) as answer:
                assert (answer.status, (await answer.json())["code"]) == (400, 50109)
        async with session.post(url, data=form) as answer:
            assert (answer.status, (await answer.json())["attachments"][0]["filename"]) == (200, "x.txt")
        parts = aiohttp.MultipartWriter("form-data")
        parts.append('{"content": "in parts"}').set_content_disposition("form-data", name="payload_json")
        async with session.post(url, data=parts) as answer:
            assert (answer.status, (await answer.json())["content"]) == (200, "in parts")


async def test_a_taken_port_is_said_in_one_sentence(sandbox: Sandbox) -> None:
    port = int(sandbox.address.rpartition(":")[2])
    with pytest.raises(Exception, match=f"Port {port} of 127.0.0.1 is taken") as refusal:
        async with opened(port=port):
            raise AssertionError("two sandboxes on one port")
    assert "\n" not in str(refusal.value)
