"""The parts of a persona to bytes and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from echo.errors import EngineFailed
from echo.persona.card import CardLine
from echo.persona.composing import Voice
from echo.persona.decision import Decision
from echo.persona.discriminating import Discriminator
from echo.persona.guard import Guard
from echo.persona.habits import Habits
from echo.persona.learning import Parts
from echo.persona.lexicon import Lexicon
from echo.persona.names import NameBook
from echo.persona.ngram import Phrases
from echo.persona.opening import Openings
from echo.persona.pacing import Pacing
from echo.persona.planning import Planner
from echo.persona.ragged import Ragged
from echo.persona.ranking import Ranking
from echo.persona.reading import Memory, Reader
from echo.persona.record import Record
from echo.persona.retrieval import Postings
from echo.persona.storage import packed, unpacked

Stored = Mapping[str, NDArray[np.generic]]


def stored_parts(parts: Parts) -> bytes:
    """A persona's parts as bytes."""
    voice, reader = parts.voice, parts.voice.reader
    memory = reader.memory
    arrays: dict[str, NDArray[np.generic]] = {
        **voice.phrases.arrays(),
        **reader.lexicon.arrays(),
        **memory.situations.arrays("situations"),
        **memory.answers.arrays("answers"),
        **memory.words.arrays("memory.words"),
        "memory.day": memory.day.astype(np.int32),
        "vectors": reader.vectors.astype(np.float16),
        **voice.habits.arrays(),
        **voice.ranking.arrays(),
        **voice.guard.arrays(),
        **voice.planner.arrays(),
        **voice.discriminator.arrays(),
        "turn_of": voice.turn_of.astype(np.int32),
        "reply_turn": voice.reply_turn.astype(np.int32),
        "age": voice.age,
        "message_vectors": voice.vectors.astype(np.float16),
        **parts.pacing.arrays(),
        **parts.decision.arrays(),
        **parts.openings.arrays(),
        **parts.record.arrays(),
    }
    notes = {
        "author": reader.names.author,
        "authors": parts.record.authors,
        "ties": reader.ties,
        "words": reader.lexicon.vocabulary,
        "pieces": voice.phrases.vocabulary,
        "heard": voice.habits.heard,
        "said": voice.habits.said,
        "lower_names": voice.lower_names,
        "loose": voice.loose,
        "addressed": parts.addressed,
        "card": [line.row() for line in parts.card],
        "seed": parts.seed,
        "openings": parts.openings.channels,
    }
    return packed(arrays, notes)


def parts_of(blob: bytes) -> Parts:
    """The parts that `stored_parts` gave. Raises EngineFailed where the bytes are no such thing."""
    arrays, notes = unpacked(blob)
    try:
        return _parts(arrays, notes)
    except (KeyError, ValueError, TypeError, IndexError) as problem:
        raise EngineFailed("The stored model lacks a part, so train the echo again.") from problem


def _parts(arrays: Stored, notes: Mapping[str, Any]) -> Parts:
    lexicon = Lexicon.of(arrays, notes["words"])
    names = NameBook(notes["author"], notes["authors"], lexicon.plain())
    day = arrays["memory.day"].astype(np.int64)
    words = Ragged.of(arrays, "memory.words")
    memory = Memory(Postings.of(arrays, "situations"), Postings.of(arrays, "answers"), words, day)
    reader = Reader(names, lexicon, arrays["vectors"].astype(np.float32), notes["ties"], memory)
    voice = Voice(
        phrases=Phrases.of(arrays, notes["pieces"]),
        reader=reader,
        habits=Habits.of(arrays, notes["heard"], notes["said"]),
        ranking=Ranking.of(arrays),
        guard=Guard.of(arrays),
        planner=Planner.of(arrays),
        turn_of=arrays["turn_of"].astype(np.int64),
        reply_turn=arrays["reply_turn"].astype(np.int64),
        age=arrays["age"].astype(np.float64),
        vectors=arrays["message_vectors"].astype(np.float32),
        lower_names=bool(notes["lower_names"]),
        loose=float(notes["loose"]),
        discriminator=Discriminator.of(arrays),
    )
    card = tuple(CardLine.of(row) for row in notes["card"])
    pacing, decision = Pacing.of(arrays), Decision.of(arrays)
    openings = Openings.of(arrays, notes["openings"])
    record = Record.stored(arrays, notes["authors"])
    return Parts(voice, pacing, decision, openings, float(notes["addressed"]), card, int(notes["seed"]), record)
