"""Names that stand for other people's names: invented, readable, and the same for the same person in one profile."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import pairwise
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


_LINK: Final = re.compile(r"(?<!\w)\w{1,20}://\S+")
_BETWEEN: Final = re.compile(r"[^\w\n]{1,3}")
_MOST_WORDS: Final = 3
"""Of a name that is known by its hash alone."""


def ways_of(*names: str) -> list[str]:
    """How somebody who goes by these names is called, as `UnseenHere.is_name` is asked: the words of each in small
    letters with a space between them, and the first word alone where it is long enough."""
    found: dict[str, None] = {}
    for name in names:
        words = _WORD.findall(name[:LONGEST].lower())
        if words:
            found[" ".join(words)] = None
        if words and len(words[0]) >= SHORTEST:
            found[words[0]] = None
    return list(found)


@dataclass(frozen=True, slots=True)
class UnseenHere:
    """Who is invisible to the echoes of one server, by user id; whether anybody is, and whether one goes by a name."""

    is_anybody: Callable[[], bool] = lambda: False
    is_member: Callable[[int], bool] = lambda user_id: False
    is_name: Callable[[str], bool] = lambda name: False


NOBODY_UNSEEN: Final = UnseenHere()


@dataclass(slots=True)
class _Book:
    """What was learnt of people and channels.

    `names` are names as words, under the first of each; `patterns` find those that begin with a word. `clear` are the
    first words of names that are looked for without an @ before them as well.
    """

    shown: dict[int, str] = field(default_factory=dict)
    learnt: set[tuple[int, str]] = field(default_factory=set)
    names: dict[str, dict[tuple[str, ...], int]] = field(default_factory=dict)
    patterns: dict[str, re.Pattern[str]] = field(default_factory=dict)
    clear: set[str] = field(default_factory=set)
    channels: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class People:
    """Whose names stand for whom in one profile: the subject keeps theirs, everybody else has a pseudonym.

    `subject` is the subject's shown name. `salt` makes the pseudonyms the profile's own, such as "profile 7": the same
    person has another name in another profile. Names of people and channels that were learnt are replaced in texts,
    and so are those of members who are `unseen`, of whom nothing else may be kept.
    """

    subject_id: int
    subject: str
    salt: str
    unseen: UnseenHere = NOBODY_UNSEEN
    _book: _Book = field(default_factory=_Book, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.learn(self.subject_id, self.subject)

    def is_unseen(self, user_id: int) -> bool:
        """Whether somebody is invisible here. The subject is not to their own echo."""
        return user_id != self.subject_id and self.unseen.is_member(user_id)

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
        ways = {words, words[:1]} if words and len(words[0]) >= SHORTEST else {words}
        for way in filter(None, ways):
            book = self._book
            known = book.names.setdefault(way[0], {})
            if known.get(way) != self.subject_id:
                known[way] = user_id if user_id == self.subject_id else known.get(way, user_id)
            if not _is_unclear(way):
                book.clear.add(way[0])
            book.patterns.pop(way[0], None)

    def learn_channel(self, channel_id: int, name: str) -> None:
        """Remembers what a channel is called."""
        self._book.channels[channel_id] = name

    def channel(self, channel_id: int) -> str:
        """What a channel is called; "channel" where that was not learnt."""
        return self._book.channels.get(channel_id, "channel")

    def renamed(self, text: str) -> str:
        """The text with learnt names replaced where they stand as whole words, in lower case where they did.

        After an @ any learnt name is replaced. Elsewhere names of fewer than SHORTEST letters and names that are
        ordinary words stay: nobody can tell them from the words. So do names in links, which would lead astray.
        """
        looked_for = self._book.names.keys() if "@" in text else self._book.clear
        words = _WORD.findall(text.lower())
        if not looked_for.isdisjoint(words):
            for word in dict.fromkeys(words):
                if word in looked_for:
                    text = self._pattern(word).sub(self._replaced, text)
        return self._without_unseen(text) if self.unseen.is_anybody() else text

    def _without_unseen(self, text: str) -> str:
        """The text without names of people who are unseen: of these it is known only whether a name is one."""

        links = [found.span() for found in _LINK.finditer(text)] if "://" in text else []
        found = [one for one in _WORD.finditer(text) if not any(a <= one.start() < b for a, b in links)]
        parts, done, at = [], 0, 0
        while at < len(found):
            for more in reversed(range(min(_MOST_WORDS, len(found) - at))):
                start, end = found[at].start(), found[at + more].end()
                name = self._instead(text, start, end) if _is_run(text, found[at : at + more + 1]) else None
                if name is not None:
                    parts += [text[done:start], name]
                    done, at = end, at + more
                    break
            at += 1
        return "".join((*parts, text[done:])) if parts else text

    def _instead(self, text: str, start: int, end: int) -> str | None:
        """What stands for a part of a text that is the name of somebody unseen; None where it is none."""
        said = text[start:end]
        way, called = tuple(_WORD.findall(said.lower())), text.endswith("@", 0, start)
        if way == self._own or not self.unseen.is_name(" ".join(way)) or (_is_unclear(way) and not called):
            return None
        name = pseudonym(f"{self.salt} {' '.join(way)}", 0, self.subject)
        return name.lower() if said.islower() and not called else name

    @property
    def _own(self) -> tuple[str, ...]:
        return tuple(_WORD.findall(self.subject.lower()))

    def _pattern(self, first: str) -> re.Pattern[str]:
        """What finds the names that begin with a word: group 1 is such a name, without it the match is a link."""
        known = self._book.patterns.get(first)
        if known is None:
            ways = sorted(self._book.names[first], key=lambda way: (-len(way), way))
            called = "|".join(map(_spoken, ways))
            clear = "|".join(_spoken(way) for way in ways if not _is_unclear(way))
            either = rf"(?<!\w)(?:{clear})|(?<=@)(?:{called})" if clear else rf"(?<=@)(?:{called})"
            known = re.compile(rf"(?<!\w)\w{{1,20}}://\S+|((?:{either})(?!\w))", re.IGNORECASE)
            self._book.patterns[first] = known
        return known

    def _replaced(self, found: re.Match[str]) -> str:
        said = found[1]
        if said is None:
            return found[0]
        way = tuple(_WORD.findall(said.lower()))
        user_id = self._book.names.get(way[0], {}).get(way)
        if user_id is None:
            return said
        name = self.name_of(user_id)
        called = found.string.endswith("@", 0, found.start())
        return name.lower() if said.islower() and not called else name


def _is_unclear(way: tuple[str, ...]) -> bool:
    """Whether a name cannot be told from ordinary words, but after an @."""
    return sum(map(len, way)) < SHORTEST or all(word in ORDINARY or word.isdigit() for word in way)


def _is_run(text: str, words: Sequence[re.Match[str]]) -> bool:
    """Whether words stand next to one another, in one line."""
    return all(_BETWEEN.fullmatch(text, a.end(), b.start()) for a, b in pairwise(words))


def _spoken(way: tuple[str, ...]) -> str:
    """The pattern of a name whose words stand in one line, with no more than three signs between them."""
    return r"[^\w\n]{1,3}".join(map(re.escape, way))
