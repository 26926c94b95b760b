"""Several Ollama servers, each a real one on the loopback: who is asked, who is left out, and what is told of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from echo.engines.ollama.client import OllamaClient
from echo.engines.ollama.failures import Busy, ModelMissing, TooSlow, Unreachable
from echo.engines.ollama.hosts import Hosts
from echo.engines.ollama.telling import Completion
from states.breaker import FAILURES, FIRST_PAUSE
from tests.support.ollama import MODEL, LoopbackOllama, Trouble, ollama_at_loopback
from tests.support.ollama_hosts import Hand, Told

ASKED = [{"role": "user", "content": "how is the boat coming along?"}]
OPTIONS = {"num_ctx": 4096, "seed": 1}


@pytest.fixture
async def servers() -> AsyncIterator[list[LoopbackOllama]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(ollama_at_loopback()) for _ in range(3)]


class Several(Hosts):
    """Hosts with their clock, pauses and reports at hand."""

    def __init__(self, servers: list[LoopbackOllama], parallel: int = 4, timeout: float = 10.0) -> None:
        self.hand, self.told = Hand(), Told()
        addresses = [server.address for server in servers]
        super().__init__(addresses, timeout, 10.0, parallel, self.told, clock=self.hand, sleep=self.hand.sleep)


def at_home(hosts: Hosts, servers: list[LoopbackOllama], base: str = MODEL) -> list[LoopbackOllama]:
    """The servers in the order in which that base is asked of them."""
    by_address = {server.address: server for server in servers}
    return [by_address[address] for address in hosts.order(base)]


def chat(client: OllamaClient) -> asyncio.Future[Completion]:
    return asyncio.ensure_future(client.chat(MODEL, ASKED, OPTIONS))


async def test_a_base_stays_on_one_server_and_others_go_to_others(servers: list[LoopbackOllama]) -> None:
    hosts = Several(servers)
    bases = [f"base-{number}" for number in range(60)]
    homes = {base: hosts.home(base).host for base in bases}
    assert all(Several(servers[::-1]).home(base).host == home for base, home in homes.items())
    shares = [list(homes.values()).count(server.address) for server in servers]
    assert min(shares) >= 8
    # One server less moves only the bases that were on it.
    fewer = Several(servers[:2])
    moved = {base for base, home in homes.items() if fewer.home(base).host != home}
    assert moved == {base for base, home in homes.items() if home == servers[2].address}
    for _ in range(5):
        await hosts.ask(MODEL, chat)
    assert [len(one.chats) for one in at_home(hosts, servers)] == [5, 0, 0]


async def test_a_dead_server_is_left_out_told_once_and_taken_back(servers: list[LoopbackOllama]) -> None:
    hosts = Several(servers)
    first, second, third = at_home(hosts, servers)
    await first.stop()
    # Nothing was said yet, so the very same request is answered by the next one.
    assert (await hosts.ask(MODEL, chat)).content
    for _ in range(3):
        await hosts.ask(MODEL, chat)
    assert (len(second.chats), len(third.chats), hosts.home(MODEL).host) == (4, 0, second.address)
    assert [client.host for client in hosts.every()] == [one.address for one in servers if one is not first]
    ((what, sentence),) = hosts.told.all
    assert what == f"ollama {first.address}" and sentence is not None
    assert sentence.startswith(f"Ollama at {first.address} does not answer: start it with `ollama serve`")
    assert sentence.endswith("; Echo leaves it out until it answers again.")

    hosts.hand.now += FIRST_PAUSE
    await hosts.ask(MODEL, chat)
    assert len(hosts.told.all) == 1 and len(second.chats) == 5
    await first.start()
    await hosts.ask(MODEL, chat)
    assert len(first.chats) == 0
    hosts.hand.now += 2 * FIRST_PAUSE
    await hosts.ask(MODEL, chat)
    await hosts.ask(MODEL, chat)
    assert len(first.chats) == 2 and hosts.told.all[1:] == [(what, None)]


async def test_a_server_that_was_away_is_tried_by_itself_but_not_one_that_hangs(servers: list[LoopbackOllama]) -> None:
    hosts = Several(servers[:1], timeout=0.1)
    (server,) = servers[:1]
    assert hosts.tries_again_in is None
    await server.stop()
    with pytest.raises(Unreachable):
        await hosts.ask(MODEL, chat)
    assert hosts.tries_again_in == pytest.approx(FIRST_PAUSE)
    slept = list(hosts.hand.slept)
    await hosts.try_left_out()
    assert hosts.hand.slept == slept, "it is not due"
    hosts.hand.now += FIRST_PAUSE
    await hosts.try_left_out()
    assert hosts.tries_again_in is not None and FIRST_PAUSE < hosts.tries_again_in <= 2 * FIRST_PAUSE
    await server.start()
    hosts.hand.now += 2 * FIRST_PAUSE
    await hosts.try_left_out()
    assert [sentence is None for _, sentence in hosts.told.all] == [False, True] and hosts.tries_again_in is None
    # That it has a version would not mean that it answers.
    server.trouble = Trouble.HANGS
    for _ in range(FAILURES):
        with pytest.raises(TooSlow):
            await hosts.ask(MODEL, chat)
    hosts.hand.now += FIRST_PAUSE
    await hosts.try_left_out()
    assert hosts.tries_again_in is None and server.paths[-1] != "/api/version"


async def test_who_asks_while_a_server_is_looked_at_waits_for_what_that_shows(servers: list[LoopbackOllama]) -> None:
    hosts = Several(servers[:1])
    (server,) = servers[:1]
    await server.stop()
    with pytest.raises(Unreachable):
        await hosts.ask(MODEL, chat)
    hosts.hand.now += FIRST_PAUSE
    looked = asyncio.gather(hosts.try_left_out(), hosts.ask(MODEL, chat), return_exceptions=True)
    assert isinstance((await looked)[1], Unreachable)
    await server.start()
    hosts.hand.now += 2 * FIRST_PAUSE
    _, answered, reached = await asyncio.gather(
        hosts.try_left_out(), hosts.ask(MODEL, chat), hosts.reach(MODEL, OllamaClient.version)
    )
    assert answered.content and reached and len(server.chats) == 1


async def test_where_all_are_out_nobody_is_asked_and_the_reason_is_told(servers: list[LoopbackOllama]) -> None:
    hosts = Several(servers[:1])
    await servers[0].stop()
    with pytest.raises(Unreachable, match="start it with `ollama serve`"):
        await hosts.ask(MODEL, chat)
    assert hosts.every() == []
    slept = list(hosts.hand.slept)
    for base in (MODEL, "other"):
        with pytest.raises(Unreachable, match=servers[0].address):
            await hosts.ask(base, chat)
    with pytest.raises(Unreachable):
        hosts.home(MODEL)
    assert hosts.hand.slept == slept and servers[0].paths == []


async def test_a_server_that_hangs_is_left_out_too_but_one_that_refuses_is_not(servers: list[LoopbackOllama]) -> None:
    hosts = Several(servers, timeout=0.1)
    first, second, _ = at_home(hosts, servers)
    first.trouble = Trouble.BUSY
    for _ in range(FAILURES):
        with pytest.raises(Busy):
            await hosts.ask(MODEL, chat)
        with pytest.raises(ModelMissing):
            await hosts.home(MODEL).show("gemma3:1b")
    assert hosts.home(MODEL).host == first.address
    first.trouble = Trouble.HANGS
    for _ in range(FAILURES):
        with pytest.raises(TooSlow):
            await hosts.ask(MODEL, chat)
    assert hosts.home(MODEL).host == second.address


async def test_one_request_at_a_time_tries_a_server_that_was_out(servers: list[LoopbackOllama]) -> None:
    hosts = Several(servers)
    first, second, _ = at_home(hosts, servers)
    await first.stop()
    await hosts.ask(MODEL, chat)
    await first.start()
    hosts.hand.now += FIRST_PAUSE
    first.chats_may_go.clear()
    trial = asyncio.ensure_future(hosts.ask(MODEL, chat))
    await first.until(lambda: len(first.seen) == 1)
    await hosts.ask(MODEL, chat)
    assert (len(first.chats), len(second.chats)) == (1, 2)
    # Given up, it leaves the next one to try.
    trial.cancel()
    await asyncio.gather(trial, return_exceptions=True)
    first.chats_may_go.set()
    await hosts.ask(MODEL, chat)
    assert (len(first.chats), len(second.chats), len(hosts.told.all)) == (2, 2, 2)


async def test_no_more_requests_than_slots_reach_a_server_and_the_wait_is_measured(
    servers: list[LoopbackOllama],
) -> None:
    hosts = Several(servers[:1], parallel=2)
    server = servers[0]
    server.scheduler.slots = 8
    server.chats_may_go.clear()
    asking = [asyncio.ensure_future(hosts.ask(MODEL, chat)) for _ in range(5)]
    await server.until(lambda: len(server.seen) == 2)
    # What needs no slot does not queue behind answers.
    assert await hosts.home(MODEL).running()
    assert len(server.chats) == 2
    hosts.hand.now += 3.0
    server.chats_may_go.set()
    made = await asyncio.gather(*asking)
    assert sorted(one.wait for one in made) == [0.0, 0.0, 3.0, 3.0, 3.0]


async def test_a_slot_that_never_gets_free_is_not_waited_for_for_ever(servers: list[LoopbackOllama]) -> None:
    hosts = Several(servers[:1], parallel=1, timeout=0.2)
    async with hosts.client(MODEL) as client:
        assert client.host == servers[0].address
        with pytest.raises(Busy, match="raise ollama_parallel"):
            await hosts.ask(MODEL, chat)
    assert (await hosts.ask(MODEL, chat)).content and hosts.told.all == []


async def test_who_waits_for_a_slot_of_a_server_that_dies_goes_on_to_the_next(servers: list[LoopbackOllama]) -> None:
    hosts = Several(servers, parallel=1)
    first, second, _ = at_home(hosts, servers)
    async with hosts.client(MODEL) as client:
        waiting = asyncio.ensure_future(hosts.ask(MODEL, chat))
        await first.stop()
        with pytest.raises(Unreachable):
            await client.show(MODEL)
    await waiting
    assert (len(first.chats), len(second.chats)) == (0, 1)


async def test_an_answer_that_broke_off_is_not_asked_of_another_server(servers: list[LoopbackOllama]) -> None:
    hosts = Several(servers)
    first, second, third = at_home(hosts, servers)
    first.trouble = Trouble.BREAKS
    with pytest.raises(Exception, match="broke off"):
        await hosts.ask(MODEL, chat)
    assert [len(one.chats) for one in (first, second, third)] == [1, 0, 0]
    # What said nothing at all is.
    first.trouble = Trouble.LOSES
    assert (await hosts.ask(MODEL, chat)).content
    assert [len(one.chats) for one in (first, second, third)] == [1, 1, 0]
