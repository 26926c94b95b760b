"""What a benchmark finds out, and how it is measured: Echo and its measure by turns, so that both meet the same
machine in the same mood."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final, TypeVar

RUNS: Final = 5
"""Rounds of a figure, after one that is thrown away."""
T = TypeVar("T")
Measured = Callable[[], Awaitable[float]]


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: `runs` rounds, and `quick` for a reduced form that only shows that it works."""

    runs: int = RUNS
    quick: bool = False

    def of(self, whole: T, reduced: T) -> T:
        """One of the two, by the scale."""
        return reduced if self.quick else whole


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: `echo` has its value in each round, in `unit`; `plain` those of `against`, round by round.

    Without `against` it stands alone, and `note` says why or adds what a reader must know.
    """

    name: str
    unit: str
    echo: tuple[float, ...]
    against: str = ""
    plain: tuple[float, ...] = ()
    note: str = ""

    @property
    def value(self) -> float:
        """The median of the rounds."""
        return median(self.echo)

    @property
    def plain_value(self) -> float | None:
        """The median of what it is held against."""
        return median(self.plain) if self.plain else None

    @property
    def ratios(self) -> tuple[float, ...]:
        """Echo's value over the plain one, round by round; empty where there is none."""
        return tuple(a / b for a, b in zip(self.echo, self.plain, strict=True)) if self.plain else ()


Benchmark = Callable[[Scale, Path], Coroutine[Any, Any, list[Figure]]]
"""Measures in a folder of its own."""


async def by_turns(runs: int, echo: Measured, plain: Measured) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The values of both in `runs` rounds. Who goes first alternates; a first round, not counted, warms both up."""
    rounds: list[tuple[float, float]] = []
    for number in range(runs + 1):
        if number % 2:
            ours = await _measured(echo)
            rounds.append((ours, await _measured(plain)))
        else:
            theirs = await _measured(plain)
            rounds.append((await _measured(echo), theirs))
    counted = rounds[1:]
    return tuple(ours for ours, _ in counted), tuple(theirs for _, theirs in counted)


async def _measured(what: Measured) -> float:
    gc.collect()
    return await what()


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0..1) of the values lie; of few values, the nearest one."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
