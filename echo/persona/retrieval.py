"""Past moments that are like this one: an inverted index over what was said to the subject and what they answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Entries = tuple[Ints, Ints, Floats]
"""Words, documents and weights of postings, parallel."""

FADE: Final = tuple(0.85**k for k in range(12))
"""How much the words of the last, second-last, ... message count for what a moment is about."""


class Postings:
    """Weighted postings of words in documents, grouped by word."""

    def __init__(self, word: Ints, document: Ints, weight: Floats, size: int, documents: int) -> None:
        order = np.argsort(word, kind="stable")
        self._word = word[order]
        self._document = document[order]
        # Rounded as it is stored, so that a loaded index gives the very same figures.
        self._weight = weight[order].astype(np.float32).astype(np.float64)
        self._start = np.concatenate([[0], np.cumsum(np.bincount(word, minlength=size))]).astype(np.int64)
        self.documents = documents

    def amended(self, names: Ints, documents: int, words: Ints, size: int, more: Entries) -> Postings:
        """With documents and words renamed by `names` and `words` (old to new); what is of a document -1 goes.

        `more` are postings that are added, in the new names; there are `documents` and words of `size` then.
        """
        left = names[self._document] >= 0
        return Postings(
            np.concatenate([words[self._word[left]], more[0]]),
            np.concatenate([names[self._document[left]], more[1]]),
            np.concatenate([self._weight[left], more[2]]),
            size,
            documents,
        )

    def match(self, query: Mapping[int, float]) -> Floats:
        """The sum of query weight times posting weight, for every document."""
        parts: list[Ints] = []
        weights: list[Floats] = []
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
            f"{name}.word": self._word.astype(np.int32),
            f"{name}.document": self._document.astype(np.int32),
            f"{name}.weight": self._weight.astype(np.float32),
            f"{name}.size": np.array([len(self._start) - 1, self.documents], np.int64),
        }

    @classmethod
    def of(cls, stored: Mapping[str, NDArray[np.generic]], name: str) -> Postings:
        """What `arrays` gave. Raises KeyError where a part is missing."""
        size, documents = stored[f"{name}.size"].astype(np.int64).tolist()
        word, document = stored[f"{name}.word"].astype(np.int64), stored[f"{name}.document"].astype(np.int64)
        return cls(word, document, stored[f"{name}.weight"].astype(np.float64), size, documents)
