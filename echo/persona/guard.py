"""The last look at what an echo would say: no quotes, no live mentions, nothing that identifies, nothing that binds.

Copying is judged by fingerprints (64-bit polynomial hashes of word runs), so that the guard needs no text at hand.
Each text is looked at as it stands and as it is read: invisible signs and look-alike letters hide nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.corpus.scrubbing import scrub
from echo.persona.bans import Bans
from echo.persona.commitments import commitment_in
from echo.persona.secrecy import INVITE, VEIL, sensitive
from echo.persona.tokens import folded, span_words, spans
from echo.persona.turns import Utterance
from echo.persona.unmasking import bare_words, unmasked

Prints = NDArray[np.uint64]
Lines = NDArray[np.int64]

SPAN: Final = 8
"""Words: no run this long may be copied."""
WHOLE: Final = 5
"""Words: a message this long may not be repeated as a whole."""
LENGTH: Final = 2000
"""Characters: the most that Discord takes in one message."""
_BASE: Final = np.uint64(0x9E3779B97F4A7C15)
_LIVE: Final = re.compile(r"<(?:@[!&]?|#|id:|/[^>\n:]{1,100}:)\w+>|@(?:everyone|here)\b", re.IGNORECASE)
"""Discord's mentions of people, roles, channels, commands and everybody, and links to a server's own pages."""
_MASKED: Final = re.compile(r"\]\(\s*<?\s*(?:[a-z][\w+.-]*:|//|www\.)|<a\s+href", re.IGNORECASE)
"""A link that shows something else than where it leads."""
_DOT: Final = r"\s?(?:\.|\(\.\)|\[\.\]|\(dot\)|\[dot\]| dot )\s?"
_INVITE: Final = re.compile(
    rf"\bdiscord(?:app)?{_DOT}(?:gg\b|com\s?/\s?invite|(?:me|io|li|link)\s?/\s?\w)|\b(?:dsc|invite){_DOT}gg\s?/\s?\w|\bt\.me\s?/\s?\w"
    r"|\bdis\.gd\s?/\s?\w|chat\.whatsapp\.com\s?/\s?\w|(?:slack|join)\.com/(?:t|join)/\w",
    re.IGNORECASE,
)
_INVITING: Final = frozenset(
    ("discord", "discordapp", "dsc", "dis", "gg", "gd", "invite", "me", "whatsapp", "slack", "join")
)
"""Words of which one stands in every invitation."""
_DOUBTFUL: Final = re.compile(rf"[\d@/\[:_{VEIL}-]|www")
"""Without one of these signs, and without a long word, there is nothing that `sensitive` could find."""
_LONG_WORD: Final = 16


def identifies(text: str, words: Sequence[str]) -> bool:
    """Whether the text, which has these `bare_words`, holds data of a kind that is scrubbed from every corpus."""
    doubtful = _DOUBTFUL.search(text) is not None or max(map(len, words), default=0) >= _LONG_WORD
    return (doubtful and sensitive(text)) or bool(scrub(text)[1])


def _leads(text: str, words: Sequence[str]) -> bool:
    """Whether the text, which has these `bare_words`, holds an invitation, or a link that shows something else."""
    if ("](" in text or "<" in text) and _MASKED.search(text):
        return True
    return not _INVITING.isdisjoint(words) and bool(_INVITE.search(text) or INVITE.search(text))


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


class _Heard:
    """What stands in the talk, so that it is not said again: it is compared with every candidate."""

    def __init__(self, context: Sequence[Utterance]) -> None:
        self.context = context
        self._mine = {folded(u.text) for u in [u for u in context if u.own][-3:]}
        others = [unmasked(u.text) for u in context if not u.own]
        self._theirs = [folded(text) for text in others]
        self._wholes = {tuple(span_words(text)) for text in others}
        self._spans = {span for text in others for span in spans(text, SPAN)}

    def has(self, text: str, words: Sequence[str]) -> bool:
        """Whether somebody just said so: any whole line of one's own, or a long one or part of another's.

        `words` are the text's `span_words`.
        """
        said = folded(text)
        if said in self._mine and " " in said:
            return True
        if len(words) < WHOLE:
            return False
        if tuple(words) in self._wholes or any(said in one for one in self._theirs):
            return True
        return bool(self._spans) and not self._spans.isdisjoint(spans(text, SPAN))


class Guard:
    """Knows the fingerprints of a corpus: runs of SPAN words, and whole messages of WHOLE words or more.

    `bans` are what the subject does not wish to be said.
    """

    def __init__(self, spans: Prints, span_lines: Lines, wholes: Prints, whole_lines: Lines) -> None:
        """The fingerprints in ascending order, and which message each is of."""
        self._spans, self._span_lines = spans, span_lines
        self._wholes, self._whole_lines = wholes, whole_lines
        self._cache: dict[str, int] = {}
        self._heard = _Heard(())
        self.bans = Bans()

    @classmethod
    def learn(cls, texts: Iterable[str]) -> Guard:
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
        return self._copied(span_words(text))

    def _copied(self, words: Sequence[str]) -> bool:
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
        if not text.strip() or len(text) > LENGTH or (("@" in text or "<" in text) and _LIVE.search(text)):
            return False
        return self._is_harmless(text, context) and not self.bans.forbids(text)

    def passes_together(self, texts: Sequence[str], context: Sequence[Utterance] = ()) -> bool:
        """Whether messages that pass one by one may also follow each other: a quote, a secret, a promise or a banned
        phrase that was split among them is one all the same."""
        if len(texts) < 2:
            return True
        joined = "\n".join(texts)
        return not self.bans.forbids_together(joined) and self._is_harmless(joined, context)

    def _is_harmless(self, text: str, context: Sequence[Utterance]) -> bool:
        heard = self._heard
        if heard.context is not context:
            # Other threads answer other talk meanwhile: what is looked at here is what was asked about here.
            heard = self._heard = _Heard(context)
        read = unmasked(text)
        words = bare_words(text)
        if commitment_in(words) is not None:
            return False
        return not any(
            _leads(one, words) or identifies(one, words) or self._is_said(one, heard) for one in {text, read}
        )

    def _is_said(self, text: str, heard: _Heard) -> bool:
        """Whether the text was said before: in the corpus, or just now."""
        words = span_words(text)
        return self._copied(words) or heard.has(text, words)

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
    at = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return bool((known[at] == asked).any())


def harmless(text: str) -> str:
    """The text with mentions made plain: for text that an engine other than ours gave."""
    return _LIVE.sub(lambda found: found.group(0).replace("@", "@\u200b"), text)
