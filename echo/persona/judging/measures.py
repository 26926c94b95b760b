"""Small statistics of samples. Arrays in, numbers out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Numbers = Sequence[float] | Floats


def ks(one: Numbers, other: Numbers) -> float:
    """The greatest distance of two samples' distribution functions (Kolmogorov-Smirnov), 0..1. Neither is empty."""
    a, b = np.sort(np.asarray(one, np.float64)), np.sort(np.asarray(other, np.float64))
    both = np.concatenate([a, b])
    gap = np.searchsorted(a, both, "right") / len(a) - np.searchsorted(b, both, "right") / len(b)
    return float(np.abs(gap).max())


def total_variation(one: Numbers, other: Numbers) -> float:
    """Half the summed differences of two distributions over the same bins, 0..1; they need not be normalised."""
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    return float(np.abs(a / max(a.sum(), 1e-12) - b / max(b.sum(), 1e-12)).sum() / 2)


def divergence(one: Numbers, other: Numbers) -> float:
    """Jensen-Shannon divergence in bits, 0..1, of two distributions over the same bins (Lin 1991)."""
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    a, b = a / max(a.sum(), 1e-12), b / max(b.sum(), 1e-12)
    mean = np.maximum((a + b) / 2, 1e-300)
    parts = [float((x * np.log2(np.maximum(x, 1e-300) / mean)).sum()) for x in (a, b)]
    return max(0.0, sum(parts) / 2)


def auc(high: Numbers, low: Numbers, weights: tuple[Numbers, Numbers] | None = None) -> float:
    """The chance that one of `high` lies above one of `low`, ties half (area under the ROC curve). Neither is empty.

    `weights` say how much each of the two samples' members count.
    """
    up, down = np.asarray(high, np.float64), np.asarray(low, np.float64)
    of_up = np.ones(len(up)) if weights is None else np.asarray(weights[0], np.float64)
    of_down = np.ones(len(down)) if weights is None else np.asarray(weights[1], np.float64)
    order = np.argsort(down, kind="stable")
    down, below = down[order], np.concatenate([[0.0], np.cumsum(of_down[order])])
    beaten = (below[np.searchsorted(down, up, "left")] + below[np.searchsorted(down, up, "right")]) / 2
    return float((beaten * of_up).sum() / (below[-1] * of_up.sum()))


def rank_correlation(one: Numbers, other: Numbers) -> float:
    """Spearman's, -1..1, ties sharing their mean rank; 0 where either sample doesn't vary."""
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if len(a) < 2 or np.ptp(a) < 1e-9 or np.ptp(b) < 1e-9:
        return 0.0
    return float(np.corrcoef(_ranks(a), _ranks(b))[0, 1])


def _ranks(sample: Floats) -> Floats:
    _, inverse, count = np.unique(sample, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    ranks: Floats = (last - (count - 1) / 2)[inverse]
    return ranks


def calibration_error(chance: Numbers, happened: Numbers, weight: Numbers, bins: int = 10) -> float:
    """Expected calibration error, 0..1: the mean gap of foreseen and real share over bins of equal weight."""
    p, y, w = (np.asarray(x, np.float64) for x in (chance, happened, weight))
    order = np.argsort(p, kind="stable")
    p, y, w = p[order], y[order], w[order]
    total = w.sum()
    at = np.minimum((np.cumsum(w) - w / 2) / total * bins, bins - 1).astype(np.int64)
    gaps = [abs(float(((p - y) * w)[at == k].sum())) for k in range(bins)]
    return sum(gaps) / float(total)
