"""What a scorecard says in sentences: the weakest axis and its direction, and what could not be measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from echo.persona.judging.distances import messages
from echo.persona.judging.split import Turn
from echo.persona.judging.style import MARKS, marks
from states.scores import LABELS, Axis, AxisKey, share

FINE: Final = 0.9
"""The share from which on an axis is no weakness."""
SILENT: Final = 0.2
"""The share of moments without an answer from which on it is told."""
ENOUGH: Final = 60
"""Held-out answers from which on most can be measured."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What the direction of an axis is read from. `sooner` and `oftener`: than the person."""

    echo: Sequence[Turn]
    reference: Sequence[Turn]
    sooner: bool
    oftener: bool


def weakest(axes: Sequence[Axis]) -> Axis | None:
    """The axis with the least share; none where all are fine."""
    found = min(axes, key=share, default=None)
    return found if found is not None and share(found) < FINE else None


def sentence(axes: Sequence[Axis], compared: Compared, asked: int, held_out: int) -> str:
    """What a person is to read first. `asked` moments were asked for an answer, of `held_out` answers."""
    if not axes:
        return (
            f"It could not be tested: {held_out} answers were held out for that, and {ENOUGH} or more are needed. More "
            "messages or a later date make that possible."
        )
    least = weakest(axes)
    fine = "Nothing stands out: on every axis it is about as near to them as they are to themselves."
    if all(axis.key == AxisKey.COPYING for axis in axes):
        # Copying is measured with however few moments, and says nothing of likeness.
        fine = "How like them it is could not be tested; it repeats nothing that was said before."
    parts = [fine if least is None else f"Weakest: {least.label}. {_TOLD[AxisKey(least.key)](least, compared)}"]
    silent = sum(not turn.texts for turn in compared.echo)
    if asked and silent > SILENT * asked:
        parts.append(f"In {silent} of {asked} moments it had nothing to say.")
    missing = [LABELS[key] for key in AxisKey if key is not AxisKey.FOOLED and not any(a.key == key for a in axes)]
    if missing:
        parts.append(f"Not measured, for want of held-out messages: {', '.join(missing)}.")
    return " ".join(parts)


def _length(axis: Axis, compared: Compared) -> str:
    mean = [np.mean([len(text) for text in messages(some)]) for some in (compared.echo, compared.reference)]
    return f"Its messages are {'shorter' if mean[0] < mean[1] else 'longer'} than theirs."


def _turns(axis: Axis, compared: Compared) -> str:
    some = ([turn for turn in turns if turn.texts] for turns in (compared.echo, compared.reference))
    mean = [len(messages(turns)) / max(1, len(turns)) for turns in some]
    return f"It sends {'fewer' if mean[0] < mean[1] else 'more'} messages in a row than they do."


def _marks(axis: Axis, compared: Compared) -> str:
    rates = [
        np.array([marks(text) for text in messages(some)], np.float64).mean(axis=0)
        for some in (compared.echo, compared.reference)
    ]
    most = int(np.abs(rates[0] - rates[1]).argmax())
    return (
        f"It differs most in this: “{MARKS[most]}” holds for {100 * rates[0][most]:.0f} % of its messages and "
        f"{100 * rates[1][most]:.0f} % of theirs."
    )


def _relevance(axis: Axis, compared: Compared) -> str:
    if axis.figure < axis.ceiling:
        return "It takes up less of what was just said than they do."
    return "It takes up more of what was just said than they do, word for word."


def _always(text: str) -> Callable[[Axis, Compared], str]:
    return lambda axis, compared: text


_TOLD: Final[dict[AxisKey, Callable[[Axis, Compared], str]]] = {
    AxisKey.ATTRIBUTION: _always("Too many of its messages could be somebody else's by their style."),
    AxisKey.DETECTION: lambda axis, compared: (
        f"A machine picks the real one of two answers in {100 * axis.figure:.0f} % of cases (50 % is guessing)."
    ),
    AxisKey.LENGTH: _length,
    AxisKey.TURNS: _turns,
    AxisKey.MARKS: _marks,
    AxisKey.WORDS: _always("It uses the small words that hold sentences together otherwise than they do."),
    AxisKey.RELEVANCE: _relevance,
    AxisKey.RANKING: _always("It seldom sees which of ten answers they really gave."),
    AxisKey.COPYING: _always("It repeats too much of what was said before, word for word."),
    AxisKey.DELAY: lambda axis, compared: (
        f"It answers {'sooner' if compared.sooner else 'later'} than they do on the whole."
    ),
    AxisKey.FLOW: _always("It hardly waits longer where they would, or answers faster where they would."),
    AxisKey.GAPS: _always("The gaps between its messages hardly follow theirs."),
    AxisKey.SPEAKING: _always("It hardly foresees when they speak and when they stay silent."),
    AxisKey.CALIBRATION: lambda axis, compared: (
        f"It would speak {'more' if compared.oftener else 'less'} often than they do."
    ),
    AxisKey.FOOLED: _always("People mostly see which answer is the echo's."),
}
