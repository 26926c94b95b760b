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
from echo.persona.consistency import Consistency
from echo.persona.guard import LENGTH, Guard
from echo.persona.habits import Habits
from echo.persona.names import company, filled, keys_of
from echo.persona.ngram import FIRST, LATER, Mood, Phrases, Sampler
from echo.persona.ranking import Ranking
from echo.persona.reading import Reader, Reading
from echo.persona.turns import Utterance
from echo.persona.unmasking import bare_words

Floats = NDArray[np.float64]

TRIES: Final = 120
"""Drafts for the first message at most, half as many for later ones: long ones seldom come out as planned."""
CANDIDATES: Final = 40
"""Drafts of about the planned length that are enough."""
JUDGED: Final = 28
"""Of these, the ones nearest to the planned length are judged."""
INSTEAD: Final = (40, 20, 10, 4)
"""Characters: what is tried in turn where nothing of the planned length may be said."""
MESSAGES: Final = 6
"""Messages in one answer at most."""
WARMTH: Final = 0.45
"""Softness of the choice among candidates: 0 always takes the best judged, and overdoes every habit."""


@dataclass(frozen=True, slots=True)
class Leaning:
    """How strongly a moment leans the phrases. Found by trials on held-out talk; 0 is not at all.

    `situation`, `answer` and `topic`: towards what was said in like moments, of these words, of this topic. `length`:
    towards messages of the planned length. `newness`: towards newer messages, in e-folds over the whole corpus.
    """

    situation: float = 14.0
    answer: float = 10.0
    topic: float = 3.0
    length: float = 2.0
    newness: float = 0.7
    boldness: float = 0.9


@dataclass(frozen=True, slots=True)
class Plan:
    """What to write: each message's length in characters, and whether the first begins by naming somebody present.

    `named` is how many names of those present come later on, in all messages.
    """

    lengths: tuple[int, ...]
    led: bool
    named: int = 0


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
        flat = [n for p in self.plans for n in (*p.lengths, -1 - p.led - 2 * p.named)]
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
                plans.append(Plan(tuple(lengths), bool((-1 - n) % 2), (-1 - n) // 2))
                lengths = []
            else:
                lengths.append(n)
        size, lead = Forest.of(stored, "plan.size"), Forest.of(stored, "plan.lead")
        return cls(size, lead, stored["plan.seen"].astype(np.float64), plans)


@dataclass(frozen=True, slots=True)
class Voice:
    """Everything that composing needs. `turn_of` is the turn of each message of `phrases`; `reply_turn` that of each
    plan; `age` (turns,) is 0 for the newest turn and 1 for the oldest; `vectors` (messages, d) are unit topics;
    `loose` is the share of their messages with an unclosed bracket or quote."""

    phrases: Phrases
    reader: Reader
    habits: Habits
    ranking: Ranking
    guard: Guard
    planner: Planner
    turn_of: NDArray[np.int64]
    reply_turn: NDArray[np.int64]
    age: Floats
    vectors: NDArray[np.float32]
    lower_names: bool
    loose: float
    leaning: Leaning = Leaning()


@dataclass(frozen=True, slots=True)
class _Draft:
    text: str
    named: int
    jumps: int
    plain: str


class Composer:
    """Composes one answer. Made anew for each. `memory` is what was said before the context; it binds too."""

    def __init__(
        self,
        voice: Voice,
        context: Sequence[Utterance],
        reading: Reading,
        rng: Random,
        memory: Sequence[Utterance] = (),
    ) -> None:
        self._v, self._context, self._reading, self._rng = voice, context, reading, rng
        self._said = Consistency(memory, context, voice.reader.names.own)
        self._slots, self._plain = voice.phrases.slots, ~voice.phrases.slots
        self._mood = self._leaned()

    def _leaned(self) -> Mood:
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
        return self.carry_out(plan)

    def carry_out(self, plan: Plan) -> list[str]:
        """The messages of a plan; see `answer`."""
        out: list[str] = []
        for k, length in enumerate(plan.lengths[:MESSAGES]):
            text = self._message(out, length, plan.led and k == 0, plan.named)
            if text is not None:
                out.append(text)
        # Where every draft of the planned length was a quote, something short can still be said.
        for length in INSTEAD if not out else ():
            text = self._message([], length, led=False, named=0)
            if text is not None:
                return [text]
        return out

    def _message(self, before: list[str], length: int, led: bool, named: int) -> str | None:
        drafts = self._drafts(LATER if before else FIRST, length, led)
        drafts = [d for d in drafts if d.text not in before]
        drafts = [d for d in drafts if d.named == min(named, 1)] or drafts
        if not drafts:
            return None
        near = self._near(drafts, length)
        if not near:
            return None
        rows = [self._v.reader.features(self._reading, "\n".join([*before, d.text]), self._v.habits) for d in near]
        score = self._v.ranking.predict(np.array(rows))
        aim = self._v.ranking.aim(self._rng)
        merit = [
            -abs(float(s) - aim)
            - 1.6 * abs(math.log1p(len(d.text)) - math.log1p(length))
            - 0.12 * d.jumps / math.log(4 + len(d.plain))
            for s, d in zip(score, near, strict=True)
        ]
        return self._choose(near, merit)

    def _near(self, drafts: list[_Draft], length: int) -> list[_Draft]:
        """The JUDGED drafts nearest to the planned length, of those that the guard and what was said let pass."""
        out = []
        for draft in sorted(drafts, key=lambda d: abs(math.log1p(len(d.text)) - math.log1p(length))):
            if self._names_absent(draft) or not self._v.guard.passes(draft.text, self._context):
                continue
            if self._said.allows(draft.text):
                out.append(draft)
                if len(out) == JUDGED:
                    break
        return out

    def _names_absent(self, draft: _Draft) -> bool:
        """Whether it speaks of somebody who isn't here: that name is invented, and nobody's but in the corpus."""
        named = self._v.reader.names.spoken_of(draft.plain)
        return bool(named) and not named <= {key for name in company(self._context) for key in keys_of(name)}

    def _choose(self, drafts: list[_Draft], merit: list[float]) -> str:
        """One draft, drawn by softened merit (the Gumbel-max way of drawing from a softmax)."""
        chance = self._rng.random
        noisy = [m / WARMTH - math.log(-math.log(chance() + 1e-12) + 1e-12) for m in merit]
        return drafts[max(range(len(drafts)), key=noisy.__getitem__)].text

    def _sampler(self, length: int) -> Sampler:
        """Draws messages in the mood of the moment, leaned towards what was written at such a length."""
        away = np.abs(self._v.phrases.lengths - math.log1p(length))
        fit = self._mood.fit * np.exp(-self._v.leaning.length * np.minimum(away, 3.0))
        return Sampler(self._v.phrases, Mood(fit, self._mood.taste, self._mood.boldness), self._rng)

    def _drafts(self, start: int, length: int, led: bool) -> list[_Draft]:
        """Distinct candidate messages, with names filled in."""
        p = self._v.phrases
        out: dict[str, _Draft] = {}
        allowed = self._slots if led and self._slots.any() and self._has_company() else self._plain
        pick = self._rng.randrange(8)
        sampler = self._sampler(length)
        shortest, longest = int(length * 0.8) - 2, min(LENGTH, int(length * 1.35) + 8)
        fitting = 0
        for _ in range(TRIES if start == FIRST else TRIES // 2):
            if fitting >= CANDIDATES:
                break
            place = sampler.opening(start, allowed)
            if place < 0 and start == LATER:
                place = sampler.opening(FIRST, allowed)
            if place < 0:
                place = sampler.opening(FIRST)
            if place < 0:
                break
            tokens, jumps = sampler.message(place, shortest, longest)
            raw = "".join(p.vocabulary[t] for t in tokens).strip()
            text = filled(raw, self._context, pick=pick, lower=self._v.lower_names)
            if (
                text
                and text not in out
                and not stutters(raw)
                and (sound(text) or self._rng.random() < 3 * self._v.loose)
            ):
                fitting += len(text) >= shortest
                out[text] = _Draft(text, int(self._slots[tokens[1:]].any()), jumps, raw)
        return list(out.values())


def stutters(text: str) -> bool:
    """Whether two to six words stand three times in a row: phrases that lead back to their own beginning."""
    words = bare_words(text)
    for size in range(2, 7):
        same = 0
        for at, (one, again) in enumerate(zip(words, words[size:], strict=False), start=1):
            same = same + 1 if one == again else 0
            # One word over and over is laughter, or a long no.
            if same == 2 * size and len(set(words[at - size : at])) > 1:
                return True
    return False


def sound(text: str) -> bool:
    """Whether brackets, quotes and code marks that were opened are closed: splices often lose one."""
    if text.count("`") % 2 or text.count('"') % 2:
        return False
    depth = 0
    for i, c in enumerate(text):
        if c == "(" and (i == 0 or text[i - 1] not in ":;=-'"):
            depth += 1
        elif c == ")" and depth > 0:
            depth -= 1
    return depth == 0
