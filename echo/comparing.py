"""Whether a fine-tuned model is worth it: held against the prompt-only persona in the same moments. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from echo.ports import Examined
from states.scores import Axis, AxisKey, share

COMPARED: Final = (
    AxisKey.ATTRIBUTION, AxisKey.DETECTION, AxisKey.LENGTH, AxisKey.TURNS, AxisKey.MARKS, AxisKey.WORDS,
    AxisKey.RELEVANCE,
)  # fmt: skip
"""The axes that the words decide; when and how fast to speak is the same for both."""
FEWEST: Final = 4
"""Of these axes, so many must have been measured for both."""


def not_worth_it(tuned: Examined, prompted: Examined) -> str | None:
    """Why a fine-tuned model must not take the prompt-only persona's place, in one sentence; None where it may.

    Both are means of shares (0..1) from the impostors, who are at 0, to the person, over the axes of COMPARED that were
    measured for both. What it copies or leaks is not looked at here.
    """
    ours, theirs = ({axis.key: axis for axis in one.axes} for one in (tuned, prompted))
    keys = [key for key in COMPARED if key in ours and key in theirs]
    if len(keys) < FEWEST:
        return (
            "There were too few moments to tell whether the fine-tuned model is better than the prompt alone: add more "
            "messages and refresh."
        )
    tuned_share, prompted_share = _mean(ours, keys), _mean(theirs, keys)
    if tuned_share <= 0.0:
        return "In its test the fine-tuned model was no more like them than an impostor is: add more messages, refresh."
    if tuned_share <= prompted_share:
        return (
            f"In its test the fine-tuned model came {tuned_share:.0%} of the way from an impostor to them, and the "
            f"prompt alone {prompted_share:.0%}: it would be no gain."
        )
    return None


def _mean(axes: Mapping[str, Axis], keys: list[AxisKey]) -> float:
    return sum(share(axes[key]) for key in keys) / len(keys)
