"""How long the persona takes: before an answer, inside one, and while typing."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from statistics import median

import numpy as np
import pytest

from echo.persona.clocks import unrounded
from echo.persona.extra_trees import grow_random
from echo.persona.flow import FLOW, Hours, flow
from echo.persona.model import Persona
from echo.persona.pacing import USUAL_TYPING, ranks, typing_speed
from echo.persona.turns import Burst, Utterance
from tests.persona.talk import START, asked

QUICK, SLOW = 5.0, 300.0


def paced(count: int = 400, tick: float = 1.0, seed: int = 1) -> list[Burst]:
    """Turns of Wren: quick where Otto talks fast with them, slow where he comes back after a long time.

    They type five characters a second, and the clock tells multiples of `tick` seconds.
    """
    rng = Random(seed)
    turns, now = [], START

    def told(ts: float) -> float:
        return ts // tick * tick

    for _ in range(count):
        now += rng.uniform(4000, 9000)
        fast = rng.random() < 0.5
        pause = rng.uniform(3, 20) if fast else rng.uniform(1000, 3000)
        talk = [
            Utterance("Otto", told(now), "the kettle is on again", False),
            Utterance("Wren", told(now + 10), "is it", True),
            Utterance("Otto", told(now + 10 + pause), "yes it is", False),
        ]
        start = now + 10 + pause + (QUICK if fast else SLOW) * rng.lognormvariate(0, 0.5)
        second = "oh " * rng.randint(10, 60)
        times = (told(start), told(start + 1 + len(second) / 5))
        delay = times[0] - talk[-1].ts
        turns.append(Burst(times[0], "lobby", tuple(talk), ("well", second), times, delay, (times[1] - times[0],)))
        now = start
    return turns


def moment(pause: float) -> tuple[Utterance, ...]:
    at = START + 9e7
    return (
        Utterance("Otto", at - pause - 10, "the kettle is on again", False),
        Utterance("Wren", at - pause, "is it", True),
        Utterance("Otto", at, "yes it is", False),
    )


@pytest.fixture(scope="module")
def wren() -> Persona:
    return Persona.fit(paced(), "Wren", seed=3)


@pytest.fixture(scope="module")
def by_minutes() -> Persona:
    return Persona.fit(paced(tick=60.0), "Wren", seed=3)


def delays(persona: Persona, pause: float, count: int = 40) -> list[float]:
    return [persona.delay(moment(pause), seed=seed) for seed in range(count)]


def test_an_answer_in_the_flow_comes_sooner_than_one_on_coming_back(wren: Persona) -> None:
    assert median(delays(wren, 8.0)) < 15 < 150 < median(delays(wren, 2000.0))


def test_delays_of_one_moment_differ_as_they_do_with_people(wren: Persona) -> None:
    lengths = sorted(delays(wren, 8.0))
    assert lengths[-1] > 2 * lengths[0] and len(set(lengths)) > 10


def test_delays_without_a_seed_show_the_whole_range_in_a_few_draws(wren: Persona) -> None:
    quarters = np.quantile(delays(wren, 8.0, 300), (0.25, 0.5, 0.75))
    for _ in range(10):
        few = [wren.delay(moment(8.0)) for _ in range(12)]
        assert min(np.bincount(np.searchsorted(quarters, few), minlength=4)) >= 1, "each quarter of what they take"


def test_all_delays_together_are_as_long_as_the_persons_own(wren: Persona) -> None:
    turns = paced(seed=2)
    own = np.quantile([b.delay or 0.0 for b in turns], (0.2, 0.5, 0.8))
    drawn = np.quantile([wren.delay(b.context, seed=i) for i, b in enumerate(turns)], (0.2, 0.5, 0.8))
    assert np.all(np.abs(np.log(drawn / own)) < np.log(2.2)), "each within a factor of about two"


def test_a_longer_message_takes_longer_to_follow(wren: Persona) -> None:
    short = [wren.gaps(moment(8.0), ["well", "oh " * 11], seed=i)[0] for i in range(30)]
    long = [wren.gaps(moment(8.0), ["well", "oh " * 55], seed=i)[0] for i in range(30)]
    assert median(long) > 2 * median(short)


def test_typing_speed_is_told_by_their_time_stamps(wren: Persona) -> None:
    assert 3.5 < wren.typing_speed() < 6.0


def test_pasted_messages_do_not_make_a_quick_typist() -> None:
    lengths, gaps = np.full(100, 50.0), np.full(100, 12.5)
    gaps[:15] = 1.0
    assert typing_speed(lengths, gaps) == pytest.approx(4.0)
    assert typing_speed(lengths[:10], gaps[:10]) == USUAL_TYPING, "too few to tell"


def test_a_clock_in_minutes_does_not_make_an_echo_of_whole_minutes(by_minutes: Persona) -> None:
    drawn = delays(by_minutes, 8.0) + delays(by_minutes, 2000.0)
    gaps = [by_minutes.gaps(moment(8.0), ["well", "oh " * n], seed=n)[0] for n in range(10, 40)]
    for seconds in (drawn, gaps):
        assert sum(one % 60 == 0 for one in seconds) < len(seconds) / 10
        assert len(set(seconds)) > 15
    assert median(delays(by_minutes, 2000.0)) > 120, "what takes minutes is still told apart"
    assert 0.5 < median(gaps) < 60


def test_only_whole_minutes_are_spread() -> None:
    rng = np.random.default_rng(1)
    spread = unrounded(np.array([0.0, 60.0, 60.0]), [(120.0, 120.0), (120.0, 180.0), (125.0, 185.0)], rng)
    assert 0 < spread[0] < 60 and 0 < spread[1] < 120 and spread[1] != 60
    assert spread[2] == 60.0


def test_what_claims_to_be_said_later_changes_no_answer(wren: Persona) -> None:
    ahead = (*moment(8.0)[:1], Utterance("Dagny", START + 8e8, "from the year after next", False), *moment(8.0)[1:])
    assert wren.wants(ahead) == wren.wants(moment(8.0))
    assert wren.delay(ahead, seed=4) == wren.delay(moment(8.0), seed=4)
    assert wren.reply(ahead, seed=4) == wren.reply(moment(8.0), seed=4)


def test_what_claims_to_be_said_after_a_turn_is_not_learnt_as_its_cause() -> None:
    def ahead(turn: Burst) -> Burst:
        late = Utterance("Dagny", turn.ts + 5000, "what a zeppelin", False)
        return replace(turn, context=(late, *turn.context))

    spoilt = Persona.fit([ahead(turn) for turn in paced(120)], "Wren", seed=3)
    clean = Persona.fit(paced(120), "Wren", seed=3)
    assert spoilt.dump() == clean.dump()


def test_pace_survives_storage(wren: Persona) -> None:
    again = Persona.load(wren.dump())
    assert again.typing_speed() == wren.typing_speed()
    assert delays(again, 8.0, 5) == delays(wren, 8.0, 5)


def test_who_answered_hardly_ever_still_gets_a_pace() -> None:
    few = Persona.fit(paced(5), "Wren")
    assert 0.5 <= few.delay(asked("hello"), seed=1) <= 3600
    assert len(few.gaps(asked("hello"), ["a", "b", "c"], seed=1)) == 2


def test_hours_when_they_are_about_are_told_from_hours_when_they_are_not() -> None:
    evenings = Hours.learn([START // 86400 * 86400 + day * 86400 + 20 * 3600 for day in range(60)])
    evening, morning = START // 86400 * 86400 + 20.5 * 3600, START // 86400 * 86400 + 8 * 3600
    assert evenings.awake(evening)[0] > 1 > 0 > evenings.awake(morning)[0]


def test_the_flow_of_every_context_has_one_number_for_each_name() -> None:
    hours = Hours.learn([])
    for context in ((), moment(8.0), moment(8.0)[:1], moment(8.0)[:2], asked("x")):
        row = flow(context, hours)
        assert len(row) == len(FLOW) and np.isfinite(row).all()


def test_random_trees_foresee_what_can_be_foreseen_and_only_that() -> None:
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(600, 4))
    target = rows[:, 1] + 0.5 * rng.normal(size=600)
    forest, held = grow_random(rows[:400], target[:400], 7)
    assert np.corrcoef(forest.predict(rows[400:]), target[400:])[0, 1] > 0.7
    assert np.corrcoef(held, target[:400])[0, 1] > 0.7
    shuffled = rng.permutation(target[:400])
    _, chance = grow_random(rows[:400], shuffled, 7)
    assert np.corrcoef(chance, shuffled)[0, 1] < 0.2, "left-out rows must not be remembered"


def test_ranks_count_ties_half() -> None:
    assert ranks(np.array([1.0, 2.0, 2.0, 900.0])).tolist() == [0.125, 0.5, 0.5, 0.875]
