"""What clocks do to time stamps: some tell whole minutes only, and some run ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.turns import Burst, Utterance

Floats = NDArray[np.float64]

TICK: Final = 60.0
"""Seconds: the step of a clock that tells whole minutes."""


def in_time(burst: Burst) -> Burst:
    """The turn without what claims to have been said after it: nobody answers what is still to come."""
    kept = [i for i, said in enumerate(burst.context) if said.ts <= burst.ts]
    if len(kept) == len(burst.context):
        return burst
    ids = tuple(burst.context_ids[i] for i in kept) if burst.context_ids else ()
    return replace(burst, context=tuple(burst.context[i] for i in kept), context_ids=ids)


def until_last(context: Sequence[Utterance]) -> list[Utterance]:
    """The context without what claims to be newer than its last message, the one that is answered."""
    return [said for said in context if said.ts <= context[-1].ts]


def unrounded(seconds: Floats, stamps: Sequence[tuple[float, float]], rng: np.random.Generator) -> Floats:
    """The times (n,) between pairs of time stamps, where both are whole minutes spread over what they may have been.

    A clock that tells minutes hides up to one at each end, so that the difference of two is off by a triangular error;
    one that would lead below zero is mirrored, for the order of messages is known.
    """
    rounded = np.array([a % TICK == 0 and b % TICK == 0 for a, b in stamps], np.bool_)
    error = rng.triangular(-TICK, 0.0, TICK, len(seconds))
    return np.where(rounded, np.abs(seconds + error), seconds)
