"""Planning an answer's measure: how many messages of which length, drawn from moments like this one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.boosting import Forest, Growth, grow

Floats = NDArray[np.float64]

MESSAGES: Final = 6
"""Messages in one answer at most."""
_NAMES: Final = 64
"""What a stored plan counts names up to."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write: each message's length in characters, and whether the first begins by naming somebody present.

    `named` is how many names of those present come later on, in all messages. Bit k of `taken` says that message k
    takes up a word that was just used.
    """

    lengths: tuple[int, ...]
    led: bool
    named: int = 0
    taken: int = 0


class Planner:
    """Foresees the measure of an answer and draws a real one from moments foreseen alike."""

    def __init__(self, size: Forest, lead: Forest, seen: Floats, plans: Sequence[Plan]) -> None:
        self._size, self._lead, self._seen = size, lead, seen
        self.plans = list(plans)

    @classmethod
    def learn(cls, rows: Floats, plans: Sequence[Plan], seed: int) -> Planner:
        """From moments (n, d) and the answers' measures."""
        growth = Growth(trees=40, depth=3, rate=0.12)
        sizes = np.array([math.log1p(sum(p.lengths)) for p in plans])
        leads = np.array([float(p.led) for p in plans])
        size, lead = grow(rows, sizes, "squared", seed, growth), grow(rows, leads, "logistic", seed, growth)
        seen = np.column_stack([size.predict(rows), lead.predict(rows)]) if len(rows) else np.zeros((0, 2))
        return cls(size, lead, seen, plans)

    def draw(self, row: Sequence[float], likeness: Floats, rng: Random) -> Plan:
        """The measure of an answer that was given in a moment like this one; `likeness` is parallel to the plans."""
        if not self.plans:
            return Plan((20,), led=False)
        table = np.array([row], np.float64)
        here = np.array([self._size.predict(table)[0], self._lead.predict(table)[0]])
        spread = self._seen.std(axis=0) + 1e-3
        away = (((self._seen - here) / spread) ** 2).sum(axis=1)
        near = np.argsort(away, kind="stable")[:60]
        weight = 1.0 + 4.0 * likeness[near]
        mass = np.cumsum(weight)
        return self.plans[int(near[min(int(np.searchsorted(mass, rng.random() * mass[-1])), len(near) - 1)])]

    def kept(self, rows: NDArray[np.bool_], plans: Sequence[Plan]) -> Planner:
        """Only these of its rows, whose plans are now `plans`."""
        return Planner(self._size, self._lead, self._seen[rows], plans)

    def joined(self, rows: Floats, plans: Sequence[Plan]) -> Planner:
        """With more moments (n, d) and their answers' measures, foreseen by the trees as they are."""
        if not plans:
            return self
        seen = np.column_stack([self._size.predict(rows), self._lead.predict(rows)])
        return Planner(self._size, self._lead, np.vstack([self._seen, seen]), [*self.plans, *plans])

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """All parts, for storage."""
        flat = [
            n
            for p in self.plans
            for n in (*p.lengths, -1 - p.led - 2 * min(p.named, _NAMES - 1) - 2 * _NAMES * p.taken)
        ]
        return {
            **self._size.arrays("plan.size"),
            **self._lead.arrays("plan.lead"),
            "plan.seen": self._seen,
            "plan.plans": np.array(flat, np.int32),
        }

    @classmethod
    def of(cls, stored: Mapping[str, NDArray[np.generic]]) -> Planner:
        """What `arrays` gave. Raises KeyError where a part is missing."""
        plans: list[Plan] = []
        lengths: list[int] = []
        for n in stored["plan.plans"].astype(np.int64).tolist():
            if n < 0:
                led, rest = (-1 - n) % 2, (-1 - n) // 2
                plans.append(Plan(tuple(lengths), bool(led), rest % _NAMES, rest // _NAMES))
                lengths = []
            else:
                lengths.append(n)
        size, lead = Forest.of(stored, "plan.size"), Forest.of(stored, "plan.lead")
        return cls(size, lead, stored["plan.seen"].astype(np.float64), plans)
