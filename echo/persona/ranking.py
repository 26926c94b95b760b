"""Judging how well a text fits a moment: trained to tell true answers from answers given elsewhere.

A conditional logit (McFadden 1974): of one true and several wrong answers to one moment, the chance of each is the
softmax of a weighted sum of how it stands to the moment. Linear, because what counts is the order at the very top,
where the bins of a tree are too coarse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.habits import Habits
from echo.persona.past import Past
from echo.persona.reading import FITNESS, Reader
from echo.persona.turns import Burst

Floats = NDArray[np.float64]

MOMENTS: Final = 500
"""Moments that the ranking is trained on at most."""
WRONG: Final = 4
"""Answers from other days for each true one."""
PENALTY: Final = 10.0
"""L2, in standard units."""
LIFT: Final = 0.9
"""Log-odds that are aimed higher, because drafts seldom reach what is aimed at."""
CLIP: Final = 4.0
"""Standard deviations at which a feature is cut."""


class Ranking:
    """`weights` are per standard deviation of each feature (FITNESS,); `true` are true answers' scores, sorted."""

    def __init__(self, weights: Floats, centre: Floats, scale: Floats, true: Floats) -> None:
        self.weights, self._centre, self._scale, self._true = weights, centre, scale, true

    @classmethod
    def learn(cls, table: Floats) -> Ranking:
        """From (moments, 1 + WRONG, FITNESS), the true answer first."""
        if len(table) < 20:
            return cls(_PRIOR, np.zeros(FITNESS), np.ones(FITNESS), np.array([0.0, 0.5, 1.0, 2.0]))
        flat = table.reshape(-1, FITNESS)
        centre, scale = flat.mean(axis=0), flat.std(axis=0) + 1e-6
        unit = np.clip((table - centre) / scale, -CLIP, CLIP)
        weights = np.zeros(FITNESS)
        ridge = PENALTY * np.eye(FITNESS)
        for _ in range(8):
            score = unit @ weights
            chance = np.exp(score - score.max(axis=1, keepdims=True))
            chance /= chance.sum(axis=1, keepdims=True)
            mean = np.einsum("gk,gkf->gf", chance, unit)
            slope = (unit[:, 0] - mean).sum(axis=0) - ridge @ weights
            around = unit - mean[:, None, :]
            bend = np.einsum("gkf,gkh->fh", around * chance[:, :, None], around, optimize=True) + ridge
            weights = weights + np.linalg.solve(bend, slope)
        return cls(weights, centre, scale, np.sort(unit[:, 0] @ weights))

    def aim(self, rng: Random) -> float:
        """A score that a true answer might have: people don't always say what fits best."""
        return float(self._true[rng.randrange(len(self._true))]) + LIFT

    def predict(self, rows: Floats) -> Floats:
        """Scores (n,) for rows (n, FITNESS); differences are log-odds between answers to one moment."""
        score: Floats = np.clip((rows - self._centre) / self._scale, -CLIP, CLIP) @ self.weights
        return score

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """All parts, for storage."""
        return {"ranking.all": np.stack([self.weights, self._centre, self._scale]), "ranking.true": self._true}

    @classmethod
    def of(cls, stored: Mapping[str, NDArray[np.generic]]) -> Ranking:
        """What `arrays` gave. Raises KeyError where a part is missing."""
        weights, centre, scale = stored["ranking.all"].astype(np.float64)
        return cls(weights, centre, scale, stored["ranking.true"].astype(np.float64))


_PRIOR: Final = np.concatenate([[0.4, 0.1], np.zeros(FITNESS - 2)])
"""Without enough moments to learn from: what echoes the conversation fits it."""


def set_apart(past: Past, seed: int) -> NDArray[np.bool_]:
    """Which turns (turns,) the ranking is trained on: whole days, spread over all the time, up to a quarter of them."""
    days = np.array([int(b.ts // 86400) for b in past.bursts])
    answers = np.array([b.delay is not None for b in past.bursts])
    every = sorted(set(days.tolist()))
    Random(seed).shuffle(every)
    chosen: set[int] = set()
    count, most = 0, min(MOMENTS, max(1, int(answers.sum()) // 4))
    for day in every:
        if count >= most:
            break
        chosen.add(day)
        count += int((answers & (days == day)).sum())
    return np.isin(days, sorted(chosen)) & (len(every) > 3)


def learn_ranking(bursts: Sequence[Burst], reader: Reader, habits: Habits, seed: int) -> Ranking:
    """The ranking from turns that answered somebody, none of which `habits` and the reader's topics know."""
    rng = Random(seed)
    days = [int(b.ts // 86400) for b in bursts]
    table: list[list[list[float]]] = []
    if len(set(days)) > 1:
        for burst, day in zip(bursts[:MOMENTS], days, strict=False):
            reading = reader.read(burst.context, habits, without=day)
            wrong = _elsewhere(bursts, days, day, rng)
            texts = ["\n".join(b.texts) for b in (burst, *wrong)]
            table.append([reader.features(reading, text, habits) for text in texts])
    return Ranking.learn(np.array(table, np.float64).reshape(len(table), 1 + WRONG, FITNESS))


def _elsewhere(bursts: Sequence[Burst], days: Sequence[int], day: int, rng: Random) -> list[Burst]:
    """WRONG turns of other days than `day`; there is at least one such day."""
    out: list[Burst] = []
    while len(out) < WRONG:
        at = rng.randrange(len(bursts))
        if days[at] != day:
            out.append(bursts[at])
    return out
