"""Tokens counted without the vocabulary: rather too many than too few, the more so where a base showed its own."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Final

CHARACTERS_A_TOKEN: Final = 3.0
"""Of letters and spaces. Vocabularies of today take four or more in English; three is safe in other languages too."""
OVERHEAD: Final = 8
"""Tokens that a chat template puts around one message."""
LEAST_A_WORD: Final = 0.8
"""Tokens; below one for the vocabularies that join some words."""
_NO_LETTERS: Final = re.compile("[^A-Za-z ]+")
STEP: Final = 1.25
"""By how much more is counted where all that is known is that it was too little."""
MOST: Final = 6.0
"""Times as many as counted: a vocabulary of single bytes comes to about that; more is no count to go by."""


def tokens(text: str) -> int:
    """Tokens of a text, rather too many than too few."""
    letters = len(_NO_LETTERS.sub("", text))
    total = letters / CHARACTERS_A_TOKEN
    if text.isascii():
        return math.ceil(total + len(text) - letters)
    for char in text:
        if char < "\x80":
            total += not (char.isalpha() or char == " ")
        else:
            # Byte-level vocabularies spend up to a token on each byte of a sign they rarely saw.
            total += 0.7 if char < "\u0800" else 1.2 if char < "\U00010000" else 3.0
    return math.ceil(total)


def cost(messages: Iterable[Mapping[str, str]]) -> int:
    """Tokens of whole messages (role, content), with what a chat template puts around each."""
    return sum(tokens(message["content"]) + OVERHEAD for message in messages)


def least(messages: Iterable[Mapping[str, str]]) -> int:
    """Tokens that messages come to at the very least: hardly a vocabulary has one for more than a word."""
    return int(LEAST_A_WORD * sum(len(message["content"].split()) for message in messages))


class Counting:
    """What the servers counted of our prompts, by base model: by what factor our own count is to be raised.

    It only ever rises, so that a budget is held with every kind of text that was seen once.
    """

    def __init__(self) -> None:
        self._factors: dict[str, float] = {}

    def factor(self, base: str) -> float:
        """Real tokens of the base for each one counted here, 1 (also where nothing is known) to MOST."""
        return self._factors.get(base, 1.0)

    def learn(self, base: str, counted: int, real: int) -> None:
        """A prompt of `counted` tokens came to `real` ones; 0 where nobody knows."""
        if counted > 0:
            self._raise(base, real / counted)

    def exceeded(self, base: str) -> None:
        """A prompt that was to fit did not; nobody knows how much it was."""
        self._raise(base, self.factor(base) * STEP)

    def _raise(self, base: str, factor: float) -> None:
        self._factors[base] = min(MOST, max(self.factor(base), factor))
