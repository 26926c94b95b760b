"""People who edit, delete, open, close and hide: the bot is told of it as Discord tells it."""

from __future__ import annotations

from typing import Any

import pytest

from echo.sandbox.intents import EVERY, Intent
from echo.sandbox.options import NotPossible
from echo.sandbox.permissions import Permission
from echo.sandbox.server import Sandbox
from tests.support.loopback import Caller, Wire, channel, listening, user, wired

HEARD = EVERY & ~int(Intent.GUILD_PRESENCES)
Json = dict[str, Any]


def newest(sandbox: Sandbox, name: str = "general", count: int = 1) -> list[str]:
    place = channel(sandbox.world, name).id
    return [str(one.id) for one in sandbox.world.messages[place].before(None, count)]


def line_of(sandbox: Sandbox, author: str) -> str:
    """The newest message of this author in #general."""
    place, who = channel(sandbox.world, "general").id, user(sandbox.world, author).id
    return str(sandbox.world.messages[place].ids(who)[-1])


async def told(wire: Wire, event: str) -> Json:
    found: Json = (await wire.until(event))[-1]["d"]
    return found


async def test_an_edit_is_told_with_the_whole_message(sandbox: Sandbox, call: Caller) -> None:
    line = line_of(sandbox, "Mara")
    async with wired(sandbox) as wire:
        await wire.identify(HEARD)
        view = await sandbox.people.edit("Mara", line, "better words, @Tobias")
        heard = await told(wire, "MESSAGE_UPDATE")
    assert view["edited"]
    assert view["shown"] == "better words, @Tobias"
    assert heard["id"] == line
    assert heard["content"] == f"better words, <@{user(sandbox.world, 'Tobias').id}>"
    assert heard["edited_timestamp"] is not None
    assert heard["author"]["global_name"] == "Mara"
    assert [one["global_name"] for one in heard["mentions"]] == ["Tobias"]
    read = await call("GET", f"/channels/{heard['channel_id']}/messages/{line}")
    assert {name: heard[name] for name in read} == read


async def test_nextcord_hears_edits_deletes_and_bulk_deletes(sandbox: Sandbox) -> None:
    world, line = sandbox.world, line_of(sandbox, "Mara")
    async with listening(sandbox) as client:
        await sandbox.people.edit("Mara", line, "once more")
        edited = await client.saw("raw_message_edit")
        assert (edited.message_id, edited.data["content"]) == (int(line), "once more")
        await sandbox.people.delete("Mara", line)
        assert (await client.saw("raw_message_delete")).message_id == int(line)
        gone = newest(sandbox, count=3)
        assert await sandbox.people.delete_many("Mara", gone) == 3
        assert (await client.saw("raw_bulk_message_delete")).message_ids == {int(one) for one in gone}
        await sandbox.people.change_channel("Mara", "attic", archived=False)
        assert (await client.saw("thread_join")).name == "attic"
        await sandbox.people.delete_channel("Mara", "workshop")
        assert (await client.saw("guild_channel_delete")).name == "workshop"
        await sandbox.people.delete_channel("Mara", "tea")
        assert (await client.saw("thread_delete")).name == "tea"
        await sandbox.people.make_private("Mara", "general")
        hidden = await client.saw("guild_channel_update")
        assert hidden.name == "general"
    assert world.find_channel("workshop") is None
    assert len(world.messages[channel(world, "general").id]) == 116


async def test_one_may_not_edit_or_delete_the_words_of_others(sandbox: Sandbox) -> None:
    line = line_of(sandbox, "Mara")
    with pytest.raises(NotPossible, match="Tobias did not write"):
        await sandbox.people.edit("Tobias", line, "changed")
    with pytest.raises(NotPossible, match="takes Manage Messages"):
        await sandbox.people.delete("Tobias", line)
    await sandbox.people.delete("Mara", line_of(sandbox, "Tobias"))


async def test_a_deleted_channel_takes_its_threads_along_without_telling_of_them(sandbox: Sandbox) -> None:
    async with wired(sandbox) as wire:
        await wire.identify(HEARD)
        await wire.until("GUILD_CREATE")
        await sandbox.people.delete_channel("Mara", "general")
        await sandbox.people.create_channel("Mara", "end")
        events = [one["t"] for one in await wire.until("CHANNEL_CREATE")]
    assert events == ["CHANNEL_DELETE", "CHANNEL_CREATE"]
    assert sandbox.world.find_channel("tea") is None


async def test_a_thread_is_deleted_by_its_own_event(sandbox: Sandbox) -> None:
    tea = channel(sandbox.world, "tea")
    async with wired(sandbox) as wire:
        await wire.identify(HEARD)
        await sandbox.people.delete_channel("Mara", "tea")
        heard = await told(wire, "THREAD_DELETE")
    assert heard == {
        "id": str(tea.id),
        "guild_id": str(tea.guild_id),
        "parent_id": str(tea.parent_id),
        "type": 11,
    }


async def test_threads_are_archived_and_woken_by_their_owner_or_a_manager(sandbox: Sandbox, call: Caller) -> None:
    active = f"/guilds/{sandbox.world.guild.id}/threads/active"
    async with wired(sandbox) as wire:
        await wire.identify(HEARD)
        await sandbox.people.change_channel("Tobias", "tea", archived=True)
        assert (await told(wire, "THREAD_UPDATE"))["thread_metadata"]["archived"] is True
        assert (await call("GET", active))["threads"] == []
        await sandbox.people.change_channel("Mara", "attic", archived=False)
        assert (await told(wire, "THREAD_UPDATE"))["thread_metadata"]["archived"] is False
    assert [one["name"] for one in (await call("GET", active))["threads"]] == ["attic"]
    with pytest.raises(NotPossible, match="Manage Threads"):
        await sandbox.people.change_channel("Tobias", "tea", locked=True)


async def test_a_channel_made_private_shuts_the_bot_out(sandbox: Sandbox, call: Caller) -> None:
    general = channel(sandbox.world, "general").id
    async with wired(sandbox) as wire:
        await wire.identify(HEARD)
        await sandbox.people.make_private("Mara", "general")
        heard = await told(wire, "CHANNEL_UPDATE")
    assert heard["permission_overwrites"] == [
        {"id": str(sandbox.world.guild.id), "type": 0, "allow": "0", "deny": str(int(Permission.VIEW_CHANNEL))}
    ]
    assert (await call("GET", f"/channels/{general}/messages", status=403))["code"] == 50001
    await sandbox.people.make_private("Mara", "general", private=False)
    assert await call("GET", f"/channels/{general}/messages")


async def test_single_permissions_are_set_for_members_and_roles(sandbox: Sandbox, call: Caller) -> None:
    general = channel(sandbox.world, "general").id
    await sandbox.people.permit("Mara", "general", "Echo", deny=["read_message_history"])
    assert await call("GET", f"/channels/{general}/messages") == []
    await sandbox.people.permit("Mara", "general", "Echo")
    assert await call("GET", f"/channels/{general}/messages")
    await sandbox.people.permit("Mara", "general", "manager", allow=["manage_webhooks"])
    with pytest.raises(NotPossible, match="no permission called fly"):
        await sandbox.people.permit("Mara", "general", "everyone", deny=["fly"])
    with pytest.raises(NotPossible, match="Nobody here is called"):
        await sandbox.people.permit("Mara", "general", "Zoe", deny=["view_channel"])
    with pytest.raises(NotPossible, match="takes Manage Roles"):
        await sandbox.people.permit("Tobias", "general", "everyone", deny=["view_channel"])


async def test_a_pin_is_told_by_a_message_of_discords_own(sandbox: Sandbox, call: Caller) -> None:
    line = line_of(sandbox, "Tobias")
    await sandbox.people.pin("Mara", line)
    general = channel(sandbox.world, "general").id
    system, *_ = await call("GET", f"/channels/{general}/messages", limit=1)
    assert (system["type"], system["content"], system["message_reference"]["message_id"]) == (6, "", line)
    assert (await call("GET", f"/channels/{general}/messages/{line}"))["pinned"] is True
    await sandbox.people.pin("Mara", line, pinned=False)
    assert (await call("GET", f"/channels/{general}/messages/{line}"))["pinned"] is False


async def test_people_react_and_take_it_back(sandbox: Sandbox, call: Caller) -> None:
    line, general = line_of(sandbox, "Mara"), channel(sandbox.world, "general").id
    await sandbox.people.react("Tobias", line, "👍")
    assert (await call("GET", f"/channels/{general}/messages/{line}"))["reactions"][0]["count"] == 1
    await sandbox.people.react("Tobias", line, "👍", remove=True)
    assert "reactions" not in await call("GET", f"/channels/{general}/messages/{line}")


async def test_another_name_is_seen_by_all(sandbox: Sandbox, call: Caller) -> None:
    async with wired(sandbox) as wire:
        await wire.identify(HEARD)
        await sandbox.people.rename("Mara", "Mara the Second")
        assert (await told(wire, "GUILD_MEMBER_UPDATE"))["user"]["global_name"] == "Mara the Second"
    general = channel(sandbox.world, "general").id
    page = await call("GET", f"/channels/{general}/messages", limit=100)
    assert {one["author"]["global_name"] for one in page} == {"Mara the Second", "Tobias"}


async def test_all_of_it_is_offered_over_http(sandbox: Sandbox, call: Caller) -> None:
    async def act(what: str, **fields: Any) -> Any:
        return await call("POST", f"/sandbox/{what}", {"author": "Mara", **fields})

    line, other, *more = newest(sandbox, count=4)
    mine = line_of(sandbox, "Mara")
    assert (await act("edit", message_id=mine, content="new"))["content"] == "new"
    await act("reactions", message_id=mine, emoji="👍")
    await act("pins", message_id=mine)
    assert await act("delete", message_id=line) == {"deleted": 1}
    assert await act("purge", message_ids=[other, *more]) == {"deleted": 3}
    made = await act("channels", name="plans", kind="announcement", topic="what comes", nsfw=True)
    assert (made["kind"], made["parent"]) == ("announcement", None)
    thread = await act("threads", channel="workshop", name="details", private=True)
    assert (thread["kind"], thread["archived"]) == ("private_thread", False)
    assert (await act("change", channel="details", archived=True))["archived"] is True
    assert (await act("change", channel="plans", name="old plans"))["name"] == "old plans"
    await act("permissions", channel="workshop", whom="everyone", deny=["view_channel"])
    await act("remove", channel="tea")
    assert (await act("rename", name="M."))["name"] == "M."
    names = {one["name"]: one["kind"] for one in await call("GET", "/sandbox/channels")}
    assert names == {
        "general": "text",
        "attic": "thread",
        "workshop": "text",
        "details": "private_thread",
        "old plans": "announcement",
    }


@pytest.mark.parametrize(
    ("what", "fields", "said"),
    [
        ("edit", {"message_id": "5", "content": "x"}, "no message 5"),
        ("edit", {"message_id": "5"}, "content is missing"),
        ("purge", {"message_ids": "5"}, "must be a list"),
        ("purge", {"message_ids": []}, "1 to 100"),
        ("pins", {"message_id": "5", "pinned": "no"}, "true or false"),
        ("channels", {"name": "x", "kind": "hole"}, "no kind of channel called hole"),
        ("channels", {"name": " "}, "1 to 100 characters"),
        ("channels", {"name": "x", "parent": "general"}, "is no category"),
        ("threads", {"channel": "tea", "name": "x"}, "no threads of this kind"),
        ("change", {"channel": "tea", "nsfw": True}, "has no nsfw"),
        ("change", {"channel": "general", "nsfw": 1}, "true or false"),
        ("remove", {"channel": "nowhere"}, "No channel here"),
        ("permissions", {"channel": "tea", "whom": "everyone"}, "no permissions of its own"),
        ("rename", {"name": "x" * 33}, "1 to 32 characters"),
        ("reactions", {"message_id": "5", "emoji": "x", "often": 3}, "no field often"),
    ],
)
async def test_what_can_not_be_done_is_said_in_one_sentence(call: Caller, what: str, fields: Json, said: str) -> None:
    refused = await call("POST", f"/sandbox/{what}", {"author": "Mara", **fields}, status=400)
    assert said in refused["error"]
