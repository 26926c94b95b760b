"""What an echo has said already binds it: no answer twice to the same words, and none that denies the last ones. Pure.

It goes by words, not by meaning: a contradiction is only seen where two statements share theirs. Whatever is doubtful
passes: a candidate that is refused wrongly costs variety, and most contradictions come from answering a question again.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from echo.persona.polarity import (
    ARTICLES,
    CONDITIONAL,
    EXCLUSIVE,
    MARKS,
    MINE,
    OPPOSITES,
    PASSING,
    PERSONS,
    canonical,
    denies,
    number_of,
    singular,
    tokens,
    verdict,
)
from echo.persona.turns import Utterance

LOOKED_AT: Final = 60
"""Of the echo's own earlier messages, the newest that count."""
RECENT: Final = 6 * 3600.0
"""Seconds: what was so may have changed later; likes, choices and attributes hold for the whole memory."""
ASKED: Final = 3
"""Messages before an answer that it may answer."""
REPEATED: Final = 3
"""Words from which on the same answer to the same words is a repetition."""
LONG: Final = 6
"""Words from which on it is one whatever it answers."""
ALIKE: Final = 0.8
"""Jaccard index of two messages' words from which on they are the same."""
_CLAUSE: Final = re.compile(r"[^.!?;,\n…]+[.!?;,\n…]*")
_SENTENCE: Final = re.compile(r"[^.!?\n…]+[.!?\n…]*")
_BUT: Final = re.compile(r"\b(?:but|aber|sondern|mais|pero|sino|because|weil|parce que|porque)\b", re.IGNORECASE)
LABEL: Final = "(echo)"
"""What follows a name where somebody calls its echo."""
_GENERIC: Final = frozenset({"be", "have", "can", "will"})

Words = frozenset[str]


@dataclass(frozen=True, slots=True)
class Statement:
    """One clause: what it speaks of, about whom (persons), whether it denies it, and the one number in it.

    `key` and `value` are those of "my key is value".
    """

    content: Words
    persons: frozenset[int]
    denied: bool
    number: int | None
    key: Words = frozenset()
    value: Words = frozenset()


@dataclass(frozen=True, slots=True)
class _Said:
    """One of the echo's own messages, and what it may have answered."""

    ts: float
    words: Words
    statements: tuple[Statement, ...]
    verdict: bool | None
    asked: tuple[_Question, ...]


@dataclass(frozen=True, slots=True)
class _Question:
    """What somebody wrote to the echo: what it speaks of, whether it denies that, and whether it asks.

    `options` are two things to choose from; `exclusive`: it asks for something of which there is one.
    """

    content: Words
    denied: bool
    asks: bool
    options: tuple[str, str] | None
    exclusive: bool


class Consistency:
    """What was said, ready to be compared with many candidates.

    `memory` is older than `context`, each oldest first. `names` are those of the echo, folded: calling it says nothing.
    """

    def __init__(self, memory: Sequence[Utterance], context: Sequence[Utterance], names: Collection[str] = ()) -> None:
        talk = [*memory, *context]
        self._names = frozenset(word for name in names for word in tokens(name))
        self._now = talk[-1].ts if talk else 0.0
        self._said = tuple(self._own(talk))[-LOOKED_AT:]
        self._asked = self._before(talk, len(talk))

    def allows(self, candidate: str) -> bool:
        """Whether the candidate neither contradicts nor repeats."""
        return not self._said or not (self.contradicts(candidate) or self.repeats(candidate))

    def contradicts(self, candidate: str) -> bool:
        """Whether the candidate denies what the echo said, or answers otherwise what it answered before."""
        statements, said = _statements(candidate), verdict(candidate)
        return any(
            self._denies(statements, earlier) or self._answers_otherwise(candidate, said, earlier)
            for earlier in self._said
        )

    def repeats(self, candidate: str) -> bool:
        """Whether the echo said about the same to the same words, or at such length that nobody says it twice."""
        words = frozenset(tokens(candidate))
        if len(words) < REPEATED:
            return False
        alike = (said for said in self._said if _alike(words, said.words))
        return any(len(words) >= LONG or _meet(self._asked, said.asked) for said in alike)

    def _own(self, talk: Sequence[Utterance]) -> Iterator[_Said]:
        for at, one in enumerate(talk):
            if one.own:
                words = frozenset(tokens(one.text))
                yield _Said(one.ts, words, _statements(one.text), verdict(one.text), self._before(talk, at))

    def _before(self, talk: Sequence[Utterance], at: int) -> tuple[_Question, ...]:
        """What somebody said just before, in ASKED messages, past the echo's own other messages of the same turn."""
        stop = at
        while stop > 0 and talk[stop - 1].own:
            stop -= 1
        start = stop
        while start > 0 and stop - start < ASKED and not talk[start - 1].own:
            start -= 1
        return tuple(self._question(one.text) for one in talk[start:stop])

    def _question(self, text: str) -> _Question:
        text = text[:500].replace(LABEL, "")
        # Of a message that asks, the last question counts: what stands around it may be anything.
        text = next((one for one in reversed(_SENTENCE.findall(text)) if "?" in one), text)
        words = tuple(word for word in tokens(text) if word not in self._names)
        content = _content(words)
        return _Question(
            content - _GENERIC,
            denies(words),
            "?" in text,
            _options(words),
            any(EXCLUSIVE.match(word) for word in words),
        )

    def _denies(self, statements: Sequence[Statement], earlier: _Said) -> bool:
        recent = self._now - earlier.ts <= RECENT
        return any(_clash(one, other, recent) for one in statements for other in earlier.statements)

    def _answers_otherwise(self, candidate: str, said: bool | None, earlier: _Said) -> bool:
        """Whether it answers a question that was answered before, and otherwise than then."""
        recent = self._now - earlier.ts <= RECENT
        for asked in self._asked:
            for before in earlier.asked:
                if not (asked.asks and before.asks and _similar(asked, before)):
                    continue
                if recent and said is not None and earlier.verdict is not None and said != earlier.verdict:
                    return asked.denied == before.denied
                if _chooses_otherwise(asked, candidate, earlier) or (recent and _counts_otherwise(candidate, earlier)):
                    return True
        return False


def contradicts(candidate: str, memory: Sequence[Utterance], context: Sequence[Utterance]) -> bool:
    """Whether the candidate contradicts what the echo said in memory (older) or context; see `Consistency`."""
    return Consistency(memory, context).contradicts(candidate)


def _content(words: Sequence[str]) -> Words:
    return frozenset(filter(None, map(canonical, words)))


def _statements(text: str) -> tuple[Statement, ...]:
    """The clauses of a text that state something: no questions, nothing under a condition."""
    found = (
        _statement(tokens(part))
        for clause in _CLAUSE.findall(text[:1000])
        if "?" not in clause
        for part in _BUT.split(clause)
    )
    return tuple(one for one in found if one is not None)


def _statement(words: tuple[str, ...]) -> Statement | None:
    if not words or words[0] in CONDITIONAL:
        return None
    numbers = [number for word in words if (number := number_of(word)) is not None]
    content = set(_content([word for word in words if number_of(word) is None]))
    denied = denies(words)
    for word, opposite in OPPOSITES.items():
        if word in content:
            content = (content - {word}) | {opposite}
            denied = not denied
    persons = frozenset(PERSONS[word] for word in words if word in PERSONS)
    key, value = _attribute(words)
    return Statement(frozenset(content), persons, denied, numbers[0] if len(numbers) == 1 else None, key, value)


def _attribute(words: tuple[str, ...]) -> tuple[Words, Words]:
    """Key and value of "my favourite colour is blue"; empty where it is no such clause."""
    start = next((at for at, word in enumerate(words) if word in MINE), None)
    stop = next((at for at, word in enumerate(words) if start is not None and at > start and _is_be(word)), None)
    if start is None or stop is None or not any(EXCLUSIVE.match(word) for word in words[start:stop]):
        return frozenset(), frozenset()
    return _content(words[start:stop]), _content(words[stop + 1 :])


def _is_be(word: str) -> bool:
    return canonical(word) == "be" or word in ("s", "es", "est")


def _clash(one: Statement, other: Statement, recent: bool) -> bool:
    if one.persons != other.persons:
        return False
    if one.key and one.key == other.key and not (one.denied or other.denied):
        return bool(one.value and other.value) and one.value.isdisjoint(other.value)
    if one.denied != other.denied:
        yes, no = (other, one) if one.denied else (one, other)
        lasting = "like" in no.content
        # "I don't like green tea" leaves the other teas; "I don't like tea" leaves none.
        covered = no.content <= yes.content and len(yes.content - no.content) <= 1
        return covered and len(no.content) >= 2 and (recent or lasting)
    return _miscounts(one, other)


def _miscounts(one: Statement, other: Statement) -> bool:
    if one.number is None or other.number is None or one.number == other.number or one.content != other.content:
        return False
    is_age = one.content == {"be"} and one.persons == {1}
    return is_age or (len(one.content) >= 2 and one.content.isdisjoint(PASSING))


def _similar(one: _Question, other: _Question) -> bool:
    shared = len(one.content & other.content)
    fewest, every = min(len(one.content), len(other.content)), len(one.content | other.content)
    return shared > 0 and shared >= 0.75 * fewest and shared >= 0.5 * every


def _meet(now: Sequence[_Question], before: Sequence[_Question]) -> bool:
    return any(_similar(one, other) for one in now for other in before)


def _alike(one: Words, other: Words) -> bool:
    return len(one & other) >= ALIKE * len(one | other)


def _options(words: Sequence[str]) -> tuple[str, str] | None:
    """The two things between which a question lets choose: what stands just before and after its "or"."""
    for at, word in enumerate(words[:-1]):
        if word in MARKS and at > 0:
            after = at + 1
            while words[after] in ARTICLES and after + 1 < len(words):
                after += 1
            pair = singular(words[at - 1]), singular(words[after])
            return pair if pair[0] != pair[1] else None
    return None


def _chooses_otherwise(asked: _Question, candidate: str, earlier: _Said) -> bool:
    words = tokens(candidate)
    if denies(words) or denies(tuple(earlier.words)):
        return False
    if asked.options is not None:
        options = set(asked.options)
        chosen, before = options & set(map(singular, words)), options & set(map(singular, earlier.words))
        return len(chosen) == len(before) == 1 and chosen != before
    now, then = _content(words), _content(tuple(earlier.words))
    # "What's your favourite colour?" "Blue."
    now, then = now - asked.content - _GENERIC, then - asked.content - _GENERIC
    short = 0 < len(now) <= 3 and 0 < len(then) <= 3
    return asked.exclusive and short and now.isdisjoint(then) and verdict(candidate) is None


def _counts_otherwise(candidate: str, earlier: _Said) -> bool:
    now = {number for word in tokens(candidate) if (number := number_of(word)) is not None}
    then = {number for word in earlier.words if (number := number_of(word)) is not None}
    return len(now) == len(then) == 1 and now != then
