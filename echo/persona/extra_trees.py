"""Extremely randomised trees in numpy: many deep trees, each split chosen among a few random ones, and averaged.

After Geurts, Ernst and Wehenkel (2006), "Extremely randomized trees", with each tree grown on a random half of the
rows, so that the other half gives an honest forecast of itself. Where a target is mostly chance they beat boosting,
since averaging removes what one tree makes up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.boosting import Forest

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SHARE: Final = 0.5
"""The part of the rows that a tree is grown on."""


@dataclass(frozen=True, slots=True)
class Growing:
    """How trees are grown: `tries` random splits are compared at each node; `leaf` is the least rows of a leaf."""

    trees: int = 60
    depth: int = 8
    tries: int = 14
    leaf: int = 6


def grow_random(rows: Floats, target: Floats, seed: int, growing: Growing | None = None) -> tuple[Forest, Floats]:
    """Fits rows (n, features) to target (n,), n >= 2 * leaf.

    The forest, whose forecast is the mean of its trees, and the forecast of each row (n,) by the trees that were not
    grown on it.
    """
    growing = growing or Growing()
    rng = np.random.default_rng(seed)
    inner, leaves = 2**growing.depth - 1, 2**growing.depth
    feature = np.zeros((growing.trees, inner), np.int32)
    cut = np.full((growing.trees, inner), np.inf)
    value = np.zeros((growing.trees, leaves))
    total, count = np.zeros(len(rows)), np.zeros(len(rows))
    for t in range(growing.trees):
        mine = np.zeros(len(rows), np.bool_)
        mine[rng.permutation(len(rows))[: max(2, int(SHARE * len(rows)))]] = True
        _grow_tree(rows[mine], target[mine], growing, rng, (feature[t], cut[t], value[t]))
        left_out = np.flatnonzero(~mine)
        total[left_out] += value[t][_leaf_of(rows[left_out], feature[t], cut[t], growing.depth)]
        count[left_out] += 1
    held = np.where(count > 0, total / np.maximum(count, 1), target.mean())
    return Forest(feature, cut, value / growing.trees, 0.0), held


def _leaf_of(rows: Floats, feature: NDArray[np.int32], cut: Floats, depth: int) -> Ints:
    at = np.zeros(len(rows), np.int64)
    line = np.arange(len(rows))
    for _ in range(depth):
        at = 2 * at + 1 + (rows[line, feature[at]] > cut[at])
    leaf: Ints = at - (2**depth - 1)
    return leaf


def _grow_tree(
    rows: Floats,
    target: Floats,
    growing: Growing,
    rng: np.random.Generator,
    out: tuple[NDArray[np.int32], Floats, Floats],
) -> None:
    """Grows one tree into `out`, level by level; a node that isn't worth a split sends all its rows to the left."""
    feature, cut, value = out
    line, at = np.arange(len(rows)), np.zeros(len(rows), np.int64)
    for level in range(growing.depth):
        nodes, first = 2**level, 2**level - 1
        chosen, thresholds = _random_splits(rows, at, nodes, growing.tries, rng)
        right = rows[line[None, :], chosen[:, at]] > thresholds[:, at]
        cell = (np.arange(growing.tries)[:, None] * nodes + at[None, :]) * 2 + right
        size = growing.tries * nodes * 2
        counts = np.bincount(cell.ravel(), minlength=size).reshape(growing.tries, nodes, 2)
        sums = np.bincount(cell.ravel(), np.tile(target, growing.tries), size).reshape(counts.shape)
        gain = (sums**2 / np.maximum(counts, 1)).sum(axis=2)
        gain[counts.min(axis=2) < growing.leaf] = -np.inf
        best = gain.argmax(axis=0)
        useful = np.isfinite(gain[best, np.arange(nodes)])
        feature[first : first + nodes] = chosen[best, np.arange(nodes)]
        cut[first : first + nodes] = np.where(useful, thresholds[best, np.arange(nodes)], np.inf)
        at = 2 * at + (useful[at] & right[best[at], line])
    leaves = 2**growing.depth
    sums, counts = np.bincount(at, target, leaves), np.bincount(at, minlength=leaves)
    # A leaf that no row reached lies where nothing is known.
    value[:] = np.where(counts > 0, sums / np.maximum(counts, 1), target.mean())


def _random_splits(rows: Floats, at: Ints, nodes: int, tries: int, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """Features and thresholds (tries, nodes): of each node a random feature, cut at the value of a random row of it."""
    order = np.argsort(at, kind="stable")
    count = np.bincount(at, minlength=nodes)
    start = np.cumsum(count) - count
    pick = np.minimum(start + (rng.random((tries, nodes)) * count).astype(np.int64), len(at) - 1)
    chosen = rng.integers(0, rows.shape[1], (tries, nodes))
    return chosen, rows[order[pick], chosen]
