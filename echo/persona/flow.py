"""How the talk flows at a moment: how fast, between whom, who is about, and how awake the subject usually is then.

More of the moment's shape, for what is a matter of time only. Looks at what is in the context alone.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.turns import CONTEXT_AGE, CONTEXT_LENGTH, Utterance

Floats = NDArray[np.float64]

WINDOWS: Final = (60.0, 300.0, 1800.0)
"""Seconds before the moment in which messages, own messages and people are counted."""
LONG: Final = math.log1p(CONTEXT_AGE)
"""The log seconds that stand for a time which the context does not show."""
FLOW: Final = (
    *(f"{what}_{int(seconds)}" for seconds in WINDOWS for what in ("said", "own", "people")),
    "gap_2", "gap_3", "gap_least", "gap_most", "gap_middle", "turn_gaps", "turn_gap",
    "run_length", "run_time", "exchange", "changes", "newcomers", "answered_in",
    "own_length", "own_run", "own_pause", "own_span", "span", "awake_day", "awake_week",
)  # fmt: skip
"""Names of the features that `flow` gives, in order."""

_DAY, _WEEK = 24, 168


class Hours:
    """How much the subject says at each hour of the week (UTC): (168,) counts of turns, smoothed."""

    def __init__(self, counts: Floats) -> None:
        self.counts = counts
        by_day = counts.reshape(7, _DAY).sum(axis=0)
        self._day = np.log((_smooth(by_day) + 1.0) / (by_day.mean() + 1.0))
        self._week = np.log((_smooth(counts) + 2.0) / (counts.mean() + 2.0))

    @classmethod
    def learn(cls, times: Sequence[float]) -> Hours:
        """From the times of turns, in seconds since the epoch."""
        hour = np.array([int(ts // 3600) % _WEEK for ts in times], np.int64)
        return cls(np.bincount(hour, minlength=_WEEK).astype(np.float64))

    def awake(self, ts: float) -> tuple[float, float]:
        """How active they are at this hour of the day and at this hour of the week, as log ratios to their mean."""
        hour = int(ts // 3600)
        return float(self._day[hour % _DAY]), float(self._week[hour % _WEEK])


def _smooth(counts: Floats) -> Floats:
    """Each hour with its neighbours, the clock going round; weights of a bell with a deviation of one hour."""
    bell = np.exp(-0.5 * np.arange(-3, 4) ** 2.0)
    return np.asarray(sum(np.roll(counts, k - 3) * weight for k, weight in enumerate(bell / bell.sum())))


def flow(context: Sequence[Utterance], hours: Hours) -> list[float]:
    """Features of the moment after the last message of the context, in the order of FLOW. Times are log seconds."""
    context = context[-CONTEXT_LENGTH:]
    if not context:
        return [0.0] * len(FLOW)
    now = context[-1].ts
    day, week = hours.awake(now)
    return [
        *_about(context, now),
        *_gaps(context),
        *_turns(context),
        *_mine(context, now),
        _log(now - context[0].ts),
        day,
        week,
    ]


def _log(seconds: float) -> float:
    return math.log1p(seconds) if seconds > 0 else 0.0


def _about(context: Sequence[Utterance], now: float) -> list[float]:
    out: list[float] = []
    for seconds in WINDOWS:
        lately = [said for said in context if now - said.ts <= seconds]
        out.append(float(len(lately)))
        out.append(float(sum(said.own for said in lately)))
        out.append(float(len({said.author for said in lately if not said.own})))
    return out


def _gaps(context: Sequence[Utterance]) -> list[float]:
    """Single gaps, their extremes and middle, and those between different speakers."""
    pairs = list(itertools.pairwise(context))
    gaps = [_log(b.ts - a.ts) for a, b in pairs]
    turns = [gap for gap, (a, b) in zip(gaps, pairs, strict=True) if a.author != b.author]
    lately = sorted(gaps[-6:])
    return [
        gaps[-2] if len(gaps) > 1 else LONG,
        gaps[-3] if len(gaps) > 2 else LONG,
        lately[0] if lately else LONG,
        lately[-1] if lately else LONG,
        (lately[len(lately) // 2] + lately[(len(lately) - 1) // 2]) / 2 if lately else LONG,
        sum(turns) / len(turns) if turns else LONG,
        turns[-1] if turns else LONG,
    ]


def _turns(context: Sequence[Utterance]) -> list[float]:
    """What the last speaker just said in a row, and how much this is an exchange of two."""
    author = context[-1].author
    run = list(itertools.takewhile(lambda said: said.author == author and not said.own, reversed(context)))
    tail = context[-6:]
    since = list(itertools.takewhile(lambda said: not said.own, reversed(context)))
    pairs = list(itertools.pairwise(context))
    answered = [b.ts - a.ts for a, b in pairs if a.own and b.author == author and not b.own]
    return [
        math.log1p(sum(len(said.text) for said in run)),
        _log(context[-1].ts - run[-1].ts) if run else 0.0,
        sum(said.own or said.author == author for said in tail) / len(tail),
        float(sum(a.own != b.own for a, b in pairs)),
        float(len({said.author for said in since})),
        _log(answered[-1]) if answered else LONG,
    ]


def _mine(context: Sequence[Utterance], now: float) -> list[float]:
    """What the subject said there last: how much, in how many messages, how long after the one before; since when."""
    mine = [i for i, said in enumerate(context) if said.own]
    if not mine:
        return [0.0, 0.0, LONG, LONG]
    last, first = mine[-1], mine[0]
    run = sum(1 for _ in itertools.takewhile(lambda said: said.own, reversed(context[: last + 1])))
    return [
        math.log1p(len(context[last].text)),
        float(run),
        _log(context[last].ts - context[last - 1].ts) if last else LONG,
        _log(now - context[first].ts),
    ]


def flows(contexts: Sequence[Sequence[Utterance]], hours: Hours) -> Floats:
    """Rows of `flow` as an array (n, len(FLOW))."""
    return np.array([flow(context, hours) for context in contexts], np.float64).reshape(len(contexts), len(FLOW))


def hours_of(stored: Mapping[str, NDArray[np.generic]]) -> Hours:
    """The hours stored under "hours". Raises KeyError where they are missing."""
    return Hours(stored["hours"].astype(np.float64))
