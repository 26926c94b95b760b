"""Does it speak when they would? The decision at each message of others, against what the person did."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from echo.persona.decision import occasions
from echo.persona.judging.measures import Floats, auc, calibration_error
from echo.persona.names import NameBook
from echo.persona.turns import Burst, Utterance
from states.scores import Axis, AxisKey, Better

MOST: Final = 600
"""Occasions that are looked at, evenly spread."""
FEWEST: Final = 25
"""Occasions on which they spoke, and on which they did not, that it takes."""
REACH: Final = 0.9
"""AUC: as far as it can be foreseen when somebody speaks; they might as well have said nothing."""
DRAWS: Final = 20
"""Imagined outcomes by which the ceiling of calibration is found."""
SPAN: Final = 0.1
"""How far a coin lies from perfect calibration at least."""


def speaking(
    chance: Callable[[Sequence[Utterance]], float], bursts: Sequence[Burst], author: str, seed: int
) -> tuple[list[Axis], bool]:
    """Whether it speaks when they do, and as often; and whether it speaks more often than they do.

    `chance` is the probability of speaking after a context, `bursts` are the held-out turns.
    """
    others = {said.author for burst in bursts for said in burst.context if not said.own}
    found = occasions(bursts, NameBook(author, others))
    found = found[:: max(1, math.ceil(len(found) / MOST))]
    spoke = np.array([float(one.spoke) for one in found])
    weight = np.array([one.weight for one in found])
    if min(spoke.sum(), (1 - spoke).sum()) < FEWEST:
        return [], False
    foreseen = np.array([chance(one.context) for one in found])
    said = spoke > 0
    sure = auc(foreseen[said], foreseen[~said], (weight[said], weight[~said]))
    coin = calibration_error(np.full(len(found), 0.5), spoke, weight)
    lucky = _by_chance(foreseen, weight, seed)
    axes = [
        Axis(AxisKey.SPEAKING.value, sure, REACH, 0.5, Better.HIGHER),
        Axis(
            AxisKey.CALIBRATION.value,
            calibration_error(foreseen, spoke, weight),
            lucky,
            max(coin, lucky + SPAN),
            Better.LOWER,
        ),
    ]
    return axes, bool((foreseen * weight).sum() > (spoke * weight).sum())


def _by_chance(foreseen: Floats, weight: Floats, seed: int) -> float:
    """The calibration error that one who foresees perfectly shows all the same, because occasions are few."""
    rng = np.random.default_rng(seed)
    draws = (rng.random(len(foreseen)) < foreseen for _ in range(DRAWS))
    return float(np.mean([calibration_error(foreseen, drawn.astype(np.float64), weight) for drawn in draws]))
