"""The pace that an answer is given at: the person's own, by the factor and within the most that are set."""

from __future__ import annotations

import pytest

from echo.engines.deciding import Verdict
from echo.engines.deciding import paced as answered
from echo.persona.model import Persona
from echo.ports import Answer, Moment, Why
from echo.session_work import TYPING_MOST, paced
from tests.persona.talk import asked, talk


def answer(delay: float, typing: float, *gaps: float) -> Answer:
    return Answer(("x",) * (len(gaps) + 1), delay, gaps, 1.0, Why.ADDRESSED, typing)


def test_a_pace_is_kept_as_it_is() -> None:
    assert paced(answer(20.0, 3.0, 5.0, 2.0), 1.0, 60.0) == (20.0, 3.0, (5.0, 2.0))


def test_a_factor_counts_for_every_time() -> None:
    assert paced(answer(20.0, 3.0, 5.0), 0.5, 60.0) == (10.0, 1.5, (2.5,))
    assert paced(answer(20.0, 3.0, 5.0), 0.0, 60.0) == (0.0, 0.0, (0.0,))


def test_no_time_is_longer_than_the_most_that_is_set() -> None:
    assert paced(answer(3000.0, 3.0, 100.0), 1.0, 60.0) == (60.0, 3.0, (60.0,))
    assert paced(answer(3000.0, 30.0, 100.0), 1.0, 2.0) == (2.0, 2.0, (2.0,))


def test_nobody_answers_sooner_than_the_answer_is_typed_nor_is_seen_typing_for_long() -> None:
    assert paced(answer(1.0, 8.0), 1.0, 60.0)[:2] == (8.0, 8.0)
    assert paced(answer(50.0, 45.0), 1.0, 60.0)[:2] == (50.0, TYPING_MOST)


def test_typing_the_first_message_takes_as_long_as_the_person_needs() -> None:
    wren = Persona.fit(talk(300), "Wren", seed=3)
    moment = Moment(asked("where is the kettle?"), ("Wren",), True, 1)
    given = answered(wren, moment, Verdict(1.0, Why.ADDRESSED), ["a" * 40, "b"])
    assert given.typing == pytest.approx(40 / wren.typing_speed())
