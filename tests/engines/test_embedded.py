"""The embedded engine: it learns in a child of its own, keeps its time, and answers without holding up the loop."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from db.stored import AnswerMeasured, Wishes
from echo.engines.embedded import EmbeddedEngine
from echo.engines.wire import burst_of, request_lines
from echo.errors import EngineFailed
from echo.persona.turns import Burst
from echo.ports import Engine, Moment, PersonaName, Trained, Why
from echo.reports import NoReports
from tests.persona.talk import asked, talk

ROOT = Path(__file__).resolve().parents[2]


def nobody(_: float) -> None:
    """Progress that the test doesn't look at."""


@pytest.fixture(scope="module")
def trained() -> Trained:
    return asyncio.run(EmbeddedEngine().train("Wren", talk(500), 3, nobody, 60.0))


class Heard(NoReports):
    """Keeps what was measured."""

    def __init__(self) -> None:
        self.heard: list[AnswerMeasured] = []

    def measured(self, one: AnswerMeasured) -> None:
        self.heard.append(one)


def moment(text: str, *, addressed: bool, seed: int = 1) -> Moment:
    return Moment(asked(text), ("Wren", "little wren"), addressed, seed)


async def test_it_learns_in_a_child_and_tells_how_far_it_is() -> None:
    seen: list[float] = []
    engine: Engine = EmbeddedEngine()
    got = await engine.train("Wren", talk(300), 3, seen.append, 60.0)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert got.messages == sum(len(b.texts) for b in talk(300))
    assert got.seconds > 0
    answer = await engine.answer(got.blob, "1", moment("where is the kettle?", addressed=True), 1.0)
    assert answer.texts


async def test_the_loop_goes_on_while_it_learns() -> None:
    loop = asyncio.get_running_loop()
    ticks = [loop.time()]

    def tick() -> None:
        ticks.append(loop.time())
        loop.call_later(0.005, tick)

    tick()
    await EmbeddedEngine().train("Wren", talk(900), 3, nobody, 60.0)
    pauses = sorted(b - a for a, b in pairwise(ticks))
    assert len(ticks) > 20
    assert pauses[len(pauses) // 2] < 0.05


async def test_learning_ends_when_its_time_is_over() -> None:
    began = time.perf_counter()
    with pytest.raises(EngineFailed, match=r"longer than 0\.05 seconds; raise model_training_timeout"):
        await EmbeddedEngine().train("Wren", talk(300), 3, nobody, 0.05)
    assert time.perf_counter() - began < 5


async def test_a_cancelled_training_leaves_no_child_behind() -> None:
    begun = asyncio.Event()
    training = asyncio.create_task(EmbeddedEngine().train("Wren", talk(900), 3, lambda _: begun.set(), 60.0))
    await begun.wait()
    assert _children()
    training.cancel()
    with pytest.raises(asyncio.CancelledError):
        await training
    assert not _children()


def _children() -> list[str]:
    """The children that learn; other tests of this worker may keep processes of their own."""
    listed = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text()
    return [child for child in listed.split() if b"echo.engines." in Path(f"/proc/{child}/cmdline").read_bytes()]


def _child() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "echo.engines.fitting"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )


def test_the_child_goes_when_its_parent_is_gone() -> None:
    lines = b"".join(request_lines("Wren", talk(4000), 3))
    with _child() as child:
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write(lines)
        child.stdin.flush()
        child.stdout.readline()
        child.stdin.close()
        assert child.wait(10) == 3


def test_the_child_goes_when_the_corpus_breaks_off() -> None:
    lines = b"".join(request_lines("Wren", talk(100), 3))
    for part in (b"", lines[:5000]):
        with _child() as child:
            assert child.communicate(part, timeout=60)[0] == b""
            assert child.returncode == 3


@pytest.fixture
def token() -> Iterator[bytes]:
    """A secret in this process's own environment."""
    os.environ["DISCORD_TOKEN"] = "a-token-that-nobody-may-see"
    yield b"a-token-that-nobody-may-see"
    del os.environ["DISCORD_TOKEN"]


async def test_the_child_sees_no_secret(token: bytes) -> None:
    environments: list[bytes] = []

    def look(_: float) -> None:
        environments.extend(Path(f"/proc/{child}/environ").read_bytes() for child in _children())

    await EmbeddedEngine().train("Wren", talk(900), 3, look, 60.0)
    assert environments
    assert all(b"PYTHONHASHSEED" in found for found in environments)
    assert not any(token in found for found in environments)


async def test_nothing_to_learn_from_is_said_in_one_sentence() -> None:
    with pytest.raises(EngineFailed, match="There is no message with text"):
        await EmbeddedEngine().train("Wren", [], 3, nobody, 60.0)


def test_a_corpus_crosses_to_the_child_unchanged() -> None:
    odd = Burst(
        5.0,
        "ä\n",
        asked("\ud800 \x00 \u2028"),
        ("a\nb", "😂"),
        (5.0, 6.5),
        None,
        (1.5,),
        ids=(2**62, 0),
        context_ids=(7,),
    )
    head, *lines = request_lines("Wren", [odd, *talk(50)], 3)
    assert [burst_of(line) for line in lines] == [odd, *talk(50)]
    assert b"Wren" in head


async def test_who_is_addressed_answers_and_says_why(trained: Trained) -> None:
    answer = await EmbeddedEngine().answer(trained.blob, "1", moment("where is the boat?", addressed=True), 0.0)
    assert answer.why is Why.ADDRESSED
    assert answer.texts
    assert len(answer.gaps) == len(answer.texts) - 1
    assert answer.delay > 0
    assert answer.chance == 1.0


async def test_what_each_answer_of_a_named_persona_took_is_reported_and_silence_that_was_wanted_is_not(
    trained: Trained,
) -> None:
    reports = Heard()
    engine = EmbeddedEngine(reports=reports)
    asked_for = replace(moment("where is the boat?", addressed=True), persona=PersonaName(11, 7, 3), now=1.7e9)
    await engine.answer(trained.blob, "1", asked_for, 0.0)
    await engine.answer(trained.blob, "1", replace(asked_for, addressed=False), 0.0)
    await engine.answer(trained.blob, "1", replace(asked_for, persona=None), 0.0)
    (one,) = reports.heard
    assert (one.profile_id, one.version, one.at, one.outcome, one.host) == (7, 3, 1.7e9, "answered", "embedded")
    assert one.seconds > 0 and 0 <= one.rejected < one.drafts
    # Of whom every word is banned the guard lets nothing pass.
    words = {word for burst in talk(500) for text in burst.texts for word in re.findall(r"\w+", text)}
    await engine.answer(trained.blob, "1", replace(asked_for, wishes=Wishes(phrases=tuple(words))), 0.0)
    assert reports.heard[-1].outcome == "silent" and reports.heard[-1].rejected == reports.heard[-1].drafts > 0


async def test_unasked_it_speaks_as_often_as_its_chattiness_allows(trained: Trained) -> None:
    engine = EmbeddedEngine()

    async def spoken(chattiness: float) -> int:
        said = [
            await engine.answer(trained.blob, "1", moment("is the piano back?", addressed=False, seed=s), chattiness)
            for s in range(40)
        ]
        assert all(a.texts or a.why in (Why.UNWANTED, Why.NOTHING_TO_SAY) for a in said)
        assert all(0 <= a.chance <= 1 for a in said)
        return sum(bool(a.texts) for a in said)

    assert await spoken(0.0) == 0
    assert 0 < await spoken(0.5) < await spoken(4.0)


async def test_who_was_given_the_word_speaks_and_nobody_else_whatever_their_chance(trained: Trained) -> None:
    engine = EmbeddedEngine()
    asking = moment("is the piano back?", addressed=False)
    given = await engine.answer(trained.blob, "1", asking, 0.0, speak=True)
    assert given.texts and given.why is Why.WANTED
    denied = await engine.answer(trained.blob, "1", asking, 1000.0, speak=False)
    assert not denied.texts and denied.why is Why.UNWANTED
    assert given.chance == 0.0 and denied.chance == 1.0


async def test_the_chance_is_the_share_of_moments_in_which_it_speaks(trained: Trained) -> None:
    engine = EmbeddedEngine()
    asking = [moment("is the piano back?", addressed=False, seed=s) for s in range(60)]
    chance = await engine.chance(trained.blob, "1", asking[0], 2.0)
    spoken = [one for one in asking if (await engine.answer(trained.blob, "1", one, 2.0)).texts]
    assert 0 < chance < 1
    assert abs(len(spoken) / len(asking) - chance) < 0.2
    assert await engine.chance(trained.blob, "1", asking[0], 0.0) == 0.0
    assert await engine.chance(trained.blob, "1", moment("hm?", addressed=True), 0.0) == 1.0


async def test_the_same_seed_gives_the_same_answer(trained: Trained) -> None:
    one, two = EmbeddedEngine(), EmbeddedEngine()
    asking = moment("where is the ladder?", addressed=True)
    assert await one.answer(trained.blob, "1", asking, 1.0) == await two.answer(trained.blob, "x", asking, 1.0)


async def test_a_damaged_model_is_one_sentence_and_a_released_one_is_loaded_anew(trained: Trained) -> None:
    engine = EmbeddedEngine(loaded=1)
    asking = moment("hm?", addressed=True)
    await engine.answer(trained.blob, "1", asking, 1.0)
    await engine.answer(b"", "1", asking, 1.0)  # it is loaded: the bytes aren't looked at
    engine.release("1")
    with pytest.raises(EngineFailed, match="train the echo again"):
        await engine.answer(trained.blob[:-1], "1", asking, 1.0)
    await engine.answer(trained.blob, "2", asking, 1.0)
    await engine.answer(trained.blob, "3", asking, 1.0)
    with pytest.raises(EngineFailed):  # only one is kept
        await engine.answer(b"", "2", asking, 1.0)
