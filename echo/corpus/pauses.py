"""How long a silence ends a conversation, learnt for each channel from the pauses in it.

Within a conversation messages follow one another in seconds or minutes, between two of them hours pass, and both kinds
of pause are about normal on a logarithmic scale. So a mixture of two normal distributions is fitted to the logarithms
of a channel's pauses, and the gap lies where a pause is as likely to be of one kind as of the other. This is how
Halfaker et al. (2015), "User Session Identification Based on Strong Regularities in Inter-activity Time", find where
sessions end. The fit is expectation maximization (Dempster, Laird and Rubin, 1977) over a histogram, so that it costs
the same for ten messages and ten million. Two kinds count as apart where D of Ashman, Bird and Zepf (1994) exceeds 2.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.turns import BURST_GAP, CONTEXT_LENGTH

Floats = NDArray[np.float64]

DEFAULT_GAP: Final = 300.0
"""Seconds of silence that end a conversation where a channel says too little about itself."""
SHORTEST_GAP: Final = BURST_GAP
"""Seconds: a gap is at least this, for messages this near to one another are one turn."""
LONGEST_GAP: Final = 3600.0
"""Seconds: a gap is at most this."""
FEWEST: Final = 200
"""Pauses of a channel from which on its gap is learnt."""
APART: Final = 2.0
"""D above which two kinds of pauses are told apart."""
RARE: Final = 0.02
"""Share of the pauses below which they are no kind of their own."""
ROUNDS: Final = 200
"""Steps of the fit; it has settled long before."""
NARROWEST: Final = 0.25
"""Log seconds: the least spread of a kind, so that none collapses onto one bin."""

_WIDTH: Final = 0.125
_LOWEST: Final = math.log(0.5)
_BINS: Final = 130
_CENTRES: Final[Floats] = np.array([_LOWEST + _WIDTH * (at + 0.5) for at in range(_BINS)], np.float64)
"""The middles of the histogram's bins in log seconds, from half a second to about two months."""


def gap_of(pauses: Sequence[float]) -> float:
    """The gap in seconds that such pauses (seconds, any order) speak for; DEFAULT_GAP where they speak for none."""
    counts = [0] * _BINS
    for pause in pauses:
        counts[_bin(pause)] += 1
    return _gap(counts)


class Pauses:
    """Gathers the pauses of channels from messages that come oldest first, and gives their gaps."""

    def __init__(self) -> None:
        self._channels: dict[str, _Channel] = defaultdict(_Channel)

    def add(self, channel: str, ts: float, *, own: bool, bare: bool = False) -> None:
        """Takes the next message of a channel.

        Only what leads to a message of the subject's is stored without holes, so only pauses in it count; before a
        `bare` one (see StoredMessage) nobody knows what was said.
        """
        seen = self._channels[channel]
        if bare:
            seen.pending.clear()
        elif seen.last is not None:
            seen.pending.append(_bin(ts - seen.last))
        seen.last = ts
        if own:
            for at in seen.pending:
                seen.counts[at] += 1
            seen.pending.clear()

    def gaps(self) -> dict[str, float]:
        """The gap of each channel seen, in seconds."""
        return {channel: _gap(seen.counts) for channel, seen in self._channels.items()}


@dataclass(slots=True)
class _Channel:
    last: float | None = None
    pending: deque[int] = field(default_factory=lambda: deque(maxlen=CONTEXT_LENGTH))
    counts: list[int] = field(default_factory=lambda: [0] * _BINS)


def _bin(pause: float) -> int:
    return min(_BINS - 1, max(0, int((math.log(max(pause, 0.5)) - _LOWEST) / _WIDTH)))


def _gap(counts: Sequence[int]) -> float:
    seen = np.array(counts, np.float64)
    if seen.sum() < FEWEST:
        return DEFAULT_GAP
    crossing = _crossing(seen)
    return DEFAULT_GAP if crossing is None else min(LONGEST_GAP, max(SHORTEST_GAP, round(crossing)))


def _crossing(seen: Floats) -> float | None:
    """Where both kinds of pauses are equally likely, in seconds; None where there are no two kinds."""
    share, mean, spread = _mixture(seen)
    apart = math.sqrt(2) * abs(mean[1] - mean[0]) / math.sqrt(float((spread**2).sum()))
    if share.min() < RARE or apart < APART:
        return None
    low, high = sorted((0, 1), key=lambda kind: float(mean[kind]))
    grid = np.linspace(float(mean[low]), float(mean[high]), 400)
    chance = _densities(grid, share, mean, spread)
    return float(np.exp(grid[int(np.argmax(chance[high] >= chance[low]))]))


def _mixture(seen: Floats) -> tuple[Floats, Floats, Floats]:
    """Shares, means and spreads (2,) of two normal distributions over log seconds, begun at either side of the default.

    `seen` is how many pauses lie in each bin (_BINS,).
    """
    total = seen.sum()
    belongs = np.where(math.log(DEFAULT_GAP) > _CENTRES, 0.9, 0.1)
    for _ in range(ROUNDS):
        weight = np.stack([seen * belongs, seen * (1 - belongs)])
        mass = weight.sum(axis=1) + 1e-9
        mean = (weight @ _CENTRES) / mass
        off = (_CENTRES[None, :] - mean[:, None]) ** 2
        spread = np.maximum(NARROWEST, np.sqrt((weight * off).sum(axis=1) / mass))
        share = mass / total
        chance = _densities(_CENTRES, share, mean, spread)
        belongs = chance[0] / (chance.sum(axis=0) + 1e-300)
    return share, mean, spread


def _densities(at: Floats, share: Floats, mean: Floats, spread: Floats) -> Floats:
    """The density of each kind at each place, (2, len(at)), up to one common factor."""
    off = (at[None, :] - mean[:, None]) / spread[:, None]
    density: Floats = (share / spread)[:, None] * np.exp(-0.5 * off**2)
    return density
