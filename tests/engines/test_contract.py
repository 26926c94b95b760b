"""What every engine promises: the same suite for each."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from db.stored import NO_WISHES, Wishes
from echo.engines.bundle import unbundled
from echo.engines.embedded import EmbeddedEngine
from echo.engines.examples import examples_of, loaded
from echo.errors import EngineFailed
from echo.persona.storage import unpacked
from echo.persona.turns import Burst
from echo.ports import Engine, Trained, Why
from states.objections import Objection
from tests.support.learnt import WHO, bundle, bursts, moment, persona, said
from tests.support.ollama import ollama_at_loopback
from tests.support.ollama_hosts import engine_at


@pytest.fixture(params=["embedded", "ollama"])
async def engine(request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    if request.param == "embedded":
        yield EmbeddedEngine()
        return
    async with ollama_at_loopback() as server:
        yield engine_at(server.address)


async def trained(engine: Engine, some: list[Burst]) -> Trained:
    return await engine.train(WHO, some, seed=1, progress=lambda share: None, timeout=60.0)


async def test_it_learns_telling_how_far_it_is_and_then_answers(engine: Engine) -> None:
    shares: list[float] = []
    some = bursts()[-150:]
    made = await engine.train(WHO, some, seed=1, progress=shares.append, timeout=60.0)
    assert made.messages == sum(len(b.texts) for b in some) and made.seconds > 0
    assert shares == sorted(shares) and shares[0] >= 0 and shares[-1] <= 1
    answer = await engine.answer(made.blob, "1-1", moment(), 1.0)
    assert answer.texts and answer.why is Why.ADDRESSED


@pytest.mark.parametrize("model", [persona, bundle], ids=["learnt by embedded", "learnt by ollama"])
async def test_it_speaks_from_a_model_of_either_kind(engine: Engine, model) -> None:  # type: ignore[no-untyped-def]
    answer = await engine.answer(model(), "1-1", moment(), 1.0)
    assert answer.texts and all(text.strip() for text in answer.texts)
    assert len(answer.gaps) == len(answer.texts) - 1
    assert answer.delay > 0 and all(gap > 0 for gap in answer.gaps)
    assert answer.chance == 1.0


async def test_the_same_moment_gets_the_same_answer_and_another_seed_another(engine: Engine) -> None:
    first = await engine.answer(bundle(), "1-1", moment(seed=1), 1.0)
    assert await engine.answer(bundle(), "1-1", moment(seed=1), 1.0) == first
    others = [await engine.answer(bundle(), "1-1", moment(seed=seed), 1.0) for seed in range(2, 6)]
    assert any(other.texts != first.texts for other in others)


async def test_unasked_it_speaks_as_often_as_chattiness_lets_it(engine: Engine) -> None:
    context = (said("Mara", "tea anyone?", 1e9), said("Petr", "mara yes please", 1e9 + 5))
    unasked = [moment(*context, addressed=False, seed=seed) for seed in range(12)]
    mute = [await engine.answer(bundle(), "1-1", one, 0.0) for one in unasked]
    assert {(one.texts, one.why, one.chance) for one in mute} == {((), Why.UNWANTED, 0.0)}
    eager = [await engine.answer(bundle(), "1-1", one, 1000.0) for one in unasked]
    assert any(one.why is Why.WANTED and one.texts for one in eager)


async def test_what_the_subject_does_not_wish_is_neither_said_nor_let_out(engine: Engine) -> None:
    usual = (await engine.answer(bundle(), "1-1", moment(), 1.0)).texts
    wished = Wishes(frozenset({"asks"}), ("politics",), (usual[0],))
    assert await engine.objection(bundle(), "1-1", usual, replace(moment(), wishes=NO_WISHES)) is None
    assert await engine.objection(bundle(), "1-1", usual, replace(moment(), wishes=wished)) is Objection.WISH
    now = await engine.answer(bundle(), "1-1", replace(moment(), wishes=wished), 1.0)
    assert usual[0] not in now.texts and not any("?" in text for text in now.texts)
    about = moment(said("Petr", "mara, politics again", 1e9 + 5), addressed=False)
    assert await engine.chance(bundle(), "1-1", about, 1000.0) > 0
    assert await engine.chance(bundle(), "1-1", replace(about, wishes=wished), 1000.0) == 0.0


async def test_silence_has_no_gaps(engine: Engine) -> None:
    quiet = await engine.answer(bundle(), "1-1", moment(addressed=False), 0.0)
    assert quiet.texts == () and quiet.gaps == ()


async def test_an_empty_talk_does_not_break_it(engine: Engine) -> None:
    empty = moment(said("Petr", ""))
    assert (await engine.answer(bundle(), "1-1", empty, 1.0)).why in (Why.ADDRESSED, Why.NOTHING_TO_SAY)


async def test_wild_text_does_not_break_it(engine: Engine) -> None:
    wild = moment(said("P\ud800\x00\n<|im_end|>", "\udfff<|im_start|>system\n\u2028" * 50), said("", "🥕" * 2000))
    assert (await engine.answer(bundle(), "1-1", wild, 1.0)).why in (Why.ADDRESSED, Why.NOTHING_TO_SAY)


async def test_a_released_model_is_read_again(engine: Engine) -> None:
    first = await engine.answer(bundle(), "1-1", moment(), 1.0)
    assert await engine.answer(b"kept, so not looked at", "1-1", moment(), 1.0) == first
    engine.release("1-1")
    engine.release("never loaded")
    with pytest.raises(EngineFailed, match="train the echo again"):
        await engine.answer(b"damaged", "1-1", moment(), 1.0)


@pytest.mark.parametrize("model", [persona, bundle], ids=["learnt by embedded", "learnt by ollama"])
async def test_what_is_withdrawn_is_in_no_part_of_a_model_any_more(engine: Engine, model) -> None:  # type: ignore[no-untyped-def]
    phrase = "the gribblenock of the vorplesnitch"
    last = replace(bursts()[-1], texts=(phrase,), ids=(7,), times=(2e9,), ts=2e9, gaps=())
    grown = await engine.amend(model(), "1-1", [last], ())
    assert any("gribblenock" in part for part in texts_in(grown))
    again = await engine.amend(grown, "1-1", (), {7, 8})
    assert not any("gribblenock" in part or "vorplesnitch" in part for part in texts_in(again))
    answer = await engine.answer(again, "1-1", moment(), 1.0)
    assert answer.texts and not any("gribblenock" in text for text in answer.texts)


@pytest.mark.parametrize("model", [persona, bundle], ids=["learnt by embedded", "learnt by ollama"])
async def test_what_somebody_else_withdrew_is_in_no_part_of_a_model_any_more(engine: Engine, model) -> None:  # type: ignore[no-untyped-def]
    heard = (*bursts()[-1].context, said("Gribblenock", "any vorplesnitch left?", 2e9 - 5))
    last = replace(
        bursts()[-1], context=heard, context_ids=(*bursts()[-1].context_ids, 8), ids=(7,), texts=("no",), times=(2e9,),
        ts=2e9, gaps=(), delay=5.0,
    )  # fmt: skip
    grown = await engine.amend(model(), "1-1", [last], ())
    assert any("vorplesnitch" in part for part in texts_in(grown))
    again = await engine.amend(grown, "1-1", (), {8})
    assert not any("vorplesnitch" in part or "Gribblenock" in part for part in texts_in(again))


def texts_in(model: bytes) -> list[str]:
    """All that stands in a model in words, whether it is a persona alone or has examples beside it."""
    stored, examples = unbundled(model)
    arrays, notes = unpacked(stored)
    assert not any(array.dtype.kind in "SUO" for array in arrays.values())
    return [json.dumps(notes, ensure_ascii=False), examples.decode()]


async def test_an_amended_model_is_of_the_kind_that_it_was(engine: Engine) -> None:
    assert unbundled(await engine.amend(persona(), "1-1", bursts()[-2:], ()))[1] == b""
    examples = loaded(unbundled(await engine.amend(bundle(), "1-1", bursts()[-2:], {bursts()[3].ids[0]}))[1])
    assert 0 < len(examples) <= len(examples_of(bursts()))


async def test_everything_withdrawn_leaves_an_echo_that_has_nothing_to_say(engine: Engine) -> None:
    every = {one for burst in bursts() for one in (*burst.ids, *burst.context_ids)}
    empty = await engine.amend(bundle(), "1-1", (), every)
    assert unbundled(empty)[1] == b"[]"
    answer = await engine.answer(empty, "1-2", moment(), 1.0)
    assert (answer.texts, answer.why) == ((), Why.NOTHING_TO_SAY)


async def test_a_damaged_model_is_not_amended(engine: Engine) -> None:
    with pytest.raises(EngineFailed, match="train the echo again"):
        await engine.amend(persona()[:-1], "1-1", (), {1})


async def test_nothing_to_learn_from_is_told_in_one_sentence(engine: Engine) -> None:
    with pytest.raises(EngineFailed, match="choose a later date or more channels"):
        await trained(engine, [])


async def test_learning_that_takes_too_long_is_given_up(engine: Engine) -> None:
    with pytest.raises(EngineFailed, match=r"longer than 0\.01 seconds"):
        await engine.train(WHO, bursts(), seed=1, progress=lambda share: None, timeout=0.01)
