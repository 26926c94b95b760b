"""Messages over REST: pages, sending, changing, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.sandbox.answers import Refusal
from echo.sandbox.components import as_answered
from echo.sandbox.message_forms import message_form, nonce
from echo.sandbox.permissions import Permission
from echo.sandbox.records import Overwrite
from echo.sandbox.server import Sandbox
from echo.sandbox.snowflakes import snowflake_at
from tests.support.loopback import NOW, Caller, Ticking, calling, channel, opened, user

FIELDS = ("content", "embeds", "components", "allowed_mentions", "flags", "tts", "nonce")
NAMES = ("type", "components", "custom_id", "options", "emoji", "fields", "footer", "author", "title", "parse", "users")


def place(sandbox: Sandbox, name: str = "general") -> str:
    return f"/channels/{channel(sandbox.world, name).id}"


def deny(sandbox: Sandbox, name: str, wanted: Permission) -> None:
    world = sandbox.world
    world.set_overwrite(channel(world, name).id, Overwrite(world.bot.id, 1, deny=int(wanted)))


async def refused(call: Caller, method: str, path: str, status: int, code: int, body: Any = None, **query: Any) -> Any:
    answer = await call(method, path, body, status=status, **query)
    assert answer["code"] == code
    return answer


async def test_pages_go_back_in_time_without_gap_or_overlap(sandbox: Sandbox, call: Caller) -> None:
    base = f"{place(sandbox)}/messages"
    first = await call("GET", base, limit=100)
    assert [m["content"] for m in first] == [f"line {i}" for i in range(119, 19, -1)]
    second = await call("GET", base, limit=100, before=first[-1]["id"])
    assert [m["content"] for m in second] == [f"line {i}" for i in range(19, -1, -1)]
    assert len(await call("GET", base)) == 50


async def test_after_and_around_bound_the_page(sandbox: Sandbox, call: Caller) -> None:
    base = f"{place(sandbox)}/messages"
    middle = (await call("GET", base, limit=100))[59]
    after = await call("GET", base, limit=3, after=middle["id"])
    assert [m["content"] for m in after] == ["line 63", "line 62", "line 61"]
    around = await call("GET", base, limit=5, around=middle["id"])
    assert [m["content"] for m in around] == [f"line {i}" for i in (62, 61, 60, 59, 58)]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "many", "1" * 12])
async def test_a_page_of_no_such_size_is_refused(sandbox: Sandbox, call: Caller, limit: str) -> None:
    answer = await refused(call, "GET", f"{place(sandbox)}/messages", 400, 50035, limit=limit)
    assert answer["errors"]["limit"]["_errors"]


async def test_two_bounds_at_once_and_bounds_that_are_no_ids_are_refused(sandbox: Sandbox, call: Caller) -> None:
    base = f"{place(sandbox)}/messages"
    await refused(call, "GET", base, 400, 50035, before="5", after="4")
    await refused(call, "GET", base, 400, 50035, before="yesterday")


async def test_without_read_message_history_the_page_is_empty(sandbox: Sandbox, call: Caller) -> None:
    deny(sandbox, "general", Permission.READ_MESSAGE_HISTORY)
    assert await call("GET", f"{place(sandbox)}/messages") == []
    await refused(call, "GET", f"{place(sandbox)}/messages/1", 403, 50013)


async def test_a_channel_that_can_not_be_seen_is_missing_access(sandbox: Sandbox, call: Caller) -> None:
    deny(sandbox, "general", Permission.VIEW_CHANNEL)
    await refused(call, "GET", f"{place(sandbox)}/messages", 403, 50001)
    await refused(call, "GET", f"{place(sandbox, 'tea')}/messages", 403, 50001)
    await refused(call, "GET", "/channels/1/messages", 404, 10003)


async def test_what_is_sent_is_in_the_channel_with_its_embeds_and_buttons(sandbox: Sandbox, call: Caller) -> None:
    button = {"type": 2, "style": 1, "label": "Yes", "custom_id": "yes"}
    sent = {"content": "hi", "embeds": [{"title": "T"}], "components": [{"type": 1, "components": [button]}]}
    said = await call("POST", f"{place(sandbox)}/messages", sent)
    assert said["author"]["id"] == str(sandbox.world.bot.id)
    assert said["embeds"][0]["title"] == "T"
    assert said["components"][0]["components"][0]["custom_id"] == "yes"
    assert await call("GET", f"{place(sandbox)}/messages/{said['id']}") == said
    newest = await call("GET", f"{place(sandbox)}/messages", limit=1)
    assert newest == [said]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, 50006, None),
        ({"content": "   "}, 50006, None),
        ({"content": "x" * 2001}, 50035, "content"),
        ({"content": "x", "nonce": "n" * 26}, 50035, "nonce"),
        ({"embeds": [{"title": "t"}] * 11}, 50035, "embeds"),
        ({"embeds": [{"description": "d" * 4097}]}, 50035, "embeds"),
        ({"content": "x", "components": [{"type": 1, "components": []}]}, 50035, "components"),
        ({"content": "x", "allowed_mentions": {"parse": ["all"]}}, 50035, "allowed_mentions"),
        ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["5"]}}, 50035, "allowed_mentions"),
        ({"content": "x", "message_reference": {"message_id": "5"}}, 50035, "message_reference"),
    ],
)
async def test_a_message_against_the_rules_is_refused_with_the_field(
    sandbox: Sandbox, call: Caller, body: Any, code: int, field: str | None
) -> None:
    answer = await refused(call, "POST", f"{place(sandbox)}/messages", 400, code, body)
    assert list(answer.get("errors", {})) == ([field] if field else [])


async def test_sending_needs_the_permission_and_in_threads_its_own(sandbox: Sandbox, call: Caller) -> None:
    deny(sandbox, "general", Permission.SEND_MESSAGES)
    await refused(call, "POST", f"{place(sandbox)}/messages", 403, 50013, {"content": "x"})
    await call("POST", f"{place(sandbox, 'tea')}/messages", {"content": "x"})
    deny(sandbox, "general", Permission.SEND_MESSAGES_IN_THREADS)
    await refused(call, "POST", f"{place(sandbox, 'tea')}/messages", 403, 50013, {"content": "x"})
    await refused(call, "POST", f"{place(sandbox, 'tea')}/typing", 403, 50013)


async def test_writing_in_an_archived_thread_opens_it_again_unless_locked(sandbox: Sandbox, call: Caller) -> None:
    attic = channel(sandbox.world, "attic")
    await call("POST", f"{place(sandbox, 'attic')}/messages", {"content": "x"})
    assert not attic.archived
    sandbox.world.modify_channel(attic.id, now=NOW, archived=True, locked=True)
    await refused(call, "POST", f"{place(sandbox, 'attic')}/messages", 400, 50083, {"content": "x"})


async def test_an_enforced_nonce_gives_the_first_message_for_minutes_and_no_longer() -> None:
    clock = Ticking()
    async with opened(clock=clock) as sandbox, calling(sandbox) as call:
        base = f"{place(sandbox)}/messages"
        body = {"content": "once", "nonce": "n1", "enforce_nonce": True}
        first = await call("POST", base, body)
        assert (await call("POST", base, {**body, "content": "twice"}))["id"] == first["id"]
        loose = await call("POST", base, {"content": "again", "nonce": "n1"})
        assert loose["id"] != first["id"]
        clock.now += 3600
        assert (await call("POST", base, body))["id"] not in (first["id"], loose["id"])


async def test_an_answer_carries_what_it_answers_and_pings_its_author(sandbox: Sandbox, call: Caller) -> None:
    line = (await call("GET", f"{place(sandbox)}/messages", limit=1))[0]
    body = {"content": "indeed", "message_reference": {"message_id": line["id"]}}
    said = await call("POST", f"{place(sandbox)}/messages", body)
    assert said["type"] == 19
    assert said["referenced_message"]["content"] == line["content"]
    assert [one["id"] for one in said["mentions"]] == [line["author"]["id"]]
    await call("DELETE", f"{place(sandbox)}/messages/{said['id']}", status=204)
    quiet = await call("POST", f"{place(sandbox)}/messages", {**body, "allowed_mentions": {"parse": []}})
    assert quiet["mentions"] == []
    gone = {"content": "x", "message_reference": {"message_id": "5", "fail_if_not_exists": False}}
    assert "message_reference" not in await call("POST", f"{place(sandbox)}/messages", gone)


async def test_the_bot_changes_its_own_messages_only(sandbox: Sandbox, call: Caller) -> None:
    base = f"{place(sandbox)}/messages"
    said = await call("POST", base, {"content": "one", "embeds": [{"title": "T"}]})
    changed = await call("PATCH", f"{base}/{said['id']}", {"content": "two"})
    assert (changed["content"], len(changed["embeds"])) == ("two", 1)
    assert changed["edited_timestamp"] is not None
    line = (await call("GET", base, limit=2))[1]
    await refused(call, "PATCH", f"{base}/{line['id']}", 403, 50005, {"content": "three"})


async def test_deleting_others_messages_needs_manage_messages(sandbox: Sandbox, call: Caller) -> None:
    base = f"{place(sandbox)}/messages"
    one, other = await call("GET", base, limit=2)
    await call("DELETE", f"{base}/{one['id']}", status=204)
    await refused(call, "GET", f"{base}/{one['id']}", 404, 10008)
    deny(sandbox, "general", Permission.MANAGE_MESSAGES)
    await refused(call, "DELETE", f"{base}/{other['id']}", 403, 50013)


async def test_bulk_delete_takes_young_messages_only(sandbox: Sandbox, call: Caller) -> None:
    base = f"{place(sandbox)}/messages"
    made = [(await call("POST", base, {"content": str(i)}))["id"] for i in range(3)]
    await call("POST", f"{base}/bulk-delete", {"messages": made}, status=204)
    await refused(call, "GET", f"{base}/{made[0]}", 404, 10008)
    old = [str(snowflake_at(NOW - 15 * 86400, i)) for i in range(2)]
    await refused(call, "POST", f"{base}/bulk-delete", 400, 50034, {"messages": old})
    await refused(call, "POST", f"{base}/bulk-delete", 400, 50035, {"messages": made[:1]})


async def test_pins_are_listed_newest_first_by_both_routes(sandbox: Sandbox, call: Caller) -> None:
    base = place(sandbox)
    two, one = [m["id"] for m in await call("GET", f"{base}/messages", limit=2)]
    for message in (one, two):
        await call("PUT", f"{base}/pins/{message}", status=204)
    assert [m["id"] for m in await call("GET", f"{base}/pins")] == [two, one]
    paged = await call("GET", f"{base}/messages/pins")
    assert [item["message"]["id"] for item in paged["items"]] == [two, one]
    await call("DELETE", f"{base}/messages/pins/{two}", status=204)
    assert [m["id"] for m in await call("GET", f"{base}/pins")] == [one]


async def test_an_application_without_the_content_intent_reads_empty_texts() -> None:
    async with opened(granted=0) as sandbox, calling(sandbox) as call:
        world, base = sandbox.world, f"{place(sandbox)}/messages"
        mara, general = user(world, "Mara").id, channel(world, "general").id
        world.post_message(general, mara, f"hey <@{world.bot.id}>", now=NOW)
        own = await call("POST", base, {"content": "mine"})
        page = await call("GET", base, limit=3)
        assert [m["content"] for m in page] == [own["content"], f"hey <@{world.bot.id}>", ""]


async def test_reactions_are_counted_listed_and_cleared(sandbox: Sandbox, call: Caller) -> None:
    world, general = sandbox.world, channel(sandbox.world, "general").id
    line = (await call("GET", f"{place(sandbox)}/messages", limit=1))[0]["id"]
    base = f"{place(sandbox)}/messages/{line}/reactions"
    world.add_reaction(general, int(line), user(world, "Mara").id, "👍")
    await call("PUT", f"{base}/👍/@me", status=204)
    shown = (await call("GET", f"{place(sandbox)}/messages/{line}"))["reactions"]
    assert [(one["emoji"]["name"], one["count"], one["me"]) for one in shown] == [("👍", 2, True)]
    assert len(await call("GET", f"{base}/👍")) == 2
    await call("DELETE", f"{base}/👍/@me", status=204)
    await call("DELETE", f"{base}/👍/{user(world, 'Mara').id}", status=204)
    assert "reactions" not in await call("GET", f"{place(sandbox)}/messages/{line}")
    await call("PUT", f"{base}/blob:{world.guild.id}/@me", status=204)
    await call("DELETE", base, status=204)
    assert await call("GET", f"{base}/👍") == []
    await refused(call, "PUT", f"{base}/word/@me", 404, 10014)
    deny(sandbox, "general", Permission.ADD_REACTIONS)
    await refused(call, "PUT", f"{base}/👎/@me", 403, 50013)


async def test_a_body_that_is_no_json_object_is_refused(sandbox: Sandbox, call: Caller) -> None:
    await refused(call, "POST", f"{place(sandbox)}/messages", 400, 50035, [1, 2])
    await refused(call, "POST", f"{place(sandbox)}/messages", 400, 50035, {"content": {"a": 1}})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), json_values))
def test_whatever_a_body_holds_it_is_read_or_refused(body: dict[str, Any]) -> None:
    try:
        form, number = message_form(body), nonce(body)
    except Refusal as refusal:
        assert refusal.status == 400
        return
    assert all(isinstance(one, dict) for one in (*(form.embeds or ()), *(form.components or ())))
    assert number is None or len(str(number)) <= 25
    assert as_answered(form.components or ()) is not None
