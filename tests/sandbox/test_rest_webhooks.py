"""Webhooks over REST."""

from __future__ import annotations

from typing import Any

import pytest

from echo.sandbox.permissions import Permission
from echo.sandbox.records import FORUM, Overwrite
from echo.sandbox.server import Sandbox
from tests.support.loopback import NOW, Caller, calling, channel


def place(sandbox: Sandbox, name: str = "general") -> str:
    return f"/channels/{channel(sandbox.world, name).id}"


async def made(sandbox: Sandbox, call: Caller, name: str = "Voice") -> tuple[dict[str, Any], str]:
    """A new webhook and the path by which it speaks."""
    webhook = await call("POST", f"{place(sandbox)}/webhooks", {"name": name})
    return webhook, f"/webhooks/{webhook['id']}/{webhook['token']}"


async def test_a_webhook_speaks_under_any_name_and_is_told_apart_from_people(sandbox: Sandbox, call: Caller) -> None:
    webhook, path = await made(sandbox, call)
    body = {"content": "hi", "username": "Mara (echo)", "avatar_url": "https://example.org/a.png"}
    said = await call("POST", path, body, wait="true")
    assert (said["webhook_id"], said["author"]["username"]) == (webhook["id"], "Mara (echo)")
    assert said["author"]["avatar"]
    assert said["author"]["bot"]
    assert (await call("GET", f"{place(sandbox)}/messages", limit=1))[0] == said
    assert await call("POST", path, {"content": "unnamed"}, status=204) is None
    assert (await call("GET", f"{place(sandbox)}/messages", limit=1))[0]["author"]["username"] == "Voice"


async def test_a_webhook_needs_no_bots_token_but_its_own(sandbox: Sandbox, call: Caller) -> None:
    webhook, path = await made(sandbox, call)
    async with calling(sandbox, token="wrong") as stranger:
        await stranger("POST", path, {"content": "hi"}, status=204)
        assert "user" not in await stranger("GET", path)
        wrong = await stranger("POST", f"/webhooks/{webhook['id']}/guess", {"content": "hi"}, status=401)
        assert wrong["code"] == 50027
        await stranger("GET", f"/webhooks/{webhook['id']}", status=401)


async def test_what_a_webhook_said_can_be_read_changed_and_deleted_by_it_alone(sandbox: Sandbox, call: Caller) -> None:
    _, path = await made(sandbox, call)
    _, other = await made(sandbox, call, "Other")
    said = await call("POST", path, {"content": "one"}, wait="true")
    message = f"{path}/messages/{said['id']}"
    assert (await call("GET", message))["content"] == "one"
    assert (await call("PATCH", message, {"content": "two"}))["content"] == "two"
    assert (await call("GET", f"{other}/messages/{said['id']}", status=404))["code"] == 10008
    await call("DELETE", message, status=204)
    assert (await call("GET", message, status=404))["code"] == 10008


async def test_a_webhook_speaks_in_its_channels_threads_and_nowhere_else(sandbox: Sandbox, call: Caller) -> None:
    _, path = await made(sandbox, call)
    attic, workshop = channel(sandbox.world, "attic"), channel(sandbox.world, "workshop")
    said = await call("POST", path, {"content": "dust"}, wait="true", thread_id=attic.id)
    assert said["channel_id"] == str(attic.id)
    assert not attic.archived
    await call("PATCH", f"{path}/messages/{said['id']}", {"content": "gone"}, thread_id=attic.id)
    assert (await call("PATCH", f"{path}/messages/{said['id']}", {"content": "x"}, status=404))["code"] == 10008
    elsewhere = await call("POST", path, {"content": "x"}, status=404, thread_id=workshop.id)
    assert elsewhere["code"] == 10003
    sandbox.world.modify_channel(attic.id, now=NOW, archived=True, locked=True)
    assert (await call("POST", path, {"content": "x"}, status=400, thread_id=attic.id))["code"] == 50083


async def test_in_a_forum_a_webhook_needs_a_thread_or_a_name_for_one(sandbox: Sandbox, call: Caller) -> None:
    forum = sandbox.world.create_channel("ideas", now=NOW, kind=FORUM)
    webhook = await call("POST", f"/channels/{forum.id}/webhooks", {"name": "Voice"})
    path = f"/webhooks/{webhook['id']}/{webhook['token']}"
    assert (await call("POST", path, {"content": "x"}, status=400))["code"] == 220001
    said = await call("POST", path, {"content": "x", "thread_name": "Lamps"}, wait="true")
    assert sandbox.world.channels[int(said["channel_id"])].name == "Lamps"
    _, plain = await made(sandbox, call)
    assert (await call("POST", plain, {"content": "x", "thread_name": "Lamps"}, status=400))["code"] == 220003


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "My CLYDE", "discordant", None, 5])
async def test_names_that_discord_forbids_are_refused(sandbox: Sandbox, call: Caller, name: Any) -> None:
    refused = await call("POST", f"{place(sandbox)}/webhooks", {"name": name}, status=400)
    assert refused["code"] == 50035
    _, path = await made(sandbox, call)
    if name is not None:
        await call("POST", path, {"content": "x", "username": name}, status=400)


async def test_a_channel_has_fifteen_webhooks_at_most(sandbox: Sandbox, call: Caller) -> None:
    for number in range(15):
        await made(sandbox, call, f"Voice {number}")
    assert (await call("POST", f"{place(sandbox)}/webhooks", {"name": "one more"}, status=400))["code"] == 30007
    await call("POST", f"{place(sandbox, 'workshop')}/webhooks", {"name": "elsewhere"})


async def test_webhooks_are_listed_by_channel_and_by_server(sandbox: Sandbox, call: Caller) -> None:
    one, _ = await made(sandbox, call)
    two = await call("POST", f"{place(sandbox, 'workshop')}/webhooks", {"name": "Two"})
    assert await call("GET", f"{place(sandbox)}/webhooks") == [one]
    assert await call("GET", f"/guilds/{sandbox.world.guild.id}/webhooks") == [one, two]


async def test_webhooks_need_manage_webhooks_and_threads_have_none(sandbox: Sandbox, call: Caller) -> None:
    world = sandbox.world
    webhook, path = await made(sandbox, call)
    assert (await call("POST", f"{place(sandbox, 'tea')}/webhooks", {"name": "x"}, status=400))["code"] == 50024
    general = channel(world, "general").id
    world.set_overwrite(general, Overwrite(world.bot.id, 1, deny=int(Permission.MANAGE_WEBHOOKS)))
    assert (await call("POST", f"{place(sandbox)}/webhooks", {"name": "x"}, status=403))["code"] == 50013
    assert (await call("GET", f"/webhooks/{webhook['id']}", status=403))["code"] == 50013
    await call("GET", path)


async def test_a_webhook_is_renamed_moved_and_gone_for_good(sandbox: Sandbox, call: Caller) -> None:
    webhook, path = await made(sandbox, call)
    assert (await call("PATCH", path, {"name": "Other"}))["name"] == "Other"
    workshop = channel(sandbox.world, "workshop").id
    moved = await call("PATCH", f"/webhooks/{webhook['id']}", {"channel_id": str(workshop)})
    assert moved["channel_id"] == str(workshop)
    await call("DELETE", path, status=204)
    for method, gone in (("GET", path), ("DELETE", f"/webhooks/{webhook['id']}"), ("POST", path)):
        assert (await call(method, gone, {"content": "x"}, status=404))["code"] == 10015


async def test_a_webhook_pings_nobody_when_told_so(sandbox: Sandbox, call: Caller) -> None:
    _, path = await made(sandbox, call)
    text = f"<@{sandbox.world.guild.owner_id}> @everyone"
    loud = await call("POST", path, {"content": text}, wait="true")
    assert (len(loud["mentions"]), loud["mention_everyone"]) == (1, True)
    quiet = await call("POST", path, {"content": text, "allowed_mentions": {"parse": []}}, wait="true")
    assert (quiet["mentions"], quiet["mention_everyone"]) == ([], False)
