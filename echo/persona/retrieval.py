"""Past moments that are like this one: an inverted index over what was said to the subject and what they answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Ints32 = NDArray[np.int32]
Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Entries = tuple[Ints, Ints, Floats]
"""Words, documents and weights of postings, parallel."""

FADE: Final = tuple(0.85**k for k in range(12))
"""How much the words of the last, second-last, ... message count for what a moment is about."""


class Postings:
    """Weighted postings of words in documents, grouped by word: those of word w are `start[w]` to `start[w + 1]`.

    Kept small, for a large corpus has millions of them: a weight has three digits.
    """

    def __init__(self, document: Ints32, weight: Floats32, start: Ints, documents: int) -> None:
        self._document, self._weight, self._start = document, weight, start
        self.documents = documents

    @classmethod
    def gather(cls, entries: Entries, size: int, documents: int) -> Postings:
        """From entries in any order, those of one word and document summed; `size` is how many words there are."""
        word, document, weight = entries
        key = word * max(1, documents) + document
        order = np.argsort(key, kind="stable")
        ordered = key[order]
        first = np.ones(len(ordered), np.bool_)
        first[1:] = ordered[1:] != ordered[:-1]
        at = np.flatnonzero(first)
        total = np.add.reduceat(weight[order], at) if len(at) else weight
        return cls._grouped(word[order][at], document[order][at], total, size, documents)

    @classmethod
    def _grouped(cls, word: Ints, document: Ints, weight: Floats, size: int, documents: int) -> Postings:
        # Rounded as it is stored, so that a loaded index gives the very same figures.
        rounded = weight.astype(np.float16).astype(np.float32)
        return cls(document.astype(np.int32), rounded, _starts(np.bincount(word, minlength=size)), documents)

    def amended(self, names: Ints, documents: int, words: Ints, size: int, more: Entries) -> Postings:
        """With documents and words renamed by `names` and `words` (old to new); what is of a document -1 goes.

        `more` are entries that are added, of other documents, in the new names; there are `documents` and words of
        `size` then.
        """
        left = names[self._document] >= 0
        word = words[np.repeat(np.arange(len(self._start) - 1), np.diff(self._start))[left]]
        added = Postings.gather(more, size, documents)
        new = np.repeat(np.arange(size), np.diff(added._start))
        place = np.concatenate([word, new]) * max(1, documents)
        document = np.concatenate([names[self._document[left]], added._document])
        weight = np.concatenate([self._weight[left], added._weight])
        order = np.argsort(place + document, kind="stable")
        return Postings._grouped(place[order] // max(1, documents), document[order], weight[order], size, documents)

    def match(self, query: Mapping[int, float]) -> Floats:
        """The sum of query weight times posting weight, for every document."""
        parts: list[Ints32] = []
        weights: list[NDArray[np.floating[Any]]] = []
        for word, weight in query.items():
            low, high = self._start[word], self._start[word + 1]
            if high > low:
                parts.append(self._document[low:high])
                weights.append(self._weight[low:high] * weight)
        if not parts:
            return np.zeros(self.documents)
        match: Floats = np.bincount(np.concatenate(parts), np.concatenate(weights), self.documents).astype(np.float64)
        return match

    def arrays(self, name: str) -> dict[str, NDArray[np.generic]]:
        """The parts under keys that begin with `name`, for storage."""
        return {
            f"{name}.count": np.diff(self._start).astype(np.int32),
            f"{name}.document": self._document,
            f"{name}.weight": self._weight.astype(np.float16),
            f"{name}.documents": np.array([self.documents], np.int64),
        }

    @classmethod
    def of(cls, stored: Mapping[str, NDArray[np.generic]], name: str) -> Postings:
        """What `arrays` gave. Raises KeyError where a part is missing."""
        document, weight = stored[f"{name}.document"].astype(np.int32), stored[f"{name}.weight"].astype(np.float32)
        start = _starts(stored[f"{name}.count"].astype(np.int64))
        return cls(document, weight, start, int(stored[f"{name}.documents"].astype(np.int64)[0]))


def _starts(counts: Ints) -> Ints:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
