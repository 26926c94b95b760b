"""Reading a moment: its topic, its shape, what the subject said in moments like it, and how well a text fits it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from echo.persona.habits import Habits, marks
from echo.persona.lexicon import TOPICS, Floats32, Lexicon, topics, unit
from echo.persona.names import NameBook, company, keys_of, lead_of
from echo.persona.ragged import Ragged, distinct
from echo.persona.record import Record
from echo.persona.retrieval import FADE, Entries, Postings
from echo.persona.situations import SHAPE, shape
from echo.persona.tokens import words
from echo.persona.turns import Utterance

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HEARD: Final = 0.15
"""The weight of what was just heard in a cache mixture."""
NEIGHBOURS: Final = 40
"""How many past moments a new one is compared with."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A moment as it was read. Word weights are by word id; `likeness` (turns,) is how alike each past turn is.

    `heard` is each word's share of what was said and who said it, newer messages counting more; `heard_last` is that
    of the last message.
    """

    heard: dict[str, float]
    heard_last: dict[str, float]
    last: dict[int, float]
    about: dict[int, float]
    mine: dict[int, float]
    topic_last: Floats32
    topic: Floats32
    likeness: Floats
    answered: Floats
    expected: dict[int, float]
    chance: Floats
    shape: Floats
    present: frozenset[str]
    last_speaker: frozenset[str]


@dataclass(frozen=True, slots=True)
class Memory:
    """What past turns were about: parallel to the turns. `words` are answer word ids, `day` the day of each."""

    situations: Postings
    answers: Postings
    words: Ragged
    day: Ints


class Reader:
    """Reads moments against a corpus."""

    def __init__(
        self, names: NameBook, lexicon: Lexicon, vectors: Floats32, ties: Mapping[str, float], memory: Memory
    ) -> None:
        self.names = names
        self.lexicon = lexicon
        self.vectors = vectors
        self.ties = dict(ties)
        self.memory = memory

    def weigh(self, texts: Sequence[str], fade: Sequence[float]) -> dict[int, float]:
        """Topic words of texts, the newest first, each weighted by rarity and `fade`; the largest weight counts."""
        out: dict[int, float] = {}
        rarity = self.lexicon.rarity
        for text, share in zip(texts, fade, strict=False):
            for w in self.lexicon.read(text):
                weight = float(rarity[w]) * share
                if weight > out.get(w, 0.0):
                    out[w] = weight
        return out

    def vector(self, weights: Mapping[int, float]) -> Floats32:
        """The unit topic vector of weighted words; zeros where there are none."""
        if not weights:
            return np.zeros(TOPICS, np.float32)
        ids = np.fromiter(weights.keys(), np.int64)
        value = np.fromiter(weights.values(), np.float32)
        return unit((self.vectors[ids] * value[:, None]).sum(axis=0))

    def read(self, context: Sequence[Utterance], habits: Habits, *, without: int | None = None) -> Reading:
        """Reads a moment; turns of the day `without` are not remembered (for training on the moment itself)."""
        backwards = list(reversed(context))
        last = self.weigh([u.text for u in backwards[:1]], FADE)
        about = self.weigh([u.text for u in backwards], FADE)
        form = np.array(shape(context, self.names, self.ties))
        likeness, answered = self._compare(about, without)
        present = company(context)
        return Reading(
            _shares(backwards),
            _shares(backwards[:1]),
            last,
            about,
            self.weigh([u.text for u in backwards if u.own], FADE),
            self.vector(last),
            self.vector(about),
            likeness,
            answered,
            self._expected(likeness),
            habits.foresee(marks(backwards[0].text) if backwards else set(), form),
            form,
            frozenset(k for name in present for k in keys_of(name)),
            keys_of(present[0]) if present else frozenset(),
        )

    def row(self, context: Sequence[Utterance]) -> list[float]:
        """The moment's shape, then how much its words are the subject's own kind: features for pacing and decision."""
        affinity = self.lexicon.affinity
        out = shape(context, self.names, self.ties)
        for count in (1, 4):
            ids = [w for u in context[-count:] if not u.own for w in self.lexicon.read(u.text)]
            topical = [w for w in ids if self.lexicon.rarity[w] > 0]
            out.append(float(affinity[topical].mean()) if topical else 0.0)
            out.append(float(affinity[topical].max()) if topical else 0.0)
        return out

    def _echoed(self, listed: Sequence[str], heard: Mapping[str, float]) -> float:
        """The log-likelihood ratio of the words when mixed with what was heard (Kuhn and De Mori 1990), in nats."""
        share = self.lexicon.share
        total = len(listed) * math.log(1 - HEARD)
        for word in listed:
            said = heard.get(word)
            if said is not None:
                total += math.log1p(HEARD / (1 - HEARD) * said / share(word))
        return total

    def _compare(self, about: Mapping[int, float], without: int | None) -> tuple[Floats, Floats]:
        """How alike past moments are, and how much past answers speak of this; both scaled to at most 1."""
        length = math.sqrt(sum(v * v for v in about.values())) or 1.0
        query = {w: v / length for w, v in about.items()}
        likeness, answered = self.memory.situations.match(query), self.memory.answers.match(query)
        if without is not None:
            same = self.memory.day == without
            likeness[same] = 0.0
            answered[same] = 0.0
        return likeness, answered

    def _expected(self, likeness: Floats) -> dict[int, float]:
        """The topic words of the answers given in the most similar moments, weights summing to 1."""
        count = min(NEIGHBOURS, len(likeness))
        if not count:
            return {}
        best = np.argpartition(-likeness, count - 1)[:count]
        out: dict[int, float] = {}
        for turn in sorted(best.tolist()):
            if likeness[turn] > 0:
                for w in self.memory.words[turn].tolist():
                    out[w] = out.get(w, 0.0) + float(likeness[turn])
        total = sum(out.values()) or 1.0
        return {w: v / total for w, v in out.items()}

    def features(self, reading: Reading, text: str, habits: Habits) -> list[float]:
        """How a text stands to a moment, in numbers; names for them are in FITNESS."""
        said = self.weigh([text], (1.0,))
        length = math.sqrt(sum(v * v for v in said.values())) or 1.0
        total = sum(said.values()) or 1.0
        vector = self.vector(said)
        named = self.names.named(text)
        lead = lead_of(text)
        there, absent = habits.evidence(reading.chance, marks(text))
        listed = words(text)
        return [
            self._echoed(listed, reading.heard),
            self._echoed(listed, reading.heard_last),
            self._echoed(listed, reading.heard) / (4 + len(listed)),
            _cosine(said, reading.last, length),
            sum(v for w, v in said.items() if w in reading.last),
            _cosine(said, reading.about, length),
            sum(v for w, v in said.items() if w in reading.about),
            sum(v for w, v in said.items() if w in reading.about) / total,
            _cosine(said, reading.mine, length),
            float(vector @ reading.topic_last),
            float(vector @ reading.topic),
            sum(v * reading.expected.get(w, 0.0) for w, v in said.items()),
            sum(math.log1p(200 * reading.expected.get(w, 0.0)) for w in said) / (1 + len(said)),
            there,
            absent,
            float(lead is not None and lead in reading.last_speaker),
            float(lead is not None and lead in reading.present and lead not in reading.last_speaker),
            float(lead is not None and lead in self.names.known and lead not in reading.present),
            float(len(named & reading.present)),
            float(len(named - reading.present)),
            math.log1p(len(text)),
            float(text.count("\n")),
            float("?" in text),
            float(len(said)),
            total / (1 + len(said)),
        ]


AFFINITIES: Final = ("affinity_last", "most_last", "affinity", "most")
"""What `Reader.row` adds to SHAPE: the mean and the most affinity of the topic words of the last 1 and 4 messages."""
ROW: Final = len(SHAPE) + len(AFFINITIES)
"""How many numbers `Reader.row` gives."""
FITNESS: Final = 25
"""How many numbers `Reader.features` gives."""


def _shares(backwards: Sequence[Utterance]) -> dict[str, float]:
    """Each word's faded share of messages, the newest first; authors' names count as words."""
    out: dict[str, float] = {}
    for said, fade in zip(backwards, FADE, strict=False):
        for word in (*words(said.text), said.author.lower()):
            out[word] = out.get(word, 0.0) + fade
    total = sum(out.values()) or 1.0
    return {word: value / total for word, value in out.items()}


def _cosine(a: Mapping[int, float], b: Mapping[int, float], length: float) -> float:
    if not a or not b:
        return 0.0
    dot = sum(v * b.get(w, 0.0) for w, v in a.items())
    return dot / (length * math.sqrt(sum(v * v for v in b.values()))) if dot else 0.0


def remember(record: Record, lexicon: Lexicon, apart: NDArray[np.bool_], seed: int) -> tuple[Memory, Floats32]:
    """The memory of all turns, and topic vectors of all words.

    The turns marked `apart` (turns,) don't enter the vectors: on them it is judged how well topics tell true answers.
    """
    turns, size = len(record.ts), len(lexicon.vocabulary)
    context, answer = heard_in(record, lexicon), told_in(record, lexicon)
    word, turn, weight = (np.concatenate(pair) for pair in zip(context, answer, strict=True))
    free = ~apart[turn]
    vectors = topics(word[free], turn[free], weight[free], size, turns, seed)
    situations = Postings.gather((*context[:2], normed(context, turns)), size, turns)
    answers = Postings.gather((*answer[:2], normed(answer, turns)), size, turns)
    return Memory(situations, answers, answered(record, lexicon), days(record)), vectors


def heard_in(record: Record, lexicon: Lexicon) -> Entries:
    """(word, turn, weight) of every topic word that was said before each turn, weighted by rarity, newer ones more."""
    rows, sizes = record.context.row(), record.context.sizes
    back = record.context.start[1:][rows] - 1 - np.arange(len(rows))
    near = back < len(FADE)
    rest = record.context.only(near) if not near.all() else record.context
    return _entries(rest, np.array(FADE)[back[near]], record.words, lexicon) if len(sizes) else _NO_ENTRIES


def told_in(record: Record, lexicon: Lexicon) -> Entries:
    """(word, turn, weight) of every topic word of each turn, weighted by rarity."""
    return _entries(record.said, np.ones(len(record.said.flat)), record.words, lexicon)


def _entries(where: Ragged, share: Floats, words: Ragged, lexicon: Lexicon) -> Entries:
    """(word, turn, weight) of the topic words of the lines of each turn; `share` is each line's own weight."""
    found = words.taken(where.flat)
    turn = np.repeat(where.row(), found.sizes)
    weight = np.repeat(share, found.sizes) * lexicon.rarity[found.flat]
    keep = weight > 0
    return found.flat[keep], turn[keep], weight[keep]


_NO_ENTRIES: Final[Entries] = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


def normed(entries: Entries, turns: int) -> Floats:
    """Weights divided by the length of their turn's vector, damped so that very short turns don't win by shortness."""
    _, turn, weight = entries
    length = np.sqrt(np.bincount(turn, weight**2, turns)) if len(turn) else np.zeros(turns)
    return weight / (length[turn] + 4.0)


def answered(record: Record, lexicon: Lexicon) -> Ragged:
    """The topic words of each turn, each once, sorted."""
    word, turn, _ = told_in(record, lexicon)
    size = max(1, len(lexicon.vocabulary))
    pairs = distinct(turn * size + word)
    return Ragged(pairs % size, np.bincount(pairs // size, minlength=len(record.ts)).astype(np.int64))


def days(record: Record) -> Ints:
    """The day of each turn, counted from the epoch."""
    return (record.ts // 86400).astype(np.int64)
