"""Small statistics, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from echo.persona.judging.measures import auc, calibration_error, divergence, ks, rank_correlation, total_variation


def test_the_distance_of_distributions_is_their_greatest_gap() -> None:
    assert ks([1, 2, 3, 4], [1, 2, 3, 4]) == 0.0
    assert ks([1, 2], [3, 4]) == 1.0
    assert ks([1, 2, 3, 4], [3, 4, 5, 6]) == pytest.approx(0.5)


def test_total_variation_is_the_mass_that_would_have_to_move() -> None:
    assert total_variation([1, 1], [2, 2]) == 0.0
    assert total_variation([1, 0], [0, 5]) == 1.0
    assert total_variation([3, 1], [1, 3]) == pytest.approx(0.5)


def test_divergence_is_nothing_for_the_same_and_one_bit_for_disjoint_ones() -> None:
    assert divergence([1, 2, 3], [2, 4, 6]) == pytest.approx(0.0, abs=1e-12)
    assert divergence([1, 0], [0, 1]) == pytest.approx(1.0)


def test_the_area_under_the_curve_counts_ties_half_and_weights() -> None:
    assert auc([2, 3], [0, 1]) == 1.0
    assert auc([1], [1]) == 0.5
    assert auc([1, 0], [0.5]) == 0.5
    assert auc([1, 0], [0.5], ([3, 1], [1])) == pytest.approx(0.75)


def test_rank_correlation_looks_at_order_alone() -> None:
    assert rank_correlation([1, 2, 3, 4], [1, 10, 100, 1000]) == pytest.approx(1.0)
    assert rank_correlation([1, 2, 3, 4], [9, 7, 5, 3]) == pytest.approx(-1.0)
    assert rank_correlation([1, 1, 1], [1, 2, 3]) == 0.0


def test_calibration_error_is_the_gap_of_foreseen_and_real() -> None:
    ones = np.ones(100)
    assert calibration_error(0.5 * ones, [0.0, 1.0] * 50, ones) == pytest.approx(0.0)
    assert calibration_error(0.9 * ones, [0.0, 1.0] * 50, ones) == pytest.approx(0.4)
