"""Everything that may go wrong with Ollama is one sentence that says what to do."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from echo.engines.ollama.client import OllamaClient
from echo.engines.ollama.engine import OllamaEngine
from echo.engines.ollama.failures import NotOllama
from echo.errors import EngineUnavailable
from echo.ports import PersonaName
from tests.support.learnt import WHO, bundle, bursts, moment, said
from tests.support.ollama import MODEL, LoopbackOllama, Model, Trouble, ollama_at_loopback
from tests.support.ollama_hosts import engine_at, hosts_at

SECRET = "the spare key is under the fern"


@pytest.fixture
async def server() -> AsyncIterator[LoopbackOllama]:
    async with ollama_at_loopback() as server:
        yield server


async def told(server: LoopbackOllama, timeout: float = 10.0, model: str = MODEL) -> str:
    """What a person is told when an answer fails; it never quotes what was said."""
    engine = OllamaEngine(hosts_at(server.address, timeout=timeout), model, 4096)
    with pytest.raises(EngineUnavailable) as problem:
        await engine.answer(bundle(), "1-1", moment(said("Petr", SECRET)), 1.0)
    seen = problem.value
    assert SECRET not in "".join(traceback.format_exception(seen))
    return str(seen)


async def test_a_server_that_is_down_is_told_with_how_to_start_it(server: LoopbackOllama) -> None:
    await server.stop()
    assert await told(server) == (
        f"Ollama at {server.address} does not answer: "
        "start it with `ollama serve`, or set ollama_host to where it runs."
    )


async def test_a_missing_model_is_told_with_how_to_get_it_and_never_fetched(server: LoopbackOllama) -> None:
    assert "run `ollama pull gemma3:1b`" in await told(server, model="gemma3:1b")
    assert server.paths == ["/api/show"]


async def test_a_model_that_only_embeds_is_told(server: LoopbackOllama) -> None:
    server.models["all-minilm"] = ["embedding"]
    assert await told(server, model="all-minilm") == (
        "The model “all-minilm” can't chat: set ollama_model to one that can, such as llama3.2:3b."
    )


async def test_a_model_with_messages_that_would_stand_before_the_system_text_is_told(server: LoopbackOllama) -> None:
    server.models[MODEL] = Model(
        base="sha256:" + "ab" * 32, messages=({"role": "user", "content": "you are a pirate"},)
    )
    assert "has messages of its own stored: set ollama_model to one without" in await told(server)
    assert server.seen == []


async def test_a_model_that_a_server_elsewhere_runs_is_told_and_asked_nothing(server: LoopbackOllama) -> None:
    server.models["gpt-oss:120b-cloud"] = Model(base="sha256:" + "ab" * 32, remote="https://ollama.example:443")
    assert await told(server, model="gpt-oss:120b-cloud") == (
        "The model “gpt-oss:120b-cloud” runs on another server than the one that is asked, which nobody has agreed to: "
        "set ollama_model to one that runs there, such as llama3.2:3b."
    )
    engine = OllamaEngine(hosts_at(server.address), "gpt-oss:120b-cloud", 4096)
    with pytest.raises(EngineUnavailable, match="runs on another server"):
        await engine.publish(PersonaName(1, 1, 1), bundle())
    assert set(server.paths) == {"/api/show"}


async def test_after_a_first_word_nothing_is_asked_again_whatever_the_server_complains_of(
    server: LoopbackOllama,
) -> None:
    server.trouble = Trouble.FAILS_LATE
    server.last_words = f"model '{MODEL}' not found, try pulling it first"
    engine = engine_at(server.address)
    await engine.answer(bundle(), "1-1", replace(moment(), persona=PersonaName(1, 1, 1)), 1.0)
    assert len(server.chats) == 1


BEYOND = {
    "numbers beyond all bounds": b'{"message": {"role": "assistant", "content": "hm"}, "done": true, "load_duration": 1'
    + b"0" * 400
    + b"}",
    "lists in lists in lists": b"[" * 100_000,
    "bytes that are no text": b"\xff\xfe",
    "a number": b"3",
}


@pytest.mark.parametrize("body", BEYOND.values(), ids=BEYOND)
async def test_whatever_answers_there_is_told_as_no_ollama(body: bytes) -> None:
    async def answered(request: web.Request) -> web.Response:
        return web.Response(body=body + b"\n", content_type="application/x-ndjson")

    application = web.Application()
    application.add_routes([web.route("*", "/{path:.*}", answered)])
    async with TestServer(application) as server:
        client = OllamaClient(f"http://127.0.0.1:{server.port}", 10.0, 10.0)
        calls = (
            client.chat(MODEL, [{"role": "user", "content": "x"}], {"num_ctx": 512}),
            client.tags(),
            client.show("m"),
        )
        for call in calls:
            with pytest.raises(NotOllama):
                await call


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        (Trouble.BUSY, "is busy with other requests: try again in a while."),
        (Trouble.MEMORY, "has too little memory for “llama3.2:3b”: set ollama_model to a smaller model."),
        (Trouble.BREAKS, "broke off in the middle of an answer: look at its log if it happens again."),
        (Trouble.UNFINISHED, "broke off in the middle of an answer: look at its log if it happens again."),
        (Trouble.ENDLESS, "broke off in the middle of an answer: look at its log if it happens again."),
        (Trouble.FAILS_LATE, "failed in the middle of an answer: look at its log if it happens again."),
        (Trouble.FOREIGN_PAGE, "is not Ollama: set ollama_host to the address of a running Ollama."),
        (Trouble.FOREIGN_LIST, "is not Ollama: set ollama_host to the address of a running Ollama."),
        (Trouble.REDIRECTS, "is not an open Ollama (status 307): set ollama_host to one that is."),
    ],
)
async def test_each_trouble_has_its_sentence(trouble: Trouble, sentence: str, server: LoopbackOllama) -> None:
    server.trouble = trouble
    assert (await told(server)).endswith(sentence)
    assert len(server.chats) <= 1


async def test_an_answer_that_never_comes_is_given_up_in_time(server: LoopbackOllama) -> None:
    server.trouble = Trouble.HANGS
    assert "took longer than 0.3 seconds" in await told(server, timeout=0.3)


async def test_an_answer_that_comes_drop_by_drop_is_given_up_in_time(server: LoopbackOllama) -> None:
    server.trouble = Trouble.DRIBBLES
    assert "took longer than 0.3 seconds" in await told(server, timeout=0.3)


async def test_what_a_misshapen_answer_holds_is_not_quoted(server: LoopbackOllama) -> None:
    server.trouble = Trouble.MISSHAPEN
    server.writes = lambda chat: SECRET
    assert "is not Ollama" in await told(server)


async def test_an_answer_that_broke_off_is_not_said_in_part(server: LoopbackOllama) -> None:
    server.trouble = Trouble.UNFINISHED
    server.writes = lambda chat: "slowly but it floats\nand more"
    await told(server)


async def test_an_address_that_is_none_is_told() -> None:
    assert "set ollama_host" in await told(LoopbackOllama(address="http://127.0.0.1:none"))


async def test_a_server_that_came_back_is_used_again_and_looked_at_anew(server: LoopbackOllama) -> None:
    engine = engine_at(server.address)
    await engine.answer(bundle(), "1-1", moment(), 1.0)
    await server.stop()
    with pytest.raises(EngineUnavailable):
        await engine.answer(bundle(), "1-1", moment(), 1.0)
    await server.start()
    assert (await engine.answer(bundle(), "1-1", moment(), 1.0)).texts
    assert server.paths == ["/api/show", "/api/chat", "/api/show", "/api/chat"]


async def test_a_model_removed_meanwhile_is_told_as_missing(server: LoopbackOllama) -> None:
    engine = engine_at(server.address)
    await engine.answer(bundle(), "1-1", moment(), 1.0)
    server.models.clear()
    with pytest.raises(EngineUnavailable, match="run `ollama pull llama3"):
        await engine.answer(bundle(), "1-1", moment(), 1.0)


async def test_nothing_is_learnt_for_a_server_that_is_down(server: LoopbackOllama) -> None:
    await server.stop()
    shares: list[float] = []
    engine = engine_at(server.address)
    with pytest.raises(EngineUnavailable, match="ollama serve"):
        await engine.train(WHO, bursts(), seed=1, progress=shares.append, timeout=60.0)
    assert shares == []
