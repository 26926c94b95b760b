"""Conversations that they began themselves: when they do that, and what they then say.

How often is a Poisson process whose rate changes with the hour: the times of past openings, smoothed over neighbouring
hours of the day, weekends apart. The next time is drawn hour by hour, each with an exponential wait of its own rate.
How long nobody spoke does not enter: silence is no reason to speak.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.past import Past
from echo.persona.serious import is_serious
from echo.persona.turns import Utterance

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ENOUGH: Final = 5
"""Openings: whoever began fewer conversations is not known well enough to begin any."""
HORIZON: Final = 7 * 24
"""Hours that are looked ahead."""
BREADTH: Final = 1.5
"""Hours: the standard deviation with which one opening speaks for the hours around it."""
WEEKEND_PRIOR: Final = 4.0
"""Openings that are assumed to be spread evenly over the week, when weekends are told from other days."""
RECENT: Final = 24 * 3600.0
"""Seconds: serious talk that is no older keeps an echo from beginning anything."""
LONGEST: Final = 280
"""Characters of one message: what was longer is no way to begin a conversation out of nothing."""


@dataclass(frozen=True, slots=True)
class Openings:
    """`turn` (n,) are the turns that began a conversation, `ts` (n,) when, `channel` (n,) where, in `channels`;
    `lengths` are the characters of their messages. `days` is how long the corpus is, in days."""

    turn: Ints
    ts: Floats
    channel: Ints
    channels: tuple[str, ...]
    lengths: tuple[tuple[int, ...], ...]
    days: float

    @classmethod
    def learn(cls, past: Past) -> Openings:
        """From all turns that opened a conversation, but for those on something serious."""
        found = [
            (i, b)
            for i, b in enumerate(past.bursts)
            if b.opens and not is_serious(" ".join(b.texts)) and max(map(len, b.texts)) <= LONGEST
        ]
        channels = tuple(dict.fromkeys(b.channel for _, b in found))
        times = [b.ts for b in past.bursts]
        return cls(
            np.array([i for i, _ in found], np.int64),
            np.array([b.ts for _, b in found], np.float64),
            np.array([channels.index(b.channel) for _, b in found], np.int64),
            channels,
            tuple(tuple(len(text) for text in b.texts) for _, b in found),
            max(1.0, (max(times) - min(times)) / 86400) if times else 1.0,
        )

    def hourly(self, at: float, channel: str) -> float:
        """How many conversations they begin an hour, around the time `at` (seconds since the epoch), in a channel.

        Where they never began one there, it is as in the mean channel in which they did.
        """
        if len(self.ts) < ENOUGH:
            return 0.0
        hours = self.ts / 3600 % 24
        away = np.abs(hours - at / 3600 % 24)
        away = np.minimum(away, 24 - away)
        density = float(np.exp(-0.5 * (away / BREADTH) ** 2).mean()) / (BREADTH * math.sqrt(math.tau))
        return len(self.ts) / self.days * density * self._share(channel) * self._weekend(at)

    def _share(self, channel: str) -> float:
        if channel not in self.channels:
            return 1.0 / len(self.channels)
        return float((self.channel == self.channels.index(channel)).mean())

    def _weekend(self, at: float) -> float:
        """How much more (or less) they begin on such a day than on the mean day."""
        own = np.array([_is_weekend(ts) for ts in self.ts.tolist()])
        share = (float(own.sum()) + WEEKEND_PRIOR * 2 / 7) / (len(own) + WEEKEND_PRIOR)
        return share * 7 / 2 if _is_weekend(at) else (1 - share) * 7 / 5

    def next_after(self, now: float, channel: str, rng: Random) -> float | None:
        """When they next begin a conversation, in seconds since the epoch; None where not within HORIZON hours."""
        for hour in range(HORIZON):
            at = now + hour * 3600
            rate = self.hourly(at + 1800, channel)
            if rate > 0:
                wait = rng.expovariate(rate) * 3600
                if wait < 3600:
                    return at + wait
        return None

    def without(self, gone: Collection[int]) -> Openings:
        """The same but for these turns."""
        kept = [i for i, turn in enumerate(self.turn.tolist()) if turn not in gone]
        lengths = tuple(self.lengths[i] for i in kept)
        return replace(self, turn=self.turn[kept], ts=self.ts[kept], channel=self.channel[kept], lengths=lengths)

    def renamed(self, turns: Ints) -> Openings:
        """With `turns[turn]` for each turn, but without those for which it is -1."""
        rest = self.without(set(np.flatnonzero(turns < 0).tolist()))
        used = sorted(set(rest.channel.tolist()))
        names = {channel: at for at, channel in enumerate(used)}
        return replace(
            rest,
            turn=turns[rest.turn],
            channel=np.array([names[channel] for channel in rest.channel.tolist()], np.int64),
            channels=tuple(self.channels[channel] for channel in used),
        )

    def joined(self, past: Past, before: int) -> Openings:
        """With what more turns began, which stand behind `before` others; how often they begin any is left as it is."""
        more = Openings.learn(past)
        channels = tuple(dict.fromkeys((*self.channels, *more.channels)))
        names = [channels.index(more.channels[channel]) for channel in more.channel.tolist()]
        return replace(
            self,
            turn=np.append(self.turn, more.turn + before),
            ts=np.append(self.ts, more.ts),
            channel=np.append(self.channel, np.array(names, np.int64)),
            channels=channels,
            lengths=(*self.lengths, *more.lengths),
        )

    def closeness(self, at: float) -> Floats:
        """How near each opening's hour of the day is to that of `at`: (n,), 0..1."""
        away = np.abs(self.ts / 3600 % 24 - at / 3600 % 24)
        near: Floats = np.exp(-0.5 * (np.minimum(away, 24 - away) / 3.0) ** 2)
        return near

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """All parts but the channels' names, for storage."""
        flat = [n for lengths in self.lengths for n in (*lengths, -1)]
        return {
            "openings.turn": self.turn.astype(np.int32),
            "openings.ts": self.ts,
            "openings.channel": self.channel.astype(np.int32),
            "openings.lengths": np.array(flat, np.int32),
            "openings.days": np.array([self.days]),
        }

    @classmethod
    def of(cls, stored: Mapping[str, NDArray[np.generic]], channels: Sequence[str]) -> Openings:
        """What `arrays` gave. Raises KeyError where a part is missing."""
        lengths: list[tuple[int, ...]] = []
        one: list[int] = []
        for n in stored["openings.lengths"].astype(np.int64).tolist():
            if n < 0:
                lengths.append(tuple(one))
                one = []
            else:
                one.append(n)
        return cls(
            stored["openings.turn"].astype(np.int64),
            stored["openings.ts"].astype(np.float64),
            stored["openings.channel"].astype(np.int64),
            tuple(channels),
            tuple(lengths),
            float(stored["openings.days"].astype(np.float64)[0]),
        )


def _is_weekend(ts: float) -> bool:
    # 1 January 1970 was a Thursday.
    return (int(ts // 86400) + 3) % 7 >= 5


def forbids(context: Sequence[Utterance], now: float) -> bool:
    """Whether what was last said in the channel is nothing to break in on with something new."""
    return any(is_serious(said.text) for said in context if now - said.ts <= RECENT)
