"""How late the event loop is while an echo is learnt, is loaded and answers, against an idle one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from bench.chats import most_active, newest_of, read, small_chat, whole_chat
from bench.figures import Figure, Scale, by_turns, quantile
from echo.corpus.conversations import bursts_of
from echo.engines.embedded import EmbeddedEngine
from echo.persona.turns import Burst
from echo.ports import Moment

MESSAGES: Final = 10_000
ANSWERS: Final = 100
TICK: Final = 0.002
"""Seconds that are asked for; what is waited longer is lag."""
IDLE: Final = 3.0
"""Seconds of idling."""


async def measure(scale: Scale, folder: Path) -> list[Figure]:
    """Milliseconds of lag at p99, and at most, over one whole training and over ANSWERS answers each round."""
    written = read(scale.of(whole_chat, small_chat)(folder))
    author = most_active(written)
    bursts = bursts_of(newest_of(written, author, scale.of(MESSAGES, 200)), author)
    del written
    worst: dict[str, list[float]] = {"training": [], "answering": []}
    moments = [_moment(burst, author) for burst in bursts if burst.context][-scale.of(ANSWERS, 5) :]
    models: list[bytes] = []

    async def training() -> float:
        async with _lags() as lags:
            models[:] = [(await EmbeddedEngine().train(author, bursts, 1, lambda share: None, 600.0)).blob]
        worst["training"].append(max(lags))
        return quantile(lags, 0.99)

    async def answering() -> float:
        # An engine of its own, so that loading the model counts.
        engine = EmbeddedEngine()
        async with _lags() as lags:
            for moment in moments:
                await engine.answer(models[0], "bench", moment, 1.0)
        worst["answering"].append(max(lags))
        return quantile(lags, 0.99)

    async def idle() -> float:
        async with _lags() as lags:
            await asyncio.sleep(scale.of(IDLE, 0.2))
        return quantile(lags, 0.99)

    figures: list[Figure] = []
    for what, measured in (("training", training), ("answering", answering)):
        echo, plain = await by_turns(scale.runs, measured, idle)
        figures.append(Figure(f"loop lag p99 while {what}", "ms", echo, "an idle loop", plain))
        figures.append(Figure(f"the longest lag while {what}", "ms", tuple(worst[what][-scale.runs :])))
    return figures


def _moment(burst: Burst, author: str) -> Moment:
    """The moment before a turn of theirs, as if they had been spoken to."""
    return Moment(burst.context, (author,), addressed=True, seed=int(burst.ts))


@asynccontextmanager
async def _lags() -> AsyncIterator[list[float]]:
    """Milliseconds by which each tick came late while the block ran."""
    lags: list[float] = []

    async def watch() -> None:
        while True:
            due = time.perf_counter() + TICK
            await asyncio.sleep(TICK)
            lags.append(max(0.0, (time.perf_counter() - due) * 1000))

    watching = asyncio.create_task(watch())
    try:
        yield lags
    finally:
        watching.cancel()
        await asyncio.wait((watching,))
