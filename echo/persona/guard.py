"""The last look at what an echo would say: no quotes, no live mentions, nothing that identifies.

Copying is judged by fingerprints (64-bit polynomial hashes of word runs), so that the guard needs no text at hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.secrecy import INVITE, sensitive
from echo.persona.tokens import folded, span_words
from echo.persona.turns import Utterance

Prints = NDArray[np.uint64]

SPAN: Final = 8
"""Words: no run this long may be copied."""
WHOLE: Final = 5
"""Words: a message this long may not be repeated as a whole."""
LENGTH: Final = 2000
"""Characters: the most that Discord takes in one message."""
_BASE: Final = np.uint64(0x9E3779B97F4A7C15)
_LIVE: Final = re.compile(r"<@[!&]?\d+>|<#\d+>|@(?:everyone|here)\b", re.IGNORECASE)
_PLEDGE: Final = re.compile(
    r"\b(?:i|we)(?:'ll| will| promise| swear| can) (?:definitely |surely )?(?:pay|transfer|wire|refund|sign|marry|buy|"
    r"lend|owe)\b|\bi (?:accept|agree to) (?:the|your) (?:offer|contract|terms)\b",
    re.IGNORECASE,
)


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


class Guard:
    """Knows the fingerprints of a corpus: runs of SPAN words, and whole messages of WHOLE words or more."""

    def __init__(self, spans: Prints, wholes: Prints) -> None:
        self._spans = spans
        self._wholes = wholes
        self._cache: dict[str, int] = {}

    @classmethod
    def learn(cls, texts: Iterable[str]) -> Guard:
        """From every message of the corpus, the subject's and the others'."""
        cache: dict[str, int] = {}
        flat: list[Prints] = []
        wholes: list[int] = []
        breaker = np.array([np.iinfo(np.uint64).max], np.uint64)
        for text in texts:
            words = span_words(text)
            if len(words) < WHOLE:
                continue
            prints = _word_prints(words, cache)
            wholes.append(cls._whole(prints))
            if len(words) >= SPAN:
                flat.extend((prints, breaker))
        spans = np.unique(_runs(np.concatenate(flat), SPAN)) if flat else np.zeros(0, np.uint64)
        return cls(spans, np.unique(np.array(wholes, np.uint64)))

    @staticmethod
    def _whole(prints: Prints) -> int:
        return int.from_bytes(blake2b(prints.tobytes(), digest_size=8).digest(), "little")

    def copies(self, text: str) -> bool:
        """Whether the text repeats SPAN words in a row, or a whole message of WHOLE words or more."""
        words = span_words(text)
        if len(words) < WHOLE:
            return False
        prints = _word_prints(words, self._cache)
        if len(self._cache) > 50_000:
            self._cache.clear()
        if _has(self._wholes, np.array([self._whole(prints)], np.uint64)):
            return True
        return _has(self._spans, _runs(prints, SPAN))

    def passes(self, text: str, context: Sequence[Utterance] = ()) -> bool:
        """Whether the text may be said after the context."""
        if not text.strip() or len(text) > LENGTH or _LIVE.search(text) or INVITE.search(text):
            return False
        if sensitive(text) or _PLEDGE.search(text) or self.copies(text):
            return False
        return not _repeats(text, context)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The fingerprints, for storage."""
        return {"guard.spans": self._spans, "guard.wholes": self._wholes}

    @classmethod
    def of(cls, stored: Mapping[str, NDArray[np.generic]]) -> Guard:
        """The guard that `arrays` gave. Raises KeyError where a part is missing."""
        return cls(stored["guard.spans"].astype(np.uint64), stored["guard.wholes"].astype(np.uint64))


def _has(known: Prints, asked: Prints) -> bool:
    if not len(known) or not len(asked):
        return False
    at = np.searchsorted(known, asked).clip(0, len(known) - 1)
    return bool((known[at] == asked).any())


def _repeats(text: str, context: Sequence[Utterance]) -> bool:
    """Whether somebody just said so: any whole line of one's own, or a long one of another's."""
    said = folded(text)
    mine = [folded(u.text) for u in context if u.own][-3:]
    if len(said.split()) >= 2 and said in mine:
        return True
    return len(span_words(said)) >= WHOLE and any(said in folded(u.text) for u in context if not u.own)


def harmless(text: str) -> str:
    """The text with mentions made plain: for text that an engine other than ours gave."""
    return _LIVE.sub(lambda found: found.group(0).replace("@", "@\u200b"), text)
