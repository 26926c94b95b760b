"""Turns: so many a second, evenly, for all who share them."""

from __future__ import annotations

import asyncio

from echo.discord.collecting.budget import Turns


async def test_turns_come_evenly_and_no_faster_than_they_may() -> None:
    loop, turns = asyncio.get_running_loop(), Turns(100)
    taken: list[float] = []

    async def taking() -> None:
        await turns.take()
        taken.append(loop.time())

    began = loop.time()
    await asyncio.gather(*(taking() for _ in range(11)))
    # The eleventh waits ten hundredths of a second; the loop's clock may wake it a hair early.
    assert taken[-1] - began >= 0.098
    assert taken == sorted(taken)


async def test_without_a_limit_nobody_waits() -> None:
    turns = Turns(None)
    async with asyncio.timeout(1):
        for _ in range(1000):
            await turns.take()
