"""Words that stand in a corpus because one person told them once: names, places, made-up words. Pure.

The phrases of a persona hold none of them (see `echo.persona.secrecy.Private`); but a chat model is shown examples, or
has learnt from the messages themselves, and can be asked for what stood in them.
"""

from __future__ import annotations

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


class Confidences:
    """Knows which words of a corpus are nobody's to repeat: neither does the subject use them, but in what is held
    back, nor do PEOPLE others."""

    def __init__(self, lexicon: Lexicon, phrases: Phrases) -> None:
        self._lexicon, self._phrases = lexicon, phrases

    def are_in(self, text: str, context: Sequence[Utterance] = ()) -> bool:
        """Whether the text holds such a word; none that somebody just said, or that is somebody's name here."""
        found = {word for word in words(unmasked(text)) if self._is_rare(word)}
        if not found:
            return False
        for said in context:
            found.difference_update(words(unmasked(said.text)), words(unmasked(said.author)))
        return any(not self._is_plain(word) for word in found)

    def _is_rare(self, word: str) -> bool:
        at = self._lexicon.ids.get(word)
        if at is None or len(word) < STEM or int(self._lexicon.people[at]) >= PEOPLE:
            return False
        return word not in self._spoken and word not in ORDINARY and not stretched(word)

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
