"""From a stream of messages to conversations and turns of talk: what the subject said, and what stood before it.

Whatever is paired, each message of a context is older than the turn that it leads to.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from operator import attrgetter

from db.stored import Provenance, StoredMessage
from echo.corpus.pauses import Pauses
from echo.corpus.written import Mark, Written
from echo.persona.turns import BURST_GAP, CONTEXT_AGE, CONTEXT_LENGTH, REPLY_WITHIN, Burst, Utterance

_UNSEEN = frozenset({Mark.ATTACHMENT, Mark.EMBED})


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a channel, whoever keeps it. `ts` in seconds since the epoch, UTC.

    `key` is its id within the channel and `reply_to` that of the message it answers, if any. `cut` and `bare` are
    StoredMessage's; only a cut line may have no text. `target`: it may be what is learnt, not just context.
    `message_id` is its id where it is stored, else 0. `packaged`: its words are from the person's own data package.
    """

    key: str | None
    channel: str
    author: str
    own: bool
    ts: float
    text: str
    reply_to: str | None = None
    cut: bool = False
    bare: bool = False
    target: bool = True
    message_id: int = 0
    packaged: bool = False


class Link(Enum):
    """How a message follows the one before it in its channel."""

    JOINS = auto()
    """The same turn goes on."""
    FOLLOWS = auto()
    """Another turn of the same conversation."""
    OPENS = auto()
    """A conversation begins: nobody spoke for longer than the gap, or ever."""
    UNKNOWN = auto()
    """A conversation begins as far as anybody knows: what stood right before can't be seen."""


class Kind(Enum):
    """What a turn of the subject's is to what stands before it."""

    ANSWER = auto()
    """Somebody else spoke before in that conversation, or is replied to."""
    OPENING = auto()
    """Nobody spoke before: it teaches how a conversation is started."""
    CONTINUED = auto()
    """Only the subject spoke before, or spoke in what it replies to."""
    UNKNOWN = auto()
    """What stood before, or what it replies to, can't be seen: neither an answer nor an opening."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one author said with nobody in between and pauses up to BURST_GAP; `lines` all have text.

    `context` is what stood before it in its conversation and what it replies to, oldest first, up to CONTEXT_LENGTH
    lines, each older than the turn. A turn that is nothing but context itself has neither kind nor context.
    """

    lines: tuple[Line, ...]
    kind: Kind | None
    context: tuple[Line, ...]

    @property
    def ts(self) -> float:
        """When it began, in seconds since the epoch."""
        return self.lines[0].ts

    @property
    def own(self) -> bool:
        """Whether it is the subject's."""
        return self.lines[0].own


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns of one channel with no gap, nothing unseen and nothing unknown between them, oldest first, never none."""

    channel: str
    turns: tuple[Turn, ...]

    @property
    def ts(self) -> float:
        """When it began, in seconds since the epoch."""
        return self.turns[0].ts


def link(previous: Line | None, line: Line, gap: float) -> Link:
    """How a message follows the one before it; `gap` in seconds ends a conversation."""
    if line.bare:
        return Link.UNKNOWN
    if previous is None or line.ts - previous.ts > gap:
        return Link.OPENS
    if previous.cut:
        return Link.UNKNOWN
    same = previous.own == line.own and previous.author == line.author
    return Link.JOINS if same and line.ts - previous.ts <= BURST_GAP else Link.FOLLOWS


def line_of(row: StoredMessage, subject: str, *, target: bool = True) -> Line:
    """One row. Who is the subject is a matter of ids: somebody else of the same name must not become them."""
    namesake = f"{row.author}_" if row.author == subject else row.author
    return Line(
        key=str(row.message_id),
        channel=str(row.channel_id),
        author=subject if row.own else namesake,
        own=row.own,
        ts=row.ts,
        text=row.text,
        reply_to=None if row.reply_to is None else str(row.reply_to),
        cut=row.cut,
        bare=row.bare and row.own,
        target=target and row.own,
        message_id=row.message_id,
        packaged=row.packaged or row.provenance is Provenance.DATA_PACKAGE,
    )


def lines_of_written(rows: Iterable[Written], author: str) -> list[Line]:
    """What an export holds, oldest first; what was written in one instant keeps its order."""
    return [
        Line(
            row.key,
            row.channel,
            row.author,
            row.author == author,
            row.ts,
            row.text,
            row.reply_to,
            cut=not _UNSEEN.isdisjoint(row.marks),
        )
        for row in sorted(rows, key=attrgetter("ts"))
    ]


def gaps_of(lines: Iterable[Line]) -> dict[str, float]:
    """The gap of each channel in seconds, from all its messages, oldest first."""
    pauses = Pauses()
    for line in lines:
        pauses.add(line.channel, line.ts, own=line.own, bare=line.bare)
    return pauses.gaps()


def conversations_of(lines: Iterable[Line], gaps: Mapping[str, float]) -> list[Conversation]:
    """All conversations, by when they began. `lines` are oldest first, `gaps` those of their channels."""
    found = [
        conversation
        for channel, seen in _channels(lines).items()
        for conversation in _Channel(seen, gaps[channel]).conversations()
    ]
    return sorted(found, key=attrgetter("ts", "channel"))


def bursts_of(rows: Iterable[Written], author: str, *, before: float | None = None) -> list[Burst]:
    """The turns of `author`, oldest first, by the rules of `echo.persona.turns`.

    `rows` may come in any order; each channel is a conversation of its own. Rows at or after `before` (seconds since
    the epoch) are left out before anything is looked at, as are rows without text.
    """
    return bursts_of_lines(lines_of_written((row for row in rows if before is None or row.ts < before), author))


def bursts_of_lines(lines: Sequence[Line], gaps: Mapping[str, float] | None = None) -> list[Burst]:
    """The subject's turns as engines learn them, oldest first, from lines that are oldest first.

    `gaps` are those of the lines' channels; None where they are to be learnt from these lines.

    Their context reaches further back than their conversation, for what was said there an hour ago still tells what
    people talk about; but never past something unseen.
    """
    gaps = gaps_of(lines) if gaps is None else gaps
    turns = [
        burst for channel, seen in sorted(_channels(lines).items()) for burst in _Channel(seen, gaps[channel]).bursts()
    ]
    return sorted(turns, key=attrgetter("ts"))


def _channels(lines: Iterable[Line]) -> dict[str, list[Line]]:
    channels: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if line.cut or line.text.strip():
            channels[line.channel].append(line)
    return channels


class _Channel:
    """One channel's lines, oldest first, each with its link to the line before."""

    def __init__(self, lines: Sequence[Line], gap: float) -> None:
        self._lines = lines
        before = itertools.chain((None,), lines)
        self._links = [link(previous, line, gap) for previous, line in zip(before, lines, strict=False)]
        self._at = {line.key: at for at, line in enumerate(lines) if line.key is not None}

    def conversations(self) -> Iterator[Conversation]:
        """The channel's conversations, oldest first."""
        turns: list[Turn] = []
        for start, end in self._spans():
            if turns and self._links[start] in (Link.OPENS, Link.UNKNOWN):
                yield Conversation(turns[0].lines[0].channel, tuple(turns))
                turns = []
            turns.extend(self._turn(start, end))
        if turns:
            yield Conversation(turns[0].lines[0].channel, tuple(turns))

    def bursts(self) -> Iterator[Burst]:
        """The subject's turns, oldest first."""
        for start, end in self._spans():
            said = self._targets(start, end)
            if said:
                kind, context = self._judged(said)
                if kind is not Kind.UNKNOWN:
                    context = self._context(said, self._replied(said), past_gaps=True)
                yield _burst([self._lines[at] for at in said], context, opens=kind is Kind.OPENING)

    def _spans(self) -> Iterator[tuple[int, int]]:
        """Where turns begin and end."""
        start = 0
        for at in range(1, len(self._lines) + 1):
            if at == len(self._lines) or self._links[at] is not Link.JOINS:
                yield start, at
                start = at

    def _targets(self, start: int, end: int) -> list[int]:
        if not self._lines[start].own:
            return []
        return [at for at in range(start, end) if self._lines[at].target and self._lines[at].text.strip()]

    def _turn(self, start: int, end: int) -> Iterator[Turn]:
        """The turn of a span; none where it is nothing but something unseen."""
        said = self._targets(start, end)
        if said:
            yield Turn(tuple(self._lines[at] for at in said), *self._judged(said))
            return
        lines = tuple(line for line in self._lines[start:end] if line.text.strip())
        if lines:
            yield Turn(lines, None, ())

    def _judged(self, said: Sequence[int]) -> tuple[Kind, tuple[Line, ...]]:
        """What a turn of the subject's, given by its lines' places, is to what stands before it; and its context."""
        replied = self._replied(said)
        how = self._links[said[0]]
        if replied is None or (how is Link.UNKNOWN and not replied):
            return Kind.UNKNOWN, ()
        context = self._context(said, replied, past_gaps=False)
        if any(not line.own for line in context):
            return Kind.ANSWER, context
        return (Kind.OPENING if how is Link.OPENS and not replied else Kind.CONTINUED), context

    def _replied(self, said: Sequence[int]) -> list[int] | None:
        """Where the older messages stand that a turn replies to; None where one of them can't be seen."""
        found = set()
        for line in (self._lines[at] for at in said):
            if line.reply_to is None:
                continue
            at = self._at.get(line.reply_to)
            if at is None or self._lines[at].cut:
                return None
            if self._lines[at].ts < self._lines[said[0]].ts:
                found.add(at)
        return sorted(found)

    def _context(self, said: Sequence[int], replied: Sequence[int] | None, *, past_gaps: bool) -> tuple[Line, ...]:
        """Up to CONTEXT_LENGTH lines before a turn and those that it replies to, oldest first, all of them older."""
        begin = self._lines[said[0]].ts
        extra = list(replied or ())[-CONTEXT_LENGTH:]
        window: list[int] = []
        at = said[0]
        while at and len(window) < CONTEXT_LENGTH and self._reaches_back(at, begin, past_gaps=past_gaps):
            at -= 1
            if self._lines[at].ts < begin:
                window.append(at)
        room = max(0, CONTEXT_LENGTH - len(set(extra) - set(window)))
        return tuple(self._lines[at] for at in sorted({*window[:room], *extra}))

    def _reaches_back(self, at: int, begin: float, *, past_gaps: bool) -> bool:
        """Whether the line before the one at `at` may stand in one context with it, for a turn that begins then."""
        how, before = self._links[at], self._lines[at - 1]
        if how is Link.UNKNOWN or before.cut or begin - before.ts > CONTEXT_AGE:
            return False
        return past_gaps or how is not Link.OPENS


def _burst(said: Sequence[Line], before: Sequence[Line], *, opens: bool) -> Burst:
    start = said[0].ts
    context = tuple(Utterance(line.author, line.ts, line.text, line.own) for line in before)
    delay = None
    if context and not context[-1].own and start - context[-1].ts <= REPLY_WITHIN:
        delay = start - context[-1].ts
    return Burst(
        ts=start,
        channel=said[0].channel,
        context=context,
        texts=tuple(line.text for line in said),
        times=tuple(line.ts for line in said),
        delay=delay,
        gaps=tuple(b.ts - a.ts for a, b in itertools.pairwise(said)),
        opens=opens,
        ids=_ids(said),
        context_ids=_ids(before),
    )


def _ids(lines: Sequence[Line]) -> tuple[int, ...]:
    ids = tuple(line.message_id for line in lines)
    return ids if any(ids) else ()
