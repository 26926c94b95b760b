"""Amending a persona: single messages are taken out again, new turns join, and nothing is fitted anew.

At once follow: phrases, words and their counts, the memory of moments, message topics, fingerprints of the guard, the
measures that answers are drawn from, what conversations were begun with, and who is known. A new word has no topic,
and one that nobody else has used is not said, until the next fit. To it is also left what is a figure of the whole
corpus: the trees behind delay, decision and length, the ranking, topics, habits, and the figures of the card. A line of
the card or a habit that names a word of which nothing is left goes at once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from echo.persona.learning import Parts, ages, message_vectors, plan, slotted
from echo.persona.lexicon import Floats32, Lexicon
from echo.persona.ngram import Phrases
from echo.persona.past import Past
from echo.persona.planning import Plan, Planner
from echo.persona.ragged import Ints, Mask
from echo.persona.reading import ROW, Memory, Reader, answered, days, heard_in, normed, told_in
from echo.persona.record import Left, Record
from echo.persona.retrieval import Entries, Postings
from echo.persona.secrecy import Private
from echo.persona.tokens import pieces, words
from echo.persona.turns import Burst


@dataclass(frozen=True, slots=True)
class Amended:
    """How much an amendment changed, in messages.

    `added` of the subject joined and `withdrawn` of anybody are out; `unknown` of those to be taken out were not in.
    """

    added: int
    withdrawn: int
    unknown: int


def amended(parts: Parts, added: Sequence[Burst], withdrawn: Collection[int]) -> tuple[Parts, Amended]:
    """The parts without the withdrawn messages (ids) and with the added turns; both may be empty.

    The id 0 stands for all messages without one. A message of an added turn that was learnt before is learnt anew, as
    the turn has it now.
    """
    ids = set(withdrawn)
    gone = parts.record.holding(ids)
    again = parts.record.holding({one for burst in added for one in burst.ids if one}) & ~gone
    parts = _without(parts, gone | again)
    past = Past.of(added, parts.voice.reader.names.author)
    if past.bursts:
        parts = _joined(parts, past)
    out = int(gone.sum())
    return parts, Amended(sum(map(len, past.said)) - int(again.sum()), out, max(0, len(ids) - out))


def _without(parts: Parts, gone: Mask) -> Parts:
    """Without these lines of the record."""
    if not gone.any():
        return parts
    voice, reader = parts.voice, parts.voice.reader
    record, left = parts.record.without(gone)
    every = reader.lexicon.vocabulary
    held = np.bincount(record.words.flat, minlength=len(every)) > 0
    lost = frozenset(word for word, is_held in zip(every[: record.fitted], held.tolist(), strict=False) if not is_held)
    names: Ints = np.where(held, np.cumsum(held) - 1, -1)
    record = record.named(names)
    lexicon = record.lexicon([word for word, is_held in zip(every, held.tolist(), strict=True) if is_held])
    turns: Ints = np.where(left.turns & ~left.touched, np.cumsum(left.turns) - 1, -1)
    memory = _memory(reader.memory, record, lexicon, left.touched[left.turns], turns, names)
    phrases = voice.phrases.kept(left.said)
    planner, reply_turn = _planned(parts, left, record, phrases)
    kept = replace(
        voice,
        phrases=phrases,
        reader=_reader(reader, record, lexicon, reader.vectors[held], memory),
        habits=voice.habits.without(lost),
        guard=voice.guard.kept(left.lines),
        planner=planner,
        turn_of=record.said.row(),
        reply_turn=reply_turn,
        age=ages(record),
        vectors=voice.vectors[left.said],
    )
    card = tuple(line for line in parts.card if lost.isdisjoint(line.named))
    whole = np.ones(len(left.turns), np.bool_)
    whole[parts.record.said.row()[~left.said]] = False
    openings = parts.openings.renamed(np.where(whole, np.cumsum(left.turns) - 1, -1))
    return replace(parts, voice=kept, openings=openings, record=record, card=card)


def _joined(parts: Parts, past: Past) -> Parts:
    """With these turns, at least one, behind those that are there."""
    voice, reader, known = parts.voice, parts.voice.reader, parts.record
    fresh = known.fresh(past)
    texts = [past.lines[at].text for at in fresh]
    ids = dict(reader.lexicon.ids)
    for word in sorted({word for text in texts for word in words(text)}):
        ids.setdefault(word, len(ids))
    record = known.joined(past, fresh, [sorted(ids[word] for word in words(text)) for text in texts])
    lexicon = record.lexicon(list(ids))
    blank = np.zeros((len(ids) - len(reader.vectors), reader.vectors.shape[1]), np.float32)
    vectors: Floats32 = np.vstack([reader.vectors, blank])
    new: Mask = np.arange(len(record.ts)) >= len(known.ts)
    same = np.arange(len(reader.lexicon.vocabulary))
    memory = _memory(reader.memory, record, lexicon, new, np.arange(len(known.ts)), same)
    reader = _reader(reader, record, lexicon, vectors, memory)
    said = slotted(past, reader.names)
    answers = [at for at, burst in enumerate(past.bursts) if burst.delay is not None and burst.context]
    rows = np.array([reader.row(past.bursts[at].context) for at in answers], np.float64).reshape(len(answers), ROW)
    plans = [plan(tuple(len(text) for text in past.bursts[at].texts), said[at]) for at in answers]
    spoken = record.words.taken(record.said.kept(new).flat)
    grown = replace(
        voice,
        phrases=_phrases(voice.phrases, said, lexicon, len(record.authors)),
        reader=reader,
        guard=voice.guard.joined(texts, len(known.message)),
        planner=voice.planner.joined(rows, plans),
        turn_of=record.said.row(),
        reply_turn=np.append(voice.reply_turn, np.array(answers, np.int64) + len(known.ts)),
        age=ages(record),
        vectors=np.vstack([voice.vectors, message_vectors(spoken, lexicon, vectors)]),
    )
    return replace(parts, voice=grown, openings=parts.openings.joined(past, len(known.ts)), record=record)


def _reader(reader: Reader, record: Record, lexicon: Lexicon, vectors: Floats32, memory: Memory) -> Reader:
    """A reader who knows those people only of whom something is left."""
    names = reader.names.anew(record.authors, lexicon.plain())
    ties = {author: tie for author, tie in reader.ties.items() if author in record.authors}
    return Reader(names, lexicon, vectors, ties, memory)


def _memory(memory: Memory, record: Record, lexicon: Lexicon, anew: Mask, turns: Ints, words: Ints) -> Memory:
    """The memory of the record's turns. What is kept is renamed by `turns` and `words`, old to new, -1: not kept.

    The turns marked `anew` (turns of the record,) are remembered from the record.
    """
    place = np.flatnonzero(anew)
    part = replace(record, ts=record.ts[anew], context=record.context.kept(anew), said=record.said.kept(anew))
    size = len(lexicon.vocabulary)

    def amended_by(postings: Postings, entries: Entries) -> Postings:
        more = (entries[0], place[entries[1]], normed(entries, len(place)))
        return postings.amended(turns, len(record.ts), words, size, more)

    return Memory(
        amended_by(memory.situations, heard_in(part, lexicon)),
        amended_by(memory.answers, told_in(part, lexicon)),
        answered(record, lexicon),
        days(record),
    )


def _planned(parts: Parts, left: Left, record: Record, phrases: Phrases) -> tuple[Planner, Ints]:
    """The planner without what is gone, and the turn of each of its plans."""
    voice = parts.voice
    stays = left.turns[voice.reply_turn]
    before = voice.reply_turn[stays]
    now: Ints = (np.cumsum(left.turns) - 1)[before]
    plans = [one for one, is_left in zip(voice.planner.plans, stays.tolist(), strict=True) if is_left]
    said = parts.record.said
    for at in np.flatnonzero(left.touched[before]).tolist():
        mine = slice(int(said.start[before[at]]), int(said.start[before[at] + 1]))
        plans[at] = _shortened(plans[at], left.said[mine], phrases, int(record.said.start[now[at]]))
    return voice.planner.kept(stays, plans), now


def _shortened(known: Plan, stays: Mask, phrases: Phrases, first: int) -> Plan:
    """The measure of a turn of which only the marked messages are left, which begin with the `first` of `phrases`."""
    if stays.all():
        return known
    lengths = tuple(n for n, is_left in zip(known.lengths, stays.tolist(), strict=False) if is_left)
    return plan(lengths, [phrases.text(first + k) for k in range(int(stays.sum()))])


def _phrases(phrases: Phrases, said: Sequence[Sequence[str]], lexicon: Lexicon, others: int) -> Phrases:
    """With these turns. What might be private is a gap, as it is for a fit, and so is what only a fit can judge."""
    turns = [[pieces(text) for text in texts] for texts in said]
    known = {word for word, people in zip(lexicon.vocabulary, lexicon.people.tolist(), strict=True) if people}
    known.update(piece.strip().lower() for piece in phrases.vocabulary)
    private = Private(known, lambda link: others if link in known else 0, 1)
    return phrases.joined(turns, private.hidden({piece for turn in turns for message in turn for piece in message}))
