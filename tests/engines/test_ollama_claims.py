"""Servers that say that they did what they did not: what is to be gone or there is looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from db.stored import Wishes
from echo.engines.ollama.engine import OllamaEngine
from echo.errors import EngineUnavailable
from echo.ports import PersonaName
from tests.support.learnt import bundle
from tests.support.ollama import MODEL, LoopbackOllama
from tests.support.ollama_hosts import hosts_at

MARA = PersonaName(1, 7, 3)


class Claims(LoopbackOllama):
    """Deletes nothing, and makes nothing where there is something of that name."""

    async def _delete(self, request: web.Request) -> web.Response:
        return web.Response()

    async def _create(self, request: web.Request) -> web.StreamResponse:
        if (await request.json())["model"] in self.models:
            return web.Response(text='{"status": "success"}\n', content_type="application/x-ndjson")
        return await super()._create(request)


@pytest.fixture
async def server() -> AsyncIterator[LoopbackOllama]:
    server = Claims()
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def test_a_persona_that_is_still_there_after_it_was_deleted_is_told(server: LoopbackOllama) -> None:
    engine = OllamaEngine(hosts_at(server.address), MODEL, 4096)
    await engine.publish(MARA, bundle())
    with pytest.raises(EngineUnavailable, match="still has the model “echo-1-7:3” although it was deleted"):
        await engine.unpublish(1, 7)


async def test_a_persona_that_was_not_made_as_it_should_be_is_told(server: LoopbackOllama) -> None:
    engine = OllamaEngine(hosts_at(server.address), MODEL, 4096)
    await engine.publish(MARA, bundle())
    with pytest.raises(EngineUnavailable, match="said that it made the model “echo-1-7:3”, but does not have it"):
        await engine.publish(MARA, bundle(), Wishes(struck=frozenset({"apostrophes"})))
