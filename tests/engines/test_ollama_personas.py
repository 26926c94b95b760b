"""Personas as models on a loopback Ollama: made once, renewed, found lost, taken down; and what is said without one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import nullcontext
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.stored import AnswerMeasured, Wishes
from echo.engines.ollama.drafting import SAMPLING
from echo.engines.ollama.engine import OllamaEngine
from echo.engines.ollama.personas import full_name, versions_of
from echo.engines.ollama.telling import Tag
from echo.errors import EngineUnavailable
from echo.ports import Answer, Moment, PersonaName, Why
from tests.support.learnt import bundle, moment
from tests.support.ollama import MODEL, LoopbackOllama, Model, Trouble, ollama_at_loopback
from tests.support.ollama_hosts import hosts_at

MARA = PersonaName(1, 7, 3)
BLOB = "sha256:" + "ab" * 32


class Heard:
    """Keeps what an engine reported: the measurements, and each change of a line of the board."""

    def __init__(self) -> None:
        self.answers: list[AnswerMeasured] = []
        self.lines: list[tuple[str, str | None]] = []

    def measured(self, one: AnswerMeasured) -> None:
        self.answers.append(one)

    def stands(self, what: str, sentence: str | None) -> None:
        if "ollama http" not in what:
            self.lines.append((what, sentence))

    def outcomes(self) -> list[str]:
        return [one.outcome for one in self.answers]

    def of(self, line: str) -> list[str | None]:
        return [sentence for what, sentence in self.lines if what == line]


@pytest.fixture
async def server() -> AsyncIterator[LoopbackOllama]:
    async with ollama_at_loopback(parallel=4) as server:
        yield server


@pytest.fixture
def heard() -> Heard:
    return Heard()


def engine_on(*servers: LoopbackOllama, heard: Heard | None = None, away: str = "embedded") -> OllamaEngine:
    hosts = hosts_at(*(server.address for server in servers))
    silent = away == "silent"
    return OllamaEngine(hosts, MODEL, 4096, away="silent" if silent else "embedded", reports=heard or Heard())


async def answer_of(engine: OllamaEngine, asked: Moment | None = None, who: PersonaName = MARA) -> Answer:
    return await engine.answer(bundle(), "7-3", replace(asked or moment(), persona=who), 1.0)


async def test_a_persona_is_made_once_although_it_is_asked_many_times_at_once(server: LoopbackOllama) -> None:
    engine = engine_on(server)
    answers = await asyncio.gather(*(answer_of(engine, moment(seed=seed)) for seed in range(6)))
    assert all(answer.texts for answer in answers)
    assert server.paths.count("/api/create") == 1
    made, base = server.models[MARA.model], server.models[MODEL]
    assert (made.parent, made.base, made.template) == (MODEL, base.base, base.template)
    assert dict(made.parameters) == SAMPLING
    assert "How they write:" in made.system
    assert {chat["model"] for chat in server.chats} == {"echo-1-7:3"}
    # Its own system text is what the model read, and it read it once.
    assert {seen.system for seen in server.seen} == {made.system}
    assert not [m for chat in server.chats for m in chat["messages"] if m["role"] == "system"]


async def test_a_persona_that_is_there_already_is_not_made_again(server: LoopbackOllama) -> None:
    await engine_on(server).publish(MARA, bundle())
    await engine_on(server).publish(MARA, bundle())
    await answer_of(engine_on(server))
    assert server.paths.count("/api/create") == 1
    # Of a release of Echo that sampled otherwise it would be.
    server.models[MARA.model] = replace(server.models[MARA.model], parameters={**SAMPLING, "temperature": 0.1})
    await engine_on(server).publish(MARA, bundle())
    assert dict(server.models[MARA.model].parameters) == SAMPLING


async def test_personas_of_one_base_load_it_once_and_every_request_names_the_same_context(
    server: LoopbackOllama,
) -> None:
    engine = engine_on(server)
    await asyncio.gather(*(answer_of(engine, who=PersonaName(1, number, 1)) for number in range(5)))
    assert len(server.loads) == 1
    assert {chat["options"]["num_ctx"] for chat in server.chats} == {4096}
    assert not any("keep_alive" in chat for chat in server.chats)


async def test_what_the_subject_strikes_from_the_card_goes_from_the_server_too(server: LoopbackOllama) -> None:
    engine = engine_on(server)
    await answer_of(engine)
    before = server.models[MARA.model].system
    struck = frozenset({"length", "case", "emoji", "laughter", "favourites", "burst"})
    await answer_of(engine, replace(moment(), wishes=Wishes(struck=struck)))
    after = server.models[MARA.model].system
    assert len(after) < len(before) and server.paths.count("/api/create") == 2
    assert server.seen[-1].system == after


async def test_a_persona_that_the_server_lost_in_the_middle_of_a_talk_is_made_again(server: LoopbackOllama) -> None:
    engine = engine_on(server)
    await answer_of(engine)
    del server.models[MARA.model]
    assert (await answer_of(engine, moment(seed=9))).why is Why.ADDRESSED
    assert server.paths.count("/api/create") == 2 and server.pulled == []


async def test_a_persona_of_a_base_that_was_fetched_anew_follows_it(server: LoopbackOllama) -> None:
    engine = engine_on(server)
    await answer_of(engine)
    server.models[MODEL] = Model(base=BLOB)
    await engine.keep([MARA])
    await answer_of(engine)
    assert server.models[MARA.model].base == BLOB


async def test_what_is_published_heeds_the_wishes(server: LoopbackOllama) -> None:
    engine = engine_on(server)
    await engine.publish(MARA, bundle(), Wishes(struck=frozenset({"apostrophes"})))
    assert "apostrophes" not in server.models[MARA.model].system
    await engine.publish(MARA, bundle())
    assert "apostrophes" in server.models[MARA.model].system


@pytest.mark.parametrize("who", [PersonaName(1, 7, 3, base="gemma3:1b"), PersonaName(1, 7, 3, "gemma3:1b", tuned=True)])
async def test_a_base_that_is_missing_is_told_and_never_fetched(server: LoopbackOllama, who: PersonaName) -> None:
    server.library["gemma3:1b"] = Model(base=BLOB)
    engine = engine_on(server)
    with pytest.raises(EngineUnavailable, match="has no model “gemma3:1b”: run `ollama pull gemma3:1b`"):
        await engine.publish(who, bundle())
    assert (await answer_of(engine, who=who)).texts, "the embedded engine stands in"
    assert server.pulled == [] and list(server.models) == [MODEL]


async def test_a_server_that_can_not_make_the_persona_gets_the_card_with_every_request(
    server: LoopbackOllama, heard: Heard
) -> None:
    engine = engine_on(server, heard=heard)
    server.fails(Trouble.DISK_FULL, times=100, at="/api/create")
    with pytest.raises(EngineUnavailable, match="no room left on its disk"):
        await engine.publish(MARA, bundle())
    assert (await answer_of(engine)).texts and (await answer_of(engine)).texts
    assert {chat["model"] for chat in server.chats} == {MODEL}
    assert all(chat["messages"][0]["role"] == "system" for chat in server.chats)
    assert list(server.models) == [MODEL]
    told = heard.of("ollama personas")
    assert len(told) == 1 and str(told[0]).endswith("Until then the card of “echo-1-7:3” goes with every request.")
    server.trouble = None
    await answer_of(engine)
    assert server.chats[-1]["model"] == MARA.model and heard.of("ollama personas")[-1] is None


async def test_an_ollama_too_old_to_make_personas_is_told_and_still_speaks(
    server: LoopbackOllama, heard: Heard
) -> None:
    server.missing = {"/api/create", "/api/ps"}
    engine = engine_on(server, heard=heard)
    with pytest.raises(EngineUnavailable, match="update Ollama there"):
        await engine.publish(MARA, bundle())
    await engine.keep([MARA])
    assert (await answer_of(engine)).texts and "How they write:" in server.seen[-1].system
    assert {line for line, _ in heard.lines} == {"ollama personas", "ollama bases"}
    assert "update Ollama there" in str(heard.of("ollama bases")[-1])


async def test_a_fine_tuned_model_is_asked_as_it_is_and_brought_todays_card(server: LoopbackOllama) -> None:
    tuned = replace(MARA, tuned=True)
    server.models[MARA.model] = Model(base=BLOB, system="You are somebody.")
    engine = engine_on(server)
    await answer_of(engine, who=tuned)
    assert server.chats[0]["model"] == MARA.model and "How they write:" in server.seen[0].system
    await engine.publish(tuned, bundle())
    assert "/api/create" not in server.paths


async def test_a_fine_tuned_model_that_was_lost_is_stood_in_for_by_base_and_card(
    server: LoopbackOllama, heard: Heard
) -> None:
    tuned = replace(MARA, tuned=True)
    engine = engine_on(server, heard=heard)
    server.models[MARA.model] = Model(base=BLOB)
    await answer_of(engine, who=tuned)
    del server.models[MARA.model]
    assert (await answer_of(engine, who=tuned)).texts and (await answer_of(engine, who=tuned)).texts
    assert "/api/create" not in server.paths and MARA.model not in server.models
    assert [chat["model"] for chat in server.chats if chat["model"] != MARA.model][:1] == [MODEL]
    assert "How they write:" in server.seen[-1].system
    (told,) = heard.of("ollama personas")
    assert "has lost the fine-tuned model “echo-1-7:3”" in str(told) and "have it learn anew" in str(told)


async def test_what_is_taken_down_is_gone_from_every_server_and_no_late_answer_brings_it_back() -> None:
    async with ollama_at_loopback(parallel=4) as one, ollama_at_loopback() as other:
        for server in (one, other):
            for name in ("echo-1-7:1", "echo-1-7:2", "echo-1-7:3", "echo-1-77:1", "echo-11-7:1", "echo-1-7x:1"):
                server.models[name] = server.models.made_from(MODEL, system="a card")
        engine = engine_on(one, other)
        assert await engine.unpublish(1, 7, keep={3}) == 4
        await answer_of(engine, who=PersonaName(1, 7, 2))
        for server in (one, other):
            assert sorted(server.models) == ["echo-1-77:1", "echo-1-7:3", "echo-1-7x:1", "echo-11-7:1", MODEL]
        assert await engine.unpublish(1, 7) == 2 and await engine.unpublish(1, 7) == 0
        await engine.publish(PersonaName(1, 7, 4), bundle())
        assert [name in server.models for server in (one, other) for name in ("echo-1-7:4",)].count(True) == 1


async def test_what_is_just_being_made_does_not_outlive_its_taking_down(server: LoopbackOllama) -> None:
    engine = engine_on(server)
    await asyncio.gather(engine.publish(MARA, bundle()), engine.unpublish(1, 7))
    assert list(server.models) == [MODEL]
    server.pulls_may_go.clear()
    making = asyncio.create_task(engine.publish(MARA, bundle()))
    await server.until(lambda: "/api/create" in server.paths)
    removing = asyncio.create_task(engine.unpublish(1, 7))
    server.pulls_may_go.set()
    await making
    assert await removing == 1 and list(server.models) == [MODEL]


async def test_where_a_server_is_away_it_is_said_that_what_it_has_may_remain() -> None:
    async with ollama_at_loopback() as one, ollama_at_loopback() as away:
        one.models["echo-1-7:3"] = one.models.made_from(MODEL, system="a card")
        await away.stop()
        engine = engine_on(one, away)
        with pytest.raises(EngineUnavailable, match=f"{away.address} can't be reached and may still have"):
            await engine.unpublish(1, 7)
        assert list(one.models) == [MODEL]
        await away.start()
        assert await engine.unpublish(1, 7) == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 120), st.integers(0, 120), st.integers(0, 12)), max_size=12), st.data())
def test_only_just_this_series_is_taken_down(names: list[tuple[int, int, int]], data: st.DataObject) -> None:
    personas = [PersonaName(*name) for name in names]
    aim = data.draw(st.sampled_from(personas)) if personas else PersonaName(1, 2, 3)
    keep = data.draw(st.frozensets(st.integers(0, 12), max_size=3))
    tags = [Tag(one.model, 1, "", "", "", "", "") for one in personas]
    gone = versions_of(tags, aim.series, keep)
    of_it = {one for one in personas if (one.server_id, one.profile_id) == (aim.server_id, aim.profile_id)}
    assert set(gone) == {one.model for one in of_it if one.version not in keep}


def test_names_are_compared_as_servers_do() -> None:
    assert full_name("registry.ollama.ai/library/llama3.2") == full_name("Llama3.2:latest") == "llama3.2:latest"
    assert full_name("hf.co/some/one-GGUF") == "hf.co/some/one-gguf:latest"
    assert full_name("host:5000/mine") != full_name("mine")


@pytest.mark.parametrize(("away", "outcome"), [("embedded", "stood_in"), ("silent", "failed")])
async def test_while_ollama_is_away_it_is_said_once_what_echoes_do(
    server: LoopbackOllama, heard: Heard, away: str, outcome: str
) -> None:
    engine = engine_on(server, heard=heard, away=away)
    assert (await answer_of(engine)).texts
    await server.stop()
    for seed in range(3):
        with nullcontext() if away == "embedded" else pytest.raises(EngineUnavailable, match="ollama serve"):
            assert (await answer_of(engine, moment(seed=seed))).texts
    (told,) = heard.of("ollama")
    assert "start it with `ollama serve`" in str(told)
    how = "speak by the embedded engine" if away == "embedded" else "are silent"
    assert str(told).endswith(f"Meanwhile echoes {how}.")
    await server.start()
    assert (await answer_of(engine)).texts
    assert heard.of("ollama") == [told, None]
    assert heard.outcomes() == ["answered", outcome, outcome, outcome, "answered"]
    assert [one.failure for one in heard.answers] == ["", "unreachable", "unreachable", "unreachable", ""]
    assert {one.host for one in heard.answers} == {server.address}


async def test_what_an_answer_took_is_told_without_a_word_of_it(server: LoopbackOllama, heard: Heard) -> None:
    engine = engine_on(server, heard=heard)
    await answer_of(engine, replace(moment(), now=1_700_000_000.0))
    server.writes = lambda chat: "i'm not a bot, promise"
    await answer_of(engine)
    await engine.answer(bundle(), "7-3", moment(), 1.0)
    assert heard.outcomes() == ["answered", "silent"], "nobody is measured who has no name"
    first = heard.answers[0]
    assert (first.profile_id, first.version, first.at) == (7, 3, 1_700_000_000.0)
    assert (first.host, first.base, first.drafts, first.rejected) == (server.address, MODEL, 1, 0)
    # By the clock of `hosts_at` the wait for a slot took a minute or more.
    assert first.wait >= 60.0 and first.first_token is not None and first.tokens and first.prompt_tokens
    assert (heard.answers[1].drafts, heard.answers[1].rejected) == (3, 3)


async def test_a_persona_that_moved_to_another_base_is_made_of_that(server: LoopbackOllama) -> None:
    server.models["gemma3:1b"] = Model(base=BLOB)
    engine = engine_on(server)
    await answer_of(engine)
    await answer_of(engine, who=replace(MARA, base="gemma3:1b"))
    assert server.models[MARA.model].base == BLOB and server.models[MARA.model].parent == "gemma3:1b"


async def test_where_its_server_dies_the_persona_speaks_on_another() -> None:
    async with ollama_at_loopback() as one, ollama_at_loopback() as other:
        engine = engine_on(one, other)
        await answer_of(engine)
        first, second = (one, other) if one.chats else (other, one)
        await first.stop()
        assert (await answer_of(engine, moment(seed=2))).texts
        assert second.chats[-1]["model"] == MARA.model and MARA.model in second.models


async def test_a_card_that_was_struck_stays_on_no_other_server_where_the_persona_spoke_once() -> None:
    async with ollama_at_loopback() as one, ollama_at_loopback() as other:
        engine = engine_on(one, other)
        await engine.publish(MARA, bundle())
        first, second = (one, other) if MARA.model in one.models else (other, one)
        await first.stop()
        assert (await answer_of(engine)).texts and MARA.model in second.models
        await first.start()
        await engine.publish(MARA, bundle(), Wishes(struck=frozenset({"apostrophes"})))
        assert "apostrophes" not in first.models[MARA.model].system
        assert MARA.model not in second.models, "it is made there again where it is needed"
        await engine.publish(MARA, bundle(), Wishes(struck=frozenset({"apostrophes"})))
        assert first.paths.count("/api/create") == 2
