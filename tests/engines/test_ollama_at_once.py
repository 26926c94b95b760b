"""Answers and changes of an echo at the same time, on loopback servers: nothing asked twice, undone or left over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from db.stored import Wishes
from echo.engines.ollama.engine import OllamaEngine
from echo.engines.ollama.hosts import Hosts
from echo.ports import Answer, Moment, PersonaName
from states.breaker import FAILURES, FIRST_PAUSE
from tests.support.learnt import bundle, moment
from tests.support.ollama import MODEL, LoopbackOllama, Model, Trouble, ollama_at_loopback
from tests.support.ollama_hosts import Hand, Told, hosts_at

MARA = PersonaName(1, 7, 3)
STRUCK = Wishes(struck=frozenset({"length", "case", "emoji", "laughter", "favourites", "burst"}))
BLOB = "sha256:" + "ab" * 32


@pytest.fixture
async def server() -> AsyncIterator[LoopbackOllama]:
    async with ollama_at_loopback(parallel=4) as server:
        yield server


async def answer_of(engine: OllamaEngine, asked: Moment | None = None, who: PersonaName = MARA) -> Answer:
    return await engine.answer(bundle(), "7-3", replace(asked or moment(), persona=who), 1.0)


async def test_of_many_who_wait_for_a_server_that_is_out_one_tries_it(server: LoopbackOllama) -> None:
    hand, told = Hand(), Told()
    hosts = Hosts([server.address], 10.0, 10.0, 4, told, clock=hand, sleep=hand.sleep)
    engine = OllamaEngine(hosts, MODEL, 4096)
    server.trouble = Trouble.LOSES
    assert (await answer_of(engine)).texts
    for pause in (FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE):
        tried = len(server.paths)
        assert all(answer.texts for answer in [await answer_of(engine) for _ in range(3)])
        assert len(server.paths) == tried, "it is left out, for twice as long each time"
        hand.now += pause
        await asyncio.gather(*(answer_of(engine, moment(seed=seed)) for seed in range(5)))
        assert server.paths[tried:] == ["/api/show"] * 3
    assert len(told.all) == 1
    server.trouble = None
    hand.now += 8 * FIRST_PAUSE
    assert (await answer_of(engine)).texts and server.chats and told.all[-1] == (f"ollama {server.address}", None)


async def test_an_answer_that_was_begun_before_a_card_was_struck_does_not_bring_it_back(server: LoopbackOllama) -> None:
    engine = OllamaEngine(hosts_at(server.address, parallel=1), MODEL, 4096)
    await engine.publish(MARA, bundle())
    server.chats_may_go.clear()
    talking = asyncio.create_task(answer_of(engine))
    await server.until(lambda: len(server.seen) == 1)
    waiting = asyncio.create_task(answer_of(engine, moment(seed=8)))
    await engine.publish(MARA, bundle(), STRUCK)
    struck = server.models[MARA.model].system
    server.chats_may_go.set()
    assert (await talking).texts and (await waiting).texts and (await answer_of(engine)).texts
    assert server.models[MARA.model].system == struck and server.paths.count("/api/create") == 2
    await answer_of(engine, replace(moment(), wishes=STRUCK))
    assert server.seen[-1].system == struck and server.paths.count("/api/create") == 2


async def test_an_answer_that_was_begun_before_another_base_was_chosen_does_not_bring_that_back(
    server: LoopbackOllama,
) -> None:
    server.models["gemma3:1b"] = Model(base=BLOB)
    engine = OllamaEngine(hosts_at(server.address, parallel=1), MODEL, 4096)
    server.chats_may_go.clear()
    talking = [asyncio.create_task(answer_of(engine, moment(seed=seed))) for seed in range(2)]
    await server.until(lambda: len(server.seen) == 1)
    await engine.publish(replace(MARA, base="gemma3:1b"), bundle())
    server.chats_may_go.set()
    assert all(answer.texts for answer in await asyncio.gather(*talking))
    assert server.models[MARA.model].base == BLOB and server.paths.count("/api/create") == 2


async def test_a_server_that_tells_of_its_models_but_never_speaks_is_left_out(server: LoopbackOllama) -> None:
    hand, told = Hand(), Told()
    hosts = Hosts([server.address], 0.2, 10.0, 4, told, clock=hand, sleep=hand.sleep)
    engine = OllamaEngine(hosts, MODEL, 4096)
    server.fails(Trouble.HANGS, times=100, at="/api/chat")
    for seed in range(FAILURES):
        await answer_of(engine, moment(seed=seed))
    asked = len(server.chats)
    await answer_of(engine)
    assert len(server.chats) == asked == FAILURES and len(told.all) == 1
    for _ in range(2):
        hand.now += 120.0
        await engine.keep([])
        await asyncio.gather(*(answer_of(engine, moment(seed=seed)) for seed in range(3)))
    assert len(server.chats) == asked + 2 and len(told.all) == 1, "one at a time tries it"
    server.trouble = None
    hand.now += 120.0
    assert (await answer_of(engine)).texts and len(told.all) == 2
