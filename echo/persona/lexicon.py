"""The channel's words: how rare each is, how much more the subject uses it than others, and what it is about.

Topic vectors are the left singular vectors of the tf-idf matrix of words by turns (latent semantic analysis, Deerwester
et al. 1990), found by randomised subspace iteration (Halko, Martinsson and Tropp 2011) in plain numpy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.tokens import words

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]

TOPICS: Final = 48
"""Dimensions of a topic vector."""
COMMON: Final = 0.03
"""A word in a larger share of messages than this is no name."""
EVERYBODYS: Final = 0.12
"""A word in a larger share of messages than this carries no topic."""
UNSEEN: Final = 1000.0
"""Uses that are set aside for words never seen."""


class Lexicon:
    """Lower-case words with ids. `rarity` is the inverse document frequency in nats, 0 for words without topic.

    `affinity` is the smoothed log-ratio of the subject's use of a word to everybody else's. `people` counts the
    other authors who used it, up to 3.
    """

    def __init__(
        self, vocabulary: Sequence[str], rarity: Floats, affinity: Floats, people: Ints, share: Floats
    ) -> None:
        self.vocabulary = list(vocabulary)
        self.ids = {w: i for i, w in enumerate(self.vocabulary)}
        self.rarity = rarity
        self.affinity = affinity
        self.people = people
        self._share = share
        self._kept: dict[str, list[int]] = {}
        self._keeping = False

    @classmethod
    def learn(cls, lines: Iterable[tuple[str, str, bool]]) -> Lexicon:
        """From unique messages as (author, text, own)."""
        spread: Counter[str] = Counter()
        mine: Counter[str] = Counter()
        uses: Counter[str] = Counter()
        who: dict[str, set[str]] = {}
        total = 0
        for author, text, own in lines:
            total += 1
            listed = words(text)
            uses.update(listed)
            found = set(listed)
            spread.update(found)
            if own:
                mine.update(found)
            else:
                for w in found:
                    seen = who.setdefault(w, set())
                    if len(seen) < 3:
                        seen.add(author)
        vocabulary = sorted(spread)

        def figures(counter: Mapping[str, int]) -> Ints:
            return np.array([counter.get(w, 0) for w in vocabulary], np.int64)

        people = figures({w: len(seen) for w, seen in who.items()})
        return cls.counted(vocabulary, figures(spread), figures(mine), figures(uses), people, total)

    @classmethod
    def counted(
        cls, vocabulary: Sequence[str], spread: Ints, mine: Ints, uses: Ints, people: Ints, total: int
    ) -> Lexicon:
        """From counts by word: `spread` messages of all `total` have it, `mine` of them the subject's, `uses` times.

        `people` counts the other authors who used it.
        """
        every, own_count, used = spread.astype(np.float64), mine.astype(np.float64), uses.astype(np.float64)
        rarity = np.log((total + 1) / (every + 1)) if total else every
        long = np.array([len(w) > 2 or not w.isascii() for w in vocabulary], np.bool_)
        # What is in EVERYBODYS share of messages has no topic; below that the weight comes in softly.
        rarity = np.where(long, rarity * np.clip(rarity + np.log(EVERYBODYS), 0.0, 1.0), 0.0)
        rest = every - own_count
        share = (own_count.sum() + 1) / (every.sum() + 2)
        affinity = np.log((own_count + 2 * share) / (rest + 2 * (1 - share)) * (1 - share) / share)
        share_of = (used + 0.5) / (used.sum() + 0.5 * len(used) + UNSEEN)
        return cls(vocabulary, rarity, np.clip(affinity, -3, 3), np.minimum(people, 3), share_of)

    def share(self, word: str) -> float:
        """The word's share of all words, smoothed; small for unknown words, never 0."""
        at = self.ids.get(word)
        return float(self._share[at]) if at is not None else float(0.5 / (UNSEEN + len(self._share)))

    def read(self, text: str) -> list[int]:
        """The ids of the known words of a text, in order. Don't change the list: it is kept while learning."""
        known = self._kept.get(text)
        if known is None:
            ids = self.ids
            known = [ids[w] for w in words(text) if w in ids]
            if self._keeping:
                self._kept[text] = known
        return known

    def keep(self, keeping: bool) -> None:
        """Whether texts that were read are kept for reading again: while learning, which reads each many times."""
        self._keeping = keeping
        self._kept.clear()

    def plain(self) -> list[str]:
        """Words that are so common that nobody means a person by them."""
        return [w for w, r in zip(self.vocabulary, self.rarity, strict=True) if r < -np.log(COMMON)]

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The figures, for storage; the words go apart."""
        return {
            "lexicon.rarity": self.rarity,
            "lexicon.affinity": self.affinity,
            "lexicon.people": self.people,
            "lexicon.share": self._share,
        }

    @classmethod
    def of(cls, stored: Mapping[str, NDArray[np.generic]], vocabulary: Sequence[str]) -> Lexicon:
        """The lexicon that `arrays` gave. Raises KeyError where a part is missing."""
        return cls(
            vocabulary,
            stored["lexicon.rarity"].astype(np.float64),
            stored["lexicon.affinity"].astype(np.float64),
            stored["lexicon.people"].astype(np.int64),
            stored["lexicon.share"].astype(np.float64),
        )


class Sparse:
    """A sparse matrix as sorted rows: row r holds `column[start[r]:start[r+1]]` with `value`."""

    def __init__(self, row: Ints, column: Ints, value: Floats, rows: int) -> None:
        order = np.argsort(row, kind="stable")
        self.column = column[order]
        self.value = value[order]
        self.start: Ints = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=rows))]).astype(np.int64)

    def times(self, dense: Floats32) -> Floats32:
        """The product with a dense (columns, d) matrix, as (rows, d)."""
        rows = len(self.start) - 1
        out = np.zeros((rows, dense.shape[1]), np.float32)
        value = self.value.astype(np.float32)[:, None]
        step = 200_000
        at = 0
        while at < rows:
            stop = int(np.searchsorted(self.start, self.start[at] + step, "right")) - 1
            stop = min(rows, max(stop, at + 1))
            low, high = int(self.start[at]), int(self.start[stop])
            if high > low:
                filled = np.flatnonzero(np.diff(self.start[at : stop + 1]))
                product = dense[self.column[low:high]] * value[low:high]
                out[at + filled] = np.add.reduceat(product, self.start[at + filled] - low, axis=0)
            at = stop
        return out


def topics(word: Ints, turn: Ints, value: Floats, size: int, turns: int, seed: int) -> Floats32:
    """Unit topic vectors (size, TOPICS) of words from the entries of a words-by-turns matrix; zero where unseen."""
    if not len(word) or turns < 4:
        return np.zeros((size, TOPICS), np.float32)
    by_word, by_turn = Sparse(word, turn, value, size), Sparse(turn, word, value, turns)
    rng = np.random.default_rng(seed)
    basis = rng.standard_normal((turns, TOPICS)).astype(np.float32)
    for _ in range(2):
        left = _orthonormal(by_word.times(basis))
        basis = by_turn.times(left)
    # Rows of U * sqrt(S): between raw co-occurrence (S) and whitened (1); a usual choice for word similarity.
    scale = np.sqrt(np.sqrt((basis**2).sum(axis=0) + 1e-9))
    return rounded(unit(left * scale[None, : left.shape[1]]))


def _orthonormal(matrix: Floats32) -> Floats32:
    if len(matrix) < matrix.shape[1]:
        return matrix
    return np.linalg.qr(matrix)[0].astype(np.float32)


def rounded(matrix: Floats32) -> Floats32:
    """Rounded as it is stored: three digits are enough for a direction."""
    return matrix.astype(np.float16).astype(np.float32)


def unit(matrix: Floats32) -> Floats32:
    """The rows scaled to length one; rows of zeros stay."""
    length = np.sqrt((matrix**2).sum(axis=-1, keepdims=True))
    scaled: Floats32 = (matrix / np.maximum(length, 1e-6)).astype(np.float32)
    return scaled
