"""Which bases a loopback Ollama has loaded, and what the board says of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.engines.ollama.bases import KEEP, Doing, planned
from echo.engines.ollama.engine import OllamaEngine
from echo.ports import PersonaName
from states.board import Board
from tests.support.learnt import bundle, moment
from tests.support.ollama import MODEL, LoopbackOllama, Model, Trouble, ollama_at_loopback
from tests.support.ollama_hosts import OnBoard, hosts_at

GEMMA, QWEN = "gemma3:1b", "qwen3:4b"


@pytest.fixture
async def server() -> AsyncIterator[LoopbackOllama]:
    async with ollama_at_loopback() as server:
        for name in (GEMMA, QWEN):
            server.models[name] = ["completion"]
        yield server


@pytest.fixture
def board() -> Board:
    return Board()


def engine_on(board: Board, *servers: LoopbackOllama, loaded: int = 2) -> OllamaEngine:
    hosts = hosts_at(*(server.address for server in servers))
    return OllamaEngine(hosts, MODEL, 4096, loaded=loaded, reports=OnBoard(board))


def of(number: int, base: str = "", tuned: bool = False) -> PersonaName:
    return PersonaName(1, number, 1, base, tuned)


def names(server: LoopbackOllama) -> list[str]:
    """The models that are loaded, by the names that they were loaded by."""
    return sorted(runner.name for runner in server.scheduler.runners.values())


async def test_a_base_is_loaded_before_its_first_words_and_let_go_of_after_the_last_echo(
    server: LoopbackOllama, board: Board
) -> None:
    engine = engine_on(board, server)
    await engine.keep([of(1), of(2)])
    place = server.address.removeprefix("http://")
    assert board.conditions == {"ollama loaded": f"{MODEL} 2.0 GB loaded on {place} (2 personas)"}
    for who in (of(1), of(2)):
        await engine.answer(bundle(), "1-1", replace(moment(), persona=who), 1.0)
    assert len(server.loads) == 1, "what they say is said by the copy that was loaded for them"
    await engine.keep([of(2)])
    assert names(server) == [MODEL] and board.conditions["ollama loaded"].endswith("(1 persona)")
    await engine.keep([])
    assert server.loaded == [] and board.conditions == {}


async def test_how_long_a_base_stays_is_said_to_load_and_unload_it_alone(server: LoopbackOllama, board: Board) -> None:
    engine = engine_on(board, server)
    await engine.keep([of(1)])
    (runner,) = server.scheduler.runners.values()
    assert (KEEP, runner.keep_alive) == ("30m", 1800.0)
    await engine.answer(bundle(), "1-1", replace(moment(), persona=of(1)), 1.0)
    assert runner.keep_alive == 1800.0 and not any("keep_alive" in chat for chat in server.chats)


async def test_what_somebody_talks_on_makes_room_for_nobody(server: LoopbackOllama, board: Board) -> None:
    engine = engine_on(board, server, loaded=2)
    await engine.keep([of(1), of(2, GEMMA)])
    await engine.keep([of(1), of(2, GEMMA), of(3, QWEN)])
    assert names(server) == [GEMMA, MODEL]
    assert board.conditions["ollama bases"].startswith(f"{QWEN} not kept loaded on ")
    assert "raise it, or add a server to ollama_host" in board.conditions["ollama bases"]
    await engine.keep([of(2, GEMMA), of(3, QWEN)])
    assert names(server) == [GEMMA, QWEN] and "ollama bases" not in board.conditions


async def test_a_base_that_an_answer_is_being_made_by_is_not_unloaded(server: LoopbackOllama, board: Board) -> None:
    engine = engine_on(board, server)
    await engine.keep([of(1)])
    server.chats_may_go.clear()
    asked = replace(moment(), persona=of(1))
    answer = asyncio.create_task(engine.answer(bundle(), "1-1", asked, 1.0))
    await server.until(lambda: len(server.seen) == 1)
    await engine.keep([])
    assert names(server) == [MODEL]
    server.chats_may_go.set()
    assert (await answer).texts
    await engine.keep([])
    assert names(server) == []


async def test_models_of_others_are_left_alone_and_those_of_an_earlier_run_are_not(
    server: LoopbackOllama, board: Board
) -> None:
    hosts = hosts_at(server.address)
    server.models["echo-1-9:2"] = server.models.made_from(GEMMA, system="a card")
    server.models["echo-chamber:latest"] = ["completion"]
    for name in (QWEN, "echo-1-9:2", "echo-chamber"):
        await hosts.at(server.address).load(name, 4096, "30m")
    await engine_on(board, server).keep([])
    assert names(server) == ["echo-chamber", QWEN] and board.conditions == {}


async def test_the_persona_that_loaded_a_base_first_does_not_hide_it(server: LoopbackOllama, board: Board) -> None:
    engine = engine_on(board, server)
    await engine.answer(bundle(), "1-1", replace(moment(), persona=of(1)), 1.0)
    assert names(server) == ["echo-1-1:1"]
    await engine.keep([of(1), of(2)])
    assert board.conditions["ollama loaded"].startswith(f"{MODEL} 2.0 GB loaded on ")
    assert len(server.loads) == 1


async def test_a_server_that_tells_no_parents_is_known_by_its_personas(server: LoopbackOllama, board: Board) -> None:
    engine = engine_on(board, server)
    await engine.publish(of(1), bundle())
    server.models["echo-1-1:1"] = replace(server.models["echo-1-1:1"], parent="")
    await engine.answer(bundle(), "1-1", replace(moment(), persona=of(1)), 1.0)
    await engine.keep([of(1)])
    assert names(server) == ["echo-1-1:1"] and server.paths.count("/api/create") == 1
    assert board.conditions["ollama loaded"].startswith(f"{MODEL} 2.0 GB loaded on ")


async def test_a_fine_tuned_model_is_loaded_as_itself(server: LoopbackOllama, board: Board) -> None:
    server.models["echo-1-5:1"] = Model(base="sha256:" + "cd" * 32)
    engine = engine_on(board, server)
    await engine.keep([of(5, tuned=True), of(6, tuned=True)])
    assert names(server) == ["echo-1-5:1"], "of the other one, which is lost, the board tells when it speaks"
    assert "ollama bases" not in board.conditions and server.pulled == []


async def test_what_can_not_be_loaded_is_told_until_it_can(server: LoopbackOllama, board: Board) -> None:
    engine = engine_on(board, server)
    await engine.keep([of(1, "mistral:7b")])
    assert "has no model “mistral:7b”: run `ollama pull mistral:7b`" in board.conditions["ollama bases"]
    assert server.pulled == []
    server.models["mistral:7b"] = ["completion"]
    await engine.keep([of(1, "mistral:7b")])
    assert list(board.conditions) == ["ollama loaded"]


async def test_a_server_that_is_away_is_no_fault_of_whoever_looks_after_bases(
    server: LoopbackOllama, board: Board
) -> None:
    engine = engine_on(board, server)
    await engine.keep([of(1)])
    await server.stop()
    await engine.keep([of(1)])
    assert "ollama loaded" not in board.conditions and "ollama bases" not in board.conditions
    await server.start()
    await engine.keep([of(1)])
    assert names(server) == [MODEL] and list(board.conditions) == ["ollama loaded"]


async def test_an_echo_that_was_told_as_standing_in_is_forgotten_with_its_base(
    server: LoopbackOllama, board: Board
) -> None:
    engine = engine_on(board, server)
    server.trouble = Trouble.MEMORY
    await engine.answer(bundle(), "1-1", replace(moment(), persona=of(1)), 1.0)
    assert "too little memory" in board.conditions["ollama"]
    server.trouble = None
    await engine.keep([of(1)])
    assert "ollama" not in board.conditions


async def test_bases_are_kept_on_the_servers_that_they_are_asked_on(board: Board) -> None:
    async with ollama_at_loopback(most_bases=6) as one, ollama_at_loopback(most_bases=6) as other:
        bases = [f"base{number}:1b" for number in range(6)]
        for server in (one, other):
            for name in bases:
                server.models[name] = ["completion"]
        engine = engine_on(board, one, other, loaded=6)
        online = [of(number, name) for number, name in enumerate(bases)]
        await engine.keep(online)
        assert sorted(names(one) + names(other)) == bases
        for who in online:
            await engine.answer(bundle(), "1-1", replace(moment(), persona=who), 1.0)
        assert len(one.loads) + len(other.loads) == len(bases)


NAMES = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=6)


@settings(max_examples=150, deadline=None)
@given(NAMES, NAMES, st.sets(st.sampled_from("abcdefgh")), st.integers(1, 4))
def test_what_is_wanted_or_busy_stays_and_the_limit_is_kept(
    loaded: list[str], wanted: list[str], busy: set[str], limit: int
) -> None:
    doing = planned(loaded, wanted, busy, limit)
    assert not {*doing.unload} & ({*wanted} | busy)
    after = [one for one in loaded if one not in doing.unload] + [*doing.load]
    assert {*after} <= {*wanted} | busy and len(after) == len({*after})
    assert len(after) <= max(limit, len(after) - len(doing.load))
    assert {*doing.load, *doing.crowded} == {*wanted} - {*loaded}
    assert not doing.crowded or len(after) >= limit
    assert planned(after, wanted, busy, limit).load == ()


def test_what_was_wanted_least_recently_goes_first() -> None:
    assert planned(["a", "b", "c"], ["d"], {"b"}, 2) == Doing(("a", "c"), ("d",))
