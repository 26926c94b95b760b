"""Their pace: how long they take to answer, how fast one message follows another, and how fast they type.

A forest foresees where among all their times this one will rank; the time given is one of theirs that ranks about
there, as near as times and forecasts went together before. So the distribution stays theirs, with its long tail, and
its centre moves with the moment: spoken to, in the flow of an exchange or coming back to one, by day or by night.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from random import Random
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.boosting import Forest, grow
from echo.persona.clocks import unrounded
from echo.persona.extra_trees import Growing, grow_random
from echo.persona.flow import Hours, flow, flows, hours_of
from echo.persona.turns import BURST_GAP, REPLY_WITHIN, Burst, Utterance

Floats = NDArray[np.float64]

_NORMAL: Final = NormalDist()

DELAYS: Final = Growing(trees=120)
"""How the forest of delays is grown."""
GAPS: Final = Growing(trees=40, tries=8)
"""How the forest of gaps is grown: fewer features speak more plainly."""
TURNS: Final = 6000
"""Turns that gaps are learnt from at most, the newest."""
SURE: Final = 0.95
"""Nobody's pace goes with a forecast more than that."""
DELAY_FIRMNESS: Final = 1.15
"""Delays keep a little nearer to the forecast than the times it was tried on did; see `Tempo.draw`."""
FEW: Final = 40
"""Times: with fewer nothing is foreseen, and each of them is as likely."""
USUAL_DELAY: Final = 20.0
"""Seconds, where nothing was learnt."""
USUAL_GAP: Final = 6.0
"""Seconds, where nothing was learnt."""


class Tempo:
    """A forest over moments, what it foresaw of those it was not grown on, and the times that occurred, both in order.

    `agreement` (0 to SURE) is how far the two went together: the correlation of their normal scores.
    """

    def __init__(self, forest: Forest, foreseen: Floats, times: Floats, agreement: float) -> None:
        self._forest, self._foreseen, self._times, self._agreement = forest, foreseen, times, agreement

    @classmethod
    def learn(cls, rows: Floats, seconds: Floats, seed: int, growing: Growing) -> Tempo:
        """From moments (n, d) and the seconds they took (n,)."""
        if len(seconds) < FEW:
            return cls(grow(rows[:0], seconds[:0], "squared", seed), np.zeros(len(seconds)), np.sort(seconds), 0.0)
        share = ranks(seconds)
        forest, held = grow_random(rows, share, seed, growing)
        agreement = float(np.corrcoef(_scores(ranks(held)), _scores(share))[0, 1]) if np.ptp(seconds) else 0.0
        return cls(forest, np.sort(held), np.sort(seconds), min(SURE, max(0.0, agreement)))

    def draw(self, row: Sequence[float], share: float, usual: float, firmness: float = 1.0) -> float:
        """Seconds for a moment: the quantile `share` (0..1) of what it may take.

        Over all moments and shares the times that occurred come about as often as they did (a Gaussian copula, Sklar
        1959). `firmness` above 1 keeps nearer to what is foreseen than they do.
        """
        count = len(self._times)
        if not count:
            return usual * math.exp(share - 0.5)
        foreseen = float(self._forest.predict(np.array([row], np.float64))[0])
        below = np.searchsorted(self._foreseen, foreseen, "left") + np.searchsorted(self._foreseen, foreseen, "right")
        firm = min(SURE, self._agreement * firmness)
        score = firm * _score((float(below) + 1) / (2 * count + 2)) + math.sqrt(1 - firm**2) * _score(share)
        return float(self._times[min(count - 1, int(_NORMAL.cdf(score) * count))])

    def arrays(self, name: str) -> dict[str, NDArray[np.generic]]:
        """The parts under keys that begin with `name`, for storage."""
        parts = {f"{name}.foreseen": self._foreseen, f"{name}.times": self._times}
        return {**self._forest.arrays(f"{name}.forest"), **parts, f"{name}.agreement": np.array([self._agreement])}

    @classmethod
    def of(cls, stored: Mapping[str, NDArray[np.generic]], name: str) -> Tempo:
        """What `arrays` gave. Raises KeyError where a part is missing."""
        foreseen, times = stored[f"{name}.foreseen"].astype(np.float64), stored[f"{name}.times"].astype(np.float64)
        agreement = float(stored[f"{name}.agreement"].astype(np.float64)[0])
        return cls(Forest.of(stored, f"{name}.forest"), foreseen, times, agreement)


def _score(share: float) -> float:
    """The normal score of a share of 0..1, its ends kept finite."""
    return _NORMAL.inv_cdf(min(1 - 1e-4, max(1e-4, share)))


def _scores(shares: Floats) -> Floats:
    return np.array([_score(share) for share in shares.tolist()])


def ranks(values: Floats) -> Floats:
    """The share of values below each, ties counting half: (n,) in 0..1. What a long tail can't pull about."""
    ordered = np.sort(values)
    below = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
    share: Floats = below / (2.0 * max(1, len(values)))
    return share


GAP_FIRMNESS: Final = 1.4
"""Gaps keep nearer to what is foreseen: within one answer a reader notices order more than surprise."""
GAP_ROW: Final = 12
"""How many numbers `gap_row` gives."""


def gap_row(texts: Sequence[str], at: int, previous_gap: float, delay: float) -> list[float]:
    """Features of the gap before texts[at] (at >= 1). Seconds enter as logarithms, lengths as log characters."""
    text, before = texts[at], texts[at - 1]
    return [
        math.log1p(len(text)),
        math.log1p(len(before)),
        float(at),
        float(len(texts)),
        math.log1p(previous_gap),
        math.log1p(max(0.0, delay)),
        float(text[:1].isupper()),
        float(before.rstrip().endswith((",", "...", ":", "-"))),
        float("http" in text),
        float(text.startswith(("*", "s/"))),
        float("?" in text),
        float(len(text.split())),
    ]


TYPED: Final = 20
"""Characters: in shorter messages thinking outweighs typing."""
USUAL_TYPING: Final = 5.0
"""Characters a second, where nothing was learnt: about 60 words a minute."""


def typing_speed(lengths: Floats, gaps: Floats) -> float:
    """Characters a second (1 to 15), from messages of a turn but the first: their lengths (n,) and gaps (n,).

    The upper quartile of length by gap: slower ones were thought over, and a few quicker ones pasted.
    """
    typed = (lengths >= TYPED) & (gaps >= 1.0)
    if typed.sum() < 20:
        return USUAL_TYPING
    return float(np.clip(np.quantile(lengths[typed] / gaps[typed], 0.75), 1.0, 15.0))


class Pacing:
    """Delays and gaps of one person. `typing` is their typing speed in characters a second."""

    def __init__(self, delay: Tempo, gap: Tempo, hours: Hours, typing: float) -> None:
        self._delay, self._gap, self._hours, self.typing = delay, gap, hours, typing

    @classmethod
    def learn(cls, rows: Floats, answers: Sequence[Burst], bursts: Sequence[Burst], seed: int) -> Pacing:
        """Delays from `rows`, the shapes of the moments of `answers`; gaps from all `bursts`."""
        rng = np.random.default_rng(seed)
        hours = Hours.learn([b.ts for b in bursts])
        moments = np.hstack([rows, flows([b.context for b in answers], hours)])
        delays = np.array([min(b.delay or 0.0, REPLY_WITHIN) for b in answers])
        delays = unrounded(delays, [(b.context[-1].ts, b.ts) for b in answers], rng)
        recent = bursts[-TURNS:]
        inside = [(b, k, gap) for b in recent for k, gap in enumerate(b.gaps[: len(b.texts) - 1])]
        table = [gap_row(b.texts, k + 1, b.gaps[k - 1] if k else 0.0, b.delay or 0.0) for b, k, _ in inside]
        gaps = np.array([min(gap, BURST_GAP) for *_, gap in inside])
        stamps = [(b.times[k], b.times[k + 1]) if k + 1 < len(b.times) else (0.5, 0.5) for b, k, _ in inside]
        gaps = np.minimum(unrounded(gaps, stamps, rng), BURST_GAP)
        lengths = np.array([len(b.texts[k + 1]) for b, k, _ in inside], np.float64)
        return cls(
            Tempo.learn(moments, delays, seed, DELAYS),
            Tempo.learn(np.array(table, np.float64).reshape(len(table), GAP_ROW), gaps, seed, GAPS),
            hours,
            typing_speed(lengths, gaps),
        )

    def delay(self, row: Sequence[float], context: Sequence[Utterance], share: float) -> float:
        """Seconds (0.5 to REPLY_WITHIN) until the first message: the quantile `share` (0..1) for this moment."""
        moment = [*row, *flow(context, self._hours)]
        return min(REPLY_WITHIN, max(0.5, self._delay.draw(moment, share, USUAL_DELAY, DELAY_FIRMNESS)))

    def gaps(self, texts: Sequence[str], delay: float, rng: Random) -> list[float]:
        """Seconds (0.5 to BURST_GAP) before each message but the first."""
        out: list[float] = []
        for at in range(1, len(texts)):
            row = gap_row(texts, at, out[-1] if out else 0.0, delay)
            out.append(min(BURST_GAP, max(0.5, self._gap.draw(row, rng.random(), USUAL_GAP, GAP_FIRMNESS))))
        return out

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """All parts, for storage."""
        more = {"hours": self._hours.counts, "typing": np.array([self.typing])}
        return {**self._delay.arrays("delay"), **self._gap.arrays("gap"), **more}

    @classmethod
    def of(cls, stored: Mapping[str, NDArray[np.generic]]) -> Pacing:
        """What `arrays` gave. Raises KeyError where a part is missing."""
        typing = float(stored["typing"].astype(np.float64)[0])
        return cls(Tempo.of(stored, "delay"), Tempo.of(stored, "gap"), hours_of(stored), typing)
