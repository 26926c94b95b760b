"""Scorecards: where a figure lies between floor and ceiling, and what people's guesses add."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from states.board import Board
from states.scores import LABELS, Axis, AxisKey, Better, Scorecard, overall, share, with_guesses


def card(*axes: Axis) -> Scorecard:
    return Scorecard(1, axes, None, True, "It does well.", 100, 2.0, datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("figure", "ceiling", "floor", "better", "expected"),
    [
        (0.5, 1.0, 0.0, Better.HIGHER, 0.5),
        (1.2, 1.0, 0.0, Better.HIGHER, 1.0),
        (-1.0, 1.0, 0.0, Better.HIGHER, 0.0),
        (0.75, 0.5, 1.0, Better.LOWER, 0.5),
        (0.4, 0.5, 1.0, Better.LOWER, 1.0),
        (0.8, 0.7, 0.5, Better.NEAR, 0.5),
        (0.6, 0.7, 0.5, Better.NEAR, 0.5),
    ],
)
def test_a_share_is_where_the_figure_lies_from_floor_to_ceiling(
    figure: float, ceiling: float, floor: float, better: Better, expected: float
) -> None:
    assert share(Axis("length", figure, ceiling, floor, better)) == pytest.approx(expected)


def test_where_nothing_lies_between_floor_and_ceiling_it_is_reached_or_not() -> None:
    assert share(Axis("copying", 0.0, 0.0, 0.0, Better.LOWER)) == 1.0
    assert share(Axis("copying", 0.1, 0.0, 0.0, Better.LOWER)) == 0.0


def test_every_axis_has_a_label() -> None:
    assert set(LABELS) == set(AxisKey)


def test_what_people_guessed_joins_the_card_once() -> None:
    plain = card(Axis("length", 0.1, 0.1, 0.5, Better.LOWER))
    guessed = with_guesses(with_guesses(plain, 9, 10), 6, 10)
    assert [axis.key for axis in guessed.axes] == ["length", "fooled"]
    assert share(guessed.axes[1]) == pytest.approx(0.8)
    assert with_guesses(guessed, 0, 0) == plain


def test_a_card_without_axes_has_no_overall_share() -> None:
    assert overall(card()) is None
    assert overall(card(Axis("length", 0.1, 0.1, 0.5, Better.LOWER))) == 1.0


def test_scores_on_the_board_are_a_change_and_can_be_taken_down() -> None:
    board = Board()
    board.score(7, (card(),))
    assert board.scores == {7: (card(),)}
    before = board.revision
    board.score(7, ())
    assert board.scores == {}
    assert board.revision == before + 1
