"""The loopback Ollama loads, shares, caches and truncates as the real one does, wherever Echo relies on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import ollama
import pytest

from tests.support.ollama import MODEL, LoopbackOllama, Trouble, ollama_at_loopback
from tests.support.ollama_models import Models
from tests.support.ollama_prompts import tokens_of

BASE = Models({MODEL: ["completion"]})[MODEL].base
OTHER = "gemma3:1b"


@pytest.fixture
async def server() -> AsyncIterator[LoopbackOllama]:
    async with ollama_at_loopback(models={MODEL: ["completion"], OTHER: ["completion"]}) as server:
        yield server


@pytest.fixture
async def client(server: LoopbackOllama) -> AsyncIterator[ollama.AsyncClient]:
    async with ollama.AsyncClient(server.address, trust_env=False, verify=False) as client:
        yield client


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


async def chat(client: ollama.AsyncClient, model: str, *messages: dict[str, str], **options: Any) -> Any:
    """The whole answer; with a `seed`, since what writes wants one."""
    return await client.chat(model, messages, options={"seed": 1, **options})


async def test_fifty_personas_on_one_base_load_it_once(server: LoopbackOllama, client: ollama.AsyncClient) -> None:
    names = [f"echo-1-{number}:1" for number in range(50)]
    for name in names:
        await client.create(name, from_=MODEL, system=f"You are {name}.", parameters={"temperature": 0.9})
    await asyncio.gather(*(chat(client, name, user("hello")) for name in names))
    assert server.loads == [BASE]
    assert {one.system for one in server.seen} == {f"You are {name}." for name in names}
    (running,) = (await client.ps()).models
    assert running.model == server.seen[0].model
    assert running.details is not None and running.details.parent_model == MODEL


async def test_another_context_loads_the_base_again_and_other_sampling_does_not(
    server: LoopbackOllama, client: ollama.AsyncClient
) -> None:
    await chat(client, MODEL, user("a"), num_ctx=2048, temperature=0.1)
    await chat(client, MODEL, user("a"), num_ctx=2048, temperature=0.9, stop=["x"])
    assert len(server.loads) == 1
    await chat(client, MODEL, user("a"), num_ctx=4096)
    await chat(client, MODEL, user("a"))
    assert len(server.loads) == 2


async def test_where_too_many_bases_are_wanted_an_idle_one_goes() -> None:
    async with (
        ollama_at_loopback(models={MODEL: ["completion"], OTHER: ["completion"]}, most_bases=1) as server,
        ollama.AsyncClient(server.address, trust_env=False, verify=False) as client,
    ):
        for model in (MODEL, OTHER, MODEL, MODEL):
            await chat(client, model, user("a"))
        assert len(server.loads) == 3 and server.loaded == [BASE]


async def test_requests_wait_for_a_load_until_too_many_do(client: ollama.AsyncClient, server: LoopbackOllama) -> None:
    server.trouble = Trouble.SLOW_START
    server.scheduler.waiting = 3
    waiting = [asyncio.create_task(chat(client, MODEL, user(f"{number}"))) for number in range(3)]
    await server.until(lambda: server.scheduler.queued == 3)
    with pytest.raises(ollama.ResponseError, match="server busy") as busy:
        await chat(client, MODEL, user("one too many"))
    assert busy.value.status_code == 503
    server.loads_may_go.set()
    assert len([await one for one in waiting]) == 3
    assert len(server.loads) == 1


async def test_those_for_a_loaded_base_wait_for_a_slot_for_ever(
    server: LoopbackOllama, client: ollama.AsyncClient
) -> None:
    server.scheduler.waiting, server.scheduler.slots = 1, 2
    await chat(client, MODEL, user("first"))
    server.chats_may_go.clear()
    waiting = [asyncio.create_task(chat(client, MODEL, user(f"{number}"))) for number in range(5)]
    await server.until(lambda: len(server.chats) == 6 and len(server.seen) == 3)
    waiting.pop().cancel()
    await server.until(lambda: server.abandoned == 1)
    server.chats_may_go.set()
    assert len([await one for one in waiting]) == 4


async def test_a_load_that_nobody_waits_for_any_more_is_given_up(
    server: LoopbackOllama, client: ollama.AsyncClient
) -> None:
    server.trouble = Trouble.SLOW_START
    waiting = asyncio.create_task(chat(client, MODEL, user("a")))
    await server.until(lambda: server.scheduler.queued == 1 and server.trouble is None)
    waiting.cancel()
    await server.until(lambda: server.abandoned == 1)
    assert (server.loads, server.loaded) == ([], [])


async def test_loading_and_unloading_act_on_the_base_whoever_asks(
    server: LoopbackOllama, client: ollama.AsyncClient
) -> None:
    await client.create("echo-1-2:1", from_=MODEL, system="An echo.")
    assert (await client.generate(MODEL, keep_alive="5m")).done_reason == "load"
    assert server.loaded == [BASE]
    assert (await client.generate("echo-1-2:1", keep_alive=0)).done_reason == "unload"
    assert server.loaded == [] and server.chats == []


async def test_a_models_system_comes_first_unless_the_request_has_one_which_stored_messages_precede(
    server: LoopbackOllama, client: ollama.AsyncClient
) -> None:
    stored = [user("hello?"), {"role": "assistant", "content": "ahoy"}]
    await client.create("echo-1-2:1", from_=MODEL, system="An echo.", messages=stored)
    await chat(client, "echo-1-2:1", user("now"))
    await chat(client, "echo-1-2:1", {"role": "system", "content": "Of mine."}, user("now"))
    first, second = ([f"{one['role']}: {one['content']}" for one in seen.messages] for seen in server.seen)
    assert first == ["system: An echo.", "user: hello?", "assistant: ahoy", "user: now"]
    assert second == ["user: hello?", "assistant: ahoy", "system: Of mine.", "user: now"]


async def test_a_template_of_its_own_is_that_of_whoever_loaded_the_base(
    server: LoopbackOllama, client: ollama.AsyncClient
) -> None:
    await client.create("echo-1-2:1", from_=MODEL, template="{{ .Prompt }}")
    await chat(client, MODEL, user("a"))
    await chat(client, "echo-1-2:1", user("a"))
    assert [seen.misformatted for seen in server.seen] == [False, True] and len(server.loads) == 1


async def test_what_a_slot_has_seen_is_not_evaluated_again(server: LoopbackOllama, client: ollama.AsyncClient) -> None:
    server.writes = lambda chat: "it floats"
    before = [{"role": "system", "content": "An echo. " * 20}, user("how is the boat?")]
    first = await chat(client, MODEL, *before)
    after = await chat(client, MODEL, *before, {"role": "assistant", "content": "it floats"}, user("and the oars?"))
    shifted = await chat(client, MODEL, user("It is Monday."), *before)
    one, two, three = server.seen
    assert (one.cached, three.cached) == (0, 0)
    assert two.cached == len(tokens_of(one.prompt + "it floats"))
    assert two.evaluated == two.tokens - two.cached < 20
    assert [one.prompt_eval_count for one in (first, after, shifted)] == [seen.tokens for seen in server.seen]
    assert (server.prompted, server.evaluated) == (
        sum(seen.tokens for seen in server.seen),
        one.tokens + two.evaluated + three.tokens,
    )


async def test_two_talks_keep_their_slots_where_there_are_two(
    server: LoopbackOllama, client: ollama.AsyncClient
) -> None:
    server.scheduler.slots = 2
    for turn in range(3):
        for who in ("Mara", "Petr"):
            await chat(client, MODEL, {"role": "system", "content": f"You are {who}. " * 20}, user(f"turn {turn}"))
    assert [seen.cached > 40 for seen in server.seen] == [False, False, True, True, True, True]


async def test_what_does_not_fit_is_dropped_silently_from_the_oldest(
    server: LoopbackOllama, client: ollama.AsyncClient
) -> None:
    system = {"role": "system", "content": "An echo."}
    talk = [user(f"{number} " * 20) for number in range(10)]
    await chat(client, MODEL, system, *talk, num_ctx=100)
    assert server.seen[0].messages == (system, *talk[-4:])
    assert (server.seen[0].dropped, server.seen[0].beheaded, server.seen[0].system) == (6, False, "An echo.")
    await chat(client, MODEL, {"role": "system", "content": "An echo. " * 50}, *talk, num_ctx=100)
    assert (server.seen[1].tokens, server.seen[1].beheaded, server.seen[1].system) == (100, True, "")
    async with httpx.AsyncClient(trust_env=False, verify=False) as plain:
        whole = {"model": MODEL, "messages": talk, "options": {"num_ctx": 50}, "truncate": False}
        refused = await plain.post(f"{server.address}/api/chat", json=whole)
    assert refused.status_code == 400 and "exceeds the available context size" in refused.json()["error"]


async def test_an_answer_ends_at_a_stop_sequence_or_where_its_tokens_do(
    server: LoopbackOllama, client: ollama.AsyncClient
) -> None:
    server.writes = lambda chat: "it floats\nPetr: good for you"
    stopped = await chat(client, MODEL, user("a"), stop=["\nPetr:"], num_predict=50)
    assert (stopped.message.content, stopped.done_reason) == ("it floats", "stop")
    cut = await chat(client, MODEL, user("a"), num_predict=1)
    assert (cut.message.content, cut.done_reason, cut.eval_count) == ("it", "length", 1)
    server.wild = True
    wild = await chat(client, MODEL, user("a"), stop=["\nPetr:"], num_predict=1)
    assert str(wild.message.content).endswith("good for you")


async def test_a_trouble_may_be_for_some_requests_alone(server: LoopbackOllama, client: ollama.AsyncClient) -> None:
    server.fails(Trouble.BUSY, times=2, at="/api/chat")
    await client.show(MODEL)
    for _ in range(2):
        with pytest.raises(ollama.ResponseError, match="busy"):
            await chat(client, MODEL, user("a"))
    assert await chat(client, MODEL, user("a"))
    server.fails(Trouble.LOSES)
    with pytest.raises((ConnectionError, httpx.HTTPError)):
        await chat(client, MODEL, user("a"))
    server.fails(Trouble.CONTEXT)
    with pytest.raises(ollama.ResponseError, match="context size") as refused:
        await chat(client, MODEL, user("a"))
    assert refused.value.status_code == 400 and await chat(client, MODEL, user("a"))


async def test_a_stream_may_begin_and_then_say_nothing_more(server: LoopbackOllama, client: ollama.AsyncClient) -> None:
    server.fails(Trouble.STALLS)
    heard: list[str] = []
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            async for part in await client.chat(MODEL, [user("a")], stream=True, options={"seed": 1}):
                heard.append(str(part.message.content))
    assert heard == ["sound"]
    assert await chat(client, MODEL, user("the slot is free again"))
