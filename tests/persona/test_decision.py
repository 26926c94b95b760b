"""When the persona speaks: what it learns from the subject's turns, and from the company they keep."""

from __future__ import annotations

from random import Random

import pytest

from echo.persona.decision import ABOUT, SOON, SOON_TIME, chance, others_moments
from echo.persona.judging.measures import calibration_error
from echo.persona.model import Persona
from echo.persona.names import NameBook
from echo.persona.others import Waiting, moments, stretches
from echo.persona.past import Past
from echo.persona.situations import SHAPE
from echo.persona.turns import Burst, Utterance
from tests.persona.talk import START, talk

AUTHORS = ("Otto", "Dagny", "Sven")


def chatter(count: int = 500, seed: int = 2) -> list[Burst]:
    """Three talk without end; Wren answers whoever asks something, at once, and the others answer each other."""
    rng = Random(seed)
    now = START
    said: list[Utterance] = []
    turns: list[Burst] = []
    while len(turns) < count:
        now += rng.uniform(20, 60)
        who, asks = rng.choice(AUTHORS), rng.random() < 0.3
        said.append(Utterance(who, now, "where is the kettle?" if asks else "the kettle is warm", False))
        if rng.random() < (0.9 if asks else 0.08):
            context = tuple(u for u in said[-12:] if now - u.ts <= 12 * 3600)
            now += 10
            turns.append(Burst(now, "lobby", context, ("in the shed",), (now,), 10.0, ()))
            said.append(Utterance("Wren", now, "in the shed", True))
    return turns


@pytest.fixture(scope="module")
def wren() -> Persona:
    return Persona.fit(chatter(), "Wren", seed=3)


def context_ending(text: str, ago: float = 60.0) -> tuple[Utterance, ...]:
    at = START + 9e6
    return (
        Utterance("Wren", at - ago, "in the shed", True),
        Utterance("Otto", at - 30, "the kettle is warm", False),
        Utterance("Dagny", at, text, False),
    )


def test_a_question_draws_a_word_from_who_answers_questions(wren: Persona) -> None:
    asked = wren.speak_probability(context_ending("where is the kettle?"), addressed=False)
    told = wren.speak_probability(context_ending("the kettle is warm"), addressed=False)
    assert asked > told + 0.15


def test_the_chances_are_near_to_how_often_they_really_spoke(wren: Persona) -> None:
    later = chatter(300, seed=9)
    lines = sorted(
        {(u.ts, u.author, u.text, u.own) for b in later for u in b.context} | {(b.ts, "Wren", "", True) for b in later}
    )
    given, spoke = [], []
    for at in range(12, len(lines) - SOON - 1):
        ts, _, _, own = lines[at]
        if own or ts - max((x[0] for x in lines[at - 12 : at] if x[3]), default=0.0) > ABOUT:
            continue
        context = tuple(Utterance(a, t, x, o) for t, a, x, o in lines[at - 11 : at + 1])
        after = lines[at + 1 : at + 2 + SOON]
        given.append(wren.speak_probability(context, addressed=False))
        own_at = next((i for i, x in enumerate(after) if x[3] and x[0] - ts <= SOON_TIME), SOON + 1)
        spoke.append(float(own_at <= SOON))
    error = calibration_error(given, spoke, [1.0] * len(given))
    assert error < 0.15, f"chances are off by {error:.2f} on the mean of {len(given)} moments"


def test_known_talk_is_joined_where_contexts_overlap_and_only_there() -> None:
    turns = chatter(60)
    past = Past.of(turns, "Wren")
    joined = stretches(past)
    assert sum(map(len, joined)) >= len(past.lines)
    assert max(map(len, joined)) > 24, "longer than any one context"
    for stretch in joined:
        times = [past.lines[i].ts for i in stretch]
        assert times == sorted(times)


def test_turns_far_apart_are_separate_talk() -> None:
    a, b = chatter(1)[0], chatter(1, seed=7)[0]
    moved = Burst(
        b.ts + 9e5,
        b.channel,
        tuple(Utterance(u.author, u.ts + 9e5, u.text, u.own) for u in b.context),
        b.texts,
        (b.ts + 9e5,),
        b.delay,
        (),
    )
    assert len(stretches(Past.of([a, moved], "Wren"))) == 2


def test_moments_of_others_never_speak_of_the_subject_as_one_of_them() -> None:
    past = Past.of(chatter(80), "Wren")
    rows, spoke = moments(past, NameBook("Wren", past.others()), Waiting(3, 300.0, 1800.0), 150, 1)
    assert rows.shape == (150, len(SHAPE)) and set(spoke.tolist()) == {0.0, 1.0}
    again, _ = moments(past, NameBook("Wren", past.others()), Waiting(3, 300.0, 1800.0), 150, 1)
    assert (rows == again).all(), "the same seed gives the same moments"
    alone = Past.of(
        [Burst(b.ts, b.channel, tuple(u for u in b.context if u.own), b.texts, b.times, None, ()) for b in chatter(20)],
        "Wren",
    )
    assert len(others_moments(alone, NameBook("Wren", ()), 1)[0]) == 0


def test_who_was_met_in_few_moments_still_decides() -> None:
    small = Persona.fit(talk(60), "Wren", seed=1)
    assert 0 < small.speak_probability(context_ending("where is the kettle?"), addressed=False) < 1


def test_the_decision_survives_storage(wren: Persona) -> None:
    again = Persona.load(wren.dump())
    assert again.wants(context_ending("where is the kettle?")) == wren.wants(context_ending("where is the kettle?"))


def test_chances_stay_chances_whatever_the_log_odds() -> None:
    assert 0 < chance(-1e9) < 1e-9 and 1 - 1e-9 < chance(1e9) < 1
