"""How like its person an echo is: a scorecard for each model, in figures and sentences of ours, never message text."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Better(StrEnum):
    """Which way an axis improves."""

    HIGHER = "higher"
    LOWER = "lower"
    NEAR = "near"
    """Near the ceiling, from either side: what overshoots the person is as unlike them as what falls short."""


class AxisKey(StrEnum):
    """What is measured, in the order in which it is shown."""

    ATTRIBUTION = "attribution"
    DETECTION = "detection"
    LENGTH = "length"
    TURNS = "turns"
    MARKS = "marks"
    WORDS = "words"
    RELEVANCE = "relevance"
    RANKING = "ranking"
    COPYING = "copying"
    DELAY = "delay"
    FLOW = "flow"
    GAPS = "gaps"
    SPEAKING = "speaking"
    CALIBRATION = "calibration"
    FOOLED = "fooled"


LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        AxisKey.ATTRIBUTION: "recognised by style",
        AxisKey.DETECTION: "hard to tell apart",
        AxisKey.LENGTH: "length of messages",
        AxisKey.TURNS: "messages in a row",
        AxisKey.MARKS: "casing and punctuation",
        AxisKey.WORDS: "little words",
        AxisKey.RELEVANCE: "fits what was said",
        AxisKey.RANKING: "knows their answer",
        AxisKey.COPYING: "says it anew",
        AxisKey.DELAY: "pace of answers",
        AxisKey.FLOW: "pace in each moment",
        AxisKey.GAPS: "gaps within a turn",
        AxisKey.SPEAKING: "when to speak",
        AxisKey.CALIBRATION: "how often to speak",
        AxisKey.FOOLED: "people who were fooled",
    }
)
"""What each axis is called, for everybody who shows it."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One measured figure. `ceiling` is what the person's own held-out messages score (or the best that is known to be
    reachable), `floor` what another writer's or misplaced ones do; `better` says which way the figure improves.
    """

    key: str
    figure: float
    ceiling: float
    floor: float
    better: Better

    @property
    def label(self) -> str:
        """What it is called."""
        return LABELS.get(self.key, self.key)


@dataclass(frozen=True, slots=True)
class Scorecard:
    """How one model did in the test on held-out moments.

    `axes` are those that could be measured, in the order of AxisKey; `weakest` is the key of the weakest of them, or
    None. `passed`: the model may speak. `sentence` is for people: which axis is weakest and in which direction, and
    what could not be measured. `moments` were answered, which took `seconds`.
    """

    version: int
    axes: tuple[Axis, ...]
    weakest: str | None
    passed: bool
    sentence: str
    moments: int
    seconds: float
    at: datetime

    def axis(self, key: str) -> Axis | None:
        """The axis of that key, where it was measured."""
        return next((axis for axis in self.axes if axis.key == key), None)


def share(axis: Axis) -> float:
    """Where the figure lies from the floor (0) to the ceiling (1), never beyond; console, picture and text use it."""
    span = abs(axis.ceiling - axis.floor)
    gap = abs(axis.figure - axis.ceiling)
    if axis.better is Better.HIGHER:
        gap = max(0.0, axis.ceiling - axis.figure)
    elif axis.better is Better.LOWER:
        gap = max(0.0, axis.figure - axis.ceiling)
    if span < 1e-9:
        # Nothing lies between the two: it is as good as the person, or it is not.
        return 1.0 if gap < 1e-9 else 0.0
    return max(0.0, min(1.0, 1.0 - gap / span))


def overall(card: Scorecard) -> float | None:
    """The mean share (0..1) of all axes, for a history in one line; None where nothing was measured."""
    return sum(map(share, card.axes)) / len(card.axes) if card.axes else None


def with_guesses(card: Scorecard, right: int, total: int) -> Scorecard:
    """The card with what people's guesses came to (the human measure): the share of them that took the wrong one.

    Half wrong (0.5) means that nobody can tell; without any guesses the card stays as it is.
    """
    axes = tuple(axis for axis in card.axes if axis.key != AxisKey.FOOLED)
    if total <= 0:
        return dataclasses.replace(card, axes=axes)
    fooled = Axis(AxisKey.FOOLED.value, (total - right) / total, 0.5, 0.0, Better.HIGHER)
    return dataclasses.replace(card, axes=(*axes, fooled))
