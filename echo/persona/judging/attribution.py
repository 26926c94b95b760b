"""Is it recognised as theirs? Bundles of messages, attributed by style to the person or to one of several impostors.

A multinomial naive Bayes over runs of 1 to 4 characters (Peng et al. 2003), with frequent words as they are and the
others by their shape. What it learns from is held out from the tested persona, so nothing copied can raise the figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.judging.impostors import rewritten
from echo.persona.judging.style import view
from states.scores import Axis, AxisKey, Better

BUNDLE: Final = 20
"""Messages that are judged together at most; half of those there are where they are fewer than twice as many."""
BUNDLES: Final = 200
"""Bundles that are drawn."""
LEARNT: Final = 500
"""Messages that each writer is learnt from at most."""
FEWEST: Final = 30
"""Messages of the person and of the echo each that it takes."""
RUNS: Final = (1, 2, 3, 4)
LONGEST: Final = 400
"""Characters of a message that are looked at."""
SMOOTHING: Final = 0.5

Floats = NDArray[np.float64]


class Judge:
    """Tells writers apart. `logs` (writers, runs) are the log-probabilities of runs of characters, the last unseen."""

    def __init__(self, frequent: frozenset[str], ids: dict[str, int], logs: Floats) -> None:
        self._frequent, self._ids, self._logs = frequent, ids, logs

    @classmethod
    def learn(cls, writers: Sequence[Sequence[str]], frequent: frozenset[str]) -> Judge:
        """From messages of each writer; all are learnt from equally many."""
        count = min(LEARNT, min(len(texts) for texts in writers))
        ids: dict[str, int] = {}
        counted: list[Floats] = []
        for texts in writers:
            seen: dict[int, int] = {}
            for text in _evenly(texts, count):
                for run in _runs(view(text, frequent)):
                    at = ids.setdefault(run, len(ids))
                    seen[at] = seen.get(at, 0) + 1
            row = np.zeros(max(seen, default=0) + 1)
            row[list(seen)] = list(seen.values())
            counted.append(row)
        table = np.full((len(writers), len(ids) + 1), SMOOTHING)
        for row, found in zip(table, counted, strict=True):
            row[: len(found)] += found
        return cls(frequent, ids, np.log(table / table.sum(axis=1, keepdims=True)))

    def read(self, texts: Sequence[str]) -> Floats:
        """The log-likelihood of each message for each writer, (messages, writers)."""
        unseen = self._logs.shape[1] - 1
        rows = []
        for text in texts:
            at = [self._ids.get(run, unseen) for run in _runs(view(text, self._frequent))]
            rows.append(self._logs[:, at].sum(axis=1))
        return np.array(rows, np.float64).reshape(len(texts), len(self._logs))


def _runs(text: str) -> list[str]:
    text = text[:LONGEST]
    return [text[i : i + n] for n in RUNS for i in range(len(text) - n + 1)]


def _evenly(texts: Sequence[str], count: int) -> list[str]:
    return [texts[at * len(texts) // count] for at in range(count)]


def share_of_first(likelihoods: Floats, seed: int) -> float:
    """The share (0..1) of bundles of messages that are given to the first writer."""
    rng = np.random.default_rng(seed)
    size = max(1, min(BUNDLE, len(likelihoods) // 2))
    drawn = (rng.choice(len(likelihoods), size, replace=False) for _ in range(BUNDLES))
    return float(np.mean([likelihoods[at].sum(axis=0).argmax() == 0 for at in drawn]))


def attribution(
    echo: Sequence[str],
    real: Sequence[str],
    reference: Sequence[str],
    others: Sequence[Sequence[str]],
    frequent: frozenset[str],
    seed: int,
) -> Axis | None:
    """The share of the echo's bundles that are taken for the person's; None where there is too little to judge by.

    `reference` are the person's messages that the judge learns from, `others` messages of further people. The ceiling
    is the share of the person's own bundles (`real`), the floor that of the impostors' ones.
    """
    if min(len(echo), len(real), len(reference)) < FEWEST:
        return None
    learnt, tried = [], []
    for texts in others:
        if len(texts) >= 2 * FEWEST:
            learnt.append(list(texts[::2]))
            tried.append(list(texts[1::2]))
    for again, test in zip(rewritten(reference), rewritten(real), strict=True):
        if again and test:
            learnt.append(again)
            tried.append(test)
    if not learnt:
        return None
    judge = Judge.learn([list(reference), *learnt], frequent)
    figure, ceiling = (share_of_first(judge.read(texts), seed) for texts in (echo, real))
    floor = float(np.mean([share_of_first(judge.read(texts), seed) for texts in tried]))
    return Axis(AxisKey.ATTRIBUTION.value, figure, ceiling, min(floor, ceiling), Better.HIGHER)
