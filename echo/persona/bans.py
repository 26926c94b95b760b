"""What a subject does not wish their echo to say: banned phrases, banned topics, struck lines of the card. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from db.stored import NO_WISHES, Wishes
from echo.persona.card import CardLine
from echo.persona.evidence import avoided, mended, shows
from echo.persona.lexicon import Lexicon
from echo.persona.turns import Utterance
from echo.persona.unmasking import bare_words, unmasked

NEAR: Final = 0.7
"""Cosine of topic vectors from which on a word is near a banned topic."""
NEIGHBOURS: Final = 12
"""Near words of one topic at most."""
SEEN: Final = 4
"""Messages that hold a near word at least: of rarer ones chance makes the topic."""
HEARD: Final = 3
"""The others' last messages by which it is judged what is being talked about."""
STEM: Final = 4
"""Letters that a stem has at least."""
INSIDE: Final = 6
"""Letters from which on a stem is also looked for inside words, as in compounds."""
ENDING: Final = 6
"""Letters that an inflected word may have more than its stem."""
_ENDINGS: Final = (
    *("ations", "ation", "ingly", "ing", "ings", "ness", "ies", "ers", "est", "ed", "er", "es", "en", "em", "ly", "s"),
    *("e", "n", "y", "a", "o", "i"),
)


def stem(word: str) -> str:
    """The word without what an inflection may have put behind it; no less than STEM letters of it."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= STEM:
            return word[: -len(ending)]
    return word


class Topic:
    """One banned topic: its words, what they may be inflected to, and words that are used like them."""

    def __init__(self, typed: str) -> None:
        self._parts = bare_words(typed)
        self._joined = "".join(self._parts)
        # Characters of scripts without spaces come one by one: there the topic is a phrase.
        self._is_phrase = any(len(part) == 1 for part in self._parts) and len(self._parts) > 1
        self._stems = tuple(stem(part) for part in self._parts)
        self.near: frozenset[str] = frozenset()

    def touches(self, words: Sequence[str]) -> bool:
        """Whether words, as `bare_words` gives them, speak of it."""
        if not self._parts:
            return False
        if not self.near.isdisjoint(words) or _holds(words, {self._joined}, len(self._joined)):
            return True
        return not self._is_phrase and all(any(_is_of(word, root) for word in words) for root in self._stems)

    def direct(self, vocabulary: Iterable[tuple[int, str]]) -> list[int]:
        """The ids of the words that are the topic itself, inflected or not."""
        return [at for at, word in vocabulary if self.touches([word])]


def _is_of(word: str, root: str) -> bool:
    if len(root) < STEM:
        return word == root or word == root + "s"
    if word.startswith(root):
        return len(word) <= len(root) + ENDING
    return len(root) >= INSIDE and root in word


def _holds(words: Sequence[str], wanted: set[str], longest: int) -> bool:
    """Whether some run of words, written together, is one of `wanted`: so neither spaces nor signs hide a phrase."""
    for start in range(len(words)):
        run = ""
        for word in words[start:]:
            run += word
            if len(run) > longest:
                break
            if run in wanted:
                return True
    return False


class Bans:
    """All that holds of one subject's wishes for one persona."""

    def __init__(self, wishes: Wishes = NO_WISHES, card: Sequence[CardLine] = ()) -> None:
        self.wishes = wishes
        self._any = wishes != NO_WISHES
        self._avoided = avoided(card, wishes.struck)
        joined = {phrase: "".join(bare_words(phrase)) for phrase in wishes.phrases}
        self._phrases = {run for run in joined.values() if run}
        self._longest = max(map(len, self._phrases), default=0)
        # Of signs alone: an emoji, say.
        bare = (unmasked(phrase).casefold().strip() for phrase, run in joined.items() if not run)
        self._signs = tuple(sign for sign in bare if sign)
        self.topics = tuple(Topic(typed) for typed in wishes.topics)

    @classmethod
    def of(cls, wishes: Wishes, card: Sequence[CardLine], lexicon: Lexicon, vectors: NDArray[np.float32]) -> Bans:
        """With the words near each topic, by how they are used in this corpus."""
        bans = cls(wishes, card)
        if bans.topics and len(vectors):
            known = [(at, part) for at, word in enumerate(lexicon.vocabulary) for part in bare_words(word)]
            for topic in bans.topics:
                topic.near = _near(topic.direct(known), lexicon, vectors)
        return bans

    def __bool__(self) -> bool:
        return self._any

    def forbids(self, text: str) -> bool:
        """Whether one message must not be said."""
        return self._any and (self.forbids_together(text) or any(shows(line, text) for line in self._avoided))

    def forbids_together(self, text: str) -> bool:
        """Whether a banned phrase or topic is in the text, be it several messages: they are read as one."""
        if not (self._phrases or self._signs or self.topics):
            return False
        words = bare_words(text)
        if self._phrases and _holds(words, self._phrases, self._longest):
            return True
        if any(topic.touches(words) for topic in self.topics):
            return True
        return bool(self._signs) and any(sign in unmasked(text).casefold() for sign in self._signs)

    def names(self, line: CardLine) -> bool:
        """Whether a line of the card names what must not be said."""
        return any(self.forbids_together(one) for one in line.named)

    def shuns(self, context: Sequence[Utterance]) -> bool:
        """Whether the talk is about a banned topic, so that nothing is said unasked."""
        if not self.topics:
            return False
        heard = [bare_words(said.text) for said in context if not said.own][-HEARD:]
        return any(topic.touches(words) for words in heard for topic in self.topics)

    def mended(self, text: str) -> str:
        """The text without struck traits that can simply be taken off it."""
        return mended(text, self.wishes.struck) if self.wishes.struck else text


def _near(ids: Sequence[int], lexicon: Lexicon, vectors: NDArray[np.float32]) -> frozenset[str]:
    """The words whose topic vectors lie nearest to those of `ids`, weighted by rarity."""
    topical = [at for at in ids if lexicon.rarity[at] > 0]
    # rarity is log((N + 1) / (n + 1)) of a word in n messages, and largest for n = 1.
    common = float(lexicon.rarity.max(initial=0.0)) - math.log((SEEN + 1) / 2)
    if not any(lexicon.rarity[at] <= common for at in topical):
        return frozenset()
    centre = (vectors[topical] * lexicon.rarity[topical][:, None]).sum(axis=0)
    length = float(np.linalg.norm(centre))
    if length == 0:
        return frozenset()
    likeness = np.where((lexicon.rarity > 0) & (lexicon.rarity <= common), vectors @ (centre / length), 0.0)
    best = np.argsort(-likeness, kind="stable")[:NEIGHBOURS]
    near = (lexicon.vocabulary[at] for at in best.tolist() if likeness[at] >= NEAR)
    return frozenset(part for word in near for part in bare_words(word) if len(part) > 2)
