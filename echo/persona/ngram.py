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
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.names import LAST, OTHER

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

QUOTED: Final = 4
"""Words from one message in a row after which the walk leaves it, if it can: a longer run is soon a quote."""
GOING_ON: Final = 0.5
"""How much an end weighs before a message is as long as planned."""
UNENDING: Final = 0.3
"""The share of a context's continuations that must go on for an end to be passed over there."""


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


@dataclass(frozen=True, slots=True)
class Mood:
    """What leans the sampling. `fit` weighs messages (len = Phrases.messages), `taste` tokens (len = vocabulary).

    `boldness` scales the backing off: below 1 stays closer to learnt phrases.
    """

    fit: Floats
    taste: Floats
    boldness: float = 1.0


class Sampler:
    """Draws messages in one mood. Not shared between threads; cheap to make."""

    def __init__(self, phrases: Phrases, mood: Mood, rng: Random) -> None:
        self._p = phrases
        self._random = rng.random
        self._boldness = mood.boldness
        taste = mood.taste.copy()
        taste[HIDDEN] = 0.0
        self._weight = mood.fit[phrases.source] * taste[phrases.tokens] if len(phrases.tokens) else mood.fit
        self._going_on = np.where(phrases.tokens == END, self._weight * GOING_ON, self._weight)
        self._openings: dict[tuple[int, int], tuple[Ints, Floats]] = {}

    def opening(self, start: int, allowed: NDArray[np.bool_] | None = None) -> int:
        """The place of a first token after FIRST or LATER; -1 where there is none. `allowed` is over vocabulary."""
        key = (start, id(allowed))
        if key not in self._openings:
            places = self._p.begin[self._p.tokens[self._p.begin] == start] + 1
            if allowed is not None:
                places = places[allowed[self._p.tokens[places]]]
            self._openings[key] = (places, self._weight[places].cumsum())
        places, mass = self._openings[key]
        if not len(places) or mass[-1] <= 0:
            return -1
        return int(places[min(int(mass.searchsorted(self._random() * mass[-1], "right")), len(places) - 1)])

    def message(self, place: int, shortest: int, longest: int) -> tuple[list[int], int]:
        """Tokens from the one at `place` to before END, and how often the walk left the message it was quoting.

        An end before `shortest` characters is passed over where its context often went on. The list is empty where the
        message came to more than `longest` characters, or to something that may not be said.
        """
        p = self._p
        out: list[int] = []
        jumps, depth, size, quoted = 0, 1, 0, 0
        while place >= 0:
            token = int(p.tokens[place])
            if token == END:
                if size >= shortest:
                    return out, jumps
                place, depth = self._instead(place, depth)
                if place < 0:
                    return out, jumps
                jumps += 1
                token = int(p.tokens[place])
            out.append(token)
            size += p.sizes[token]
            if size > longest:
                return [], 0
            weight = self._weight if size >= shortest else self._going_on
            quoted += p.opens_word[token]
            following = -1
            if quoted >= QUOTED:
                following, depth = self._elsewhere(place + 1, min(depth + 1, p.order), weight)
            if following < 0:
                following, depth = self._next(place + 1, min(depth + 1, p.order), weight)
            if following != place + 1:
                jumps, quoted = jumps + 1, 0
            place = following
        return [], 0

    def _instead(self, place: int, depth: int) -> tuple[int, int]:
        """A place that goes on where `place` ends, at the longest context that has one; -1 where there is none."""
        for k in range(depth, 1, -1):
            level = self._p.levels[k - 1]
            group = int(level.group_of[place])
            if group < 0:
                continue
            places = level.places[level.start[group] : level.start[group + 1]]
            every = len(places)
            places = places[self._p.tokens[places] != END]
            # A phrase that nearly always ends here would be stretched into something they don't say.
            if len(places) >= UNENDING * every and len(places) > 0:
                mass = self._weight[places].cumsum()
                if mass[-1] > 0:
                    return int(places[min(int(mass.searchsorted(self._random() * mass[-1])), len(places) - 1)]), k
        return -1, 1

    def _elsewhere(self, place: int, depth: int, weight: Floats) -> tuple[int, int]:
        """A place that shares the context of `place` but stands in another message; -1 where there is none."""
        source = self._p.source[place]
        for k in range(depth, 1, -1):
            level = self._p.levels[k - 1]
            group = int(level.group_of[place])
            if group < 0 or level.start[group + 1] - level.start[group] < 2:
                continue
            places = level.places[level.start[group] : level.start[group + 1]]
            mass = (weight[places] * (self._p.source[places] != source)).cumsum()
            if mass[-1] > 0:
                return int(places[min(int(mass.searchsorted(self._random() * mass[-1], "right")), len(places) - 1)]), k
        return -1, depth

    def _next(self, place: int, depth: int, weight: Floats) -> tuple[int, int]:
        """A place to go on from, whose context is that of `place`, and how long a context it shares."""
        if place >= len(self._p.tokens):
            return -1, 1
        lowest = 1
        for k in range(depth, 0, -1):
            level = self._p.levels[k - 1]
            group = int(level.group_of[place])
            if group < 0:
                continue
            lowest = k
            if k > 2 and self._random() < level.retreat[group] * self._boldness:
                continue
            chosen = self._choose(level, group, weight)
            if chosen >= 0:
                return chosen, k
        level = self._p.levels[lowest - 1]
        group = int(level.group_of[place])
        return (self._choose(level, group, weight), lowest) if group >= 0 else (-1, 1)

    def _choose(self, level: Level, group: int, weight: Floats) -> int:
        low, high = int(level.start[group]), int(level.start[group + 1])
        if high - low == 1:
            place = int(level.places[low])
            return place if weight[place] > 0 else -1
        places = level.places[low:high]
        mass = (weight[places] * level.share[low:high]).cumsum()
        if not len(mass) or mass[-1] <= 0:
            return -1
        return int(places[min(int(mass.searchsorted(self._random() * mass[-1], "right")), len(places) - 1)])
