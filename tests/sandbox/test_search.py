"""Search Guild Messages: one author's messages without walking the server."""

from __future__ import annotations

from typing import Any

import pytest

from echo.corpus.written import Written
from echo.sandbox.intents import PRIVILEGED, Intent
from echo.sandbox.permissions import Permission
from echo.sandbox.records import Overwrite
from echo.sandbox.server import Sandbox
from echo.sandbox.world import World
from tests.support.loopback import NOW, START, Caller, calling, channel, opened, user


def path(sandbox: Sandbox) -> str:
    return f"/guilds/{sandbox.world.guild.id}/messages/search"


def author(sandbox: Sandbox, name: str) -> str:
    return str(user(sandbox.world, name).id)


def texts(answer: Any) -> list[str]:
    return [hit["content"] for [hit] in answer["messages"]]


def deny(sandbox: Sandbox, name: str, wanted: Permission) -> None:
    world = sandbox.world
    world.set_overwrite(channel(world, name).id, Overwrite(world.bot.id, 1, deny=int(wanted)))


async def everything(call: Caller, sandbox: Sandbox, **query: Any) -> list[str]:
    """All ids that the windows by `max_id` give, newest first."""
    found: list[str] = []
    while True:
        window: dict[str, Any] = {"max_id": found[-1]} if found else {}
        answer = await call("GET", path(sandbox), **query, **window)
        if not answer["messages"]:
            return found
        found += [hit["id"] for [hit] in answer["messages"]]


async def test_an_authors_messages_come_from_all_channels_and_threads_newest_first(
    sandbox: Sandbox, call: Caller
) -> None:
    answer = await call("GET", path(sandbox), author_id=author(sandbox, "Tobias"), limit=3)
    assert texts(answer) == ["first cup", "line 119", "line 116"]
    assert answer["total_results"] == 42
    assert answer["doing_deep_historical_index"] is False
    assert [thread["name"] for thread in answer["threads"]] == ["tea"]
    assert all(hit["hit"] and hit["author"]["id"] == author(sandbox, "Tobias") for [hit] in answer["messages"])


async def test_windows_by_max_id_give_every_message_once(sandbox: Sandbox, call: Caller) -> None:
    mara = user(sandbox.world, "Mara").id
    found = await everything(call, sandbox, author_id=str(mara))
    written = sorted(
        (one.id for history in sandbox.world.messages.values() for one in history if one.author_id == mara),
        reverse=True,
    )
    assert found == [str(one) for one in written]


async def test_both_bounds_leave_their_own_message_out(sandbox: Sandbox, call: Caller) -> None:
    everyone = await call("GET", path(sandbox), limit=5)
    newest, _, middle, _, oldest = (hit["id"] for [hit] in everyone["messages"])
    between = await call("GET", path(sandbox), min_id=oldest, max_id=newest)
    assert [hit["id"] for [hit] in between["messages"]][1] == middle
    assert between["total_results"] == 3


async def test_several_authors_channels_offsets_and_the_other_order(sandbox: Sandbox, call: Caller) -> None:
    general, workshop = (str(channel(sandbox.world, name).id) for name in ("general", "workshop"))
    both = await call("GET", path(sandbox), author_id=author(sandbox, "Mara"), channel_id=workshop)
    assert texts(both) == ["the lathe is free"]
    url = f"{path(sandbox)}?author_id={author(sandbox, 'Mara')}&author_id={author(sandbox, 'Tobias')}"
    oldest = await call("GET", f"{url}&channel_id={general}&channel_id={workshop}&sort_order=asc&offset=2&limit=3")
    assert texts(oldest) == ["line 2", "line 3", "line 4"]
    assert oldest["total_results"] == 121


async def test_words_are_looked_for_whatever_their_case(sandbox: Sandbox, call: Caller) -> None:
    assert texts(await call("GET", path(sandbox), content="CUP first")) == ["first cup"]


@pytest.mark.parametrize("wanted", [Permission.VIEW_CHANNEL, Permission.READ_MESSAGE_HISTORY])
async def test_channels_that_the_bot_may_not_read_are_left_out(
    sandbox: Sandbox, call: Caller, wanted: Permission
) -> None:
    deny(sandbox, "general", wanted)
    found = await call("GET", path(sandbox), sort_by="timestamp")
    assert texts(found) == ["the lathe is free"]


async def test_nsfw_channels_and_their_threads_are_found_only_when_asked_for(sandbox: Sandbox, call: Caller) -> None:
    sandbox.world.modify_channel(channel(sandbox.world, "general").id, now=NOW, nsfw=True)
    assert (await call("GET", path(sandbox)))["total_results"] == 1
    assert (await call("GET", path(sandbox), include_nsfw="true"))["total_results"] == 125


async def test_new_messages_are_found_and_deleted_ones_are_not(sandbox: Sandbox, call: Caller) -> None:
    world, general = sandbox.world, channel(sandbox.world, "general").id
    await call("GET", path(sandbox), author_id=author(sandbox, "Mara"))
    said = world.post_message(general, user(world, "Mara").id, "just now", now=NOW)
    assert texts(await call("GET", path(sandbox), author_id=author(sandbox, "Mara"), limit=1)) == ["just now"]
    world.delete_message(general, said.id)
    found = await call("GET", path(sandbox), author_id=author(sandbox, "Mara"), limit=1)
    assert texts(found) == ["the lathe is free"]


async def test_reactions_are_not_in_what_is_found(sandbox: Sandbox, call: Caller) -> None:
    world, general = sandbox.world, channel(sandbox.world, "workshop")
    mara = user(world, "Mara").id
    world.add_reaction(general.id, general.last_message_id or 0, mara, "👍")
    [[hit]] = (await call("GET", path(sandbox), channel_id=str(general.id)))["messages"]
    assert "reactions" not in hit


async def test_while_the_index_is_made_the_answer_is_to_come_again(sandbox: Sandbox, call: Caller) -> None:
    sandbox.faults.set({"indexing": 2})
    first = await call("GET", path(sandbox), status=202)
    assert (first["code"], first["retry_after"]) == (110000, 2)
    sandbox.faults.set({"retry_after": 0})
    assert (await call("GET", path(sandbox), status=202))["retry_after"] == 0
    assert (await call("GET", path(sandbox)))["total_results"] == 125


async def test_pages_with_fewer_than_the_limit_do_not_end_the_windows(sandbox: Sandbox, call: Caller) -> None:
    sandbox.faults.set({"search_short": 40})
    sizes = [len((await call("GET", path(sandbox), limit=10))["messages"]) for _ in range(10)]
    assert set(sizes) == set(range(1, 11))
    assert len(await everything(call, sandbox)) == 125


async def test_search_can_be_forbidden_and_needs_the_content_intent(sandbox: Sandbox, call: Caller) -> None:
    sandbox.faults.set({"search_forbidden": True})
    assert (await call("GET", path(sandbox), status=403))["code"] == 50001
    sandbox.faults.set({"clear": True})
    assert (await call("GET", path(sandbox)))["total_results"] == 125
    async with opened(granted=PRIVILEGED & ~Intent.MESSAGE_CONTENT) as poor, calling(poor) as theirs:
        assert (await theirs("GET", path(poor), status=403))["code"] == 50001


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "26"},
        {"limit": "0"},
        {"offset": "9976"},
        {"offset": "-1"},
        {"author_id": "mara"},
        {"max_id": "today"},
        {"sort_by": "length"},
        {"sort_order": "up"},
        {"has": "image"},
        {"content": "x" * 1025},
    ],
)
async def test_a_query_against_the_rules_is_refused_with_the_field(
    sandbox: Sandbox, call: Caller, query: dict[str, Any]
) -> None:
    refused = await call("GET", path(sandbox), status=400, **query)
    assert refused["code"] == 50035
    assert list(refused["errors"]) == list(query)


async def test_another_server_is_unknown(sandbox: Sandbox, call: Caller) -> None:
    assert (await call("GET", "/guilds/5/messages/search", status=404))["code"] == 10004


async def test_search_has_a_bucket_of_its_own() -> None:
    async with opened(rate_limits=True) as sandbox, calling(sandbox) as call:
        await call("GET", path(sandbox))
        first = call.headers["X-RateLimit-Bucket"], call.headers["X-RateLimit-Remaining"]
        await call("GET", f"/guilds/{sandbox.world.guild.id}")
        assert call.headers["X-RateLimit-Bucket"] != first[0]
        await call("GET", path(sandbox))
        assert call.headers["X-RateLimit-Remaining"] == str(int(first[1]) - 1)


async def test_a_search_reads_a_page_and_not_the_whole_server() -> None:
    lines = [Written(f"Person {i % 50}", f"c{i % 8}", START + i, "a line of words") for i in range(20_000)]
    world = World.populate(7, "Wide world", lines)
    async with opened(world, rate_limits=False) as sandbox, calling(sandbox) as call:
        wanted = author(sandbox, "Person 7")
        assert (await call("GET", path(sandbox), author_id=wanted, limit=25))["total_results"] == 400
        assert len(await everything(call, sandbox, author_id=wanted, limit=25)) == 400
        touched = [row for history in world.messages.values() for row in history._rows if not isinstance(row, tuple)]
        assert touched == []
