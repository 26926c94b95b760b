"""What kind of thing they say in what kind of moment: yes to a question, thanks to an answer, a greeting to a greeting.

A ridge regression from frequent words of the last message and the moment's shape to frequent words of the answer. It is
the multi-output linear least-squares of Hoerl and Kennard (1970): one small system solved for all outputs at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.tokens import LINK, pieces, words

Floats = NDArray[np.float64]

HEARD: Final = 180
"""Frequent words that are listened for."""
SAID: Final = 240
"""Frequent words that are foreseen."""
PENALTY: Final = 60.0
"""Ridge penalty, in rows: words seen far more often than this are believed."""


def marks(text: str) -> set[str]:
    """The pieces of a text in lower case, without white space: words, punctuation, emoji."""
    return {p.strip().lower() for p in pieces(text)} - {""}


def _frequent(sets: Sequence[set[str]], most: int) -> list[str]:
    """The most frequent marks, those with at least 8 uses; ties by name, because sets have no order to rely on.

    Links are none: what stands in them would outlive the messages that held it, for it is not counted as words are.
    """
    count = Counter(w for marked in sets for w in marked if not LINK.match(w))
    return [w for w, n in sorted(count.items(), key=lambda item: (-item[1], item[0]))[:most] if n >= 8]


class Habits:
    """`heard` and `said` are words; `weights` is (len(heard) + shape + 1, len(said)); `base` their plain shares."""

    def __init__(
        self, heard: Sequence[str], said: Sequence[str], weights: Floats, base: Floats, centre: Floats, scale: Floats
    ) -> None:
        self.heard, self.said = list(heard), list(said)
        self.heard_ids = {w: i for i, w in enumerate(self.heard)}
        self.said_ids = {w: i for i, w in enumerate(self.said)}
        self._weights, self.base = weights, base
        self._centre, self._scale = centre, scale

    @classmethod
    def learn(cls, last: Sequence[set[str]], shapes: Floats, answers: Sequence[set[str]]) -> Habits:
        """From n moments: the marks of the last message, the shape (n, d), and the marks of the answer."""
        heard, said = _frequent(last, HEARD), _frequent(answers, SAID)
        width = shapes.shape[1]
        centre = shapes.mean(axis=0) if len(shapes) else np.zeros(width)
        scale = shapes.std(axis=0) + 1e-6 if len(shapes) else np.ones(width)
        blank = cls(heard, said, np.zeros((len(heard) + width, len(said))), np.zeros(len(said)), centre, scale)
        if not said:
            return blank
        rows = np.stack([blank._row(m, s) for m, s in zip(last, shapes, strict=True)])
        target = np.zeros((len(rows), len(said)))
        for i, answer in enumerate(answers):
            for w in answer:
                at = blank.said_ids.get(w)
                if at is not None:
                    target[i, at] = 1.0
        base = (target.sum(axis=0) + 0.5) / (len(rows) + 1)
        mean = rows.mean(axis=0)
        rows -= mean
        gram = rows.T @ rows + PENALTY * np.eye(rows.shape[1]) * np.maximum(rows.var(axis=0), 1e-3)
        weights = np.linalg.solve(gram, rows.T @ (target - base))
        blank._weights = np.vstack([weights, -(mean @ weights)[None, :]])
        blank.base = base
        return blank

    def _row(self, last: set[str], shape: Floats) -> Floats:
        row = np.zeros(len(self.heard) + len(self._centre))
        for w in last:
            at = self.heard_ids.get(w)
            if at is not None:
                row[at] = 1.0
        row[len(self.heard) :] = ((shape - self._centre) / self._scale).clip(-4, 4)
        return row

    def foresee(self, last: set[str], shape: Floats) -> Floats:
        """The chance of each word of `said` to be in the answer, (len(said),) in (0, 1)."""
        if not self.said or len(self._weights) != len(self.heard) + len(self._centre) + 1:
            return self.base.clip(1e-4, 0.98)
        lift = self._row(last, shape) @ self._weights[:-1] + self._weights[-1]
        chance: Floats = np.clip(self.base + lift, self.base * 0.15 + 1e-4, 0.98)
        return chance

    def evidence(self, chance: Floats, said: set[str]) -> tuple[float, float]:
        """How much better the moment foresees these marks than habit alone: log-ratios of what is there and isn't."""
        if not self.said:
            return 0.0, 0.0
        there = sorted(self.said_ids[w] for w in said if w in self.said_ids)
        present = np.log(chance[there] / self.base[there]).sum()
        absent = np.log((1 - chance) / (1 - self.base))
        return float(present), float(absent.sum() - absent[there].sum())

    def without(self, lost: Collection[str]) -> Habits:
        """Without marks that hold one of these words: nothing is left of where they were learnt."""
        width = len(self._centre)
        heard = [not any(w in lost for w in words(mark)) for mark in self.heard]
        said = [not any(w in lost for w in words(mark)) for mark in self.said]
        if all(heard) and all(said):
            return self
        rows = np.array([*heard, *[True] * (len(self._weights) - len(heard))])
        columns = np.array(said, np.bool_)
        assert len(rows) in (len(heard) + width, len(heard) + width + 1)
        return Habits(
            [mark for mark, is_left in zip(self.heard, heard, strict=True) if is_left],
            [mark for mark, is_left in zip(self.said, said, strict=True) if is_left],
            self._weights[rows][:, columns],
            self.base[columns],
            self._centre,
            self._scale,
        )

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The figures, for storage; the words go apart."""
        return {
            "habits.weights": self._weights,
            "habits.base": self.base,
            "habits.centre": self._centre,
            "habits.scale": self._scale,
        }

    @classmethod
    def of(cls, stored: Mapping[str, NDArray[np.generic]], heard: Sequence[str], said: Sequence[str]) -> Habits:
        """The habits that `arrays` gave. Raises KeyError where a part is missing."""
        weights, base, centre, scale = (
            stored[f"habits.{k}"].astype(np.float64) for k in ("weights", "base", "centre", "scale")
        )
        return cls(heard, said, weights, base, centre, scale)
