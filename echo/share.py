"""How much of a talk echoes may be: a ceiling where several humans talk, none where one talks with an echo. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from echo.ports import Heard

WINDOW: Final = 30
"""Newest messages of humans and echoes that are counted."""
WITHIN: Final = 3600.0
"""Seconds: older ones are not."""
NEAR: Final = 10
"""Newest messages in which two humans must have spoken for it to be more than an exchange between one and an echo."""
UNBOUNDED: Final = 100
"""Messages: more than any answer has."""


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The share of the messages (0..1) that one echo, and all of them, may have said."""

    one: float
    all: float


def room(heard: Sequence[Heard], profile_id: int, now: float, ceiling: Ceiling, coming: int = 0) -> int:
    """How many messages this echo may say now: 0..UNBOUNDED.

    `heard` is oldest first, `now` in epoch seconds. `coming` messages of other echoes are about to be said.
    """
    said = [one for one in heard if (one.human or one.speaker is not None) and now - one.ts <= WITHIN][-WINDOW:]
    if len({one.author_id for one in said[-NEAR:] if one.human}) < 2:
        return UNBOUNDED
    talk = [one.speaker if not one.human else None for one in said] + [-1] * coming
    for count in range(UNBOUNDED):
        talk = [*talk, profile_id][-WINDOW:]
        mine, echoes = talk.count(profile_id), sum(one is not None for one in talk)
        if mine > ceiling.one * len(talk) or echoes > ceiling.all * len(talk):
            return count
    return UNBOUNDED
