"""How many drafts of an answer the time allows that its person would leave anyway. No clock of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from echo.persona.model import Persona
from echo.ports import Moment

TYPING_MOST: Final = 10.0
"""Seconds that an echo is seen typing at most."""
WEIGHT: Final = 0.3
"""Of the newest draft in the moving average of how long they take."""


def leisure(persona: Persona, moment: Moment, letters: int) -> float:
    """Seconds from now until the answer is to be typed, which drafting may take without anybody waiting longer.

    The person's own delay as `echo.engines.deciding.paced` draws it, by the moment's factor and limit, less the typing
    of `letters` characters and what went by already since the wait began. For an opening nobody waits at all.
    """
    if moment.opens:
        return moment.most
    delay = persona.delay(moment.context, seed=moment.seed)
    typing = min(TYPING_MOST, letters / persona.typing_speed() * moment.leisure)
    since = moment.since or (moment.context[-1].ts if moment.context else 0.0)
    gone = max(0.0, moment.now - since) if moment.now and since else 0.0
    return max(0.0, min(moment.most, delay * moment.leisure) - typing - gone)


class Load:
    """The drafts of all answers, by base model: how many are being made, and how many seconds one takes (a moving
    average, with its wait for a slot)."""

    def __init__(self) -> None:
        self._taken: dict[str, float] = {}
        self._running: Counter[str] = Counter()

    def begin(self, base: str) -> None:
        """One is begun."""
        self._running[base] += 1

    def end(self, base: str) -> None:
        """One that was begun has come to its end, whatever that was."""
        self._running[base] -= 1

    def running(self, base: str) -> int:
        """How many are being made."""
        return self._running[base]

    def learn(self, base: str, seconds: float) -> None:
        """A draft took so long, from asking to its end."""
        known = self._taken.get(base, seconds)
        self._taken[base] = known + WEIGHT * (seconds - known)

    def expected(self, base: str) -> float | None:
        """What the next one will take; None where there was none yet."""
        return self._taken.get(base)


@dataclass(frozen=True, slots=True)
class Deadline:
    """When an answer is due, by a clock in seconds."""

    clock: Callable[[], float]
    due: float

    @property
    def left(self) -> float:
        """Seconds until then, 0 where it is past."""
        return max(0.0, self.due - self.clock())

    def allows(self, seconds: float | None) -> bool:
        """Whether something that takes so long ends before it; what nobody knows the length of does not."""
        return seconds is not None and seconds <= self.left
