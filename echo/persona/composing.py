"""Composing an answer: a plan drawn from like moments, many candidates, the fitting one chosen, the guard last."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.consistency import Consistency
from echo.persona.discriminating import Discriminator
from echo.persona.finishing import closed, sound, stutters
from echo.persona.guard import Guard
from echo.persona.habits import Habits
from echo.persona.marks import Marks
from echo.persona.names import company, filled, keys_of
from echo.persona.ngram import FIRST, LATER, Phrases
from echo.persona.planning import MESSAGES, Plan, Planner
from echo.persona.ranking import Ranking
from echo.persona.reading import Reader, Reading
from echo.persona.sampling import Mood, Sampler, bounds
from echo.persona.tokens import TAKEN
from echo.persona.turns import Utterance
from echo.persona.uptake import Uptake, taken

Floats = NDArray[np.float64]

TRIES: Final = 120
"""Drafts for the first message at most, half as many for later ones: long ones seldom come out as planned."""
CANDIDATES: Final = 32
"""Drafts of about the planned length that are enough."""
DRAWN: Final = 3600
"""Characters of drafts that are enough: of long messages there are fewer."""
JUDGED: Final = 24
"""Of these, the ones nearest to the planned length are judged."""
INSTEAD: Final = (40, 20, 10, 4)
"""Characters: what is tried in turn where nothing of the planned length may be said."""
WARMTH: Final = 0.45
"""Softness of the choice among candidates: 0 always takes the best judged, and overdoes every habit."""

TOLD: Final = 0.45
"""How much it counts that a draft can't be told from what they wrote. With WARMTH they are drawn like real ones."""
TAKING: Final = 4.0
"""How much more a word that was just used weighs where one is to be taken up."""


@dataclass(frozen=True, slots=True)
class Leaning:
    """How strongly a moment leans the phrases. Found by trials on held-out talk; 0 is not at all.

    `situation`, `answer` and `topic`: towards what was said in like moments, of these words, of this topic. `length`:
    towards messages of the planned length. `newness`: towards newer messages, in e-folds over the whole corpus.
    """

    situation: float = 14.0
    answer: float = 10.0
    topic: float = 1.0
    length: float = 2.0
    newness: float = 0.7
    boldness: float = 0.7


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
    discriminator: Discriminator
    leaning: Leaning = Leaning()


@dataclass(slots=True)
class Tally:
    """How many drafts of messages the guard looked at while an answer was composed, and how many it rejected, why."""

    looked_at: int = 0
    objections: Counter[str] = field(default_factory=Counter)

    @property
    def rejected(self) -> int:
        """How many were, whatever the reason."""
        return self.objections.total()


@dataclass(frozen=True, slots=True)
class _Draft:
    text: str
    named: int
    jumps: int
    plain: str
    takes: bool


@dataclass(frozen=True, slots=True)
class _Aim:
    """What one message is to be: its characters, whether a name begins it, how many names come later (0 or 1), whether
    it takes up a word; and the share (0..1) of the usual effort that goes into it, less where there are more messages.
    """

    length: int
    led: bool = False
    named: int = 0
    takes: bool = False
    effort: float = 1.0


class Composer:
    """Composes one answer. Made anew for each.

    `memory` is what was said before the context; it binds too. `tally` is added to where somebody counts. `marks` say
    how what was said earlier was found.
    """

    def __init__(
        self,
        voice: Voice,
        context: Sequence[Utterance],
        reading: Reading,
        rng: Random,
        memory: Sequence[Utterance] = (),
        tally: Tally | None = None,
        marks: Marks | None = None,
    ) -> None:
        self.tally = tally or Tally()
        self._marks = marks or Marks()
        self._v, self._context, self._reading, self._rng = voice, context, reading, rng
        self._said = Consistency(memory, context, voice.reader.names.own)
        p = voice.phrases
        self._slots = p.slots
        self._offered = Uptake(voice.reader.lexicon, voice.reader.names).offered(context)
        self._takes = [(token, kind in self._offered) for token, kind in p.taken]
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
        for token, _ in self._takes:
            taste[token] = 0.0
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
        lengths = plan.lengths[:MESSAGES]
        for k, length in enumerate(lengths):
            takes = bool(plan.taken >> k & 1)
            aim = _Aim(length, plan.led and k == 0, min(plan.named, 1), takes, 1 / math.sqrt(len(lengths)))
            text = self._message(out, aim)
            if text is not None:
                out.append(text)
        # Where every draft of the planned length was a quote, something short can still be said.
        for length in INSTEAD if not out else ():
            text = self._message([], _Aim(length))
            if text is not None:
                return [text]
        return out

    def _message(self, before: list[str], aim: _Aim) -> str | None:
        drafts = [d for d in self._drafts(LATER if before else FIRST, aim) if d.text not in before]
        drafts = [d for d in drafts if d.named == aim.named] or drafts
        drafts = [d for d in drafts if d.takes == aim.takes] or drafts
        near = self._near(drafts, aim.length)
        if not near:
            return None
        rows = [self._v.reader.features(self._reading, "\n".join([*before, d.text]), self._v.habits) for d in near]
        score = self._v.ranking.predict(np.array(rows))
        fitness = self._v.ranking.aim(self._rng)
        odds = self._v.discriminator.odds([d.plain for d in near])
        merit = [
            -abs(float(s) - fitness)
            - 1.6 * abs(math.log1p(len(d.text)) - math.log1p(aim.length))
            - 0.12 * d.jumps / math.log(4 + len(d.plain))
            + TOLD * float(o)
            + self._marks.leaning(d.text)
            for s, d, o in zip(score, near, odds, strict=True)
        ]
        return self._choose(near, merit)

    def _near(self, drafts: list[_Draft], length: int) -> list[_Draft]:
        """The JUDGED drafts nearest to the planned length, of those that the guard and what was said let pass."""
        out = []
        for draft in sorted(drafts, key=lambda d: abs(math.log1p(len(d.text)) - math.log1p(length))):
            if self._names_absent(draft):
                continue
            self.tally.looked_at += 1
            objection = self._v.guard.objection(draft.text, self._context)
            if objection is not None:
                self.tally.objections[objection] += 1
            elif self._said.allows(draft.text):
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

    def _sampler(self, length: int, takes: bool) -> Sampler:
        """Draws messages in the mood of the moment, leaned towards what was written at such a length."""
        away = np.abs(self._v.phrases.lengths - math.log1p(length))
        fit = self._mood.fit * np.exp(-self._v.leaning.length * np.minimum(away, 3.0))
        taste = self._mood.taste
        if takes and self._takes:
            taste = taste.copy()
            for token, offered in self._takes:
                taste[token] = TAKING * offered
        return Sampler(self._v.phrases, Mood(fit, taste, self._mood.boldness), self._rng)

    def _is_sound(self, text: str) -> bool:
        return sound(text) or self._rng.random() < 3 * self._v.loose

    def _drafts(self, start: int, aim: _Aim) -> list[_Draft]:
        """Distinct candidate messages, with names filled in."""
        p = self._v.phrases
        out: dict[str, _Draft] = {}
        led = aim.led and bool(self._slots.any()) and self._has_company()
        pick = self._rng.randrange(8)
        sampler = self._sampler(aim.length, aim.takes)
        shortest, longest = bounds(aim.length)
        fitting = drawn = 0
        for _ in range(TRIES if start == FIRST else TRIES // 2):
            if fitting >= CANDIDATES * aim.effort or drawn >= DRAWN * aim.effort:
                break
            place = sampler.opening(start, led)
            if place < 0 and start == LATER:
                place = sampler.opening(FIRST, led)
            if place < 0:
                place = sampler.opening(FIRST)
            if place < 0:
                break
            tokens, jumps = sampler.message(place, shortest, longest)
            raw = closed("".join(p.vocabulary[t] for t in tokens).strip())
            drawn += max(len(raw), 10)
            text = filled(raw, self._context, pick=pick, lower=self._v.lower_names)
            has = text is not None and any(slot in text for slot in TAKEN)
            text = taken(text, self._offered, self._rng) if text else None
            if text and text not in out and not stutters(raw) and self._is_sound(text):
                fitting += len(text) >= shortest
                out[text] = _Draft(text, int(self._slots[tokens[1:]].any()), jumps, raw, has)
        return list(out.values())
