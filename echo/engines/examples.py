"""Pairs of what was said and what the subject answered, and those among them that are most like a moment."""

from __future__ import annotations

import heapq
import json
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import repeat
from random import Random
from typing import Final

from echo.errors import EngineFailed
from echo.persona.secrecy import VEIL, veiled
from echo.persona.tokens import words
from echo.persona.turns import Burst, Utterance

MOST: Final = 3000
"""Pairs that are kept, the newest: enough to find like moments, few enough to search in a millisecond."""
LOOKBACK: Final = 3
"""Messages of the conversation that are kept with each answer."""
LONGEST: Final = 300
"""Characters of each message that are kept."""
SATURATION: Final = 1.2
"""k1 of BM25 (Robertson and Zaragoza, 2009): how soon a repeated word stops counting."""
LENGTH_WEIGHT: Final = 0.75
"""b of BM25: how much long documents are held against themselves."""
FADE: Final = 0.5
"""How much less the words of each earlier message count in a search."""


@dataclass(frozen=True, slots=True)
class Example:
    """What was said, oldest first (times are not kept), and what the subject answered: 1..n messages.

    `context_ids` and `ids` name those messages, parallel to them, 0 where one has no id.
    """

    context: tuple[Utterance, ...]
    texts: tuple[str, ...]
    context_ids: tuple[int, ...] = ()
    ids: tuple[int, ...] = ()

    def without(self, gone: frozenset[int]) -> Example | None:
        """Without these messages; None where it answers nothing any more, or says nothing."""
        if gone.isdisjoint((*self.context_ids, *self.ids)) and (0 not in gone or (self.ids and self.context_ids)):
            return self
        heard = [k for k, one in enumerate(self.context_ids) if one not in gone]
        said = [k for k, one in enumerate(self.ids) if one not in gone]
        # What it answered stood last.
        if not said or len(self.context) - 1 not in heard:
            return None
        return Example(
            tuple(self.context[k] for k in heard),
            tuple(self.texts[k] for k in said),
            tuple(self.context_ids[k] for k in heard),
            tuple(self.ids[k] for k in said),
        )


def examples_of(bursts: Iterable[Burst]) -> list[Example]:
    """The newest MOST answers to somebody else, oldest first, without anything that identifies or opens something."""
    answers = [b for b in bursts if b.context and not b.context[-1].own]
    answers.sort(key=lambda b: b.ts)
    out = []
    for burst in answers[-MOST:]:
        kept = [(_kept(text), one) for text, one in zip(burst.texts, burst.ids or repeat(0), strict=False)]
        said = [(text, one) for text, one in kept if text]
        context = tuple(Utterance(u.author, 0.0, _kept(u.text), u.own) for u in burst.context[-LOOKBACK:])
        if said and context[-1].text:
            context_ids = burst.context_ids[-LOOKBACK:] or (0,) * len(context)
            texts, ids = zip(*said, strict=True)
            out.append(Example(context, texts, context_ids, ids))
    return out


def amended_examples(examples: Iterable[Example], added: Iterable[Burst], withdrawn: Collection[int]) -> list[Example]:
    """The pairs without the withdrawn messages (ids; 0: those without one), and the newest answers of these turns, MOST
    in all.

    A turn that is there already takes the place of what was kept of it.
    """
    turns = list(added)
    gone = frozenset(withdrawn)
    again = frozenset(one for burst in turns for one in burst.ids) - {0}
    rest = [left for one in examples if again.isdisjoint(one.ids) and (left := one.without(gone))]
    return [*rest, *examples_of(turns)][-MOST:]


def _hash(one: Example) -> bytes:
    answer = "\n".join((*(u.text for u in one.context), "", *one.texts))
    return blake2b(answer.encode("utf-8", "surrogatepass"), digest_size=8, person=b"steady").digest()


def _kept(text: str) -> str:
    return veiled(text[:LONGEST]).replace(VEIL, "…").strip()


def dumped(examples: Sequence[Example]) -> bytes:
    """The pairs as bytes, for `loaded`. They are message text: store them encrypted."""
    rows = [[[[u.author, u.text, u.own] for u in one.context], one.texts, one.context_ids, one.ids] for one in examples]
    # ASCII, because a text may hold half a surrogate pair, which UTF-8 can't carry.
    return json.dumps(rows, separators=(",", ":")).encode("ascii")


def loaded(blob: bytes) -> list[Example]:
    """The pairs that `dumped` gave; none where there are no bytes. Raises EngineFailed where they are no such thing."""
    if not blob:
        return []
    try:
        return [
            Example(
                tuple(Utterance(str(author), 0.0, str(text), bool(own)) for author, text, own in context),
                tuple(str(text) for text in texts),
                tuple(int(one) for one in context_ids),
                tuple(int(one) for one in ids),
            )
            for context, texts, context_ids, ids in json.loads(blob)
        ]
    except (ValueError, TypeError) as problem:
        raise EngineFailed("The stored model lacks its examples, so train the echo again.") from problem


class Examples:
    """Finds like moments by BM25 over the words that were said before each answer."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self._examples = list(examples)
        documents = [Counter(w for u in one.context for w in words(u.text)) for one in self._examples]
        lengths = [sum(document.values()) for document in documents]
        mean = sum(lengths) / max(1, len(lengths)) or 1.0
        self._norm = [SATURATION * (1 - LENGTH_WEIGHT + LENGTH_WEIGHT * n / mean) for n in lengths]
        self._postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for at, document in enumerate(documents):
            for word, times in document.items():
                self._postings[word].append((at, times))

    def __len__(self) -> int:
        return len(self._examples)

    @property
    def all(self) -> Sequence[Example]:
        """Every pair, the oldest first."""
        return self._examples

    def steady(self, count: int) -> list[Example]:
        """Up to `count` pairs with different answers, the same ones each time; amending changes few of them."""
        with_hash = ((_hash(one), at) for at, one in enumerate(self._examples))
        return self.chosen((at for _, at in heapq.nsmallest(4 * count, with_hash)), count)

    def like(self, context: Sequence[Utterance], count: int, seed: int) -> list[Example]:
        """Up to `count` pairs with different answers, the most like the moment last.

        Where too few are like it, newer ones at random make up the number: they still show how the person writes.
        """
        scores = self._scores(context)
        best = sorted(scores, key=lambda at: (-scores[at], -at))
        rest = Random(f"examples/{seed}").sample(range(len(self._examples)), min(len(self._examples), 4 * count))
        return self.chosen((*best, *sorted(rest, reverse=True)), count)

    def chosen(self, ranked: Iterable[int], count: int) -> list[Example]:
        """The first `count` with different answers of those at these places in `all`, the best one last."""
        chosen: dict[tuple[str, ...], int] = {}
        for at in ranked:
            if len(chosen) == count:
                break
            chosen.setdefault(self._examples[at].texts, at)
        return [self._examples[at] for at in reversed(chosen.values())]

    def _scores(self, context: Sequence[Utterance]) -> dict[int, float]:
        query: dict[str, float] = defaultdict(float)
        for age, said in enumerate(reversed(context[-LOOKBACK:])):
            for word in words(said.text):
                query[word] = max(query[word], FADE**age)
        scores: dict[int, float] = defaultdict(float)
        for word, weight in query.items():
            found = self._postings.get(word, ())
            rarity = math.log(1 + (len(self._examples) - len(found) + 0.5) / (len(found) + 0.5))
            for at, times in found:
                scores[at] += weight * rarity * times * (SATURATION + 1) / (times + self._norm[at])
        return scores
