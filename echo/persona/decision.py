"""When they speak: the chance that they say something soon, after a message of somebody else's.

The examples are the messages that others wrote while the subject was about: each was followed by a word of theirs
within SOON others' messages and SOON_TIME, or it was not. A corpus keeps only what stood before each turn, so where the
subject was silent for longer, the talk right after their last word is missing. How much is missing is estimated from
how fast the talk went, and the talk that is known stands in for it; otherwise silence would hardly be seen at all.

Of the others who were there the silences are known (`echo.persona.others`). Two forests add up: one says when anybody
in such a talk speaks again, the other what is the subject's own about it; together they are calibrated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.boosting import Forest, Growth, grow
from echo.persona.names import NameBook
from echo.persona.others import WATCHED, Waiting, moments
from echo.persona.past import Past
from echo.persona.reading import AFFINITIES
from echo.persona.situations import SHAPE
from echo.persona.turns import CONTEXT_AGE, CONTEXT_LENGTH, Burst, Utterance

Floats = NDArray[np.float64]

SOON: Final = 3
"""Messages of others: what counts as speaking next."""
SOON_TIME: Final = 300.0
"""Seconds: likewise."""
ABOUT: Final = 1800.0
"""Seconds since their last word: as long they are held to be there."""
MISSED: Final = 60.0
"""Occasions at most that one long silence is taken to hide."""
LOOKED_AT: Final = tuple(
    (*SHAPE, *AFFINITIES).index(name)
    for name in (
        "named", "led", "leads_other", "asks", "asks_end", "length", "since_count", "since_time", "own_share",
        "partner", "spoke_to", "named_since", "own_asked", "own_named_last", "hour_sin", "hour_cos", "weekend",
        "affinity_last", "affinity",
    )
)  # fmt: skip
"""Features that decide. Those of pace and company are left out: where talk is missing they would betray it."""
EXAMPLES: Final = 4000
"""Examples at most, the newest."""
OTHERS: Final = 3000
"""Moments of others at most."""
FEW: Final = 200
"""Moments of others: from fewer nothing is learnt."""
GROWTH: Final = Growth(trees=60, depth=3, rate=0.12)


@dataclass(frozen=True, slots=True)
class Occasion:
    """A moment after somebody's message, whether the subject spoke soon, and how many such moments it stands for."""

    context: tuple[Utterance, ...]
    spoke: bool
    weight: float


def occasions(bursts: Sequence[Burst], names: NameBook) -> list[Occasion]:
    """All occasions of a corpus, oldest first, the newest EXAMPLES of them."""
    out: list[Occasion] = []
    before: dict[str, Burst] = {}
    for burst in bursts:
        previous = before.get(burst.channel)
        before[burst.channel] = burst
        if burst.context:
            out.extend(_between(previous, burst, names))
    out.sort(key=lambda occasion: occasion.context[-1].ts)
    return out[-EXAMPLES:]


def _between(previous: Burst | None, burst: Burst, names: NameBook) -> list[Occasion]:
    """The occasions from the end of one turn to the start of the next in the same channel."""
    own = [i for i, said in enumerate(burst.context) if said.own]
    since = burst.context[own[-1] + 1 :] if own else burst.context
    if own or previous is None:
        return _seen(burst.context[: len(burst.context) - len(since)], since, burst, names)
    earlier = (*previous.context, *_said(previous))
    spoke = previous.times[-1] if previous.times else previous.ts
    step = max(1.0, (since[-1].ts - since[0].ts) / max(1, len(since) - 1))
    strangers = _moved([u for u in previous.context if not u.own], since[0].ts - step, -1)
    out = _seen(strangers, since, burst, names, spoke)
    return out + _missed(earlier, strangers, since, spoke, step)


def _seen(
    before: Sequence[Utterance], since: Sequence[Utterance], burst: Burst, names: NameBook, spoke: float | None = None
) -> list[Occasion]:
    """Occasions whose outcome the corpus shows. `spoke` is when the subject last spoke, if not within `before`."""
    if spoke is None:
        spoke = next((u.ts for u in reversed(before) if u.own), -math.inf)
    out = []
    for at, said in enumerate(since):
        if said.ts - spoke <= ABOUT or names.names_me(said.text):
            soon = len(since) - at <= SOON and burst.ts - said.ts <= SOON_TIME
            out.append(Occasion(_newest((*before, *since[: at + 1])), soon, 1.0))
    return out


def _missed(
    earlier: Sequence[Utterance], strangers: Sequence[Utterance], since: Sequence[Utterance], spoke: float, step: float
) -> list[Occasion]:
    """Silent occasions that the corpus lacks, between the subject's last word and what is known of the talk since.

    The known messages are told as if they had followed at once, at their own pace; later ones as if long after. `step`
    is the mean time between them in seconds.
    """
    known = list(since)[: -SOON or None]
    if not known:
        return []
    missing = min(MISSED, min(ABOUT, max(0.0, since[0].ts - spoke)) / step)
    out = []
    moved = _moved(known, spoke + min(step, 120.0), 0)
    share = min(1.0, missing / len(known))
    for at in range(len(moved)):
        out.append(Occasion(_newest((*earlier, *moved[: at + 1])), False, share))
        if missing > CONTEXT_LENGTH:
            weight = (missing - CONTEXT_LENGTH) / len(known)
            out.append(Occasion(_newest((*strangers, *known[: at + 1])), False, weight))
    return [occasion for occasion in out if occasion.weight > 0]


def _moved(talk: Sequence[Utterance], to: float, at: int) -> tuple[Utterance, ...]:
    """The talk moved in time, its own pace kept, so that message `at` of it stands at `to`."""
    if not talk:
        return ()
    shift = to - talk[at].ts
    return tuple(Utterance(u.author, u.ts + shift, u.text, u.own) for u in talk)


def _said(burst: Burst) -> tuple[Utterance, ...]:
    return tuple(Utterance("", ts, text, True) for text, ts in zip(burst.texts, burst.times, strict=False))


def _newest(talk: Sequence[Utterance]) -> tuple[Utterance, ...]:
    now = talk[-1].ts
    return tuple(u for u in talk[-CONTEXT_LENGTH:] if now - u.ts <= CONTEXT_AGE)


class Decision:
    """`company` and `own` give log-odds that are added; `slope` and `shift` calibrate the sum (Platt 1999)."""

    def __init__(self, company: Forest, own: Forest, slope: float, shift: float) -> None:
        self._company, self._own, self._slope, self._shift = company, own, slope, shift

    @classmethod
    def learn(
        cls, rows: Floats, spoke: Floats, weight: Floats, seed: int, others: tuple[Floats, Floats] | None = None
    ) -> Decision:
        """From moments (n, d), oldest first, whether they spoke (n,) and how much each counts (n,).

        `others` are the shapes of moments of others, and whether those spoke.
        """
        company = _company(others, seed)
        rows, base = rows[:, LOOKED_AT], company.predict(rows[:, WATCHED])
        if len(rows) < 60 or len(set(spoke.tolist())) < 2:
            return cls(company, grow(rows[:0], spoke[:0], "logistic", seed, GROWTH), 1.0, 0.0)
        cut = len(rows) * 3 // 4
        trial = grow(rows[:cut], spoke[:cut], "logistic", seed, GROWTH, weight[:cut])
        slope, shift = _calibrate(trial.predict(rows[cut:]) + base[cut:], spoke[cut:], weight[cut:])
        return cls(company, grow(rows, spoke, "logistic", seed, GROWTH, weight), slope, shift)

    def wants(self, row: Sequence[float]) -> float:
        """Calibrated log-odds of speaking now."""
        moment = np.array([row], np.float64)
        score = self._own.predict(moment[:, LOOKED_AT])[0] + self._company.predict(moment[:, WATCHED])[0]
        return self._slope * float(score) + self._shift

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """All parts, for storage."""
        trees = {**self._own.arrays("decision"), **self._company.arrays("company")}
        return {**trees, "decision.calibration": np.array([self._slope, self._shift])}

    @classmethod
    def of(cls, stored: Mapping[str, NDArray[np.generic]]) -> Decision:
        """What `arrays` gave. Raises KeyError where a part is missing."""
        slope, shift = stored["decision.calibration"].astype(np.float64).tolist()
        return cls(Forest.of(stored, "company"), Forest.of(stored, "decision"), slope, shift)


def _company(others: tuple[Floats, Floats] | None, seed: int) -> Forest:
    """When anybody speaks; where too little was seen of the others, one that says nothing (log-odds 0)."""
    if others is None or len(others[0]) < FEW or len(set(others[1].tolist())) < 2:
        return grow(np.zeros((0, len(WATCHED))), np.zeros(0), "squared", seed, GROWTH)
    return grow(others[0][:, WATCHED], others[1], "logistic", seed, GROWTH)


def _calibrate(score: Floats, spoke: Floats, weight: Floats) -> tuple[float, float]:
    """Slope (0.2 to 2) and shift of a logistic regression of `spoke` on `score`, by Newton's method."""
    slope, shift = 1.0, 0.0
    for _ in range(20):
        chance = 1 / (1 + np.exp(-np.clip(slope * score + shift, -30.0, 30.0)))
        bend = weight * (chance * (1 - chance) + 1e-6)
        error = weight * (spoke - chance)
        gram = np.array(
            [[(bend * score**2).sum() + 1.0, (bend * score).sum()], [(bend * score).sum(), bend.sum() + 0.1]]
        )
        step = np.linalg.solve(gram, np.array([(error * score).sum() - (slope - 1.0), error.sum() - 0.1 * shift]))
        slope, shift = float(slope + step[0]), float(shift + step[1])
    return (slope, shift) if 0.2 <= slope <= 2.0 else (1.0, 0.0)


def others_moments(past: Past, names: NameBook, seed: int) -> tuple[Floats, Floats]:
    """Shapes of moments of others, and whether they spoke soon, by the measures that count for the subject."""
    return moments(past, names, Waiting(SOON, SOON_TIME, ABOUT), OTHERS, seed)


def chance(log_odds: float) -> float:
    """The probability of log-odds, without overflow."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))
