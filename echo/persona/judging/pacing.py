"""Does it keep their pace? Delays before an answer, and gaps between the messages of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from echo.persona.judging.measures import ks, rank_correlation
from echo.persona.turns import REPLY_WITHIN, Burst, Utterance
from states.scores import Axis, AxisKey, Better

FEWEST: Final = 30
"""Moments that it takes."""
FEWEST_GAPS: Final = 25
"""Gaps that it takes."""
GAPS: Final = 300
"""Gaps that are looked at, at most."""
OTHER_PACE: Final = 4.0
"""The floor: their own delays so many times as long."""
SPAN: Final = 0.1
"""How far the floor lies from the ceiling at least."""
REACH_FLOW: Final = 0.6
"""Rank correlation: as far as a delay can be foreseen; nobody would wait as long again."""
REACH_GAPS: Final = 0.5
"""The same for gaps."""

Gaps = Callable[[Sequence[Utterance], Sequence[str]], Sequence[float]]


def delays(drawn: Sequence[float], moments: Sequence[Burst], reference: Sequence[Burst]) -> list[Axis]:
    """How the echo's delays lie, altogether and moment by moment. `drawn` are those at the `moments`, in seconds."""
    real = np.array([b.delay or 0.0 for b in moments])
    others = np.array([b.delay or 0.0 for b in reference])
    if min(len(real), len(others)) < FEWEST:
        return []
    ceiling = ks(real, others)
    slower = ks(np.minimum(real * OTHER_PACE, REPLY_WITHIN), others)
    return [
        Axis(
            AxisKey.DELAY.value, ks(np.array(drawn), others), ceiling, max(slower, ceiling + SPAN), Better.LOWER
        ),
        Axis(AxisKey.FLOW.value, rank_correlation(drawn, real), REACH_FLOW, 0.0, Better.HIGHER),
    ]  # fmt: skip


def is_sooner(drawn: Sequence[float], reference: Sequence[Burst]) -> bool:
    """Whether the echo answers sooner than they do, by the medians."""
    return bool(np.median(drawn) < np.median([b.delay or 0.0 for b in reference]))


def gaps(draw: Gaps, bursts: Sequence[Burst]) -> Axis | None:
    """How the gaps within turns follow the real ones, for the messages that were really written."""
    drawn: list[float] = []
    real: list[float] = []
    for burst in bursts:
        if len(burst.texts) > 1 and len(burst.gaps) == len(burst.texts) - 1 and len(real) < GAPS:
            drawn.extend(draw(burst.context, burst.texts))
            real.extend(burst.gaps)
    if len(real) < FEWEST_GAPS:
        return None
    return Axis(AxisKey.GAPS.value, rank_correlation(drawn, real), REACH_GAPS, 0.0, Better.HIGHER)
