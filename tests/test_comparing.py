"""A fine-tuned model must beat the prompt alone and the impostors, or it does not speak."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from echo.comparing import COMPARED, not_worth_it
from echo.ports import Examined
from states.scores import Axis, AxisKey, Better


def examined(*figures: float) -> Examined:
    """A test that measured as many axes, each from 0 (an impostor) to 1 (the person)."""
    axes = tuple(Axis(key, figure, 1.0, 0.0, Better.HIGHER) for key, figure in zip(COMPARED, figures, strict=False))
    return Examined(axes, None, "", 40, 1.0)


def test_a_fine_tuned_model_that_is_more_like_them_may_speak() -> None:
    assert not_worth_it(examined(0.9, 0.8, 0.7, 0.6, 0.9), examined(0.8, 0.8, 0.6, 0.6, 0.9)) is None


def test_one_that_is_no_gain_is_told_with_both_figures() -> None:
    sentence = not_worth_it(examined(0.5, 0.5, 0.5, 0.5), examined(0.7, 0.7, 0.7, 0.7))
    assert sentence is not None and "50%" in sentence and "70%" in sentence


def test_one_that_is_only_as_good_does_not_take_the_place() -> None:
    assert not_worth_it(examined(*[0.6] * 7), examined(*[0.6] * 7)) is not None


def test_one_that_is_no_better_than_an_impostor_never_may() -> None:
    sentence = not_worth_it(examined(0.0, 0.0, 0.0, 0.0), examined(0.0, 0.0, 0.0, 0.0))
    assert sentence is not None and "impostor" in sentence


def test_too_few_common_axes_are_no_proof() -> None:
    sentence = not_worth_it(examined(0.9, 0.9, 0.9), examined(0.1, 0.1, 0.1, 0.1))
    assert sentence is not None and "too few" in sentence


def test_what_the_statistical_model_decides_for_both_counts_for_neither() -> None:
    pace = Axis(AxisKey.DELAY, 1.0, 1.0, 0.0, Better.HIGHER)
    ours, theirs = examined(0.6, 0.6, 0.6, 0.6), examined(0.5, 0.5, 0.5, 0.5)
    worse = Examined((*ours.axes, Axis(AxisKey.DELAY, 0.0, 1.0, 0.0, Better.HIGHER)), None, "", 40, 1.0)
    assert not_worth_it(worse, Examined((*theirs.axes, pace), None, "", 40, 1.0)) is None


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=4, max_size=7))
def test_never_do_both_beat_each_other(pairs: list[tuple[float, float]]) -> None:
    ours, theirs = examined(*(a for a, _ in pairs)), examined(*(b for _, b in pairs))
    assert not (not_worth_it(ours, theirs) is None and not_worth_it(theirs, ours) is None)
