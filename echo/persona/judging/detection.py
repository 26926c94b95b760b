"""Can a machine tell its answers from theirs? A classifier two-sample test (Lopez-Paz and Oquab 2017).

A logistic regression over runs of characters, words and how an answer stands to its context, cross-validated; in its
dual form, because there are fewer answers than features.
"""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Sequence
from typing import Final

import numpy as np

from echo.persona.judging.measures import Floats, auc
from echo.persona.judging.relevance import Space, likeness
from echo.persona.judging.split import Turn
from echo.persona.names import keys_of, lead_of
from echo.persona.tokens import pieces, words
from states.scores import Axis, AxisKey, Better

FEWEST: Final = 40
"""Answers on each side that it takes."""
MOST: Final = 200
"""Answers on each side that are looked at."""
FOLDS: Final = 5
SLOTS: Final = 2**13
"""Features are counted by a hash of this many values."""
PENALTY: Final = 0.1
"""L2."""
BESIDE: Final = 0.35
"""How much each of the figures of an answer's standing to its context weighs beside the text, which weighs 1."""
LONGEST: Final = 500
"""Characters of an answer that are looked at."""


def _prints(text: str) -> dict[int, float]:
    """Hashed runs of 1 to 3 characters, and words with their neighbours, by how often they occur."""
    text = text[:LONGEST]
    low = text.lower()
    found = [text[i : i + n] for n in (1, 2, 3) for i in range(len(text) - n + 1)]
    listed = [piece.strip() for piece in pieces(low)]
    found += [f"\x05{word}" for word in listed]
    found += [f"\x06{a} {b}" for a, b in itertools.pairwise(listed)]
    counts: dict[int, float] = {}
    for run in found:
        at = zlib.crc32(run.encode("utf-8", "surrogatepass")) % SLOTS
        counts[at] = counts.get(at, 0.0) + 1.0
    return counts


def _standing(turn: Turn, space: Space) -> list[float]:
    """How an answer stands to its context, in a few figures."""
    said = space.vector(turn.text)
    near, far = (likeness(said, space.context(turn.context, count)) for count in (1, 5))
    lead = lead_of(turn.texts[0]) if turn.texts else None
    present = {key for said_before in turn.context if not said_before.own for key in keys_of(said_before.author)}
    before = {word for said_before in turn.context for word in words(said_before.text)}
    listed = words(turn.text)
    shared = sum(word in before for word in listed) / len(listed) if listed else 0.0
    asked = bool(turn.context) and turn.context[-1].text.rstrip().endswith("?")
    return [
        near, far, shared, float(lead is not None), float(lead in present), float(len(turn.texts)),
        math.log1p(len(turn.text)), math.log1p(len(turn.text)) * asked,
    ]  # fmt: skip


def _rows(turns: Sequence[Turn], space: Space) -> tuple[Floats, Floats]:
    """What of each answer is hashed (answers, features), and its standing to its context."""
    table = np.zeros((len(turns), SLOTS))
    for row, turn in zip(table, turns, strict=True):
        for at, count in _prints(turn.text).items():
            row[at] = 1.0 + math.log(count)
    # What occurs once tells nothing of others.
    return table[:, (table > 0).sum(axis=0) > 1], np.array([_standing(turn, space) for turn in turns], np.float64)


def told_apart(one: Sequence[Turn], other: Sequence[Turn], space: Space, seed: int) -> float:
    """The cross-validated AUC of telling the two kinds of answers apart; about 0.5 where it can't be done.

    Equally many of each are looked at, and never more than MOST.
    """
    count = min(MOST, len(one), len(other))
    rng = np.random.default_rng(seed)
    both = [turns[at] for turns in (one, other) for at in sorted(rng.permutation(len(turns))[:count].tolist())]
    kind = np.repeat([1.0, 0.0], count)
    # The folds are drawn alike for both kinds, so that no fold has more of one.
    fold = np.concatenate([rng.permutation(count) % FOLDS for _ in range(2)])
    hashed, beside = _rows(both, space)
    score = np.zeros(2 * count)
    for k in range(FOLDS):
        learnt = fold != k
        kernel = _kernel(hashed, beside, learnt)
        alpha, shift = _dual(kernel[np.ix_(learnt, learnt)], kind[learnt])
        score[~learnt] = kernel[np.ix_(~learnt, learnt)] @ alpha + shift
    return auc(score[kind == 1], score[kind == 0])


def _kernel(hashed: Floats, beside: Floats, learnt: np.typing.NDArray[np.bool_]) -> Floats:
    """How alike each two answers are; weights come from those learnt from alone."""
    spread = (hashed[learnt] > 0).sum(axis=0)
    rarity = np.log((1 + learnt.sum()) / (1 + spread)) * (spread > 1)
    weighed = hashed * rarity
    weighed /= np.maximum(np.sqrt((weighed**2).sum(axis=1, keepdims=True)), 1e-9)
    centre, scale = beside[learnt].mean(axis=0), beside[learnt].std(axis=0) + 1e-6
    unit = np.clip((beside - centre) / scale, -3, 3) * BESIDE
    out: Floats = weighed @ weighed.T + unit @ unit.T
    return out


def _dual(kernel: Floats, kind: Floats) -> tuple[Floats, float]:
    """Kernel logistic regression by Newton's method: weights of those learnt from, and the shift."""
    alpha: Floats = np.zeros(len(kind))
    shift = 0.0
    for _ in range(6):
        score = kernel @ alpha + shift
        chance = 1 / (1 + np.exp(-np.clip(score, -30, 30)))
        bend = np.maximum(chance * (1 - chance), 1e-3)
        aim = score - shift + (kind - chance) / bend
        alpha = np.asarray(np.linalg.solve(kernel + PENALTY * np.diag(1 / bend), aim), np.float64)
        shift += float((kind - chance).mean())
    return alpha, shift


def detection(
    echo: Sequence[Turn],
    real: Sequence[Turn],
    reference: Sequence[Turn],
    crowd: Sequence[Turn],
    space: Space,
    seed: int,
) -> Axis | None:
    """How well a machine tells the echo's answers from the person's others; None where there are too few.

    The ceiling is how well it tells the person's from the person's, the floor how well it tells another's.
    """
    if min(len(echo), len(real), len(reference)) < FEWEST:
        return None
    figure, ceiling = (told_apart(some, reference, space, seed) for some in (echo, real))
    floor = told_apart(crowd, reference, space, seed) if len(crowd) >= FEWEST else 1.0
    ceiling = max(0.5, ceiling)
    return Axis(AxisKey.DETECTION.value, max(0.5, figure), ceiling, max(floor, ceiling + 0.1, 0.75), Better.LOWER)
