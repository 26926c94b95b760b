"""Their pace: how long they take to answer, and how fast one message follows another.

A forest foresees the logarithm of the time; the time given is then one that really occurred in moments foreseen alike.
So the distribution stays theirs, with its long tail, and its centre moves with the moment.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.boosting import Forest, Growth, grow
from echo.persona.turns import BURST_GAP, REPLY_WITHIN, Burst

Floats = NDArray[np.float64]

FOLDS: Final = 3
"""Parts of cross-fitting: a moment is foreseen by trees that never saw it."""
NEAR: Final = 60
"""How many times that really occurred a new one is drawn from."""
USUAL_DELAY: Final = 20.0
"""Seconds, where nothing was learnt."""
USUAL_GAP: Final = 6.0
"""Seconds, where nothing was learnt."""


class Tempo:
    """A forest over moments, and the times that occurred, ordered by what the forest foresaw for them."""

    def __init__(self, forest: Forest, foreseen: Floats, times: Floats) -> None:
        self._forest, self._foreseen, self._times = forest, foreseen, times

    @classmethod
    def learn(cls, rows: Floats, seconds: Floats, seed: int, growth: Growth | None = None) -> Tempo:
        """From moments (n, d) and the seconds they took (n,), oldest first."""
        growth = growth or Growth(trees=60, depth=3, rate=0.1, leaf=30.0, penalty=20.0)
        logs = np.log(np.maximum(seconds, 0.5))
        if len(logs) < 40:
            mean = float(logs.mean()) if len(logs) else 0.0
            order = np.argsort(seconds)
            return cls(grow(rows[:0], logs[:0], "squared", seed), np.full(len(logs), mean), seconds[order])
        fold = np.arange(len(rows)) * FOLDS // len(rows)
        held = np.zeros(len(rows))
        for k in range(FOLDS):
            part = grow(rows[fold != k], logs[fold != k], "squared", seed + k, growth)
            held[fold == k] = part.predict(rows[fold == k])
        order = np.argsort(held, kind="stable")
        return cls(grow(rows, logs, "squared", seed, growth), held[order], seconds[order])

    def draw(self, row: Sequence[float], rng: Random, usual: float, spread: float = 1.0) -> float:
        """Seconds for a moment. `spread` below 1 keeps nearer to the middle of what occurred in moments like it."""
        count = len(self._times)
        if not count:
            return usual * math.exp(rng.gauss(0, 0.5))
        at = int(np.searchsorted(self._foreseen, self._forest.predict(np.array([row], np.float64))[0]))
        if count <= NEAR:
            low, high = 0, count
        else:
            low = min(max(0, at - NEAR // 2), count - NEAR)
            high = low + NEAR
        near = np.sort(self._times[low:high])
        quantile = 0.5 + (rng.random() - 0.5) * spread
        return float(near[min(len(near) - 1, int(quantile * len(near)))])

    def arrays(self, name: str) -> dict[str, NDArray[np.generic]]:
        """The parts under keys that begin with `name`, for storage."""
        parts = {f"{name}.foreseen": self._foreseen, f"{name}.times": self._times}
        return {**self._forest.arrays(f"{name}.forest"), **parts}

    @classmethod
    def of(cls, stored: Mapping[str, NDArray[np.generic]], name: str) -> Tempo:
        """What `arrays` gave. Raises KeyError where a part is missing."""
        foreseen, times = stored[f"{name}.foreseen"].astype(np.float64), stored[f"{name}.times"].astype(np.float64)
        return cls(Forest.of(stored, f"{name}.forest"), foreseen, times)


GAP_SPREAD: Final = 0.6
"""Gaps keep to the middle of what occurred: within one answer a reader notices order more than surprise."""


def gap_row(texts: Sequence[str], at: int, previous_gap: float, delay: float) -> list[float]:
    """Features of the gap before texts[at] (at >= 1). Seconds enter as logarithms, lengths as log characters."""
    text, before = texts[at], texts[at - 1]
    return [
        math.log1p(len(text)),
        math.log1p(len(before)),
        float(at),
        float(len(texts)),
        math.log1p(previous_gap),
        math.log1p(max(0.0, delay)),
        float(text[:1].isupper()),
        float(before.rstrip().endswith((",", "...", ":", "-"))),
        float("http" in text),
        float(text.startswith(("*", "s/"))),
        float("?" in text),
        float(len(text.split())),
    ]


class Pacing:
    """Delays and gaps of one person."""

    def __init__(self, delay: Tempo, gap: Tempo) -> None:
        self._delay, self._gap = delay, gap

    @classmethod
    def learn(cls, rows: Floats, answers: Sequence[Burst], bursts: Sequence[Burst], seed: int) -> Pacing:
        """Delays from `rows`, the shapes of the moments of `answers`; gaps from all `bursts`."""
        delays = np.array([min(b.delay or 0.0, REPLY_WITHIN) for b in answers])
        inside = [
            (gap_row(b.texts, k + 1, b.gaps[k - 1] if k else 0.0, b.delay or 0.0), min(gap, BURST_GAP))
            for b in bursts[-8000:]
            for k, gap in enumerate(b.gaps[: len(b.texts) - 1])
        ]
        table = np.array([row for row, _ in inside], np.float64).reshape(len(inside), 12)
        gaps = np.array([gap for _, gap in inside])
        small = Growth(trees=35, depth=3, rate=0.15)
        return cls(Tempo.learn(rows, delays, seed), Tempo.learn(table, gaps, seed, small))

    def delay(self, row: Sequence[float], rng: Random) -> float:
        """Seconds (0.5 to REPLY_WITHIN) until the first message."""
        return min(REPLY_WITHIN, max(0.5, self._delay.draw(row, rng, USUAL_DELAY)))

    def gaps(self, texts: Sequence[str], delay: float, rng: Random) -> list[float]:
        """Seconds (0.5 to BURST_GAP) before each message but the first."""
        out: list[float] = []
        for at in range(1, len(texts)):
            row = gap_row(texts, at, out[-1] if out else 0.0, delay)
            out.append(min(BURST_GAP, max(0.5, self._gap.draw(row, rng, USUAL_GAP, GAP_SPREAD))))
        return out

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """All parts, for storage."""
        return {**self._delay.arrays("delay"), **self._gap.arrays("gap")}

    @classmethod
    def of(cls, stored: Mapping[str, NDArray[np.generic]]) -> Pacing:
        """What `arrays` gave. Raises KeyError where a part is missing."""
        return cls(Tempo.of(stored, "delay"), Tempo.of(stored, "gap"))
