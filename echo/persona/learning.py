"""Learning a persona from turns, step by step, with progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.card import CardLine, describe
from echo.persona.composing import Leaning, Voice
from echo.persona.decision import Decision, occasions, others_moments
from echo.persona.discriminating import DRAFTS, Discriminator, rehearsed, written
from echo.persona.finishing import sound
from echo.persona.guard import Guard
from echo.persona.habits import Habits, marks
from echo.persona.lexicon import Floats32, Lexicon, rounded, unit
from echo.persona.names import LAST, OTHER, NameBook
from echo.persona.ngram import Phrases
from echo.persona.opening import Openings
from echo.persona.pacing import Pacing
from echo.persona.past import Past
from echo.persona.planning import MESSAGES, Plan, Planner
from echo.persona.ragged import Ragged
from echo.persona.ranking import Ranking, learn_ranking, set_apart
from echo.persona.reading import ROW, Reader, remember
from echo.persona.record import Record
from echo.persona.secrecy import Familiar, Private, veiled
from echo.persona.situations import learn_ties
from echo.persona.tokens import LINK, TAKEN, pieces
from echo.persona.turns import Burst
from echo.persona.uptake import Uptake

Floats = NDArray[np.float64]

ROWS: Final = 5000
"""Answers that pacing and planning are learnt from at most, the newest."""


@dataclass(slots=True)
class Parts:
    """What a persona is made of. `addressed` is the log-odds of speaking when spoken to.

    `record` says which message taught what.
    """

    voice: Voice
    pacing: Pacing
    decision: Decision
    openings: Openings
    addressed: float
    card: tuple[CardLine, ...]
    seed: int
    record: Record
    calls: int = 0


@dataclass(frozen=True, slots=True)
class _Answers:
    """Turns that answered somebody, and what was learnt of their moments. `turn` is their index among all turns."""

    bursts: list[Burst]
    turn: NDArray[np.int64]
    rows: Floats


def learn(bursts: Sequence[Burst], author: str, seed: int, progress: Callable[[float], None]) -> Parts:
    """All parts from turns with at least one text."""
    past = Past.of(bursts, author)
    lexicon = past.lexicon()
    lexicon.keep(True)
    names = NameBook(author, past.others(), lexicon.plain())
    progress(0.1)
    apart = set_apart(past, seed)
    record = Record.of(past, lexicon)
    memory, vectors = remember(record, lexicon, apart, seed)
    ties = learn_ties([b.context for b in past.bursts if b.delay is not None])
    reader = Reader(names, lexicon, vectors, ties, memory)
    progress(0.25)
    answers = _answers(past, reader)
    progress(0.4)
    habits, ranking = _judgement(answers, apart, reader, seed)
    progress(0.65)
    texts = Uptake(lexicon, names).slotted(past, slotted(past, names))
    phrases = _phrases(past, texts, lexicon)
    progress(0.75)
    guard = Guard.learn(line.text for line in past.lines)
    planner = Planner.learn(answers.rows, _plans(answers, texts), seed)
    progress(0.85)
    pacing = Pacing.learn(answers.rows, answers.bursts, past.bursts, seed)
    turn_of, age = record.said.row(), ages(record)
    spoken = message_vectors(record.words.taken(record.said.flat), lexicon, vectors)
    discriminator = _discriminator(phrases, planner, age[turn_of], seed)
    decision, addressed = _decision(past, reader, seed)
    voice = Voice(
        phrases, reader, habits, ranking, guard, planner, turn_of, answers.turn, age, spoken,
        _writes_names_small(past, names),
        sum(not sound(line.text) for line in past.lines if line.own) / max(1, sum(line.own for line in past.lines)),
        discriminator,
    )  # fmt: skip
    lexicon.keep(False)
    progress(1.0)
    card = tuple(describe(past, lexicon, names))
    return Parts(voice, pacing, decision, Openings.learn(past), addressed, card, seed, record)


def _answers(past: Past, reader: Reader) -> _Answers:
    turn = [i for i, b in enumerate(past.bursts) if b.delay is not None and b.context][-ROWS:]
    bursts = [past.bursts[i] for i in turn]
    rows = [reader.row(b.context) for b in bursts]
    table = np.array(rows, np.float64).reshape(len(rows), ROW)
    return _Answers(bursts, np.array(turn, np.int64), table)


def _judgement(answers: _Answers, apart: NDArray[np.bool_], reader: Reader, seed: int) -> tuple[Habits, Ranking]:
    """Habits and ranking. The ranking meets moments that its habits haven't seen, as it will when it is used."""
    last = [marks(b.context[-1].text) for b in answers.bursts]
    said = [marks("\n".join(b.texts)) for b in answers.bursts]
    shapes = answers.rows[:, : ROW - 4]
    mine = apart[answers.turn]
    rest = np.flatnonzero(~mine).tolist()
    early = Habits.learn([last[i] for i in rest], shapes[rest], [said[i] for i in rest])
    held = [answers.bursts[i] for i in np.flatnonzero(mine).tolist()]
    return Habits.learn(last, shapes, said), learn_ranking(held, reader, early, seed)


def slotted(past: Past, names: NameBook) -> list[list[str]]:
    """Each turn's texts with the names of those present as slots, and without what must not be learnt."""
    return [
        [veiled(names.slotted(text, burst.context)) for text in burst.texts[: len(said)]]
        for burst, said in zip(past.bursts, past.said, strict=True)
    ]


def _phrases(past: Past, slotted: list[list[str]], lexicon: Lexicon) -> Phrases:
    turns = [[pieces(text) for text in texts] for texts in slotted]
    links = _link_people(past)
    known = Familiar(w for w, n in zip(lexicon.vocabulary, lexicon.people.tolist(), strict=True) if n > 0)
    private = Private(known, lambda link: len(links.get(link, ())), min(2, len(past.others())))
    every: set[str] = set()
    for burst, turn in zip(past.bursts, turns, strict=True):
        for message in turn:
            private.see(message, int(burst.ts // 86400))
            every.update(message)
    return Phrases.learn(turns, private.hidden(every))


def _discriminator(phrases: Phrases, planner: Planner, age: Floats, seed: int) -> Discriminator:
    """Learnt from what they wrote last, and drafts of the same lengths."""
    lengths = [n for one in planner.plans[-DRAFTS:] for n in one.lengths]
    drafts = rehearsed(phrases, lengths, np.exp(-Leaning().newness * age), Random(seed))
    return Discriminator.learn(written(phrases), drafts)


def _link_people(past: Past) -> dict[str, set[str]]:
    """Which others posted each link, in lower case."""
    out: dict[str, set[str]] = {}
    for line in past.lines:
        if not line.own and "http" in line.text:
            for link in LINK.findall(line.text):
                out.setdefault(link.lower(), set()).add(line.author)
    return out


def _plans(answers: _Answers, texts: list[list[str]]) -> list[Plan]:
    turns = zip(answers.bursts, answers.turn.tolist(), strict=True)
    return [plan(tuple(len(text) for text in burst.texts), texts[turn]) for burst, turn in turns]


def plan(lengths: tuple[int, ...], texts: Sequence[str]) -> Plan:
    """The measure of a turn: its messages' lengths, and where the texts with slots name somebody."""
    first = (pieces(texts[0]) or [""])[0]
    led = LAST in first or OTHER in first
    slots = sum(text.count(LAST) + text.count(OTHER) for text in texts)
    taken = sum(1 << k for k, text in enumerate(texts[:MESSAGES]) if any(slot in text for slot in TAKEN))
    return Plan(lengths, led, slots - led, taken)


def _decision(past: Past, reader: Reader, seed: int) -> tuple[Decision, float]:
    found = occasions(past.bursts, reader.names)
    rows = np.array([reader.row(o.context) for o in found], np.float64).reshape(len(found), ROW)
    spoke = np.array([float(o.spoke) for o in found])
    others = others_moments(past, reader.names, seed)
    decision = Decision.learn(rows, spoke, np.array([o.weight for o in found]), seed, others)
    called = rows[:, 0] > 0 if len(rows) else np.zeros(0, np.bool_)
    share = (spoke[called].sum() + 3.0) / (called.sum() + 4.0)
    return decision, float(np.log(share / (1 - share)))


def ages(record: Record) -> Floats:
    """How old each turn is: 0 for the newest, 1 for the oldest."""
    if not len(record.ts):
        return np.zeros(0)
    newest = record.ts.max()
    age: Floats = (newest - record.ts) / max(1.0, float(newest - record.ts.min()))
    return age


def message_vectors(words: Ragged, lexicon: Lexicon, vectors: Floats32) -> Floats32:
    """The unit topic vector of each message, given by its words."""
    out = np.zeros((len(words), vectors.shape[1]), np.float32)
    for at, ids in enumerate(words):
        if len(ids):
            out[at] = (vectors[ids] * lexicon.rarity[ids][:, None]).sum(axis=0)
    return rounded(unit(out))


def _writes_names_small(past: Past, names: NameBook) -> bool:
    """Whether they write in lower case names that have capitals."""
    small = large = 0
    for burst in past.bursts[-3000:]:
        text = " ".join(burst.texts)
        for author in {u.author for u in burst.context if not u.own and u.author != u.author.lower()}:
            large += author in text
            small += author.lower() in text
    return small > large
