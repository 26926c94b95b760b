"""A scorecard as lines of plain text, for terminals and code blocks alike. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from states.scores import Axis, Scorecard, overall, share

CELLS: Final = 10
"""Of a bar."""
EXPLAINED: Final = "Each bar goes from somebody else (floor) to the person themselves (ceiling)."


def table(axes: Sequence[Axis]) -> str:
    """A line for each axis: what it is, its bar from floor to ceiling, the figure, floor and ceiling."""
    width = max((len(axis.label) for axis in axes), default=0)
    head = f"{'':<{width + CELLS + 3}}{'echo':>6}  {'floor':>5}  {'ceiling':>7}"
    return "\n".join([head, *(_line(axis, width) for axis in axes)])


def _line(axis: Axis, width: int) -> str:
    figures = f"{axis.figure:>6.2f}  {axis.floor:>5.2f}  {axis.ceiling:>7.2f}"
    return f"{axis.label:<{width}}  {bar(share(axis))} {figures}"


def bar(part: float) -> str:
    """A bar for a share of 0 to 1."""
    done = round(CELLS * max(0.0, min(1.0, part)))
    return "█" * done + "░" * (CELLS - done)


def history(cards: Sequence[Scorecard], most: int = 8) -> str:
    """The mean share of each of the newest versions, oldest first, where there are several."""
    told = []
    for card in cards[-most:]:
        mean = overall(card)
        told.append(f"version {card.version} {'-' if mean is None else f'{100 * mean:.0f} %'}")
    return " · ".join(told) if len(told) > 1 else ""
