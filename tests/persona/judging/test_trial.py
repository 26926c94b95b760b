"""The test of likeness: it sees what is like the person and what isn't, and stands whatever a corpus is."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from echo.persona.judging.copying import Past, kept
from echo.persona.judging.split import HELD_OUT, divide, is_answer
from echo.persona.judging.trial import Judged, examine
from echo.persona.judging.words import Compared, sentence
from echo.persona.model import Persona
from echo.persona.turns import Burst, Utterance
from states.scores import Axis, AxisKey, Better, share
from tests.persona.talk import START, talk

WHO = "Wren"


class Puppet:
    """A persona that does what the test says, and knows nothing."""

    def __init__(self, say: Callable[[Sequence[Utterance]], list[str]], delay: float = 20.0) -> None:
        self._say, self._delay = say, delay

    def reply(self, context: Sequence[Utterance], *, seed: int | None = None) -> list[str]:
        return self._say(context)

    def passes(self, text: str, context: Sequence[Utterance] = ()) -> bool:
        return bool(text.strip())

    def delay(self, context: Sequence[Utterance], *, seed: int | None = None) -> float:
        return self._delay

    def gaps(self, context: Sequence[Utterance], texts: Sequence[str], *, seed: int | None = None) -> list[float]:
        return [5.0] * (len(texts) - 1)

    def score(self, context: Sequence[Utterance], text: str) -> float:
        return 0.0

    def speak_probability(self, context: Sequence[Utterance], addressed: bool) -> float:
        return 0.5


def judged(bursts: Sequence[Burst], puppet: Puppet, **more: object) -> Judged:
    return examine(WHO, bursts, [], 1, 60, lambda taught, far: puppet, lambda far: None, **more)  # type: ignore[arg-type]


def axis(found: Judged, key: AxisKey) -> Axis:
    return next(one for one in found.axes if one.key == key)


@pytest.fixture(scope="module")
def bursts() -> list[Burst]:
    return talk(2200)


@pytest.fixture(scope="module")
def real(bursts: list[Burst]) -> Judged:
    """An echo that says word for word what they really said: the ceiling itself."""
    said = {b.context: list(b.texts) for b in bursts}
    return judged(bursts, Puppet(lambda context: said.get(tuple(context), [])))


@pytest.fixture(scope="module")
def stranger(bursts: list[Burst]) -> Judged:
    """An echo that writes like nobody there, and never about what was said."""
    rng = Random(3)
    things = ("SHIPMENT", "INVOICE", "QUARTER", "MARGIN", "AUDIT")
    return judged(bursts, Puppet(lambda _: [f"Regarding the {rng.choice(things)}: please advise!!!"] * 4, 900.0))


def test_what_is_held_out_is_the_newest_and_never_seen_by_the_tested_persona(bursts: list[Burst]) -> None:
    division = divide(bursts, 150)
    assert max(b.ts for b in division.earlier) < min(b.ts for b in division.later)
    answers = sum(is_answer(b) for b in bursts)
    assert division.held_out == pytest.approx(HELD_OUT * answers, abs=2)
    days = [{int(b.ts // 86400) for b in some} for some in (division.moments, division.reference)]
    assert days[0].isdisjoint(days[1])


def test_one_day_is_cut_into_stretches_of_talk() -> None:
    day = [Burst(START + 60 * i, "1", (Utterance("A", START + 60 * i - 9, "hm?", False),), (f"yes {i}",),
                 (START + 60 * i,), 9.0, ()) for i in range(200)]  # fmt: skip
    division = divide(day, 150)
    assert len(division.moments) == pytest.approx(20, abs=2) == len(division.reference)


def test_the_person_themselves_reach_the_ceiling(real: Judged) -> None:
    for key in (AxisKey.ATTRIBUTION, AxisKey.LENGTH, AxisKey.TURNS, AxisKey.MARKS, AxisKey.WORDS, AxisKey.RELEVANCE):
        assert share(axis(real, key)) > 0.95, key


def test_a_stranger_stays_at_the_floor(stranger: Judged) -> None:
    for key in (AxisKey.ATTRIBUTION, AxisKey.DETECTION, AxisKey.LENGTH, AxisKey.TURNS, AxisKey.DELAY):
        assert share(axis(stranger, key)) < 0.2, key
    assert axis(stranger, AxisKey.DETECTION).figure > 0.95


def test_every_figure_is_a_number_and_no_floor_is_above_its_ceiling(real: Judged, stranger: Judged) -> None:
    for one in (*real.axes, *stranger.axes):
        assert all(math.isfinite(value) for value in (one.figure, one.ceiling, one.floor)), one
        assert one.ceiling != one.floor


def test_the_weakest_axis_is_named_with_its_direction(bursts: list[Burst]) -> None:
    said = {b.context: list(b.texts) for b in bursts}
    late = judged(bursts, Puppet(lambda context: said.get(tuple(context), []), 3000.0))
    assert axis(late, AxisKey.DELAY).figure > 0.9
    slow = [one for one in late.axes if one.key == AxisKey.DELAY]
    assert late.weakest is not None and share(slow[0]) == 0.0
    short = judged(bursts, Puppet(lambda context: [text[:5] for text in said.get(tuple(context), [])][:1]))
    assert short.sentence.startswith("Weakest: ")


def test_a_quote_is_seen_as_copied_and_a_planted_secret_as_told() -> None:
    past = Past(["the old kettle in the shed is broken again today", "no idea at all, sorry"])
    found = kept(
        ["well, the old kettle in the shed is broken again!", "no idea at all, sorry", "hm", "secret zilvorquen"],
        past,
        ["zilvorquen"],
    )
    assert (found.messages, found.spans, found.wholes, found.leaks) == (4, 1, 1, 1)
    assert found.copies


def test_addresses_numbers_and_invites_count_as_told() -> None:
    texts = ["write to me@there.example", "call 0123 4567890", "come to discord.gg/abcdef", "fine"]
    assert kept(texts, Past([]), []).leaks == 3


def test_quiz_moments_hold_two_clean_answers_spread_in_time(bursts: list[Burst]) -> None:
    found = judged(bursts, Puppet(lambda _: ["i would look behind the curtain first"]))
    assert 0 < len(found.quiz) <= 30
    assert [one.burst.ts for one in found.quiz] == sorted(one.burst.ts for one in found.quiz)
    past = Past(text for b in divide(bursts, 60).earlier for text in b.texts)
    for one in found.quiz:
        assert one.echo and one.burst.texts != one.echo
        assert not any(past.has_whole(text) for text in one.burst.texts)


def test_a_leaking_answer_is_no_quiz_moment(bursts: list[Burst]) -> None:
    assert judged(bursts, Puppet(lambda _: ["write to me@there.example please"])).quiz == ()


def test_a_small_corpus_says_what_it_could_not_measure() -> None:
    few = talk(400)
    found = judged(few, Puppet(lambda _: ["hm, the kettle"]))
    assert AxisKey.DETECTION not in {one.key for one in found.axes}
    assert "Not measured, for want of held-out messages:" in found.sentence
    alone = sentence([Axis(AxisKey.COPYING, 0.0, 0.0, 0.05, Better.LOWER)], Compared((), (), False, False), 11, 61)
    assert alone.startswith("How like them it is could not be tested") and "on every axis" not in alone
    none = judged(few[:12], Puppet(lambda _: []))
    assert none.axes == () and none.weakest is None
    assert "could not be tested" in none.sentence


def test_the_same_seed_gives_the_same_card() -> None:
    some = talk(400)

    def fit(taught: Sequence[Burst], far: Callable[[float], None]) -> Persona:
        return Persona.fit(taught, WHO, seed=2, progress=far)

    one, other = (examine(WHO, some, [["morning", "evening"] * 40], 2, 40, fit, lambda far: None) for _ in range(2))
    assert one == other
    assert one.moments > 0 and one.kept is not None and not one.kept.copies


EMOJI = st.sampled_from(
    ["🥕", "👍🏽", "😂😂", "...", "!", "ja", "سلام عليكم", "你好吗", "e\u0301", "\ud800", "http://x.y/z"]
)
SAID = st.one_of(EMOJI, st.text(max_size=12))


@given(
    texts=st.lists(st.lists(SAID, min_size=1, max_size=3), min_size=1, max_size=6),
    count=st.integers(1, 260),
    step=st.sampled_from([1.0, 300.0, 40_000.0]),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_corpus_breaks_it(texts: list[list[str]], count: int, step: float) -> None:
    bursts = []
    for i in range(count):
        ts = START + step * i
        said = tuple(texts[i % len(texts)])
        context = (Utterance("Otto", ts - 5, texts[-1][0], False),) if i % 5 else ()
        bursts.append(
            Burst(ts, "1", context, said, tuple(ts for _ in said), 5.0 if context else None, (0.0,) * (len(said) - 1))
        )
    found = judged(bursts, Puppet(lambda context: list(texts[len(context) % len(texts)])))
    assert found.sentence
    assert all(math.isfinite(share(one)) for one in found.axes)
