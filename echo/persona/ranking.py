"""Judging how well a text fits a moment: trained to tell true answers from answers given elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.boosting import Forest, Growth, grow
from echo.persona.habits import Habits
from echo.persona.reading import FITNESS, Reader
from echo.persona.turns import Burst

Floats = NDArray[np.float64]

MOMENTS: Final = 900
"""Moments that the ranking is trained on: the newest ones."""
WRONG: Final = 3
"""Answers from other days for each true one."""


def learn_ranking(bursts: Sequence[Burst], reader: Reader, habits: Habits, seed: int) -> Forest:
    """The ranking from turns that answered somebody (`habits` learnt from other turns, lest it knows the answers)."""
    chosen = list(bursts)[-MOMENTS:]
    rng = Random(seed)
    rows: list[list[float]] = []
    true: list[float] = []
    for burst in chosen:
        day = int(burst.ts // 86400)
        reading = reader.read(burst.context, habits, without=day)
        rows.append(reader.features(reading, "\n".join(burst.texts), habits))
        true.append(1.0)
        for _ in range(WRONG):
            other = chosen[rng.randrange(len(chosen))]
            if int(other.ts // 86400) != day or len(chosen) < 40:
                rows.append(reader.features(reading, "\n".join(other.texts), habits))
                true.append(0.0)
    table = np.array(rows, np.float64).reshape(len(rows), FITNESS)
    return grow(table, np.array(true), "logistic", seed, Growth(trees=90, depth=4, rate=0.1, share=0.6))
