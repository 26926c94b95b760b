"""The budget: so many requests a second, evenly, in turns by account, and as Discord counts them."""

from __future__ import annotations

import asyncio

import pytest

from echo.discord.collecting.budget import Account, Budget, beside_echoes
from tests.support.hurried import hurried


async def asking(account: Account, name: str, taken: list[str], times: int, lasting: float = 0.0) -> None:
    for _ in range(times):
        async with account.request():
            taken.append(name)
            if lasting:
                await asyncio.get_running_loop().create_task(_after(lasting))


async def _after(seconds: float) -> None:
    over = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, over.set)
    await over.wait()


@hurried
async def test_requests_come_evenly_and_no_faster_than_they_may() -> None:
    loop, account = asyncio.get_running_loop(), Budget(100).account()
    times: list[float] = []

    async def one() -> None:
        async with account.request():
            times.append(loop.time())

    began = loop.time()
    await asyncio.gather(*(one() for _ in range(21)))
    # The last waits twenty hundredths of a second, less what may be caught up; the loop may wake it a hair early.
    assert 0.09 <= times[-1] - began <= 0.21, "nor slower: what is allowed is used"
    assert times == sorted(times)


@hurried
async def test_no_second_holds_more_than_is_allowed_however_late_answers_are() -> None:
    loop, account = asyncio.get_running_loop(), Budget(20).account()
    arrived: list[float] = []

    async def one(number: int) -> None:
        async with account.request():
            # Discord counts it late, and every third answer takes its time besides.
            await _after(0.02 if number % 3 else 0.15)
            arrived.append(loop.time())

    await asyncio.gather(*(one(number) for number in range(45)))
    arrived.sort()
    for first in range(len(arrived) - 20):
        assert arrived[first + 20] - arrived[first] >= 0.95


@hurried
async def test_without_a_limit_nobody_waits() -> None:
    account = Budget(None).account()
    began = asyncio.get_running_loop().time()
    for _ in range(1000):
        await account.take()
    assert asyncio.get_running_loop().time() == began


@hurried
async def test_who_asks_much_does_not_starve_who_asks_little() -> None:
    budget, taken = Budget(200), list[str]()
    much, little = budget.account(), budget.account()
    await asyncio.gather(
        *(asking(much, "much", taken, 5, 0.001) for _ in range(8)), asking(little, "little", taken, 10, 0.001)
    )
    # Eight that wait at one account get together what the one at the other gets, once what may be caught up is used.
    assert taken[:20].count("little") >= 4


@hurried
async def test_background_requests_wait_until_nobody_else_does() -> None:
    budget, taken = Budget(200), list[str]()
    front, back = budget.account(), budget.account(background=True)
    await asyncio.gather(
        *(asking(front, "front", taken, 1) for _ in range(10)), *(asking(back, "back", taken, 1) for _ in range(3))
    )
    assert taken == ["front"] * 10 + ["back"] * 3


@hurried
async def test_one_that_is_given_up_while_it_waits_costs_nothing() -> None:
    account = Budget(1).account()
    await account.take()
    waiting = asyncio.create_task(account.take())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not account.is_waiting


@pytest.mark.parametrize(("online", "left"), [(0, 49), (1, 48), (9, 40), (500, 40)])
def test_collecting_leaves_something_to_echoes_that_are_online(online: int, left: int) -> None:
    assert beside_echoes(online) == left
