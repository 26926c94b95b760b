"""Taking up a rare word that somebody just used: slots that stand in learnt messages for such words.

A person says again what the talk is about: a thing, a word from a program, a place. Which word that is belongs
to the moment; that one is taken up, and where in the sentence, belongs to the person.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from echo.corpus.ordinary import ORDINARY
from echo.persona.lexicon import Lexicon
from echo.persona.names import NameBook
from echo.persona.past import Past
from echo.persona.retrieval import FADE
from echo.persona.secrecy import sensitive
from echo.persona.tokens import LINK, TAKEN, WORD, pieces
from echo.persona.turns import Utterance

SMALL, CAPITAL, CODE, PLURAL, GOING, DONE = TAKEN
"""The kinds of slots: other words in small letters, words with a capital, words that have digits, underscores or
capitals inside, and small words that end like English plurals, participles and past forms."""
RARE: Final = 5.3
"""Nats of rarity from which on a word is worth taking up: fewer than 5 of 1,000 messages have it."""
OWN: Final = 3
"""Messages of the subject's that may have a word at most: what they say often themselves is their own word."""
SHORTEST: Final = 3
"""Letters: shorter words are no topic."""
LONGEST: Final = 24
"""Letters: longer words are keys, or pasted."""

_ENDINGS: Final = (("ing", GOING), ("ed", DONE), ("s", PLURAL))
_BEFORE: Final = re.compile(r"(\w+|[^\w\s])\s*$")
_AFTER: Final = re.compile(r"\s*(\w+|[^\w\s])")
_DIGITS: Final = re.compile(r"\d{4}")


def kind_of(word: str) -> str:
    """The slot that may stand for a word."""
    inside = word[1:]
    if "_" in word or any(c.isdigit() for c in word) or (inside != inside.lower() and word != word.upper()):
        return CODE
    if word[:1] != word[:1].lower():
        return CAPITAL
    return next((slot for ending, slot in _ENDINGS if word.endswith(ending) and len(word) > len(ending) + 2), SMALL)


class Uptake:
    """Knows which words are worth taking up."""

    def __init__(self, lexicon: Lexicon, names: NameBook) -> None:
        self._lexicon, self._names = lexicon, names
        # In a small corpus what was said once or twice is rare, although it is no small share.
        self._rare = min(RARE, float(lexicon.rarity.max(initial=RARE)) - math.log(2))

    def worth(self, word: str) -> bool:
        """Whether a word (lower case) is rare enough, and neither a name nor anything that identifies."""
        if not SHORTEST <= len(word) <= LONGEST or word.isdigit() or word in self._names.known or word in ORDINARY:
            return False
        at = self._lexicon.ids.get(word)
        return (at is None or float(self._lexicon.rarity[at]) >= self._rare) and word not in self._names.own

    def slotted(self, past: Past, turns: Sequence[Sequence[str]]) -> list[list[str]]:
        """The turns' texts with the words that were taken up as slots; parallel to the turns of the past."""
        own = Counter(w for said in past.said for at in said for w in set(self._lexicon.read(past.lines[at].text)))
        out = []
        for texts, context in zip(turns, past.context, strict=True):
            heard = {w for at in context for w in self._lexicon.read(past.lines[at].text)}
            heard = {w for w in heard if 0 < own[w] <= OWN and self.worth(self._lexicon.vocabulary[w])}
            out.append([self._slots(text, heard) if heard else text for text in texts])
        return out

    def _slots(self, text: str, heard: set[int]) -> str:
        ids = self._lexicon.ids
        if not any(w in heard for w in self._lexicon.read(text)):
            return text
        found = []
        for piece in pieces(text):
            bare = piece.strip()
            found.append(piece.replace(bare, kind_of(bare)) if ids.get(bare.lower()) in heard else piece)
        return "".join(found)

    def offered(self, context: Sequence[Utterance]) -> Offered:
        """What may be taken up now, for each slot; newer words weigh more."""
        present = {u.author.lower() for u in context}
        found: dict[str, Offer] = {}
        for said, fade in zip(reversed(context), FADE, strict=False):
            text = LINK.sub(" ", said.text)
            for match in WORD.finditer(text):
                word = match.group(0)
                low = word.lower()
                if low in found or low in present or _DIGITS.search(word) or not self.worth(low):
                    continue
                # The first word of a message has its capital from there.
                written = low if match.start() == 0 and word[1:] == low[1:] else word
                if not sensitive(written):
                    left, right = _around(text, match.start(), match.end())
                    found[low] = Offer(written, fade, left, right)
        out: Offered = {}
        for offer in found.values():
            out.setdefault(kind_of(offer.word), []).append(offer)
        return out


@dataclass(frozen=True, slots=True)
class Offer:
    """A word that may be taken up, as it was written, how much it weighs, and what stood on each side of it."""

    word: str
    weight: float
    left: str
    right: str


Offered = dict[str, list[Offer]]


def _around(text: str, start: int, end: int) -> tuple[str, str]:
    """What stands before and after a place: a word in lower case, or a sign; nothing at the edge of the text."""
    before, after = _BEFORE.search(text, 0, start), _AFTER.match(text, end)
    return (before.group(1).lower() if before else ""), (after.group(1).lower() if after else "")


def taken(text: str, offered: Offered, rng: Random) -> str | None:
    """The text with a word in each slot, no word twice; None where there is none that fits.

    A word in small letters fits where it stood behind, or before, the very word that it would stand by now: so a
    verb seldom comes where a noun belongs, in any language.
    """
    used: set[str] = set()
    while True:
        at = next((i for i, c in enumerate(text) if c in TAKEN), -1)
        if at < 0:
            return text
        left, right = _around(text, at, at + 1)
        free = [offer for offer in offered.get(text[at], ()) if offer.word not in used]
        weights = [
            o.weight * (3.0 * (o.left == left) + (o.right == right) + (text[at] in (CODE, CAPITAL))) for o in free
        ]
        if not any(weights):
            return None
        word = rng.choices(free, weights)[0].word
        used.add(word)
        text = text[:at] + word + text[at + 1 :]
