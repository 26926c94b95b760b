"""The Ollama engine through the real `ollama` package, over real HTTP on the loopback."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from db.stored import Wishes
from echo.engines.bundle import unbundled
from echo.engines.ollama.candidates import TRIES
from echo.engines.ollama.drafting import LONGEST_ANSWER
from echo.persona.model import Persona
from echo.ports import Answer, Moment, Why
from tests.support.learnt import WHO, bundle, bursts, moment, said
from tests.support.ollama import MODEL, Chat, LoopbackOllama, Trouble, ollama_at_loopback
from tests.support.ollama_hosts import engine_at


@pytest.fixture
async def server() -> AsyncIterator[LoopbackOllama]:
    async with ollama_at_loopback() as server:
        yield server


async def answered(server: LoopbackOllama, asked: Moment | None = None, num_ctx: int = 4096) -> Answer:
    engine = engine_at(server.address, num_ctx)
    return await engine.answer(bundle(), "1-1", asked or moment(), 1.0)


def in_turn(*texts: str) -> LoopbackOllama:
    """One that writes these texts one after another, and for ever the last; no stop sequence holds it back."""
    drafts = itertools.chain(texts, itertools.repeat(texts[-1]))
    return LoopbackOllama(writes=lambda chat: next(drafts), wild=True)


async def heard_from(server: LoopbackOllama, asked: Moment | None = None) -> Answer:
    await server.start()
    try:
        return await answered(server, asked)
    finally:
        await server.stop()


def a_long_message() -> str:
    """The words of a message of hers that is long enough to be a quote."""
    return next(text for burst in bursts() for text in burst.texts if len(text.split()) >= 9)


async def test_it_says_what_the_model_wrote_at_the_persons_pace(server: LoopbackOllama) -> None:
    server.writes = lambda chat: "slowly but it floats"
    answer = await answered(server)
    assert answer.texts == ("slowly but it floats",)
    assert answer.why is Why.ADDRESSED and 0.5 <= answer.delay <= 3600


async def test_every_request_names_the_same_context_and_sampling_of_its_own(server: LoopbackOllama) -> None:
    await answered(server, moment(seed=1), num_ctx=2048)
    await answered(server, moment(said("Petr", "x" * 4000), seed=2), num_ctx=2048)
    options = [chat["options"] for chat in server.chats]
    assert {one["num_ctx"] for one in options} == {2048}
    assert {one["repeat_penalty"] for one in options} == {1.0}
    assert {one["num_predict"] for one in options} == {LONGEST_ANSWER}
    assert options[0]["seed"] != options[1]["seed"]
    assert options[0]["stop"] == ["\nPetr:"]
    assert not any("keep_alive" in chat or "think" in chat for chat in server.chats)


async def test_the_model_is_told_who_it_writes_as_shown_how_and_asked(server: LoopbackOllama) -> None:
    await answered(server)
    system, *shown, last = server.chats[0]["messages"]
    assert system["role"] == "system" and "the echo of one person" in system["content"]
    assert [m["role"] for m in shown[:2]] == ["user", "assistant"] and len(shown) >= 10
    about, newest, direction = last["content"].split("\n")[-3:]
    assert about == "(You write as Mara. Here now: Petr.)" and newest == "Petr: how is the boat coming along?"
    assert last["role"] == "user" and direction.startswith("(now: ")


async def test_a_smaller_context_of_the_model_is_kept_to(server: LoopbackOllama) -> None:
    await answered(server)
    server.context = 1024
    await answered(server)
    wide, narrow = (sum(len(m["content"]) for m in chat["messages"]) for chat in server.chats)
    assert narrow < wide / 2
    assert {chat["options"]["num_ctx"] for chat in server.chats} == {4096}


async def test_a_model_that_thinks_is_told_not_to(server: LoopbackOllama) -> None:
    server.models[MODEL] = ["completion", "thinking"]
    await answered(server)
    assert server.chats[0]["think"] is False


async def test_the_model_is_looked_up_once_and_nothing_is_ever_fetched(server: LoopbackOllama) -> None:
    engine = engine_at(server.address)
    for seed in range(3):
        await engine.answer(bundle(), "1-1", moment(seed=seed), 1.0)
    assert server.paths == ["/api/show", "/api/chat", "/api/chat", "/api/chat"]


async def test_a_draft_that_copies_is_thrown_away_and_another_one_drawn() -> None:
    server = in_turn(a_long_message(), "slowly but it floats")
    assert (await heard_from(server)).texts == ("slowly but it floats",)
    first, second = (chat["options"]["seed"] for chat in server.chats)
    assert first != second


@pytest.mark.parametrize(
    "draft",
    [
        "reach me at mara.lind@example.org",
        "come to discord.gg/abcdef",
        "i'm not a bot, promise",
        "i'll pay you back tomorrow",
        "see <#123456>",
        "w" * 2001,
        "",
    ],
)
async def test_where_no_draft_may_be_said_it_stays_silent(draft: str) -> None:
    server = in_turn(draft)
    answer = await heard_from(server)
    assert (answer.texts, answer.why) == ((), Why.NOTHING_TO_SAY)
    assert len(server.chats) == TRIES


async def test_what_was_just_said_is_not_said_back() -> None:
    server = in_turn("who wants to go sailing on sunday then", "me me me")
    asked = moment(said("Petr", "Who wants to go sailing on Sunday then"))
    assert (await heard_from(server, asked)).texts == ("me me me",)


async def test_what_somebody_said_earlier_in_the_session_is_not_said_back_either() -> None:
    server = in_turn("who wants to go sailing on sunday then", "me me me")
    earlier = said("Petr", "Who wants to go sailing on Sunday then", 999_990_000.0)
    assert (await heard_from(server, replace(moment(), memory=(earlier,)))).texts == ("me me me",)


async def test_nobody_is_pinged_by_what_the_model_writes() -> None:
    answer = await heard_from(in_turn("hey @everyone look", "hey you all look"))
    assert answer.texts == ("hey you all look",)


async def test_a_line_that_ran_out_of_tokens_is_left_out(server: LoopbackOllama) -> None:
    server.trouble = Trouble.CUT
    server.writes = lambda chat: "slowly but it floats\nand tomorr"
    assert (await answered(server)).texts == ("slowly but it floats",)
    server.writes = lambda chat: "slowly but it fl"
    assert (await answered(server)).why is Why.NOTHING_TO_SAY


async def test_words_put_into_others_mouths_are_left_out(server: LoopbackOllama) -> None:
    server.writes, server.wild = (lambda chat: "Mara: slowly\nPetr: good!\nMara: yes"), True
    assert (await answered(server)).texts == ("slowly",)


async def test_who_is_not_wanted_costs_no_request(server: LoopbackOllama) -> None:
    engine = engine_at(server.address)
    await engine.answer(bundle(), "1-1", moment(addressed=False), 0.0)
    assert server.paths == []


async def test_echoes_that_answer_at_once_do_not_mix_their_words(server: LoopbackOllama) -> None:
    def writes(chat: Chat) -> str:
        return str(chat["messages"][-1]["content"].split("\n")[-2].removeprefix("Petr: "))[::-1]

    server.writes = writes
    engine = engine_at(server.address)
    asked = [moment(said("Petr", word)) for word in ("anchor", "rudder", "mast", "sail", "keel")]
    answers = await asyncio.gather(*(engine.answer(bundle(), f"{i}-1", one, 1.0) for i, one in enumerate(asked)))
    assert [one.texts for one in answers] == [("rohcna",), ("reddur",), ("tsam",), ("lias",), ("leek",)]


async def test_learning_keeps_examples_beside_the_persona(server: LoopbackOllama) -> None:
    engine = engine_at(server.address)
    made = await engine.train(WHO, bursts()[-150:], seed=1, progress=lambda share: None, timeout=60.0)
    await engine.answer(made.blob, "2-1", moment(), 1.0)
    roles = [message["role"] for message in server.chats[0]["messages"]]
    assert roles.count("assistant") >= 5


async def chosen(server: LoopbackOllama, candidates: int, asked: Moment) -> Answer:
    engine = engine_at(server.address, candidates=candidates)
    return await engine.answer(bundle(), "1-1", asked, 1.0)


async def test_of_several_drafts_the_one_most_like_the_persons_answer_is_said(server: LoopbackOllama) -> None:
    drafts = ("my tax papers came", "the boat floats, slowly", "who wants cake", "rain again")
    server.writes = lambda chat: drafts[chat["options"]["seed"] % len(drafts)]
    asked = moment(seed=5)
    persona = Persona.load(unbundled(bundle())[0])
    answer = await chosen(server, 3, asked)
    offered = {drafts[chat["options"]["seed"] % len(drafts)] for chat in server.chats}
    assert len(server.chats) == 3 and len(offered) == 3
    assert answer.texts == (max(offered, key=lambda text: persona.score(asked.context, text)),)


async def test_drafts_that_may_not_be_said_are_no_candidates(server: LoopbackOllama) -> None:
    server.writes = lambda chat: "@everyone i promise" if len(server.chats) % 2 else "slowly but it floats"
    assert (await chosen(server, 2, moment())).texts == ("slowly but it floats",)


async def test_what_the_subject_does_not_wish_to_say_is_not_shown_to_the_model_either(server: LoopbackOllama) -> None:
    asked = replace(moment(), memory=(said("Petr", "remember the armadillo", 900_000_000.0),))

    def lines(chat: Chat) -> list[str]:
        # The note in which the wishes stand is no line that a model might take up.
        shown = [line for message in chat["messages"][1:] for line in message["content"].split("\n")]
        return [line.casefold() for line in shown if not line.startswith("(You write as")]

    await chosen(server, 1, asked)
    steady = next(message["content"] for message in server.chats[0]["messages"] if message["role"] == "assistant")
    fresh = next(line for line in lines(server.chats[0]) if line.startswith("(you) "))
    unsaid = [max(text.removeprefix("(you) ").casefold().split(), key=len) for text in (steady, fresh)]
    unsaid.append("armadillo")
    assert all(any(word in line for line in lines(server.chats[0])) for word in unsaid)
    server.chats.clear()
    await chosen(server, 1, replace(asked, wishes=Wishes(phrases=tuple(unsaid))))
    for word in unsaid:
        assert not [line for line in lines(server.chats[0]) if word in line.split()], word
