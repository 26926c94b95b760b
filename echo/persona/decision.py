"""When they speak: the chance that they say something soon, after a message of somebody else's.

The examples are all messages that others wrote while the subject was about, as far as the corpus shows them: each was
followed by a word of the subject's within SOON others' messages and SOON_TIME, or it was not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.boosting import Forest, Growth, grow
from echo.persona.names import NameBook
from echo.persona.turns import Burst, Utterance

Floats = NDArray[np.float64]

SOON: Final = 3
"""Messages of others: what counts as speaking next."""
SOON_TIME: Final = 300.0
"""Seconds: likewise."""
ABOUT: Final = 1800.0
"""Seconds since their last word: as long they are held to be there."""
EXAMPLES: Final = 7000
"""Examples at most, the newest."""


def occasions(bursts: Sequence[Burst], names: NameBook) -> list[tuple[tuple[Utterance, ...], bool]]:
    """Moments after others' messages, each with whether the subject spoke soon. Oldest first, each message once."""
    seen: set[tuple[float, str, str]] = set()
    out: list[tuple[tuple[Utterance, ...], bool]] = []
    last_spoke: dict[str, float] = {}
    for burst in bursts:
        spoke = last_spoke.get(burst.channel, -math.inf)
        context = burst.context
        for at, said in enumerate(context):
            if said.own:
                spoke = max(spoke, said.ts)
                continue
            key = (said.ts, said.author, said.text)
            if key in seen or (said.ts - spoke > ABOUT and not names.names_me(said.text)):
                continue
            seen.add(key)
            out.append((context[: at + 1], _speaks_soon(burst, at)))
        last_spoke[burst.channel] = burst.times[-1] if burst.times else burst.ts
    return out[-EXAMPLES:]


def _speaks_soon(burst: Burst, at: int) -> bool:
    now = burst.context[at].ts
    others = 0
    for said in burst.context[at + 1 :]:
        if said.ts - now > SOON_TIME or others >= SOON:
            return False
        if said.own:
            return True
        others += 1
    return others < SOON and burst.ts - now <= SOON_TIME


class Decision:
    """`forest` gives log-odds over the rows; `slope` and `shift` calibrate them (Platt 1999)."""

    def __init__(self, forest: Forest, slope: float, shift: float) -> None:
        self._forest, self._slope, self._shift = forest, slope, shift

    @classmethod
    def learn(cls, rows: Floats, spoke: Floats, seed: int) -> Decision:
        """From moments (n, d), oldest first, and whether they spoke (n,)."""
        growth = Growth(trees=80, depth=3, rate=0.1)
        if len(rows) < 60 or len(set(spoke.tolist())) < 2:
            return cls(grow(rows[:0], spoke[:0], "logistic", seed, growth), 1.0, 0.0)
        cut = len(rows) * 3 // 4
        trial = grow(rows[:cut], spoke[:cut], "logistic", seed, growth)
        slope, shift = _calibrate(trial.predict(rows[cut:]), spoke[cut:])
        return cls(grow(rows, spoke, "logistic", seed, growth), slope, shift)

    def wants(self, row: Sequence[float]) -> float:
        """Calibrated log-odds of speaking now."""
        return self._slope * float(self._forest.predict(np.array([row], np.float64))[0]) + self._shift

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """All parts, for storage."""
        return {**self._forest.arrays("decision"), "decision.calibration": np.array([self._slope, self._shift])}

    @classmethod
    def of(cls, stored: Mapping[str, NDArray[np.generic]]) -> Decision:
        """What `arrays` gave. Raises KeyError where a part is missing."""
        slope, shift = stored["decision.calibration"].astype(np.float64).tolist()
        return cls(Forest.of(stored, "decision"), slope, shift)


def _calibrate(score: Floats, spoke: Floats) -> tuple[float, float]:
    """Slope (0.2 to 2) and shift of a logistic regression of `spoke` on `score`, by Newton's method."""
    slope, shift = 1.0, 0.0
    for _ in range(20):
        chance = 1 / (1 + np.exp(-(slope * score + shift)))
        bend = chance * (1 - chance) + 1e-6
        error = spoke - chance
        gram = np.array(
            [[(bend * score**2).sum() + 1.0, (bend * score).sum()], [(bend * score).sum(), bend.sum() + 0.1]]
        )
        step = np.linalg.solve(gram, np.array([(error * score).sum() - (slope - 1.0), error.sum() - 0.1 * shift]))
        slope, shift = float(slope + step[0]), float(shift + step[1])
    return (slope, shift) if 0.2 <= slope <= 2.0 else (1.0, 0.0)


def chance(log_odds: float) -> float:
    """The probability of log-odds, without overflow."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))
