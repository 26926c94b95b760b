"""Names that stand for other people's names: invented, readable, and the same for the same person in one profile."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from echo.corpus.ordinary import ORDINARY

SHORTEST: Final = 3
"""Letters: a shorter name is a word too often to be looked for in a sentence (it is found after an @)."""
LONGEST: Final = 64
"""Characters of a name that are looked at. Discord takes 32."""

_HEADS: Final = (*"bdfhjklmnrstvwz", "br", "dr", "fl", "kl", "kr", "sl", "st", "th", "tr")
_MIDDLES: Final = (*"bdhjklmnrstvwz", "ll", "nd", "rv")
_VOWELS: Final = "aeiou"
_ENDS: Final = ("", "l", "n", "r", "s", "m")
_UNFIT: Final = re.compile("kike|fut|nik[ae]r|hitl|slut|tit|dik|kok|nazi|rab[ei]|trann")
"""What an invented name had better not hold."""
_WORD: Final = re.compile(r"\w+")


def pseudonym(salt: str, user_id: int, taken: str = "") -> str:
    """An invented name of three syllables, one of 5.2 million, chosen by a hash of `salt` and `user_id`.

    It is never `taken` in any case of letters, and no ordinary word.
    """
    key = salt.encode("utf-8", "surrogatepass")
    for attempt in range(1_000):
        said = f"{len(key)}:{user_id}:{attempt}".encode() + key
        name = _spelt(int.from_bytes(blake2b(said, digest_size=8, person=b"pseudonym").digest(), "little"))
        if name != taken.lower() and name not in ORDINARY and not _UNFIT.search(name):
            break
    return name.capitalize()


def _spelt(number: int) -> str:
    letters = []
    for choices in (_HEADS, _VOWELS, _MIDDLES, _VOWELS, _MIDDLES, _VOWELS, _ENDS):
        number, at = divmod(number, len(choices))
        letters.append(choices[at])
    return "".join(letters)


@dataclass(slots=True)
class _Book:
    """What was learnt of people and channels. `names` are the names as words, under the first of each."""

    shown: dict[int, str] = field(default_factory=dict)
    learnt: set[tuple[int, str]] = field(default_factory=set)
    names: dict[str, dict[tuple[str, ...], int]] = field(default_factory=dict)
    channels: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class People:
    """Whose names stand for whom in one profile: the subject keeps theirs, everybody else has a pseudonym.

    `subject` is the subject's shown name. `salt` makes the pseudonyms the profile's own, such as "profile 7": the same
    person has another name in another profile. Names of people and channels that were learnt are replaced in texts.
    """

    subject_id: int
    subject: str
    salt: str
    _book: _Book = field(default_factory=_Book, repr=False, compare=False)

    def name_of(self, user_id: int, shown: str = "") -> str:
        """The subject's shown name, or the pseudonym of anybody else; `shown`, if any, is learnt as theirs."""
        if shown:
            self.learn(user_id, shown)
        if user_id == self.subject_id:
            return self.subject
        known = self._book.shown.get(user_id)
        if known is None:
            known = self._book.shown[user_id] = pseudonym(self.salt, user_id, self.subject)
        return known

    def learn(self, user_id: int, *names: str) -> None:
        """Remembers by which names somebody goes (shown names, user names), so that `renamed` finds them.

        A name that two people have stays with the one who was learnt first, the subject's own with the subject.
        """
        for name in names:
            if (user_id, name) not in self._book.learnt:
                self._book.learnt.add((user_id, name))
                self._learn(user_id, name)

    def _learn(self, user_id: int, name: str) -> None:
        words = tuple(_WORD.findall(name[:LONGEST].lower()))
        ways = {words, words[:1]} if len(words) > 1 and len(words[0]) >= SHORTEST else {words}
        for way in ways:
            if not way:
                continue
            known = self._book.names.setdefault(way[0], {})
            if way not in known or user_id == self.subject_id:
                known[way] = user_id

    def learn_channel(self, channel_id: int, name: str) -> None:
        """Remembers what a channel is called."""
        self._book.channels[channel_id] = name

    def channel(self, channel_id: int) -> str:
        """What a channel is called; "channel" where that was not learnt."""
        return self._book.channels.get(channel_id, "channel")

    def renamed(self, text: str) -> str:
        """The text with learnt names replaced, where they stand as whole words; in lower case where they were.

        After an @ any learnt name is replaced. Elsewhere names of fewer than SHORTEST letters and names that are
        ordinary words stay: nobody can tell them from the words.
        """
        names = self._book.names
        if names.keys().isdisjoint(_WORD.findall(text.lower())):
            return text
        out: list[str] = []
        copied = 0
        found = list(_WORD.finditer(text))
        words = [one.group().lower() for one in found]
        at = 0
        while at < len(found):
            length, user_id = self._longest(words, at, found, text)
            if length:
                start, end = found[at].start(), found[at + length - 1].end()
                name = self.name_of(user_id)
                out += (text[copied:start], name.lower() if text[start:end].islower() else name)
                copied = end
            at += max(1, length)
        return "".join([*out, text[copied:]])

    def _longest(self, words: list[str], at: int, found: list[re.Match[str]], text: str) -> tuple[int, int]:
        """How many words from here on are a learnt name, and whose."""
        best = (0, 0)
        for way, user_id in self._book.names.get(words[at], {}).items():
            length = len(way)
            if length <= best[0] or tuple(words[at : at + length]) != way:
                continue
            if not _adjoining(text, found[at : at + length]):
                continue
            called = found[at].start() > 0 and text[found[at].start() - 1] == "@"
            if called or (sum(map(len, way)) >= SHORTEST and not all(word in ORDINARY for word in way)):
                best = (length, user_id)
        return best


def _adjoining(text: str, found: Iterable[re.Match[str]]) -> bool:
    """Whether words follow one another with no more than a sign or two between them, in one line."""
    end = -1
    for one in found:
        if end >= 0 and (one.start() - end > 3 or "\n" in text[end : one.start()]):
            return False
        end = one.end()
    return True
