"""The second of two readings of an export: its messages as rows of a corpus, with what stood before the subject's."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from db.stored import Provenance, StoredMessage
from echo.corpus.cleaning import UNSEEN, Cleaned, Kind, clean_text
from echo.corpus.importers.export import Export, Form
from echo.corpus.pseudonyms import People
from echo.corpus.surveying import Bearing, Survey
from echo.corpus.wanted import Origin, Origins
from echo.corpus.written import Mark, Written
from echo.persona.turns import CONTEXT_AGE

BATCH = 1_000
"""Rows that are handed on together: 500 to 1,000 is where SQLite is quickest."""
LOOK_BACK = 4
"""How many times as many messages are remembered as are wanted for context, as some of them are no words."""
LONGEST = 10_000
"""Characters of a message. Discord takes 4,000; of longer ones a hostile file would fill the memory, and the model."""
ECHO_ENDING = "(echo)"
"""How the names end under which echoes speak: what they say is nobody's."""
_TIE, _MOST_TIES = 0.001, 999
"""Seconds between messages of one second, and how many of it are told apart: many exports know no milliseconds."""
_SKIPPED = frozenset({Mark.STICKER, Mark.POLL, Mark.EMBED})


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import.

    `own` of the subject's messages with text were read, `added` of them were new to the corpus, and `context` of
    others' were read beside them. `dropped` counts messages that were not taken, `passed_over` channels that were not
    opened, both by reason.
    """

    added: int
    own: int
    context: int
    dropped: Mapping[str, int]
    passed_over: Mapping[str, int]


class Clean(Protocol):
    """`echo.corpus.cleaning.clean_text`, or what stands for it."""

    def __call__(
        self, text: str, people: People, mentions: Mapping[int, str] = ..., *, unseen: bool = ..., skipped: bool = ...
    ) -> Cleaned: ...


class _Place:
    """One channel as it is read: what may become context, and what is owed to the subject's last message."""

    def __init__(self, remembered: int) -> None:
        self.recent: deque[tuple[Written, float]] = deque(maxlen=remembered)
        self.owed = 0
        self.answer = 0.0
        self.path = ""
        self.last: tuple[float, str | None] | None = None
        self.floor: tuple[float, str | None] | None = None
        self._tied, self._ties = 0.0, 0

    def tie(self, ts: float) -> float:
        """Seconds that keep messages of one and the same time apart in the order in which they come."""
        self._ties = min(self._ties + 1, _MOST_TIES) if ts == self._tied else 0
        self._tied = ts
        return self._ties * _TIE

    def has_read(self, path: str, written: Written, sign: int) -> bool:
        """Whether an earlier file of the channel reached as far: files of one channel may overlap."""
        here = (written.ts, written.key)
        if path != self.path:
            self.path, self.floor = path, self.last
        if self.floor is not None and (here == self.floor or sign * written.ts < sign * self.floor[0]):
            return True
        self.last = here
        return False


class Sifting:
    """Makes rows of an export that was surveyed. `people` learns the names of everybody in it."""

    def __init__(self, survey: Survey, people: People, *, clean: Clean = clean_text) -> None:
        self.own = self.context = 0
        self.dropped: Counter[str] = Counter(survey.left_out)
        self._survey, self._wanted = survey, survey.wanted
        self._origins = Origins(survey.wanted, Form.CHAT_EXPORT)
        self._people, self._clean = people, clean
        self._bearings = survey.bearings()
        self._places: dict[str, _Place] = {}
        self._provenance = Provenance.EXPORT
        for user_id, names in survey.names.items():
            people.learn(user_id, *sorted(names))

    def batches(self, export: Export) -> Iterator[list[StoredMessage]]:
        """The rows, up to BATCH at a time, those of a message and its context together or one after another."""
        self._origins = Origins(self._wanted, export.form)
        if export.form is Form.DATA_PACKAGE:
            self._provenance = Provenance.DATA_PACKAGE
        batch: list[StoredMessage] = []
        for part in self._survey.parts(export):
            for written in export.read(part):
                origin = self._origins.of(written)
                if origin.left_out or written.ts >= self._wanted.before:
                    continue
                batch += self._taken(part.path, written, origin)
                if len(batch) >= BATCH:
                    yield batch
                    batch = []
        yield batch

    def _taken(self, path: str, written: Written, origin: Origin) -> Sequence[StoredMessage]:
        """The rows that this message makes, or makes needed."""
        if len(written.text) > LONGEST:
            self.dropped["too long"] += 1
            return ()
        here = self._places.get(origin.place)
        if here is None:
            here = self._places[origin.place] = _Place(LOOK_BACK * self._wanted.context)
        bearing = self._bearings.get(origin.place, Bearing.UNKNOWN)
        if bearing is Bearing.UNKNOWN:
            row = self._row(written, origin, here.tie(written.ts), bare=True) if origin.own else None
            return (row,) if row else ()
        if bearing is Bearing.OLDEST_FIRST:
            return () if here.has_read(path, written, 1) else self._going_up(here, written, origin)
        return () if here.has_read(path, written, -1) else self._going_down(here, written, origin)

    def _going_up(self, here: _Place, written: Written, origin: Origin) -> Sequence[StoredMessage]:
        later = here.tie(written.ts)
        if not origin.own:
            here.recent.append((written, later))
            return ()
        row = self._row(written, origin, later)
        if row is None or not row.text:
            return (row,) if row else ()
        rows = [row]
        while here.recent and len(rows) <= self._wanted.context:
            before, later = here.recent.pop()
            if written.ts - before.ts > CONTEXT_AGE:
                break
            context = self._row(before, self._origins.of(before), later)
            if context is not None:
                rows.append(context)
            if context is not None and context.cut:
                break
        here.recent.clear()
        return rows

    def _going_down(self, here: _Place, written: Written, origin: Origin) -> Sequence[StoredMessage]:
        later = -here.tie(written.ts)
        if not origin.own and (not here.owed or here.answer - written.ts > CONTEXT_AGE):
            here.owed = 0
            return ()
        row = self._row(written, origin, later)
        if row is None:
            return ()
        if not origin.own:
            here.owed = 0 if row.cut else here.owed - 1
        elif row.text:
            here.owed, here.answer = self._wanted.context, written.ts
        return (row,)

    def _row(self, written: Written, origin: Origin, later: float, *, bare: bool = False) -> StoredMessage | None:
        """The message as a row, so many seconds `later` where its own id does not say when; None if it is not kept."""
        if not origin.own and self._is_unseen(written, origin):
            self.dropped[UNSEEN] += 1
            return None
        cleaned = self._cleaned(written)
        if cleaned.kind not in (Kind.WORDS, Kind.CUT):
            self.dropped[cleaned.why] += 1
            return None
        identities = self._origins.identities
        message_id, ts = identities.message(written)
        if not origin.own:
            self.context += 1
        elif cleaned.text:
            self.own += 1
        return StoredMessage(
            message_id,
            origin.user_id,
            origin.server_id,
            origin.channel_id,
            ts if message_id > 0 else ts + later,
            cleaned.text,
            self._people.name_of(origin.user_id),
            origin.own,
            identities.reply_to(written, message_id) if written.reply_to is not None else None,
            self._provenance,
            cleaned.cut,
            bare,
            cleaned.scrubbed,
        )

    def _is_unseen(self, written: Written, origin: Origin) -> bool:
        """Whether its author is invisible there; who has no id in the export is known by name alone."""
        unseen = self._people.unseen
        return unseen.is_member(origin.user_id) or (written.author_id is None and unseen.is_name(written.author))

    def _cleaned(self, written: Written) -> Cleaned:
        marks = written.marks
        if not marks:
            return self._clean(written.text, self._people)
        if Mark.SYSTEM in marks:
            return Cleaned(Kind.NOISE, why="system")
        if Mark.BOT in marks and written.author.endswith(ECHO_ENDING):
            return Cleaned(Kind.NOISE, why="echo")
        if Mark.FORWARD in marks:
            return Cleaned(Kind.CUT, cut=True, why="forward")
        skipped = sorted(marks & _SKIPPED)
        cleaned = self._clean(
            written.text,
            self._people,
            dict(written.mentions),
            unseen=Mark.ATTACHMENT in marks,
            skipped=bool(skipped),
        )
        return replace(cleaned, why=skipped[0].value) if skipped and cleaned.kind is Kind.SKIP else cleaned
