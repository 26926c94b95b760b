"""How the others in the subject's company take turns: a frame for when anybody there speaks again.

A corpus shows the subject's talk only shortly before their turns, but of the others who were there it shows the
silences too. What a talk is like in which somebody speaks soon is learnt from them; in what the subject differs, from
the subject's own occasions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.names import NameBook
from echo.persona.past import Line, Past
from echo.persona.situations import SHAPE, shape
from echo.persona.turns import CONTEXT_AGE, CONTEXT_LENGTH, Utterance

Floats = NDArray[np.float64]

LEAST: Final = 4
"""Messages that must be known before a moment."""
REMEMBERED: Final = 60
"""Messages back to which somebody is looked for who may still be there."""
WATCHED: Final = tuple(i for i, name in enumerate(SHAPE) if name not in ("tie", "hour_sin", "hour_cos", "weekend"))
"""Features that mean the same for anybody: the subject's ties and hours are not the others'."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What counts: speaking within `messages` of others' and `seconds`, by whoever spoke within `about` seconds."""

    messages: int
    seconds: float
    about: float


def stretches(past: Past) -> list[list[int]]:
    """The talk that is known without a hole, per channel, as indices of lines, oldest first."""
    out: list[list[int]] = []
    newest: dict[str, tuple[list[int], set[int]]] = {}
    for burst, context, said in zip(past.bursts, past.context, past.said, strict=True):
        stretch, known = newest.get(burst.channel, ([], set()))
        if not context or context[0] not in known:
            stretch, known = [], set()
            newest[burst.channel] = (stretch, known)
            out.append(stretch)
        fresh = [at for at in (*context, *said) if at not in known]
        stretch.extend(fresh)
        known.update(fresh)
    return out


def moments(past: Past, names: NameBook, waiting: Waiting, most: int, seed: int) -> tuple[Floats, Floats]:
    """Shapes (n, len(SHAPE)) of moments of others, one of them each, and whether they spoke soon (n,); n <= most."""
    rng = Random(seed)
    places = [(stretch, at) for stretch in stretches(past) for at in range(LEAST, len(stretch))]
    rng.shuffle(places)
    books: dict[str, NameBook] = {}
    rows: list[list[float]] = []
    spoke: list[float] = []
    for stretch, at in places:
        if len(rows) >= most:
            break
        lines = [past.lines[i] for i in stretch[max(0, at - REMEMBERED) : at + 1]]
        who = _one_about(lines, waiting.about, rng)
        soon = (
            None
            if who is None
            else _speaks(who, lines[-1], [past.lines[i] for i in stretch[at + 1 : at + 40]], waiting)
        )
        if who is None or soon is None:
            continue
        if who not in books:
            books[who] = NameBook(who, ())
            books[who].known = (names.known | names.own) - books[who].own
        context = [Utterance(x.author, x.ts, x.text, x.author == who) for x in lines[-CONTEXT_LENGTH:]]
        rows.append(shape([u for u in context if lines[-1].ts - u.ts <= CONTEXT_AGE], books[who], {}))
        spoke.append(float(soon))
    return np.array(rows, np.float64).reshape(len(rows), len(SHAPE)), np.array(spoke)


def _one_about(lines: Sequence[Line], about: float, rng: Random) -> str | None:
    """One of those, but the subject and the last speaker, who have spoken at most `about` seconds ago."""
    now = lines[-1]
    there = {x.author for x in lines if now.ts - x.ts <= about and not x.own} - {now.author}
    return rng.choice(sorted(there)) if there else None


def _speaks(who: str, last: Line, after: Sequence[Line], waiting: Waiting) -> bool | None:
    """Whether they speak soon after the last line; None where what is known ends before that is seen."""
    heard = 0
    for line in after:
        if line.ts - last.ts > waiting.seconds or heard >= waiting.messages:
            return False
        if line.author == who:
            return True
        heard += 1
    return False if heard >= waiting.messages else None
