"""Faults on the way: what a bot's connection and what comes over it can do."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from echo.sandbox.server import Sandbox
from tests.support.loopback import LIMIT, NOW, Caller, calling, channel, opened, user, wired


def path(sandbox: Sandbox, name: str = "general") -> str:
    return f"/channels/{channel(sandbox.world, name).id}/messages"


@pytest.mark.parametrize(
    ("scope", "header", "everywhere"), [("user", None, False), ("shared", None, False), ("global", "true", True)]
)
async def test_a_429_says_whose_limit_it_is_and_how_long_to_wait(
    sandbox: Sandbox, call: Caller, scope: str, header: str | None, everywhere: bool
) -> None:
    sandbox.faults.set({"rate_limit": 1, "rate_limit_scope": scope, "retry_after": 86400})
    refused = await call("GET", path(sandbox), status=429)
    assert (refused["retry_after"], refused["global"]) == (86400, everywhere)
    assert int(call.headers["Retry-After"]) >= 86400
    assert call.headers["X-RateLimit-Scope"] == scope
    assert call.headers.get("X-RateLimit-Global") == header
    assert ("X-RateLimit-Bucket" in call.headers) is not everywhere
    await call("GET", path(sandbox))


async def test_a_connection_breaks_in_the_middle_of_the_answer(sandbox: Sandbox, call: Caller) -> None:
    sandbox.faults.set({"reset": 2, "match": "/messages"})
    await call("GET", "/users/@me")
    for _ in range(2):
        with pytest.raises(aiohttp.ClientPayloadError):
            await call("GET", path(sandbox))
    assert len(await call("GET", path(sandbox))) == 50


async def test_what_was_asked_for_is_done_although_the_answer_is_lost(sandbox: Sandbox, call: Caller) -> None:
    sandbox.faults.set({"reset": 1})
    with pytest.raises(aiohttp.ClientPayloadError):
        await call("POST", path(sandbox), {"content": "did it arrive?"})
    assert (await call("GET", path(sandbox), limit=1))[0]["content"] == "did it arrive?"


async def test_a_silent_request_is_never_answered_until_the_faults_are_cleared(sandbox: Sandbox, call: Caller) -> None:
    sandbox.faults.set({"silent": 1})
    # Clients ask once more by themselves when a GET's connection ends without an answer.
    waiting = asyncio.create_task(call("POST", path(sandbox), {"content": "hello?"}))
    async with asyncio.timeout(LIMIT):
        await sandbox.faults.used_up("silent")
    assert len(await call("GET", path(sandbox))) == 50
    assert not waiting.done()
    sandbox.faults.set({"clear": True})
    with pytest.raises(aiohttp.ClientConnectionError):
        await waiting


async def test_a_sandbox_closes_although_a_request_was_never_answered() -> None:
    async with opened() as sandbox, calling(sandbox) as call:
        sandbox.faults.set({"silent": 1})
        waiting = asyncio.create_task(call("GET", "/users/@me"))
        async with asyncio.timeout(LIMIT):
            await sandbox.faults.used_up("silent")
            await sandbox.__aexit__(None, None, None)
        with pytest.raises(aiohttp.ClientConnectionError):
            await waiting


async def test_an_answer_may_be_half_a_json_text(sandbox: Sandbox, call: Caller) -> None:
    sandbox.faults.set({"malformed": 1})
    with pytest.raises(json.JSONDecodeError):
        await call("GET", path(sandbox))
    assert len(await call("GET", path(sandbox))) == 50


async def test_a_page_may_be_the_one_before_once_more(sandbox: Sandbox, call: Caller) -> None:
    sandbox.faults.set({"repeat_pages": 1})
    first = await call("GET", path(sandbox), limit=10)
    assert await call("GET", path(sandbox, "tea"))
    assert await call("GET", path(sandbox), limit=10, before=first[-1]["id"]) == first
    second = await call("GET", path(sandbox), limit=10, before=first[-1]["id"])
    assert int(second[0]["id"]) < int(first[-1]["id"])


async def test_any_status_may_be_asked_for_where_only_one_path_is_hit(sandbox: Sandbox, call: Caller) -> None:
    general = channel(sandbox.world, "general").id
    sandbox.faults.set({"errors": 1, "status": 404, "match": str(general)})
    assert await call("GET", path(sandbox, "tea"))
    await call("GET", path(sandbox), status=404)


async def test_the_content_intent_can_be_switched_off_while_all_runs(sandbox: Sandbox, call: Caller) -> None:
    assert (await call("GET", path(sandbox), limit=1))[0]["content"] == "line 119"
    await call("POST", "/sandbox/faults", {"message_content": False})
    assert (await call("GET", path(sandbox), limit=1))[0]["content"] == ""
    await call("POST", "/sandbox/faults", {"message_content": True})
    assert (await call("GET", path(sandbox), limit=1))[0]["content"] == "line 119"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"retry_after": -1}, "0 or more"),
        ({"retry_after": float("inf")}, "0 or more"),
        ({"rate_limit_scope": "mine"}, "one of: user, shared, global"),
        ({"reset": 1.5}, "whole number"),
        ({"message_content": 0}, "true or false"),
    ],
)
async def test_a_wrong_value_is_refused_in_one_sentence(
    sandbox: Sandbox, call: Caller, wrong: dict[str, Any], said: str
) -> None:
    assert said in (await call("POST", "/sandbox/faults", wrong, status=400))["error"]


async def test_live_messages_lose_their_text_with_the_intent(sandbox: Sandbox) -> None:
    world, general = sandbox.world, channel(sandbox.world, "general").id
    async with wired(sandbox) as wire:
        await wire.identify((1 << 0) | (1 << 9) | (1 << 15))
        sandbox.faults.set({"message_content": False})
        world.post_message(general, user(world, "Mara").id, "can you read this?", now=NOW)
        assert (await wire.until("MESSAGE_CREATE"))[-1]["d"]["content"] == ""
