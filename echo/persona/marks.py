"""Choosing by what people thought of earlier messages: drafts much like one that was marked are leaned to or away from.

It is small and bounded by construction. The likeness of two texts is the Jaccard index of their character trigrams
(Jaccard 1912; sets, folded case), squared, so that only what is nearly the same counts. Of all marks only the strongest
for and the strongest against count, so that many weak ones do not add up. What comes of it lies within BOUND log-odds,
the unit in which drafts are judged; a test of a model knows no marks, and its figures are what they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from db.stored import Mark

BOUND: Final = 1.0
"""Log-odds: the most that marks lean a draft either way."""
GRAM: Final = 3
"""Characters."""


class Marks:
    """The marks of one echo, ready to compare drafts with."""

    def __init__(self, marks: Sequence[Mark] = ()) -> None:
        self.given = tuple(marks)
        self._known = [(_grams(one.text), one.weight) for one in self.given]

    def leaning(self, text: str) -> float:
        """From -BOUND (just like what is not like them) to BOUND; 0 without any mark."""
        if not self._known:
            return 0.0
        grams = _grams(text)
        weighed = [weight * _likeness(grams, known) ** 2 for known, weight in self._known]
        return BOUND * (max(0.0, *weighed) + min(0.0, *weighed))


def _grams(text: str) -> frozenset[str]:
    folded = " ".join(text.casefold().split())
    padded = f" {folded} "
    return frozenset(padded[at : at + GRAM] for at in range(max(1, len(padded) - GRAM + 1)))


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)
