"""Many personas on one base: the server loads it once, whoever speaks."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from echo.engines.ollama.engine import OllamaEngine
from echo.ports import PersonaName
from tests.support.learnt import bundle, moment
from tests.support.ollama import MODEL, ollama_at_loopback
from tests.support.ollama_hosts import hosts_at

FIFTY = [PersonaName(1, profile, 1) for profile in range(1, 51)]


async def spoken(engine: OllamaEngine, *personas: PersonaName) -> None:
    """Each of these answers, all at once."""
    asked = (replace(moment(seed=one.profile_id), persona=one) for one in personas)
    await asyncio.gather(*(engine.answer(bundle(), "1-1", one, 1.0) for one in asked))


async def test_fifty_personas_on_one_base_load_it_once() -> None:
    async with ollama_at_loopback(parallel=4) as server:
        engine = OllamaEngine(hosts_at(server.address, parallel=4), MODEL, 4096)
        await asyncio.gather(*(engine.publish(one, bundle()) for one in FIFTY))
        await spoken(engine, *FIFTY)
        base = server.models[MODEL].base
        assert {seen.model for seen in server.seen} == {one.model for one in FIFTY}
        assert {seen.base for seen in server.seen} == {base}
        assert all("How they write:" in seen.system for seen in server.seen)
        # Made once each, of what was there, and never so that it would have to be loaded again.
        assert (server.loads, server.pulled, server.paths.count("/api/create")) == ([base], [], 50)
        assert not any(seen.misformatted or seen.dropped for seen in server.seen)


async def test_two_bases_that_fit_beside_each_other_are_loaded_once_each() -> None:
    async with ollama_at_loopback(parallel=2, models={MODEL: ["completion"], "gemma3:1b": ["completion"]}) as server:
        engine = OllamaEngine(hosts_at(server.address, parallel=2), MODEL, 4096)
        mixed = [replace(one, base="gemma3:1b") if one.profile_id % 2 else one for one in FIFTY[:10]]
        for persona in mixed:
            await spoken(engine, persona)
        assert sorted(server.loads) == sorted(server.models[name].base for name in (MODEL, "gemma3:1b"))


async def test_a_second_server_loads_the_base_only_once_the_first_is_away() -> None:
    async with ollama_at_loopback() as one, ollama_at_loopback() as other:
        engine = OllamaEngine(hosts_at(one.address, other.address), MODEL, 4096)
        await spoken(engine, *FIFTY[:5])
        first, second = (one, other) if one.loads else (other, one)
        assert (len(first.loads), second.loads) == (1, [])
        await first.stop()
        await spoken(engine, *FIFTY[:5])
        assert len(second.loads) == 1
        assert {seen.model for seen in second.seen} == {persona.model for persona in FIFTY[:5]}
