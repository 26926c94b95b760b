"""Telling drafts from what they really wrote, so that the drafts that can't be told are the ones that are said.

A logistic regression over hashed character and word n-grams is trained on real messages against drafts. Its log-odds
are the density ratio between the two, and a draft drawn with these as weights is distributed as real messages are
(discriminator rejection sampling, Azadi et al. 2019): whatever composing does too often, or too seldom, evens out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from echo.persona.ngram import FIRST, HIDDEN, RESERVED, Phrases
from echo.persona.sampling import Mood, Sampler, bounds
from echo.persona.tokens import pieces

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

BUCKETS: Final = 2**15
"""Features: n-grams that fall into one bucket are one."""
LETTERS: Final = 4
"""Characters of an n-gram at most."""
DRAFTS: Final = 1200
"""Messages of either sort that are told apart, at most."""
SITTING: Final = 8
"""Drafts of one length that are drawn together."""
FEWEST: Final = 100
"""Messages of either sort without which nothing is told."""
STEPS: Final = 50
"""Of gradient descent."""
RATE: Final = 6.0
"""Its step; rows have length one, so that the curvature is a quarter at most, and Nesterov's method takes it."""
PENALTY: Final = 2e-4
"""L2, for each message."""
CHARACTERS: Final = 400
"""Of a message, how many are looked at."""

_EDGE: Final = 2
_STEP: Final = np.int64(1_000_003)


class Discriminator:
    """`weights` (BUCKETS + 1,), the bias last; all zero where nothing was learnt."""

    def __init__(self, weights: Floats) -> None:
        self._weights = weights

    @classmethod
    def learn(cls, real: Sequence[str], drafts: Sequence[str]) -> Discriminator:
        """From texts that were written and texts that were composed."""
        weights = np.zeros(BUCKETS + 1)
        if min(len(real), len(drafts)) < FEWEST:
            return cls(weights)
        row, column, value = _features([*real, *drafts])
        n = len(real) + len(drafts)
        target = np.arange(n) < len(real)
        # Each sort counts for a half, however many there are.
        share = np.where(target, 0.5 / len(real), 0.5 / len(drafts))
        ahead = weights.copy()
        for step in range(STEPS):
            odds = np.bincount(row, value * ahead[column], n) + ahead[-1]
            away = (target - 1 / (1 + np.exp(-odds))) * share
            slope = np.bincount(column, value * away[row], BUCKETS + 1)
            slope[-1] = 0.1 * away.sum()
            before = weights
            weights = ahead + RATE * (slope - PENALTY * ahead)
            ahead = weights + step / (step + 3) * (weights - before)
        # Rounded as it is stored, so that a loaded one gives the very same odds.
        return cls(weights.astype(np.float32).astype(np.float64))

    def odds(self, texts: Sequence[str]) -> Floats:
        """Log-odds (n,) of each text to be a real one."""
        if not texts or not self._weights.any():
            return np.zeros(len(texts))
        row, column, value = _features(texts)
        odds: Floats = np.bincount(row, value * self._weights[column], len(texts)) + self._weights[-1]
        return odds

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The weights, for storage."""
        return {"discriminator": self._weights.astype(np.float32)}

    @classmethod
    def of(cls, stored: Mapping[str, NDArray[np.generic]]) -> Discriminator:
        """What `arrays` gave. Raises KeyError where it is missing."""
        return cls(stored["discriminator"].astype(np.float64))


def _features(texts: Sequence[str]) -> tuple[Ints, Ints, Floats]:
    """(text, bucket, value) of every n-gram; the values of a text have length one."""
    letters = [_codes(text) for text in texts]
    tokens = [
        [_EDGE, *(crc32(p.strip().lower().encode("utf-8", "surrogatepass")) for p in pieces(t[:CHARACTERS])), _EDGE]
        for t in texts
    ]
    found = [
        *_grams(letters, range(1, LETTERS + 1), 1),
        *_grams([np.array(t, np.int64) for t in tokens], range(1, 3), 7),
    ]
    row, column = np.concatenate([r for r, _ in found]), np.concatenate([c for _, c in found])
    cell, count = np.unique(row * BUCKETS + column, return_counts=True)
    row, column, value = cell // BUCKETS, cell % BUCKETS, 1.0 + np.log(count)
    length = np.sqrt(np.bincount(row, value**2, len(texts)))
    return row, column, value / np.maximum(length[row], 1e-9)


def _codes(text: str) -> Ints:
    codes = np.frombuffer(text[:CHARACTERS].encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64)
    return np.concatenate([[_EDGE], codes, [_EDGE]]).astype(np.int64)


def _grams(sequences: Sequence[Ints], lengths: range, salt: int) -> list[tuple[Ints, Ints]]:
    """(text, bucket) of the n-grams of each length."""
    flat = np.concatenate(sequences)
    row = np.repeat(np.arange(len(sequences)), [len(s) for s in sequences])
    key = np.full(len(flat), salt, np.int64)
    out = []
    for length in lengths:
        key = key[: len(flat) - length + 1] * _STEP + flat[length - 1 :]
        same = row[: len(key)] == row[length - 1 :]
        mixed = (key ^ (key >> np.int64(29))) * np.int64(0x2545F4914F6CDD1D) >> np.int64(17)
        out.append((row[: len(key)][same], (mixed % BUCKETS)[same]))
    return out


def rehearsed(phrases: Phrases, lengths: Sequence[int], fit: Floats, rng: Random) -> list[str]:
    """Some DRAFTS drafts of no particular moment, with slots, of such lengths; `fit` weighs messages."""
    out: list[str] = []
    taste = np.ones(len(phrases.vocabulary))
    for _ in range(DRAFTS // SITTING if lengths else 0):
        length = rng.choice(lengths)
        leaned = fit * np.exp(-2.0 * np.minimum(np.abs(phrases.lengths - np.log1p(length)), 3.0))
        sampler = Sampler(phrases, Mood(leaned, taste), rng)
        for _ in range(SITTING):
            place = sampler.opening(FIRST)
            tokens = sampler.message(place, *bounds(length))[0] if place >= 0 else []
            out.append("".join(phrases.vocabulary[token] for token in tokens).strip())
    return [text for text in out if text]


def written(phrases: Phrases) -> list[str]:
    """The newest messages, with slots, up to DRAFTS."""
    texts = (phrases.text(at).replace(RESERVED[HIDDEN], "").strip() for at in range(phrases.messages)[-DRAFTS:])
    return [text for text in texts if text]
