"""Words that stand in a corpus because one person told them once: names, places, made-up words. Pure.

The phrases of a persona hold none of them (see `echo.persona.secrecy.Private`); but a chat model is shown examples, or
has learnt from the messages themselves, and can be asked for what stood in them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Final

from echo.corpus.ordinary import ORDINARY
from echo.persona.lexicon import Lexicon
from echo.persona.ngram import Phrases
from echo.persona.secrecy import ENDING, STEM, stretched
from echo.persona.tokens import words
from echo.persona.turns import Utterance
from echo.persona.unmasking import unmasked

PEOPLE: Final = 2
"""Others who use a word too, from which on it gives nobody away."""
LONG: Final = 8
"""Letters from which on a word that is read backwards or the like is hardly one by chance."""
ODD: Final = 0.5
"""Share of a word's runs of three letters that stand in no known word, from which on it was made up."""
FEW: Final = 3
"""Messages at most that hold what one other person told."""


class Confidences:
    """Knows which words of a corpus are nobody's to repeat: neither does the subject use them, but in what is held
    back, nor do PEOPLE others."""

    def __init__(self, lexicon: Lexicon, phrases: Phrases) -> None:
        self._lexicon, self._phrases = lexicon, phrases
        # rarity is log((N + 1) / (n + 1)) of a word in n messages, and largest for n = 1.
        self._told = float(lexicon.rarity.max(initial=0.0)) - math.log((FEW + 1) / 2) - 1e-9

    def are_in(self, text: str, context: Sequence[Utterance] = (), shortest: int = STEM) -> bool:
        """Whether the text holds such a word of `shortest` letters or more; none that somebody just said, or that is
        somebody's name here."""
        found = {word for word in words(unmasked(text)) if len(word) >= shortest and self._is_rare(word)}
        if not found:
            return False
        for said in context:
            found.difference_update(words(unmasked(said.text)), words(unmasked(said.author)))
        return any(not self._is_plain(word) for word in found)

    def _is_rare(self, word: str) -> bool:
        at = self._lexicon.ids.get(word)
        if at is None or len(word) < STEM or int(self._lexicon.people[at]) >= PEOPLE:
            return False
        if self._lexicon.people[at] and (self._lexicon.rarity[at] < self._told or not self._is_odd(word)):
            return False
        return word not in self._spoken and word not in ORDINARY and not stretched(word)

    def _is_odd(self, word: str) -> bool:
        """Whether no word is like it: ordinary words of one other person alone are no secrets."""
        found = _threes(word)
        return any(c.isdigit() for c in word) or sum(three not in self._usual for three in found) >= ODD * len(found)

    def _is_known(self, word: str) -> bool:
        at = self._lexicon.ids.get(word)
        return word in self._spoken or word in ORDINARY or (at is not None and int(self._lexicon.people[at]) >= PEOPLE)

    def _is_plain(self, word: str) -> bool:
        """Whether it is plainly made from words that are known: with another ending, or two written together."""
        stems = (word[:-cut] for cut in range(1, ENDING + 1) if len(word) - cut >= STEM)
        longer = (word + ending for ending in ("s", "es", "e", "n", "en", "d", "ed", "r", "er", "ing", "ly"))
        if any(map(self._is_known, (*stems, *longer))):
            return True
        cuts = range(STEM, len(word) - STEM + 1)
        return any(self._is_known(word[:at]) and self._is_known(word[at:]) for at in cuts)

    @cached_property
    def _spoken(self) -> frozenset[str]:
        """What the subject's phrases may give anyway."""
        return frozenset(piece.strip().lower() for piece in self._phrases.vocabulary)

    @cached_property
    def _usual(self) -> frozenset[str]:
        """The runs of three letters of words that are known."""
        known = (word for word, at in self._lexicon.ids.items() if int(self._lexicon.people[at]) >= PEOPLE)
        return frozenset(three for word in (*known, *self._spoken, *ORDINARY) for three in _threes(word))


def _threes(word: str) -> list[str]:
    padded = f" {word} "
    return [padded[at : at + 3] for at in range(len(padded) - 2)]
