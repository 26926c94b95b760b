"""Does it fit what was said? Words shared with its own context and with others', and the place of the real answer."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Final

import numpy as np

from echo.persona.judging.split import DAY, Turn
from echo.persona.tokens import words
from echo.persona.turns import Burst, Utterance
from states.scores import Axis, AxisKey, Better

LOOKBACK: Final = 5
"""Messages of a context that are compared."""
ELSEWHERE: Final = 10
"""Other contexts that each answer is held against."""
CANDIDATES: Final = 10
"""Answers among which the real one is looked for."""
FEWEST: Final = 25
"""Moments that it takes."""
RANKED: Final = 100
"""Moments in which candidates are ranked at most."""
BY_CHANCE: Final = sum(1 / n for n in range(1, CANDIDATES + 1)) / CANDIDATES
"""The mean reciprocal rank of a guess."""
REACH: Final = 0.7
"""Mean reciprocal rank: as good as any ranking of such answers is known to get; many would fit as well."""

Vector = dict[str, float]


class Space:
    """Texts as vectors of their words, the rarer ones counting more (TF-IDF), of length one."""

    def __init__(self, rarity: dict[str, float], unseen: float) -> None:
        self._rarity, self._unseen = rarity, unseen

    @classmethod
    def learn(cls, texts: Iterable[str]) -> Space:
        """From messages of everybody; a word in a tenth of them or more says nothing."""
        counts: Counter[str] = Counter()
        total = 0
        for text in texts:
            total += 1
            counts.update(set(words(text)))
        rarity = {w: math.log((total + 1) / (n + 1)) for w, n in counts.items()}
        common = math.log(10)
        return cls({w: r if r > common else 0.0 for w, r in rarity.items()}, math.log(total + 1))

    def vector(self, text: str) -> Vector:
        """The vector of a text; empty where nothing in it says anything."""
        found = {
            word: (1 + math.log(n)) * self._rarity.get(word, self._unseen) for word, n in Counter(words(text)).items()
        }
        length = math.sqrt(sum(value * value for value in found.values()))
        return {word: value / length for word, value in found.items() if value} if length else {}

    def context(self, context: Sequence[Utterance], count: int = LOOKBACK) -> Vector:
        """The vector of the newest messages of a context."""
        return self.vector("\n".join(said.text for said in context[-count:]))


def likeness(one: Vector, other: Vector) -> float:
    """The cosine, 0..1."""
    if len(one) > len(other):
        one, other = other, one
    return sum(value * other[word] for word, value in one.items() if word in other)


def fit(turns: Sequence[Turn], contexts: Sequence[Sequence[Utterance]], space: Space, seed: int) -> float | None:
    """The chance (0..1) that an answer is more like its own context than like another's; 0.5 is no relation.

    `contexts` are those of the turns, which stand for each other's as others. None where no answer has a word.
    """
    rng = Random(f"fit/{seed}")
    asked = [space.context(context) for context in contexts]
    won = []
    for at, turn in enumerate(turns):
        said = space.vector(turn.text)
        if not turn.texts or len(turns) < 2:
            continue
        own = likeness(said, asked[at])
        rest = [i for i in rng.sample(range(len(turns)), min(len(turns), ELSEWHERE + 1)) if i != at][:ELSEWHERE]
        other = [likeness(said, asked[i]) for i in rest]
        won.append(sum((own > value) + 0.5 * (own == value) for value in other) / len(other))
    return float(np.mean(won)) if won else None


def relevance(echo: Sequence[Turn], real: Sequence[Turn], space: Space, seed: int) -> Axis | None:
    """How well the echo's answers fit; the ceiling is how well the real ones do, the floor answers given elsewhere."""
    if min(len(echo), len(real)) < FEWEST:
        return None
    figure = fit(echo, [turn.context for turn in echo], space, seed)
    contexts = [turn.context for turn in real]
    ceiling = fit(real, contexts, space, seed)
    half = len(real) // 2
    floor = fit([*real[half:], *real[:half]], contexts, space, seed)
    if figure is None or ceiling is None or floor is None:
        return None
    # Where they themselves hardly take up what was said, nothing can be told.
    return Axis(AxisKey.RELEVANCE.value, figure, ceiling, min(floor, ceiling - 0.05), Better.NEAR)


def ranking(score: Callable[[Sequence[Utterance], str], float], moments: Sequence[Burst], seed: int) -> Axis | None:
    """The mean reciprocal rank that `score` gives the real answer among others of other days."""
    rng = Random(f"rank/{seed}")
    places = []
    for burst in moments[:: max(1, math.ceil(len(moments) / RANKED))]:
        others = [b for b in moments if int(b.ts // DAY) != int(burst.ts // DAY)]
        if len(others) < CANDIDATES - 1:
            continue
        rest = rng.sample(others, CANDIDATES - 1)
        own, *wrong = (score(burst.context, "\n".join(b.texts)) for b in (burst, *rest))
        above, same = sum(value > own for value in wrong), sum(value == own for value in wrong)
        places.append(float(np.mean([1 / (1 + above + k) for k in range(same + 1)])))
    if len(places) < FEWEST:
        return None
    return Axis(AxisKey.RANKING.value, float(np.mean(places)), REACH, BY_CHANCE, Better.HIGHER)
