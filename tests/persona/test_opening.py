"""Conversations that an echo begins: at hours when the person begins some, with words like theirs, on nothing grave."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from echo.persona.model import Persona
from echo.persona.opening import ENOUGH, Openings
from echo.persona.past import Past
from echo.persona.serious import are_serious, is_serious
from echo.persona.turns import Burst, Utterance
from tests.persona.talk import talk

MONDAY = 1_780_272_000.0
"""Monday, 1 June 2026, 00:00 UTC."""
DAY, HOUR = 86_400.0, 3600.0
BEGUN = (
    "morning all, who left the kettle on?",
    "right, i am painting the shed today",
    "has anybody seen the ladder",
    "so the printer works again",
    "guess who found the lantern in the attic",
)


def opener(day: int, hour: float, text: str, channel: str = "lobby") -> Burst:
    ts = MONDAY - 200 * DAY + day * DAY + hour * HOUR
    return Burst(ts, channel, (), (text,), (ts,), None, (), opens=True)


def a_morning_person(openings: int = 60) -> list[Burst]:
    """Answers at any hour, and begins something at about eight in the morning."""
    rng = Random(4)
    begun = [opener(day, rng.gauss(8, 0.5), rng.choice(BEGUN)) for day in range(openings)]
    return [*talk(300), *begun]


def openings_of(bursts: list[Burst]) -> Openings:
    return Openings.learn(Past.of(bursts, "Wren"))


def test_an_echo_begins_at_the_hours_at_which_its_person_does() -> None:
    found = openings_of(a_morning_person())
    times = [found.next_after(MONDAY, "lobby", Random(seed)) for seed in range(300)]
    hours = [at / HOUR % 24 for at in times if at is not None]
    assert len(hours) > 100
    assert sum(4 <= hour <= 12 for hour in hours) / len(hours) > 0.95


def test_an_echo_begins_about_as_often_as_its_person_does() -> None:
    begun = [opener(day, 9.0, BEGUN[day % 5]) for day in range(100)]
    found, rng = openings_of(begun), Random(1)
    at, count = MONDAY, 0
    while at < MONDAY + 100 * DAY:
        following = found.next_after(at, "lobby", rng)
        if following is None:
            break
        at, count = following, count + 1
    assert 70 <= count <= 135, "one a day"


def test_where_they_seldom_speak_up_an_echo_begins_less() -> None:
    begun = [opener(day, 9.0, BEGUN[day % 5], "lobby" if day % 10 else "quiet") for day in range(100)]
    found = openings_of(begun)
    nine = MONDAY + 9 * HOUR
    assert found.hourly(nine, "quiet") * 8 < found.hourly(nine, "lobby")


@pytest.mark.parametrize("count", [0, 1, ENOUGH - 1])
def test_whoever_hardly_ever_begins_anything_has_an_echo_that_never_does(count: int) -> None:
    persona = Persona.fit([*talk(120), *(opener(day, 9.0, BEGUN[day]) for day in range(count))], "Wren")
    assert persona.next_opening("lobby", MONDAY, seed=1) is None
    assert persona.opener((), MONDAY, seed=1) == []


def test_what_is_begun_with_sounds_like_what_they_began_with_and_survives_storing() -> None:
    persona = Persona.fit(a_morning_person(), "Wren")
    again = Persona.load(persona.dump())
    begun = [persona.opener((), MONDAY + 8 * HOUR, seed=seed) for seed in range(40)]
    assert begun == [again.opener((), MONDAY + 8 * HOUR, seed=seed) for seed in range(40)]
    assert again.next_opening("lobby", MONDAY, seed=3) == persona.next_opening("lobby", MONDAY, seed=3)
    said = [text for texts in begun for text in texts]
    first = [text.split()[0].strip(",") for text in said]
    assert len(said) >= 10
    assert sum(word in {"morning", "right", "has", "so", "guess"} for word in first) / len(first) >= 0.35


def test_nothing_is_begun_on_top_of_something_grave() -> None:
    persona = Persona.fit(a_morning_person(), "Wren")
    now = MONDAY + 8 * HOUR
    earlier = (Utterance("Otto", now - 5 * HOUR, "my grandmother died last night", False),)
    long_ago = (replace(earlier[0], ts=now - 30 * HOUR),)
    assert all(persona.opener(earlier, now, seed=seed) == [] for seed in range(20))
    assert any(persona.opener(long_ago, now, seed=seed) for seed in range(20))


def test_what_was_grave_when_they_began_with_it_is_not_learnt_as_a_beginning() -> None:
    begun = [opener(day, 9.0, "the funeral is on friday") for day in range(50)]
    assert openings_of([*talk(60), *begun]).next_after(MONDAY, "lobby", Random(1)) is None


def test_openings_whose_turns_are_gone_are_gone() -> None:
    found = openings_of(a_morning_person(10))
    left = found.without(set(found.turn[:8].tolist()))
    assert len(left.turn) == len(left.lengths) == 2
    assert left.next_after(MONDAY, "lobby", Random(1)) is None


@pytest.mark.parametrize(
    "text",
    [
        "my dog died",
        "He passed away",
        "she has CANCER",
        "Krieg in Europa",
        "Il est décédé hier",
        "mi tío murió",
        "thinking of suicide",
        "die Beerdigung ist morgen",
        "who won the election",
        "we are getting a divorce",
    ],
)
def test_grave_topics_are_known(text: str) -> None:
    assert is_serious(text)


@pytest.mark.parametrize(
    "text",
    [
        "das war lustig",
        "die Katze schläft",
        "wir kriegen das hin",
        "arrête ça",
        "I play the violin",
        "a ripple in the pond",
        "nice soup",
        "the bombastic band",
        "😂😂",
        "",
    ],
)
def test_harmless_words_that_look_like_grave_ones_are_not(text: str) -> None:
    assert not is_serious(text)


def test_a_grave_phrase_is_known_also_where_it_is_split_over_messages() -> None:
    assert are_serious(["so my aunt just passed", "away last night"])
    assert not are_serious(["so my aunt just passed", "by with the kettle"])
