"""What a corpus holds and what became of the rest: figures only, no words."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.stored import PlaceResult, StoredMessage
from echo.corpus.conversations import Kind, Line, Link, line_of, link
from echo.corpus.pauses import DEFAULT_GAP, Pauses

UNIT = "words between white space"
"""What is counted as a token; the tokens of a model are about a third more in English."""


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """One channel in one month (yyyy-mm, UTC): messages with text, and the subject's tokens."""

    channel_id: int
    month: str
    own: int
    others: int
    tokens: int


@dataclass(frozen=True, slots=True)
class CorpusReport:
    """The figures of a corpus.

    `own` and `others` count messages with text, `tokens` and `others_tokens` their words between white space. The
    subject's `turns` are `answers`, `openings`, those `continued` (only they spoke before) and those `unknown` (what
    they answer can't be seen). `cuts`: where something unseen stands. `scrubbed` counts what was replaced, by kind;
    `dropped` what was read and not kept, by kind; `places` what came of channels and threads, by outcome. `gaps` are
    the seconds of silence that end a conversation, by channel. `first` and `last` are times of the subject's messages,
    in seconds since the epoch, None where there are none.
    """

    own: int
    others: int
    tokens: int
    others_tokens: int
    conversations: int
    turns: int
    answers: int
    openings: int
    continued: int
    unknown: int
    cuts: int
    bare: int
    first: float | None
    last: float | None
    provenance: Mapping[str, int]
    scrubbed: Mapping[str, int]
    dropped: Mapping[str, int]
    places: Mapping[str, int]
    gaps: Mapping[int, float]
    months: tuple[MonthFigures, ...]

    def as_json(self) -> dict[str, Any]:
        """The same as plain JSON values; keys of objects are texts."""
        row = asdict(self)
        row["gaps"] = {str(channel): gap for channel, gap in self.gaps.items()}
        row["months"] = [asdict(month) for month in self.months]
        return row | {"unit": UNIT}


class Known:
    """What has to be known of a whole corpus before it is counted: its gaps, and which messages can be seen."""

    def __init__(self) -> None:
        self._pauses = Pauses()
        self._visible = array("q")
        self._sorted: NDArray[np.int64] | None = None

    def add(self, page: Iterable[StoredMessage]) -> None:
        """Takes the next messages, oldest first."""
        for row in page:
            self._pauses.add(str(row.channel_id), row.ts, own=row.own, bare=row.bare)
            if row.text.strip() and not row.cut:
                self._visible.append(row.message_id)

    def gaps(self) -> dict[str, float]:
        """The gaps of the channels, in seconds."""
        return self._pauses.gaps()

    def sees(self, message_id: int) -> bool:
        """Whether a message is there with all that stood in it."""
        if self._sorted is None:
            self._sorted = np.sort(np.frombuffer(self._visible, np.int64)) if self._visible else np.zeros(0, np.int64)
        at = int(np.searchsorted(self._sorted, message_id))
        return at < len(self._sorted) and int(self._sorted[at]) == message_id


@dataclass(slots=True)
class _Place:
    """How far one channel was counted: its last line, and whether its conversation has words, and others' words."""

    last: Line | None = None
    begun: bool = False
    others: bool = False


@dataclass(slots=True)
class _Month:
    own: int = 0
    others: int = 0
    tokens: int = 0


@dataclass(slots=True)
class _Figures:
    messages: Counter[bool] = field(default_factory=Counter)
    tokens: Counter[bool] = field(default_factory=Counter)
    kinds: Counter[Kind] = field(default_factory=Counter)
    provenance: Counter[str] = field(default_factory=Counter)
    scrubbed: Counter[str] = field(default_factory=Counter)
    months: dict[tuple[int, str], _Month] = field(default_factory=dict)
    conversations: int = 0
    cuts: int = 0
    bare: int = 0
    first: float | None = None
    last: float | None = None


class Tally:
    """Counts a corpus that goes by oldest first."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._gaps = known.gaps()
        self._places: dict[int, _Place] = {}
        self._sum = _Figures()

    def add(self, page: Iterable[StoredMessage]) -> None:
        """Takes the next messages."""
        for row in page:
            self._sum.cuts += row.cut
            self._sum.bare += row.own and row.bare
            self._sum.scrubbed.update(row.scrubbed)
            self._link(row)
            if row.text.strip():
                self._count(row)

    def report(self, results: Iterable[PlaceResult] = ()) -> CorpusReport:
        """The figures of all that went by, with what came of the places."""
        found = self._sum
        dropped: Counter[str] = Counter()
        places: Counter[str] = Counter()
        for result in results:
            dropped.update(result.dropped)
            places[result.outcome.value] += 1
        return CorpusReport(
            own=found.messages[True],
            others=found.messages[False],
            tokens=found.tokens[True],
            others_tokens=found.tokens[False],
            conversations=found.conversations,
            turns=found.kinds.total(),
            answers=found.kinds[Kind.ANSWER],
            openings=found.kinds[Kind.OPENING],
            continued=found.kinds[Kind.CONTINUED],
            unknown=found.kinds[Kind.UNKNOWN],
            cuts=found.cuts,
            bare=found.bare,
            first=found.first,
            last=found.last,
            provenance=dict(found.provenance),
            scrubbed=dict(found.scrubbed),
            dropped=dict(dropped),
            places=dict(places),
            gaps={int(channel): gap for channel, gap in self._gaps.items()},
            months=tuple(
                MonthFigures(channel_id, month, one.own, one.others, one.tokens)
                for (channel_id, month), one in sorted(found.months.items())
            ),
        )

    def _count(self, row: StoredMessage) -> None:
        tokens = len(row.text.split())
        self._sum.messages[row.own] += 1
        self._sum.tokens[row.own] += tokens
        month = datetime.fromtimestamp(row.ts, UTC).strftime("%Y-%m")
        figures = self._sum.months.setdefault((row.channel_id, month), _Month())
        if not row.own:
            figures.others += 1
            return
        figures.own += 1
        figures.tokens += tokens
        self._sum.provenance[row.provenance.value] += 1
        self._sum.first = row.ts if self._sum.first is None else self._sum.first
        self._sum.last = row.ts

    def _link(self, row: StoredMessage) -> None:
        """Counts where conversations and the subject's turns begin."""
        place = self._places.setdefault(row.channel_id, _Place())
        line = line_of(row, "")
        how = link(place.last, line, self._gaps.get(line.channel, DEFAULT_GAP))
        place.last = line
        if how in (Link.OPENS, Link.UNKNOWN):
            place.begun = place.others = False
        if not line.text.strip():
            return
        if not place.begun:
            self._sum.conversations += 1
            place.begun = True
        if not row.own:
            place.others = True
        elif how is not Link.JOINS:
            self._sum.kinds[self._kind(row, how, place)] += 1

    def _kind(self, row: StoredMessage, how: Link, place: _Place) -> Kind:
        """What a turn is by its first message; see `Kind`."""
        if row.reply_to is not None:
            return Kind.ANSWER if self._known.sees(row.reply_to) else Kind.UNKNOWN
        if how is Link.UNKNOWN:
            return Kind.UNKNOWN
        if how is Link.OPENS:
            return Kind.OPENING
        return Kind.ANSWER if place.others else Kind.CONTINUED


def rendered(report: CorpusReport, names: Mapping[int, str] | None = None) -> str:
    """The report as lines of text; `names` are the shown names of channels, by id."""
    span = "none"
    if report.first is not None and report.last is not None:
        span = f"{_day(report.first)} to {_day(report.last)}"
    lines = [
        f"Messages       {report.own} of the subject's ({span}), {report.others} of others before them",
        f"Tokens         {report.tokens} of the subject's, {report.others_tokens} of others ({UNIT})",
        f"Conversations  {report.conversations}",
        f"Turns          {report.turns}: {report.answers} answers, {report.openings} openings, "
        f"{report.continued} continued, {report.unknown} whose occasion can't be seen",
        f"Unseen         something in {report.cuts} messages, what was before in {report.bare}",
        _counts("Came by", report.provenance),
        _counts("Scrubbed", report.scrubbed),
        _counts("Dropped", report.dropped),
        _counts("Places", report.places),
    ]
    lines += _months(report, names or {})
    return "\n".join(lines)


def _months(report: CorpusReport, names: Mapping[int, str]) -> list[str]:
    """A line for each channel and month, channels by id."""
    lines = []
    at: int | None = None
    for month in report.months:
        if month.channel_id != at:
            at = month.channel_id
            gap = report.gaps.get(at, DEFAULT_GAP)
            lines.append(f"{names.get(at, at)} (a silence of {gap:.0f} s ends a conversation)")
        lines.append(f"  {month.month}  {month.own:>7} own  {month.others:>7} others  {month.tokens:>8} tokens")
    return lines


def _counts(title: str, counts: Mapping[str, int]) -> str:
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return f"{title:<14} " + (", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in most) or "nothing")


def _day(ts: float) -> str:
    return datetime.fromtimestamp(ts, UTC).strftime("%Y-%m-%d")
