"""Examples for a moment: by an embedding model where there is one and it answers, else by words."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from echo.engines.examples import Example, Examples
from echo.engines.ollama.engine import OllamaEngine
from echo.engines.ollama.mind import Mind
from echo.engines.ollama.retrieval import AGAIN, KEPT_FOR, Retrieval
from echo.persona.model import Persona
from echo.ports import PersonaName
from tests.support.learnt import bundle, moment, persona, said
from tests.support.ollama import MODEL, LoopbackOllama, Trouble, ollama_at_loopback
from tests.support.ollama_hosts import Hand, hosts_at

EMBEDDER = "nomic-embed-text"
LIKE_BY_LETTERS = Example((said("Petr", "sailboats harbouring"),), ("by the letters",))
LIKE_BY_WORDS = Example((said("Petr", "in the in the in the in the"),), ("by the words",))
OTHERS = [Example((said("Petr", f"{word} {word}"),), (word,)) for word in ("cake", "tax", "goose", "flu")]
ASKED = (said("Petr", "the sailboat harboured"),)


@pytest.fixture
async def server() -> AsyncIterator[LoopbackOllama]:
    async with ollama_at_loopback() as server:
        server.models[EMBEDDER] = ["embedding"]
        yield server


class Asker:
    """Asks the embedding model of a server, and counts the texts."""

    def __init__(self, server: LoopbackOllama) -> None:
        self._hosts = hosts_at(server.address)
        self.texts = 0

    async def __call__(self, texts: Sequence[str]) -> list[list[float]]:
        self.texts += len(texts)
        return await self._hosts.ask(EMBEDDER, lambda client: client.embed(EMBEDDER, texts))


def mind(*more: Example) -> Mind:
    return Mind(Persona.load(persona()), Examples([LIKE_BY_LETTERS, LIKE_BY_WORDS, *OTHERS, *more]))


async def settled() -> None:
    """What was begun in the background is done."""
    await asyncio.gather(*(one for one in asyncio.all_tasks() if one.get_name() == "embedding examples"))


async def test_examples_are_found_by_the_embedding_model_once_it_has_seen_them_all(server: LoopbackOllama) -> None:
    asker = Asker(server)
    retrieval, of = Retrieval(asker), mind()
    assert (await retrieval.like(of, ASKED, 2, 1))[-1] == LIKE_BY_WORDS, "until then by words, at once"
    await settled()
    assert asker.texts == 6
    assert (await retrieval.like(of, ASKED, 2, 1))[-1] == LIKE_BY_LETTERS
    assert asker.texts == 7, "one more, for the moment"
    assert (await Retrieval().like(of, ASKED, 2, 1))[-1] == LIKE_BY_WORDS


async def test_a_failing_embedding_model_costs_nothing_but_itself(
    server: LoopbackOllama, caplog: pytest.LogCaptureFixture
) -> None:
    asker, hand = Asker(server), Hand()
    retrieval, of = Retrieval(asker, hand), mind()
    del server.models[EMBEDDER]
    with caplog.at_level(logging.WARNING, "echo.engines.ollama.retrieval"):
        for _ in range(3):
            assert (await retrieval.like(of, ASKED, 2, 1))[-1] == LIKE_BY_WORDS
            await settled()
    assert len(caplog.records) == 1 and EMBEDDER in caplog.text and "harbour" not in caplog.text
    server.models[EMBEDDER] = ["embedding"]
    await hand.sleep(AGAIN)
    await retrieval.like(of, ASKED, 2, 1)
    await settled()
    assert (await retrieval.like(of, ASKED, 2, 1))[-1] == LIKE_BY_LETTERS
    server.trouble = Trouble.BUSY
    assert (await retrieval.like(of, ASKED, 2, 1))[-1] == LIKE_BY_WORDS


@pytest.mark.parametrize("vectors", [[], [[1.0], [1.0, 2.0]], [[float("nan")]] * 6, [[1.0]] * 5])
async def test_vectors_that_are_none_are_not_searched(vectors: list[list[float]]) -> None:
    async def embed(texts: Sequence[str]) -> list[list[float]]:
        return vectors

    retrieval, of = Retrieval(embed), mind()
    for _ in range(2):
        assert (await retrieval.like(of, ASKED, 2, 1))[-1] == LIKE_BY_WORDS
        await settled()


async def test_an_amended_model_has_only_what_is_new_embedded_and_nothing_is_kept_for_long(
    server: LoopbackOllama,
) -> None:
    asker, hand = Asker(server), Hand()
    retrieval = Retrieval(asker, hand)
    for more, texts in (((), 6), ((Example((said("Petr", "sailboat harboured!"),), ("new",)),), 7)):
        of = mind(*more)
        await retrieval.like(of, ASKED, 2, 1)
        await settled()
        assert asker.texts == texts
    assert (await retrieval.like(of, ASKED, 2, 1))[-1].texts == ("new",)
    await hand.sleep(KEPT_FOR)
    del of
    gc.collect()
    await retrieval.like(mind(), ASKED, 2, 1)
    await settled()
    assert asker.texts == 8 + 6


async def test_an_engine_asks_the_embedding_model_that_it_was_given(server: LoopbackOllama) -> None:
    engine = OllamaEngine(hosts_at(server.address), MODEL, 4096, embedding=EMBEDDER)
    for seed in range(2):
        assert (await engine.answer(bundle(), "1-1", moment(seed=seed), 1.0)).texts
        await settled()
    assert server.paths.count("/api/embed") > 2 and server.paths[-2:] == ["/api/embed", "/api/chat"]
    known = server.paths.count("/api/embed")
    await engine.answer(bundle(), "1-1", moment(seed=2), 1.0)
    assert server.paths.count("/api/embed") == known + 1


async def test_of_whom_all_is_taken_down_nothing_is_embedded_on_and_no_vector_stays(server: LoopbackOllama) -> None:
    engine = OllamaEngine(hosts_at(server.address), MODEL, 4096, embedding=EMBEDDER)
    server.loads_may_go.clear()
    whose = replace(moment(), persona=PersonaName(1, 7, 3))
    answer = asyncio.create_task(engine.answer(bundle(), "7-3", whose, 1.0))
    await server.until(lambda: "/api/embed" in server.paths)
    await engine.unpublish(1, 7)
    server.loads_may_go.set()
    assert (await answer).texts
    await settled()
    assert server.paths.count("/api/embed") == 1

    asker = Asker(server)
    retrieval, of = Retrieval(asker), mind()
    for owner, texts in ((7, 6), (8, 6)):
        await retrieval.like(of, ASKED, 2, 1, owner)
        await settled()
        assert asker.texts == texts
        of = mind()
    retrieval.forget(7)
    retrieval.forget(8)
    await retrieval.like(of, ASKED, 2, 1, 8)
    await settled()
    assert asker.texts == 12, "all of it again"
