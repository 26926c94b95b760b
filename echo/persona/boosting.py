"""Gradient boosted regression trees on histograms, in numpy: small, quick, deterministic.

After Friedman (2001), "Greedy function approximation", with second-order leaves as in Chen and Guestrin (2016).
Trees are complete and of one depth, so that a prediction is `depth` vectorised look-ups over all trees at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Loss = Literal["squared", "logistic"]


@dataclass(frozen=True, slots=True)
class Growth:
    """How trees are grown. `rate` in (0, 1]; `leaf` is the least weight of rows in a leaf; `penalty` is L2."""

    trees: int = 60
    depth: int = 3
    rate: float = 0.12
    bins: int = 24
    leaf: float = 12.0
    penalty: float = 4.0
    share: float = 0.7


@dataclass(frozen=True, slots=True)
class Forest:
    """Fitted trees: `feature` and `cut` are (trees, 2**depth - 1), `value` (trees, 2**depth); all start at `base`."""

    feature: NDArray[np.int32]
    cut: Floats
    value: Floats
    base: float

    def predict(self, rows: Floats) -> Floats:
        """Raw scores (n,) for rows (n, features): the mean for squared loss, log-odds for logistic."""
        if not len(self.feature):
            return np.full(len(rows), self.base)
        depth = int(np.log2(self.value.shape[1]))
        trees = np.arange(len(self.feature))[None, :]
        at = np.zeros((len(rows), len(self.feature)), np.int64)
        line = np.arange(len(rows))[:, None]
        for _ in range(depth):
            at = 2 * at + 1 + (rows[line, self.feature[trees, at]] > self.cut[trees, at])
        total: Floats = self.base + self.value[trees, at - (2**depth - 1)].sum(axis=1)
        return total

    def arrays(self, name: str) -> dict[str, NDArray[np.generic]]:
        """The parts under keys that begin with `name`, for storage."""
        parts: dict[str, NDArray[np.generic]] = {
            "feature": self.feature,
            "cut": self.cut,
            "value": self.value,
            "base": np.array([self.base]),
        }
        return {f"{name}.{k}": v for k, v in parts.items()}

    @classmethod
    def of(cls, stored: Mapping[str, NDArray[np.generic]], name: str) -> Forest:
        """The forest that `arrays` gave. Raises KeyError where a part is missing."""
        return cls(
            stored[f"{name}.feature"].astype(np.int32),
            stored[f"{name}.cut"].astype(np.float64),
            stored[f"{name}.value"].astype(np.float64),
            float(stored[f"{name}.base"].astype(np.float64)[0]),
        )


def grow(
    rows: Floats, target: Floats, loss: Loss, seed: int, growth: Growth | None = None, weight: Floats | None = None
) -> Forest:
    """Fits rows (n, features) to target (n,): numbers for squared loss, 0 or 1 for logistic. n may be 0.

    `weight` (n,) says how much each row counts; alike where it is None.
    """
    growth = growth or Growth()
    if not len(rows) or (loss == "logistic" and len(set(target.tolist())) < 2):
        return _constant(float(target.mean()) if len(rows) else 0.0, loss, growth)
    rng = np.random.default_rng(seed)
    edges = [np.unique(np.quantile(rows[:, f], np.linspace(0, 1, growth.bins + 1)[1:-1])) for f in range(rows.shape[1])]
    binned = np.stack([np.searchsorted(e, rows[:, f], "left") for f, e in enumerate(edges)], axis=1)
    weight = np.ones(len(rows)) if weight is None else weight
    mean = float((target * weight).sum() / weight.sum())
    base = float(np.log(mean / (1 - mean))) if loss == "logistic" else mean
    score = np.full(len(rows), base)
    feature, cut, value = _empty(growth)
    for t in range(growth.trees):
        chance = 1 / (1 + np.exp(-score)) if loss == "logistic" else score
        slope = target - chance
        bend = chance * (1 - chance) if loss == "logistic" else np.ones(len(rows))
        part = weight * (rng.random(len(rows)) < growth.share)
        leaf = _tree(binned, slope * part, bend * part, edges, growth, (feature[t], cut[t], value[t]))
        score = score + value[t][leaf]
    return Forest(feature, cut, value, base)


def _empty(growth: Growth) -> tuple[NDArray[np.int32], Floats, Floats]:
    inner, leaves = 2**growth.depth - 1, 2**growth.depth
    shape = (growth.trees, inner)
    return np.zeros(shape, np.int32), np.full(shape, np.inf), np.zeros((growth.trees, leaves))


def _constant(mean: float, loss: Loss, growth: Growth) -> Forest:
    if loss == "logistic":
        mean = min(max(mean, 0.02), 0.98)
        mean = float(np.log(mean / (1 - mean)))
    feature, cut, value = _empty(growth)
    return Forest(feature[:0], cut[:0], value[:0], mean)


def _tree(
    binned: NDArray[np.intp],
    slope: Floats,
    bend: Floats,
    edges: list[Floats],
    growth: Growth,
    out: tuple[NDArray[np.int32], Floats, Floats],
) -> NDArray[np.intp]:
    """Grows one tree into `out`; gives the leaf of each row."""
    feature, cut, value = out
    n, width = binned.shape
    bins = growth.bins
    at = np.zeros(n, np.intp)
    offset = np.arange(width) * bins
    for level in range(growth.depth):
        nodes = 2**level
        cell = (at[:, None] * (width * bins) + offset[None, :] + binned).ravel()
        size = nodes * width * bins
        g = np.bincount(cell, np.repeat(slope, width), size).reshape(nodes, width, bins).cumsum(axis=2)
        h = np.bincount(cell, np.repeat(bend, width), size).reshape(nodes, width, bins).cumsum(axis=2)
        best_feature, best_bin, useful = _split(g, h, growth)
        first = nodes - 1
        for node in range(nodes):
            f, b = int(best_feature[node]), int(best_bin[node])
            if useful[node] and b < len(edges[f]):
                feature[first + node], cut[first + node] = f, edges[f][b]
            else:
                best_bin[node] = bins
        right = binned[np.arange(n), best_feature[at]] > best_bin[at]
        at = 2 * at + right
    leaves = 2**growth.depth
    total, weight = np.bincount(at, slope, leaves), np.bincount(at, bend, leaves)
    value[:] = growth.rate * total / (weight + growth.penalty)
    return at


def _split(g: Floats, h: Floats, growth: Growth) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """The best feature and bin for each node, from cumulated slopes and bends (nodes, features, bins)."""
    total_g, total_h = g[:, :, -1:], h[:, :, -1:]
    left = g**2 / (h + growth.penalty)
    right = (total_g - g) ** 2 / (total_h - h + growth.penalty)
    gain = left + right - total_g**2 / (total_h + growth.penalty)
    floor = growth.leaf * min(1.0, float(total_h.max()) / 50)
    gain[(h < floor) | (total_h - h < floor)] = -np.inf
    flat = gain.reshape(len(gain), -1)
    best = flat.argmax(axis=1)
    return best // g.shape[2], best % g.shape[2], flat[np.arange(len(flat)), best] > 1e-9
