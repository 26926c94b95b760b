"""A persona: everything learnt about how one person writes, and the answers it gives. Synchronous, CPU only."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from random import Random
from typing import Final
from zlib import crc32

import numpy as np

from db.stored import Mark, Wishes
from echo.errors import EngineFailed
from echo.persona.amending import Amended, amended
from echo.persona.avowal import avows
from echo.persona.bans import Bans
from echo.persona.card import CardLine
from echo.persona.clocks import in_time, until_last
from echo.persona.composing import Composer, Tally
from echo.persona.confiding import LONG, Confidences
from echo.persona.decision import Decision, chance
from echo.persona.keeping import parts_of, stored_parts
from echo.persona.leaking import NOTHING, Told
from echo.persona.learning import Parts, learn
from echo.persona.marks import Marks
from echo.persona.opening import ENOUGH, forbids
from echo.persona.pacing import Pacing
from echo.persona.planning import Plan
from echo.persona.readings import readings
from echo.persona.serious import are_serious
from echo.persona.turns import CONTEXT_AGE, CONTEXT_LENGTH, Burst, Utterance
from states.objections import Objection

_GOLDEN: Final = (math.sqrt(5) - 1) / 2
_LONGEST: Final = 1200
"""Characters of one message of a context that are looked at."""


def _nothing(_: float) -> None:
    """Progress that nobody asked for."""


class Persona:
    """One person as learnt from their turns. Deterministic: the same corpus, seed and context give the same answer."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.marks = Marks()
        self._confidences = _confidences(parts)

    @classmethod
    def fit(
        cls,
        bursts: Sequence[Burst],
        author: str,
        *,
        seed: int = 0,
        progress: Callable[[float], None] | None = None,
    ) -> Persona:
        """Learns from turns in any order; takes some seconds for 10,000 messages. `progress` gets shares 0..1.

        Raises EngineFailed where no turn has any text.
        """
        if not any(text.strip() for burst in bursts for text in burst.texts):
            raise EngineFailed("There is no message with text to learn from, so choose a later date or more channels.")
        return cls(learn([in_time(burst) for burst in bursts], author, seed, progress or _nothing))

    def amend(self, added: Sequence[Burst], withdrawn: Collection[int]) -> Amended:
        """Takes out the messages with these ids, whoever wrote them, then joins these turns, without a new fit.

        See `echo.persona.amending` for what follows at once and what waits for the next fit.
        """
        parts, counts = amended(self._parts, [in_time(burst) for burst in added], withdrawn)
        self._parts, self._confidences = parts, _confidences(parts)
        return counts

    @property
    def messages(self) -> int:
        """How many of the subject's messages were learnt."""
        return self._parts.voice.phrases.messages

    def known_as(self, names: Sequence[str]) -> None:
        """Adds names that the subject is called by now, so that being addressed is seen."""
        self._parts.voice.reader.names.call(names)

    def wish(self, wishes: Wishes) -> None:
        """Sets what the subject does not wish to be said, for all that is asked from now on."""
        guard, reader = self._parts.voice.guard, self._parts.voice.reader
        if guard.bans.wishes != wishes:
            guard.bans = Bans.of(wishes, self._parts.card, reader.lexicon, reader.vectors)

    def mark(self, marks: Sequence[Mark]) -> None:
        """Sets how what was said earlier was found, for all that is chosen from now on."""
        if self.marks.given != tuple(marks):
            self.marks = Marks(marks)

    def link_to(self, hosts: Collection[str]) -> None:
        """Sets to which hosts (in lower case) links may be said, for all that is asked from now on."""
        self._parts.voice.guard.allowed = frozenset(hosts)

    def allows(self, texts: Sequence[str]) -> bool:
        """Whether the messages, together, hold nothing that the subject does not wish to be said."""
        bans = self._parts.voice.guard.bans
        return not any(map(bans.forbids, texts)) and not bans.forbids_together("\n".join(texts))

    def reply(
        self,
        context: Sequence[Utterance],
        *,
        seed: int | None = None,
        memory: Sequence[Utterance] = (),
        tally: Tally | None = None,
    ) -> list[str]:
        """One answer of 1..n messages to the context (oldest first); empty where nothing sensible can be said.

        `memory` is what was said before the context: it, too, is neither repeated nor contradicted. `tally` is added
        to.
        """
        context = _cut(context)
        voice = self._parts.voice
        reading = voice.reader.read(context, voice.habits)
        rng = self._rng("reply", context, seed)
        composer = Composer(voice, context, reading, rng, memory, tally, self.marks)
        return self.sayable(composer.answer(), context)

    def opener(
        self, context: Sequence[Utterance], now: float, *, seed: int | None = None, tally: Tally | None = None
    ) -> list[str]:
        """Something to begin a conversation with at `now` (seconds since the epoch), as they began others.

        `context` is what was last said in the channel, to break in on nothing serious. Empty where they began too few
        conversations, or nothing harmless comes to mind. `tally` is added to.
        """
        context, openings, voice = _cut(context), self._parts.openings, self._parts.voice
        if len(openings.turn) < ENOUGH or forbids(context, now):
            return []
        rng = self._rng("opener", context, seed)
        near = openings.closeness(now)
        likeness = np.zeros(len(voice.age))
        likeness[openings.turn] = near
        reading = replace(voice.reader.read((), voice.habits), likeness=likeness)
        lengths = openings.lengths[rng.choices(range(len(near)), (near + 0.05).tolist())[0]]
        composer = Composer(voice, (), reading, rng, tally=tally, marks=self.marks)
        texts = self.sayable(composer.carry_out(Plan(lengths, led=False)), context)
        return [] if are_serious(texts) else texts

    def next_opening(self, channel: str, now: float, *, seed: int) -> float | None:
        """When they would next begin a conversation in a channel, in seconds since the epoch; None if not in a week."""
        return self._parts.openings.next_after(now, channel, Random(f"{self._parts.seed}/opening/{seed}"))

    def lengths(self, context: Sequence[Utterance], *, seed: int | None = None) -> tuple[int, ...]:
        """Characters of each message of an answer, as they really gave one in a moment like this."""
        context = _cut(context)
        voice = self._parts.voice
        reading = voice.reader.read(context, voice.habits)
        rng = self._rng("lengths", context, seed)
        return voice.planner.draw(voice.reader.row(context), reading.likeness[voice.reply_turn], rng).lengths

    def passes(self, text: str, context: Sequence[Utterance] = ()) -> bool:
        """Whether the guard lets the text, of the persona's own making, be said."""
        return self._parts.voice.guard.passes(text, context)

    def objection(
        self, texts: Sequence[str], context: Sequence[Utterance] = (), told: Told = NOTHING
    ) -> Objection | None:
        """Why messages, whoever made them, must not be said one after the other; None where they may.

        `told` is what the engine was told that made them.
        """
        return next(
            (found for at in range(len(texts)) if (found := self._objection(texts[: at + 1], context, told))), None
        )

    def _objection(self, texts: Sequence[str], context: Sequence[Utterance], told: Told) -> Objection | None:
        """What there is against the last of them behind those before it."""
        guard, text = self._parts.voice.guard, texts[-1]
        found = (
            guard.objection(text, context)
            or guard.objection_together(texts, context)
            or guard.deep_objection(text, context, told)
            or (guard.deep_objection("\n".join(texts), (), told) if len(texts) > 1 else None)
        )
        if found is None and not avows(text):
            held = self._confidences
            is_told = held.are_in(text, context) or any(held.are_in(one, context, LONG) for one in readings(text))
            return Objection.SECRET if is_told else None
        return found

    def sayable(self, texts: Sequence[str], context: Sequence[Utterance] = ()) -> list[str]:
        """The messages of one answer without struck traits that can be taken off them, up to the first that must not
        be said, by itself or behind those before it."""
        return self.checked(texts, context)[0]

    def checked(
        self, texts: Sequence[str], context: Sequence[Utterance] = (), told: Told = NOTHING
    ) -> tuple[list[str], Objection | None]:
        """The same, and why it ended there; None where nothing was left out. `told` as of `objection`."""
        out: list[str] = []
        for text in map(self._parts.voice.guard.bans.mended, texts):
            found = self._objection([*out, text], context, told)
            if found is not None:
                return out, found
            out.append(text)
        return out, None

    @property
    def language(self) -> str:
        """What they mostly write in, as `echo.persona.languages` names it; "" where that doesn't show."""
        return next((line.named[0] for line in self._parts.card if line.key == "languages" and line.named), "")

    def in_style(self, text: str) -> str:
        """A sentence of ours in their casing, with a full stop where they put one."""
        habits = {line.key: line.figure for line in self._parts.card}
        if habits.get("lower", 0.0) >= 0.5 or habits.get("capitals", 1.0) < 0.5:
            text = text.lower()
        return text if habits.get("full_stop", 0.0) >= 0.5 else text.removesuffix(".").removesuffix("。")

    def delay(self, context: Sequence[Utterance], *, seed: int | None = None) -> float:
        """Seconds between the last message of the context and the first of the answer."""
        context = _cut(context)
        rng = self._rng("delay", context, seed)
        # Draws without a seed follow the golden ratio, so that even a few of them show the whole range of a moment.
        share = self._parts.calls * _GOLDEN % 1.0 if seed is None else rng.random()
        return self._pacing.delay(self._parts.voice.reader.row(context), context, share)

    def typing_speed(self) -> float:
        """Characters a second (1 to 15) that they type."""
        return self._pacing.typing

    def gaps(self, context: Sequence[Utterance], texts: Sequence[str], *, seed: int | None = None) -> list[float]:
        """Seconds before each text but the first."""
        context = _cut(context)
        return self._pacing.gaps(texts, 0.0, self._rng("gaps", context, seed))

    def score(self, context: Sequence[Utterance], text: str) -> float:
        """How well the text fits as their answer, as log-odds against an answer given elsewhere; 0 with no context."""
        context = _cut(context)
        if not context:
            return 0.0
        voice = self._parts.voice
        reading = voice.reader.read(context, voice.habits)
        row = voice.reader.features(reading, text, voice.habits)
        return float(voice.ranking.predict(np.array([row]))[0])

    def preference(self, context: Sequence[Utterance], text: str) -> float:
        """`score`, leaned by how what was said earlier was found: by `echo.persona.marks.BOUND` at most."""
        return self.score(context, text) + self.marks.leaning(text)

    def wants(self, context: Sequence[Utterance]) -> float:
        """How much they want to speak now: log-odds of speaking within the next few messages."""
        context = _cut(context)
        if not context:
            return -6.0
        return self._decision.wants(self._parts.voice.reader.row(context))

    def speak_probability(self, context: Sequence[Utterance], addressed: bool) -> float:
        """The calibrated chance (0..1) that they speak now. `addressed` is what the caller knows beyond the text.

        Where the talk is about what the subject wants nothing said of, unasked it is 0.
        """
        if not addressed and self._parts.voice.guard.bans.shuns(context):
            return 0.0
        log_odds = self.wants(context)
        if addressed:
            log_odds = max(log_odds, self._parts.addressed)
        return chance(log_odds)

    def card(self) -> list[CardLine]:
        """The readable description of the style, each line with its figure, without those that were struck, and those
        that name what must not be said."""
        bans = self._parts.voice.guard.bans
        return [line for line in self._parts.card if line.key not in bans.wishes.struck and not bans.names(line)]

    def dump(self) -> bytes:
        """The persona as bytes, for `load`. They hold message text in the form of tokens: store them encrypted."""
        return stored_parts(self._parts)

    @classmethod
    def load(cls, blob: bytes) -> Persona:
        """The persona that `dump` gave. Raises EngineFailed where the bytes are damaged, foreign or too old."""
        return cls(parts_of(blob))

    @property
    def _pacing(self) -> Pacing:
        return self._parts.pacing

    @property
    def _decision(self) -> Decision:
        return self._parts.decision

    def _rng(self, kind: str, context: Sequence[Utterance], seed: int | None) -> Random:
        """Randomness of one call. Without a seed each call differs from the last, though a run can be repeated."""
        if seed is None:
            self._parts.calls += 1
            seed = self._parts.calls
        last = context[-1].text if context else ""
        return Random(f"{self._parts.seed}/{kind}/{seed}/{crc32(last.encode('utf-8', 'surrogatepass'))}")


def _confidences(parts: Parts) -> Confidences:
    voice = parts.voice
    return Confidences(voice.reader.lexicon, voice.phrases)


def _cut(context: Sequence[Utterance]) -> tuple[Utterance, ...]:
    """The part of a context that is looked at: the newest CONTEXT_LENGTH, none too old, too long or to come."""
    if not context:
        return ()
    recent = until_last(context)[-CONTEXT_LENGTH:]
    newest = recent[-1].ts
    return tuple(
        u if len(u.text) <= _LONGEST else Utterance(u.author, u.ts, u.text[:_LONGEST], u.own)
        for u in recent
        if newest - u.ts <= CONTEXT_AGE
    )
