"""Do the messages look alike, one with another? Distances of what can be counted on them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from echo.persona.judging.measures import Floats, divergence, ks, total_variation
from echo.persona.judging.split import Turn
from echo.persona.judging.style import MARKS, marks
from echo.persona.tokens import words
from states.scores import Axis, AxisKey, Better

FEWEST: Final = 30
"""Messages on each side that it takes."""
MOST_IN_A_TURN: Final = 5
"""Longer turns count as one of this many messages."""
LITTLE: Final = 60
"""Words that are counted: those that the person uses most."""
SPANS: Final = {AxisKey.LENGTH: 0.1, AxisKey.TURNS: 0.1, AxisKey.MARKS: 0.03, AxisKey.WORDS: 0.05}
"""How far the floor lies from the ceiling at least."""
NOISE: Final = {AxisKey.LENGTH: 1.36, AxisKey.TURNS: 1.0, AxisKey.MARKS: 0.3}
"""The same, times the square root of the sum of both samples' inverse sizes: two samples of one person differ as much
(of the lengths in one case of twenty: Smirnov 1948; of the others about)."""


def messages(turns: Sequence[Turn]) -> list[str]:
    """All messages of the turns."""
    return [text for turn in turns for text in turn.texts]


def _lengths(one: Sequence[Turn], other: Sequence[Turn]) -> float:
    return ks([len(text) for text in messages(one)], [len(text) for text in messages(other)])


def _turns(one: Sequence[Turn], other: Sequence[Turn]) -> float:
    return total_variation(*(_sizes([len(turn.texts) for turn in some]) for some in (one, other)))


def _sizes(counts: Sequence[int]) -> Floats:
    return np.bincount([min(MOST_IN_A_TURN, n) for n in counts], minlength=MOST_IN_A_TURN + 1).astype(np.float64)


def _marks(one: Sequence[Turn], other: Sequence[Turn]) -> float:
    rates = [np.array([marks(text) for text in messages(some)], np.float64).mean(axis=0) for some in (one, other)]
    # Marks that neither has say nothing of how alike they are.
    used = (rates[0] + rates[1]) > 0
    return float(np.abs(rates[0] - rates[1])[used].sum() / max(1, len(MARKS) // 2))


def _words(little: Sequence[str]) -> Callable[[Sequence[Turn], Sequence[Turn]], float]:
    def distance(one: Sequence[Turn], other: Sequence[Turn]) -> float:
        rates = []
        for some in (one, other):
            counts = Counter(word for text in messages(some) for word in words(text))
            listed = [counts[word] for word in little]
            rates.append(np.array([*listed, sum(counts.values()) - sum(listed)], np.float64) + 0.5)
        return divergence(*rates)

    return distance


def distances(
    echo: Sequence[Turn],
    real: Sequence[Turn],
    reference: Sequence[Turn],
    crowd: Sequence[Turn],
    earlier: Sequence[str],
) -> list[Axis]:
    """How far the echo's turns are from the person's `reference`; the ceiling is how far their own (`real`) are.

    The floor is how far the `crowd`'s are, everybody else's in the same conversations. `earlier` are messages of the
    person's from before, by which their little words are found. Empty where there are too few messages.
    """
    if min(len(messages(some)) for some in (echo, real, reference)) < FEWEST:
        return []
    counts = Counter(word for text in earlier for word in words(text))
    little = [word for word, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:LITTLE]]
    measured = {
        AxisKey.LENGTH: _lengths, AxisKey.TURNS: _turns, AxisKey.MARKS: _marks, AxisKey.WORDS: _words(little),
    }  # fmt: skip
    spread = math.sqrt(1 / len(messages(echo)) + 1 / len(messages(reference)))
    axes = []
    for key, distance in measured.items():
        ceiling = distance(real, reference)
        floor = distance(crowd, reference) if len(messages(crowd)) >= FEWEST else ceiling
        floor = max(floor, ceiling + max(SPANS[key], NOISE.get(key, 0.0) * spread))
        axes.append(Axis(key.value, distance(echo, reference), ceiling, floor, Better.LOWER))
    return axes
