"""The test of a corpus in a child process: its figures come back, its time is kept, and the loop goes on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest

from echo.engines.embedded import EmbeddedEngine
from echo.errors import EngineFailed, EngineUnavailable
from echo.persona.turns import Burst
from echo.ports import Engine, Examined
from states.scores import AxisKey
from tests.persona.talk import talk
from tests.support.ollama import MODEL, ollama_at_loopback
from tests.support.ollama_hosts import engine_at

OTHER = "gemma3:1b"


def nobody(_: float) -> None:
    """Progress that the test doesn't look at."""


async def card_of(engine: Engine, bursts: Sequence[Burst], moments: int = 30, timeout: float = 120.0) -> Examined:
    return await engine.examine("Wren", bursts, [["where is it?"] * 90], 1, moments, nobody, timeout)


async def test_the_embedded_engine_is_tested_in_a_child_and_tells_how_far_it_is() -> None:
    seen: list[float] = []
    bursts = talk(1100)
    found = await EmbeddedEngine().examine("Wren", bursts, [], 1, 60, seen.append, 120.0)
    assert seen == sorted(seen) and seen[-1] == 1.0
    assert {AxisKey.COPYING, AxisKey.LENGTH} <= {axis.key for axis in found.axes}
    assert found.moments > 20
    assert found.sentence and found.seconds > 0
    assert (found.copied, found.leaked) == (0, 0)
    for one in found.quiz:
        assert one.burst in bursts and one.echo


async def test_ollama_is_asked_in_the_moments_and_what_it_said_is_judged() -> None:
    async with ollama_at_loopback() as server:
        engine = engine_at(server.address)
        found = await card_of(engine, talk(700), 8)
        assert {chat["model"] for chat in server.chats} == {MODEL}
    assert 0 < found.moments <= 8
    assert found.sentence


async def test_an_echo_that_speaks_by_another_base_learns_and_is_tested_by_that_one() -> None:
    async with ollama_at_loopback(models={OTHER: ["completion"]}) as server:
        engine, bursts = engine_at(server.address), talk(700)
        await engine.train("Wren", bursts[:50], 1, nobody, 120.0, base=OTHER)
        await engine.examine("Wren", bursts, [], 1, 3, nobody, 120.0, base=OTHER)
        assert {chat["model"] for chat in server.chats} == {OTHER}
        with pytest.raises(EngineUnavailable, match=f"has no model “{MODEL}”"):
            await engine.train("Wren", bursts, 1, nobody, 120.0)


async def test_a_corpus_that_is_too_small_is_no_failure() -> None:
    for bursts in ([], talk(20)):
        found = await card_of(EmbeddedEngine(), bursts)
        assert found.axes == () and "could not be tested" in found.sentence


async def test_testing_ends_when_its_time_is_over() -> None:
    began = time.perf_counter()
    with pytest.raises(EngineFailed, match=r"longer than 0\.05 seconds; lower scorecard_moments"):
        await card_of(EmbeddedEngine(), talk(300), timeout=0.05)
    assert time.perf_counter() - began < 5


async def test_a_cancelled_test_leaves_no_child_behind() -> None:
    begun = asyncio.Event()
    testing = asyncio.create_task(EmbeddedEngine().examine("Wren", talk(900), [], 1, 30, lambda _: begun.set(), 120.0))
    await begun.wait()
    testing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await testing
