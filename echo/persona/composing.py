"""Composing an answer: a plan drawn from like moments, many candidates, the fitting one chosen, the guard last."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.boosting import Forest, Growth, grow
from echo.persona.guard import Guard
from echo.persona.habits import Habits
from echo.persona.names import LAST, OTHER, filled
from echo.persona.ngram import FIRST, LATER, Mood, Phrases, Sampler
from echo.persona.reading import Reader, Reading
from echo.persona.turns import Utterance

Floats = NDArray[np.float64]

CANDIDATES: Final = 90
"""Drafts for each message: enough for choice, few enough for an answer in some 20 ms."""
JUDGED: Final = 28
"""Of these, the ones nearest to the planned length are judged."""
MESSAGES: Final = 6
"""Messages in one answer at most."""
LONGEST: Final = 220
"""Tokens of one message at most."""
WARMTH: Final = 0.45
"""Softness of the choice among candidates: 0 always takes the best judged, and overdoes every habit."""


@dataclass(frozen=True, slots=True)
class Leaning:
    """How strongly the moment leans the phrases: towards like situations, like answers, newness; and the boldness."""

    situation: float = 14.0
    answer: float = 10.0
    topic: float = 3.0
    word: float = 1.5
    newness: float = 0.7
    boldness: float = 0.9


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write: for each message its length in characters and whether it begins by naming somebody."""

    lengths: tuple[int, ...]
    led: bool


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

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """All parts, for storage."""
        flat = [n for p in self.plans for n in (*p.lengths, -1 - p.led)]
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
                plans.append(Plan(tuple(lengths), n == -2))
                lengths = []
            else:
                lengths.append(n)
        size, lead = Forest.of(stored, "plan.size"), Forest.of(stored, "plan.lead")
        return cls(size, lead, stored["plan.seen"].astype(np.float64), plans)


@dataclass(frozen=True, slots=True)
class Voice:
    """Everything that composing needs. `turn_of` is the turn of each message of `phrases`; `reply_turn` that of each
    plan; `age` (turns,) is 0 for the newest turn and 1 for the oldest; `vectors` (messages, d) are unit topics."""

    phrases: Phrases
    reader: Reader
    habits: Habits
    ranking: Forest
    guard: Guard
    planner: Planner
    turn_of: NDArray[np.int64]
    reply_turn: NDArray[np.int64]
    age: Floats
    vectors: NDArray[np.float32]
    lower_names: bool
    leaning: Leaning = Leaning()


@dataclass(frozen=True, slots=True)
class _Draft:
    text: str
    led: bool
    jumps: int
    plain: str


class Composer:
    """Composes one answer. Made anew for each."""

    def __init__(self, voice: Voice, context: Sequence[Utterance], reading: Reading, rng: Random) -> None:
        self._v, self._context, self._reading, self._rng = voice, context, reading, rng
        self._slots = np.array([LAST in w or OTHER in w for w in voice.phrases.vocabulary], np.bool_)
        self._sampler = Sampler(voice.phrases, self._mood(), rng)

    def _mood(self) -> Mood:
        """Past messages weigh by how like this their moment was, how much they speak of this, and how new they are."""
        v, lean, r = self._v, self._v.leaning, self._reading
        turn = lean.situation * r.likeness**1.5 + lean.answer * r.answered**1.5
        fit = (1.0 + turn) * np.exp(-lean.newness * v.age)
        by_message = fit[v.turn_of] if len(v.turn_of) else np.zeros(0)
        if len(v.vectors):
            near = (v.vectors @ r.topic).astype(np.float64).clip(0, 1)
            by_message = by_message * (1.0 + lean.topic * near**2)
        taste = np.ones(len(v.phrases.vocabulary))
        if not self._has_company():
            taste[self._slots] = 0.0
        return Mood(by_message, taste, lean.boldness)

    def _has_company(self) -> bool:
        return any(not u.own for u in self._context)

    def answer(self) -> list[str]:
        """The messages: 1..MESSAGES; none where nothing could be said that the guard lets pass."""
        v = self._v
        plan = v.planner.draw(v.reader.row(self._context), self._reading.likeness[v.reply_turn], self._rng)
        out: list[str] = []
        for k, length in enumerate(plan.lengths[:MESSAGES]):
            text = self._message(out, length, plan.led and k == 0)
            if text is not None:
                out.append(text)
        return out

    def _message(self, before: list[str], length: int, led: bool) -> str | None:
        drafts = self._drafts(LATER if before else FIRST, length, led)
        drafts = [d for d in drafts if d.text not in before]
        if not drafts:
            return None
        near = sorted(drafts, key=lambda d: abs(math.log1p(len(d.text)) - math.log1p(length)))[:JUDGED]
        rows = [self._v.reader.features(self._reading, "\n".join([*before, d.text]), self._v.habits) for d in near]
        score = self._v.ranking.predict(np.array(rows))
        merit = [
            float(s)
            - 1.6 * abs(math.log1p(len(d.text)) - math.log1p(length))
            - 0.12 * d.jumps / math.log(4 + len(d.plain))
            for s, d in zip(score, near, strict=True)
        ]
        return self._choose(near, merit)

    def _choose(self, drafts: list[_Draft], merit: list[float]) -> str | None:
        """One draft by softened merit, the first in that order that the guard lets pass."""
        order = sorted(
            range(len(drafts)),
            key=lambda i: merit[i] / WARMTH - math.log(-math.log(self._rng.random() + 1e-12) + 1e-12),
        )
        for i in reversed(order):
            if self._v.guard.passes(drafts[i].text, self._context):
                return drafts[i].text
        return None

    def _drafts(self, start: int, length: int, led: bool) -> list[_Draft]:
        """Distinct candidate messages, with names filled in."""
        p = self._v.phrases
        out: dict[str, _Draft] = {}
        allowed = self._slots if led and self._slots.any() and self._has_company() else ~self._slots
        pick = self._rng.randrange(8)
        for _ in range(CANDIDATES):
            place = self._sampler.opening(start, allowed)
            if place < 0 and start == LATER:
                place = self._sampler.opening(FIRST, allowed)
            if place < 0:
                place = self._sampler.opening(FIRST)
            if place < 0:
                break
            tokens, jumps = self._sampler.message(place, LONGEST)
            raw = "".join(p.vocabulary[t] for t in tokens).strip()
            text = filled(raw, self._context, pick=pick, lower=self._v.lower_names)
            if text and self._sound(text) and text not in out:
                out[text] = _Draft(text, bool(tokens) and bool(self._slots[tokens[0]]), jumps, raw)
        return list(out.values())

    @staticmethod
    def _sound(text: str) -> bool:
        """Whether brackets, quotes and code marks that were opened are closed: splices often lose one."""
        if text.count("`") % 2 or text.count('"') % 2:
            return False
        depth = 0
        for i, c in enumerate(text):
            if c == "(" and (i == 0 or text[i - 1] not in ":;=-'8xX"):
                depth += 1
            elif c == ")" and depth > 0:
                depth -= 1
        return depth == 0
