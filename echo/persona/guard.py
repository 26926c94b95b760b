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
Lines = NDArray[np.int64]

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

    def __init__(self, spans: Prints, span_lines: Lines, wholes: Prints, whole_lines: Lines) -> None:
        """The fingerprints in ascending order, and which message each is of."""
        self._spans, self._span_lines = spans, span_lines
        self._wholes, self._whole_lines = wholes, whole_lines
        self._cache: dict[str, int] = {}

    @classmethod
    def learn(cls, texts: Iterable[str]) -> Guard:
        """From every message of the corpus, the subject's and the others'."""
        cache: dict[str, int] = {}
        flat: list[Prints] = []
        sizes: list[int] = []
        wholes: list[int] = []
        lines: list[int] = []
        for line, text in enumerate(texts):
            words = span_words(text)
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

    def kept(self, lines: NDArray[np.bool_]) -> Guard:
        """Only what is of these messages, which are numbered anew."""
        names = np.cumsum(lines) - 1
        span, whole = lines[self._span_lines], lines[self._whole_lines]
        return Guard(
            self._spans[span], names[self._span_lines[span]], self._wholes[whole], names[self._whole_lines[whole]]
        )

    def joined(self, texts: Iterable[str], known: int) -> Guard:
        """With these messages behind the `known` ones."""
        more = Guard.learn(texts)
        return Guard(
            *_ordered(np.append(self._spans, more._spans), np.append(self._span_lines, more._span_lines + known)),
            *_ordered(np.append(self._wholes, more._wholes), np.append(self._whole_lines, more._whole_lines + known)),
        )

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
        return {
            "guard.spans": self._spans,
            "guard.span_lines": self._span_lines.astype(np.int32),
            "guard.wholes": self._wholes,
            "guard.whole_lines": self._whole_lines.astype(np.int32),
        }

    @classmethod
    def of(cls, stored: Mapping[str, NDArray[np.generic]]) -> Guard:
        """The guard that `arrays` gave. Raises KeyError where a part is missing."""
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
