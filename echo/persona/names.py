"""Names in messages: who is spoken to, and slots that stand for whoever is there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from echo.corpus.ordinary import ORDINARY
from echo.persona.tokens import MENTION, TAKEN, WORD
from echo.persona.turns import Utterance

LAST: Final = "\x01"
"""Stands in a learnt message for whoever spoke last."""
OTHER: Final = "\x02"
"""Stands in a learnt message for somebody else who was there."""
SHORTEST: Final = 3
"""Letters: shorter names are words too often to be looked for inside a sentence."""

_LEAD: Final = re.compile(r"\s*@?(\S{2,64}?)[:,](?=\s|$)")
_EDGE: Final = "_`^|[]{}()<>@*.,:;!?\"'~"
_CALLED: Final = re.compile(r"(?<![\w@])@([^\W\d_]\w{2,63})")
_SLOT_CHARS: Final = str.maketrans("", "", LAST + OTHER + TAKEN)


def key_of(name: str) -> str:
    """The name as it is compared: lower case, without decoration."""
    return name.lower().strip(_EDGE).strip() or name.lower()


@lru_cache(maxsize=20_000)
def keys_of(author: str) -> frozenset[str]:
    """The ways in which a person is called in running text: their whole name, and its first word if long enough."""
    parts = author.split()
    keys = {key_of(author), author.lower()}
    if len(parts) > 1 and len(key_of(parts[0])) >= SHORTEST:
        keys.add(key_of(parts[0]))
    return frozenset(k for k in keys if k)


def lead_of(text: str) -> str | None:
    """The word before a first colon or comma, or a leading mention, as a key: perhaps somebody spoken to."""
    mention = MENTION.match(text.strip())
    if mention:
        return key_of(mention.group(1) or mention.group(2))
    found = _LEAD.match(text)
    return key_of(found.group(1)) if found else None


def company(context: Sequence[Utterance]) -> list[str]:
    """The others in the conversation, the last to speak first, each once."""
    seen: dict[str, None] = {}
    for said in reversed(context):
        if not said.own and said.author not in seen:
            seen[said.author] = None
    return list(seen)


@lru_cache(maxsize=20_000)
def _called(author: str) -> re.Pattern[str]:
    ways = sorted(keys_of(author), key=lambda way: (-len(way), way))
    return re.compile(r"(?<!\w)(?:" + "|".join(re.escape(w) for w in ways) + r")(?!\w)", re.IGNORECASE)


@lru_cache(maxsize=1_000)
def _word(key: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(key)}(?!\w)", re.IGNORECASE)


class NameBook:
    """Everybody who was ever seen speaking near the subject, and the subject.

    `plain` are words that everybody uses: a person who is called like one is looked for only where somebody is
    spoken to, at the head of a message.
    """

    def __init__(self, author: str, others: Iterable[str], plain: Iterable[str] = ()) -> None:
        self.author = author
        self.others = sorted(set(others) - {author})
        self.plain = frozenset(plain)
        self.own = keys_of(author)
        self.known: frozenset[str] = frozenset(k for name in self.others for k in keys_of(name)) - self.own

    def call(self, names: Iterable[str]) -> None:
        """Adds names that the subject goes by."""
        for name in names:
            if name.strip():
                self.own = self.own | keys_of(name)
        self.known = self.known - self.own

    def anew(self, others: Iterable[str], plain: Iterable[str]) -> NameBook:
        """With these others and plain words; the subject goes by the same names."""
        book = NameBook(self.author, others, plain)
        book.own = book.own | self.own
        book.known = book.known - book.own
        return book

    def names_me(self, text: str) -> bool:
        """Whether the text says a name of the subject's as a word of its own."""
        low = text.lower()
        return any(k in low and _word(k).search(low) is not None for k in self.own)

    def slotted(self, text: str, context: Sequence[Utterance]) -> str:
        """The text with the names of those present replaced by slots.

        A leading name of somebody who isn't in the context is taken for the last speaker: it was said to somebody
        whose words have scrolled away.
        """
        text = text.translate(_SLOT_CHARS)
        present = company(context)
        if not present:
            return text
        low = text.lower()
        for i, name in enumerate(present):
            if any(k in low for k in keys_of(name)):
                text = self._replace(text, name, LAST if i == 0 else OTHER)
        text = MENTION.sub(self._unknown_mention, text)
        if "@" in text:
            text = _CALLED.sub(self._absent, text)
        found = _LEAD.match(text)
        if found and key_of(found.group(1)) in self.known and self._rare(key_of(found.group(1))):
            text = text[: found.start(1)] + LAST + text[found.end(1) :]
        return text

    def _replace(self, text: str, name: str, slot: str) -> str:
        keys = keys_of(name)
        found = _LEAD.match(text)
        if found and (found.group(1).lower() in keys or key_of(found.group(1)) in keys):
            text = text[: found.start(1)] + slot + text[found.end(1) :]
        if all(len(k) < SHORTEST or not self._rare(k) for k in keys):
            return text
        return _called(name).sub(slot, text)

    def _rare(self, key: str) -> bool:
        return key not in self.plain

    def _absent(self, found: re.Match[str]) -> str:
        """A mention of somebody known who isn't in the context; other words after an @ may be anything."""
        key = key_of(found.group(1))
        return "@" + LAST if key in self.known and self._rare(key) else found.group(0)

    @staticmethod
    def _unknown_mention(found: re.Match[str]) -> str:
        inner = found.group(1) or found.group(2)
        return found.group(0) if LAST in inner or OTHER in inner else found.group(0).replace(inner, LAST)

    def spoken_of(self, text: str) -> set[str]:
        """Which known people the text may name, as keys: also those of whom everybody speaks all the time."""
        return {k for k in WORD.findall(text.lower()) if k in self.known and not (k in self.plain and k in ORDINARY)}

    def named(self, text: str) -> set[str]:
        """Which known people the text names, as keys."""
        return {k for k in WORD.findall(text.lower()) if k in self.known and k not in self.plain}


def filled(text: str, context: Sequence[Utterance], *, pick: int = 0, lower: bool = False) -> str | None:
    """The text with slots replaced by the names of those present; None where there is nobody to name.

    `pick` chooses among the others for OTHER; `lower` is how the subject writes names.
    """
    if LAST not in text and OTHER not in text:
        return text
    present = company(context)
    if not present:
        return None
    rest = present[1:] or present
    last, other = present[0], rest[pick % len(rest)]
    if lower:
        last, other = last.lower(), other.lower()
    return text.replace(LAST, last).replace(OTHER, other)
