"""A person's phrases: an n-gram index over every place where they wrote something, sampled with weights per message.

The estimate is interpolated Kneser-Ney (Kneser and Ney 1995; Chen and Goodman 1999) in the form of a walk: at a
context of k tokens one either continues from one of the places where that context occurred, or backs off to k - 1
with the discounted mass. Places, not counts, are kept: so each message can weigh as much as it fits the moment, and the
next context is read off the place that was chosen, without a look-up.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.names import LAST, OTHER
from echo.persona.tokens import TAKEN

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

FIRST: Final = 0
"""Begins the first message of a turn."""
LATER: Final = 1
"""Begins every later message of a turn."""
END: Final = 2
"""Ends a message."""
HIDDEN: Final = 3
"""Stands for what must never be said: it is learnt as a gap and never generated."""
RESERVED: Final = ("<first>", "<later>", "<end>", "<hidden>")

ORDER: Final = 5
"""Tokens of context at most."""
DISCOUNT: Final = 0.75
"""The absolute discount, as is usual for Kneser-Ney."""


@dataclass(frozen=True, slots=True)
class Level:
    """Places grouped by their context of one length.

    Group g holds `places[start[g] : start[g + 1]]`; `group_of[p]` is the group of place p or -1; `share` is each
    place's weight (parallel to `places`) and `retreat[g]` the probability of backing off.
    """

    places: Ints
    start: Ints
    group_of: Ints
    share: Floats
    retreat: Floats


class Phrases:
    """The index. `tokens` are all messages end to end, each FIRST or LATER, then its pieces, then END.

    `source[p]` is the message that token p belongs to. 64-bit ids throughout.
    """

    def __init__(self, vocabulary: Sequence[str], tokens: Ints, order: int = ORDER) -> None:
        self.vocabulary = list(vocabulary)
        self.tokens = tokens
        self.order = order
        opens = tokens <= LATER
        self.source: Ints = np.cumsum(opens) - 1
        self.begin: Ints = np.flatnonzero(opens)
        self.offset: Ints = np.arange(len(tokens)) - self.begin[self.source] if len(tokens) else tokens
        self.sizes: list[int] = [len(word) for word in self.vocabulary]
        self.opens_word: list[bool] = [word[:1].isspace() or not word.isascii() for word in self.vocabulary]
        self.slots: NDArray[np.bool_] = np.array([LAST in w or OTHER in w for w in self.vocabulary], np.bool_)
        self._openings: dict[tuple[int, bool | None], Ints] = {}
        kinds = [(i, word.strip()[-1:]) for i, word in enumerate(self.vocabulary)]
        self.taken: list[tuple[int, str]] = [(i, kind) for i, kind in kinds if kind and kind in TAKEN]
        ends = np.append(self.begin[1:], len(tokens)) if len(tokens) else self.begin
        length = np.concatenate([[0], np.cumsum(np.array(self.sizes, np.int64)[tokens] * (tokens > HIDDEN))])
        self.lengths: Floats = np.log1p(length[ends] - length[self.begin]) if len(tokens) else np.zeros(0)

    @property
    def messages(self) -> int:
        """How many messages were learnt."""
        return len(self.begin)

    @classmethod
    def learn(cls, turns: Sequence[Sequence[Sequence[str]]], hidden: frozenset[str] = frozenset()) -> Phrases:
        """From turns of messages of pieces. Pieces in `hidden` leave a gap: nothing is learnt across them."""
        ids = {word: i for i, word in enumerate(RESERVED)}
        flat = _flat(turns, ids, hidden)
        return cls(list(ids), np.array(flat, np.int64))

    def kept(self, messages: NDArray[np.bool_]) -> Phrases:
        """Only these messages, and of the vocabulary only what they hold."""
        tokens = self.tokens[messages[self.source]] if len(self.tokens) else self.tokens
        held = np.bincount(tokens, minlength=len(self.vocabulary)) > 0
        held[: len(RESERVED)] = True
        names = np.cumsum(held) - 1
        vocabulary = [word for word, is_held in zip(self.vocabulary, held.tolist(), strict=True) if is_held]
        return Phrases(vocabulary, names[tokens], self.order)

    def joined(self, turns: Sequence[Sequence[Sequence[str]]], hidden: frozenset[str]) -> Phrases:
        """With these turns after its own; see `learn`."""
        ids = {word: i for i, word in enumerate(self.vocabulary)}
        more = _flat(turns, ids, hidden)
        return Phrases(list(ids), np.concatenate([self.tokens, np.array(more, np.int64)]), self.order)

    @functools.cached_property
    def levels(self) -> list[Level]:
        """By length of context, the shortest first. Built when first asked for: only who speaks needs them."""
        return self._build()

    def _build(self) -> list[Level]:
        n = len(self.tokens)
        followed = np.full(n, -1, np.int64)
        context = np.zeros(n, np.int64)
        grams: list[Ints] = []
        groups: list[Ints] = []
        if n:
            for length in range(1, self.order + 1):
                previous = np.concatenate([[-1], self.tokens[:-1]])
                older = np.concatenate([[-1], context[:-1]])
                valid = (self.offset >= length) & (previous != HIDDEN) & (older >= 0)
                key = np.where(valid, older * len(self.vocabulary) + previous, -1)
                context = np.unique(key, return_inverse=True)[1].astype(np.int64)
                context = np.where(valid, context, followed)
                groups.append(context)
                gram = np.unique(context * len(self.vocabulary) + self.tokens, return_inverse=True)[1]
                grams.append(gram.astype(np.int64))
        return [self._level(groups[k], grams[k], groups, grams, k) for k in range(len(groups))]

    def _level(self, group: Ints, gram: Ints, groups: list[Ints], grams: list[Ints], k: int) -> Level:
        """One level: below the highest, a place counts by distinct longer n-grams, as Kneser-Ney has it."""
        usable = np.flatnonzero((group >= 0) & (self.tokens != HIDDEN) & (self.tokens > LATER))
        weight = np.ones(len(self.tokens))
        if k + 1 < len(groups):
            longer = np.where(groups[k + 1] >= 0, grams[k + 1], -1)
            count = np.bincount(longer[longer >= 0], minlength=1)
            known = longer >= 0
            weight[known] = 1 / count[longer[known]]
        order = usable[np.argsort(group[usable], kind="stable")]
        sizes = np.bincount(group[order], minlength=int(group.max(initial=-1)) + 1)
        start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        mass = np.bincount(group[order], weight[order], len(sizes))
        first = order[np.unique(gram[order], return_index=True)[1]]
        kinds = np.bincount(group[first], minlength=len(sizes))
        retreat = np.clip(DISCOUNT * kinds / np.maximum(mass, 1e-9), 0.0, 0.95)
        return Level(order, start, group, weight[order], retreat)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The tokens: everything else is computed from them again."""
        return {"phrases.tokens": self.tokens.astype(np.int32)}

    @classmethod
    def of(cls, stored: Mapping[str, NDArray[np.generic]], vocabulary: Sequence[str]) -> Phrases:
        """The index that `arrays` gave. Raises KeyError where a part is missing."""
        return cls(vocabulary, stored["phrases.tokens"].astype(np.int64))

    def text(self, message: int) -> str:
        """One message as it was learnt: with slots for names, and gaps."""
        begin = int(self.begin[message])
        end = int(self.begin[message + 1]) if message + 1 < len(self.begin) else len(self.tokens)
        return "".join(self.vocabulary[token] for token in self.tokens[begin + 1 : end - 1].tolist())

    def openings(self, start: int, led: bool | None) -> Ints:
        """The places of first tokens after FIRST or LATER: all, those that are slots of names, or the others."""
        known = self._openings.get((start, led))
        if known is None:
            known = self.begin[self.tokens[self.begin] == start] + 1
            if led is not None:
                known = known[self.slots[self.tokens[known]] == led]
            self._openings[start, led] = known
        return known

    def places(self, token: int) -> Ints:
        """Where a token stands."""
        return np.flatnonzero(self.tokens == token)


def _flat(turns: Sequence[Sequence[Sequence[str]]], ids: dict[str, int], hidden: frozenset[str]) -> list[int]:
    """Turns as tokens end to end; `ids` gets those that are new."""
    flat: list[int] = []
    for turn in turns:
        for k, message in enumerate(turn):
            flat.append(LATER if k else FIRST)
            flat.extend(HIDDEN if p in hidden else ids.setdefault(p, len(ids)) for p in message)
            flat.append(END)
    return flat
