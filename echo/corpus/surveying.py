"""The first of two readings of an export: that all of it can be read, whose it is, and how its channels lie in time.

Nothing is stored before an export was read to its end, so that a refusal in its middle leaves nothing of it behind.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from echo.corpus.importers.export import Export, Form, Part
from echo.corpus.importers.limits import refused
from echo.corpus.wanted import LATER, Origins, Wanted
from echo.corpus.written import Written

STRIDE = 2_000
"""Messages after which reading gives way."""


class Bearing(Enum):
    """In which order the messages of a channel stand in an export."""

    OLDEST_FIRST = auto()
    NEWEST_FIRST = auto()
    UNKNOWN = auto()
    """In none; or nobody but the subject is in it, so that nobody knows what stood before their words."""


@dataclass(slots=True)
class _Lie:
    """How the messages of one channel lie in one file. Times in epoch seconds."""

    first: float
    last: float
    rising: bool = True
    falling: bool = True

    def add(self, ts: float) -> None:
        """The next one."""
        if ts < self.last:
            self.rising = False
        elif ts > self.last:
            self.falling = False
        self.last = ts


class Survey:
    """What the first reading found, for the second.

    `seen` counts messages, `own` those with text of the subject that are taken, whose name in it is `called`. `names`
    has what people are called, by their ids. `left_out` counts messages that are not taken and `passed_over` channels
    that were not opened, by reason.
    """

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.seen = self.own = 0
        self.called = ""
        self.names: dict[int, set[str]] = defaultdict(set)
        self.left_out: Counter[str] = Counter()
        self.passed_over: Counter[str] = Counter()
        self._lies: dict[str, dict[str, _Lie]] = defaultdict(dict)
        self._company: set[str] = set()
        self._named = 0
        self._has_ids = False

    def read(self, export: Export) -> Iterator[int]:
        """Read all of it, and give every now and then how many messages were seen. Raises ImportRefused."""
        self._check_whose(export)
        if export.form is Form.DATA_PACKAGE:
            self.passed_over.update(filter(None, map(self.wanted.passed_over, export.parts)))
        origins = Origins(self.wanted, export.form)
        for part, written in export.messages(self._opener(export)):
            self.seen += 1
            self._look_at(export, part, written, origins)
            if self.seen % STRIDE == 0:
                yield self.seen
        if not self.own:
            self._refuse(export)

    def bearings(self) -> dict[str, Bearing]:
        """The order of each channel of which something is taken."""
        return {place: self._bearing(place) for place in self._lies}

    def parts(self, export: Export) -> tuple[Part, ...]:
        """The files of which something is taken; those of one channel in the order of its messages."""
        rank: dict[str, tuple[str, float]] = {}
        for place, lies in self._lies.items():
            sign = -1 if self._bearing(place) is Bearing.NEWEST_FIRST else 1
            # Only the exporter's files hold one channel each, and only they have several to a channel.
            rank.update(
                (path, (place if export.form is Form.CHAT_EXPORT else "", sign * lie.first))
                for path, lie in lies.items()
            )
        return tuple(sorted((part for part in export.parts if part.path in rank), key=lambda part: rank[part.path]))

    def _opener(self, export: Export) -> Callable[[Part], bool]:
        if export.form is Form.DATA_PACKAGE:
            return lambda part: not self.wanted.passed_over(part)
        return lambda part: True

    def _bearing(self, place: str) -> Bearing:
        lies = self._lies[place].values()
        if place not in self._company:
            return Bearing.UNKNOWN
        if all(lie.rising for lie in lies):
            return Bearing.OLDEST_FIRST
        return Bearing.NEWEST_FIRST if all(lie.falling for lie in lies) else Bearing.UNKNOWN

    def _look_at(self, export: Export, part: Part, written: Written, origins: Origins) -> None:
        origin, ts = origins.of(written), written.ts
        why = origin.left_out or (LATER if ts >= self.wanted.before else "")
        if why:
            self.left_out[why] += 1
            return
        lies = self._lies[origin.place]
        lie = lies.get(part.path)
        if lie is None:
            lies[part.path] = _Lie(ts, ts)
        else:
            lie.add(ts)
        if origin.own:
            self.own += written.is_speech
            self.called = self.called or written.author
        elif written.is_speech:
            self._company.add(origin.place)
        if written.author_id is not None:
            self._has_ids = True
        if written.author not in self.names[origin.user_id]:
            self._learn(export, origin.user_id, written.author)
        for user_id, name in written.mentions:
            self._learn(export, user_id, name)

    def _learn(self, export: Export, who: int, name: str) -> None:
        names = self.names[who]
        if name not in names:
            names.add(name)
            self._named += 1
            if self._named > export.limits.members:
                raise refused(
                    export.label, f"it has more than {export.limits.members:,} names of people", "import a part"
                )

    def _check_whose(self, export: Export) -> None:
        if export.form not in self.wanted.forms:
            what = f"it is a {export.form.value}, which does not prove whose it is"
            raise refused(export.label, what, "give the data package that Discord made for you, as its ZIP")
        if export.form is Form.DATA_PACKAGE and export.owner_id != str(self.wanted.user_id):
            what = "by the id in its account/user.json this data package is somebody else's"
            raise refused(export.label, what, "give that of the person whose echo this is")

    def _refuse(self, export: Export) -> None:
        """The sentence for an export of which nothing is taken."""
        counted = self.passed_over if self.passed_over and not self.seen else self.left_out
        if not self.seen and not counted:
            raise refused(export.label, "there is no message in it", "export it again")
        if export.form is Form.DATA_PACKAGE or (counted and counted.total() == self.seen):
            why = ", ".join(f"{reason}: {count:,}" for reason, count in sorted(counted.items())) or "no message"
            what = f"it has nothing of this server before the echo's date ({why})"
            raise refused(export.label, what, "give what was written there and then")
        if not self._has_ids and self.wanted.author is None:
            what = "its lines have no author_id, so nobody knows which are the person's"
            raise refused(export.label, what, "say with --author what they are called in it")
        who = f"called {self.wanted.author!r}" if not self._has_ids else f"with the id {self.wanted.user_id}"
        raise refused(export.label, f"nobody {who} has written anything in it", "give a file that has some")
