"""What people thought of earlier messages leans the choice among drafts: a little, and never beyond its bound."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.stored import Mark
from echo.engines.deciding import heed
from echo.engines.ollama.drafting import fittest
from echo.persona.marks import BOUND, Marks
from echo.persona.model import Persona
from echo.ports import Moment

from .talk import asked, talk

MARKS = st.lists(st.builds(Mark, st.text(max_size=40), st.floats(-1, 1)), max_size=30)


@pytest.fixture(scope="module")
def wren() -> Persona:
    return Persona.fit(talk(1_200), "Wren", seed=5)


@settings(max_examples=60, deadline=None)
@given(MARKS, st.text(max_size=60))
def test_no_marks_however_many_lean_a_draft_by_more_than_the_bound(marks: list[Mark], text: str) -> None:
    assert -BOUND <= Marks(marks).leaning(text) <= BOUND


def test_only_what_is_much_like_a_marked_message_is_leaned() -> None:
    marks = Marks([Mark("the kettle is in the shed", -1.0), Mark("no idea, sorry", 0.5)])
    assert marks.leaning("The kettle  is in the shed") == -BOUND
    assert marks.leaning("no idea, sorry") == BOUND / 2
    assert -BOUND / 2 < marks.leaning("the kettle is in the barn") < 0
    assert abs(marks.leaning("what a goal that was")) < 0.02 * BOUND
    assert Marks().leaning("the kettle is in the shed") == 0.0


def test_the_embedded_engine_says_less_often_what_is_not_like_them_and_is_the_same_without_marks(wren: Persona) -> None:
    context = asked("where is the kettle?")
    before = [tuple(wren.reply(context, seed=seed)) for seed in range(15)]
    often = max(set(before), key=before.count)
    wren.mark([Mark(text, -1.0) for text in often])
    after = [tuple(wren.reply(context, seed=seed)) for seed in range(15)]
    wren.mark(())
    assert after.count(often) < before.count(often), (before.count(often), after.count(often))
    assert [tuple(wren.reply(context, seed=seed)) for seed in range(15)] == before
    assert all(after), "marks silence nobody"


def test_an_engine_that_ranks_whole_drafts_chooses_another_that_fits_as_well_and_none_that_does_not(
    wren: Persona,
) -> None:
    context = asked("where is the kettle?")
    drafts = [(text,) for text in ("the kettle is in the barn", "the kettle is in the loft", "what a goal that was")]
    first = fittest(wren, context, drafts)
    heed(wren, Moment(context, ("Wren",), True, 1, marks=(Mark(first[0], -1.0),)))
    second = fittest(wren, context, drafts)
    heed(wren, Moment(context, ("Wren",), True, 1, marks=tuple(Mark(text, -1.0) for (text,) in drafts[:2])))
    third = fittest(wren, context, drafts)
    wren.mark(())
    assert first in drafts[:2] and second in drafts[:2] and second != first
    assert wren.score(context, drafts[2][0]) < wren.score(context, first[0]) - BOUND and third in drafts[:2]
    assert fittest(wren, context, drafts) == first
