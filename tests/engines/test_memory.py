"""What an echo said earlier binds both engines: nothing contradicts it, and no answer comes twice."""

from __future__ import annotations

from dataclasses import replace

from echo.engines.embedded import EmbeddedEngine
from echo.persona.consistency import Consistency, contradicts
from tests.engines.test_ollama import heard_from, in_turn
from tests.support.learnt import WHO, moment, persona, said

BEFORE = 999_999_000.0
MEMORY = (
    said("Petr", "do you like liver?", BEFORE),
    said(WHO, "yes, a lot", BEFORE),
    said("Petr", "where is it?", BEFORE),
    said(WHO, "down by the weir where it always is", BEFORE),
)


async def test_a_chat_model_that_contradicts_or_repeats_the_echo_is_asked_again() -> None:
    again = replace(moment(said("Petr", "liver, do you like it?")), memory=MEMORY)
    assert (await heard_from(in_turn("nope", "yes"), again)).texts == ("yes",)
    assert (await heard_from(in_turn("nope", "yes"), replace(again, memory=()))).texts == ("nope",)
    where = replace(moment(said("Petr", "so where is it?")), memory=MEMORY)
    assert (await heard_from(in_turn("down by the weir, where it always is", "in the shed"), where)).texts == (
        "in the shed",
    )


async def test_a_chat_model_is_told_what_was_said_earlier() -> None:
    server = in_turn("yes")
    await heard_from(server, replace(moment(said("Petr", "and olives?")), memory=MEMORY))
    contents = [message["content"] for message in server.chats[0]["messages"]]
    assert any("(earlier in this conversation)\nPetr: do you like liver?" in content for content in contents)


async def test_the_embedded_engine_never_denies_nor_repeats_itself() -> None:
    engine = EmbeddedEngine()
    free = moment(said("Petr", "what do you think of the garden?"))
    context = free.context
    first = [await engine.answer(persona(), "1", replace(free, seed=seed), 1.0) for seed in range(12)]
    answered = [text for answer in first for text in answer.texts]
    memory = tuple(one for text in answered for one in (*context, replace(context[0], author=WHO, text=text, own=True)))
    bound = Consistency(memory, context, (WHO,))
    refused = [text for text in answered if not bound.allows(text)]
    assert refused, "without a memory it says the same again"
    for seed in range(12):
        texts = (await engine.answer(persona(), "1", replace(free, seed=seed, memory=memory), 1.0)).texts
        assert texts and all(map(bound.allows, texts))
        assert not any(contradicts(text, memory, context) for text in texts)
