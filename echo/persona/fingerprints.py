"""What is known of a corpus so that nothing in it is repeated: fingerprints (64-bit polynomial hashes of word runs).

No text is needed at hand, nor kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.tokens import span_words
from echo.persona.unmasking import unmasked

Prints = NDArray[np.uint64]
Lines = NDArray[np.int64]

SPAN: Final = 8
"""Words: no run this long may be copied."""
WHOLE: Final = 5
"""Words: a message this long may not be repeated as a whole."""
_BASE: Final = np.uint64(0x9E3779B97F4A7C15)


def _word_prints(words: Sequence[str], cache: dict[str, int]) -> Prints:
    out = np.empty(len(words), np.uint64)
    for i, word in enumerate(words):
        known = cache.get(word)
        if known is None:
            known = int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
            cache[word] = known
        out[i] = known
    return out


def _runs(prints: Prints, length: int) -> Prints:
    """The hash of every run of `length` words of a flat array."""
    count = len(prints) - length + 1
    if count <= 0:
        return np.zeros(0, np.uint64)
    total = np.zeros(count, np.uint64)
    for i in range(length):
        total = total * _BASE + prints[i : i + count]
    return total


class Fingerprints:
    """Of runs of SPAN words, and of whole messages of WHOLE words or more."""

    def __init__(self, spans: Prints, span_lines: Lines, wholes: Prints, whole_lines: Lines) -> None:
        """The fingerprints in ascending order, and which message each is of."""
        self._spans, self._span_lines = spans, span_lines
        self._wholes, self._whole_lines = wholes, whole_lines
        self._cache: dict[str, int] = {}

    @classmethod
    def learn(cls, texts: Iterable[str]) -> Fingerprints:
        """From every message of the corpus, the subject's and the others'."""
        cache: dict[str, int] = {}
        flat: list[Prints] = []
        sizes: list[int] = []
        wholes: list[int] = []
        lines: list[int] = []
        for line, text in enumerate(texts):
            words = span_words(unmasked(text))
            if len(words) < WHOLE:
                continue
            prints = _word_prints(words, cache)
            wholes.append(cls._whole(prints))
            lines.append(line)
            flat.append(prints)
            sizes.append(len(prints))
        every = _runs(np.concatenate(flat), SPAN) if flat else np.zeros(0, np.uint64)
        of_word = np.repeat(np.array(lines, np.int64), sizes)
        # A run that goes over into the next message is nobody's.
        within = of_word[: len(every)] == of_word[len(of_word) - len(every) :]
        return cls(
            *_ordered(every[within], of_word[: len(every)][within]),
            *_ordered(np.array(wholes, np.uint64), np.array(lines, np.int64)),
        )

    def kept(self, lines: NDArray[np.bool_]) -> Fingerprints:
        """Only what is of these messages, which are numbered anew."""
        names = np.cumsum(lines) - 1
        span, whole = lines[self._span_lines], lines[self._whole_lines]
        return Fingerprints(
            self._spans[span], names[self._span_lines[span]], self._wholes[whole], names[self._whole_lines[whole]]
        )

    def joined(self, texts: Iterable[str], known: int) -> Fingerprints:
        """With these messages behind the `known` ones."""
        more = Fingerprints.learn(texts)
        return Fingerprints(
            *_ordered(np.append(self._spans, more._spans), np.append(self._span_lines, more._span_lines + known)),
            *_ordered(np.append(self._wholes, more._wholes), np.append(self._whole_lines, more._whole_lines + known)),
        )

    @staticmethod
    def _whole(prints: Prints) -> int:
        return int.from_bytes(blake2b(prints.tobytes(), digest_size=8).digest(), "little")

    def has(self, words: Sequence[str]) -> bool:
        """Whether these `span_words` hold SPAN in a row of one message, or are a whole one of WHOLE or more."""
        if len(words) < WHOLE:
            return False
        prints = _word_prints(words, self._cache)
        if len(self._cache) > 50_000:
            self._cache.clear()
        if _has(self._wholes, np.array([self._whole(prints)], np.uint64)):
            return True
        return _has(self._spans, _runs(prints, SPAN))

    def has_across(self, before: Sequence[str], words: Sequence[str]) -> bool:
        """Whether these `span_words` go on with a run of SPAN that the words before them began."""
        prints = _word_prints([*before[1 - SPAN :], *words[: SPAN - 1]], self._cache)
        return _has(self._spans, _runs(prints, SPAN))

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The fingerprints, for storage."""
        return {
            "guard.spans": self._spans,
            "guard.span_lines": self._span_lines.astype(np.int32),
            "guard.wholes": self._wholes,
            "guard.whole_lines": self._whole_lines.astype(np.int32),
        }

    @classmethod
    def of(cls, stored: Mapping[str, NDArray[np.generic]]) -> Fingerprints:
        """The ones that `arrays` gave. Raises KeyError where a part is missing."""
        return cls(
            stored["guard.spans"].astype(np.uint64),
            stored["guard.span_lines"].astype(np.int64),
            stored["guard.wholes"].astype(np.uint64),
            stored["guard.whole_lines"].astype(np.int64),
        )


def _ordered(prints: Prints, lines: Lines) -> tuple[Prints, Lines]:
    order = np.argsort(prints, kind="stable")
    return prints[order], lines[order]


def _has(known: Prints, asked: Prints) -> bool:
    if not len(known) or not len(asked):
        return False
    at = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return bool((known[at] == asked).any())
