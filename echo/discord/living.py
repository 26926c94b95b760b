"""What happens on Discord to messages that are stored, or join what is stored, as it happens."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any, Final, TypeVar

from db.errors import StorageError
from db.stored import Provenance, StoredMessage
from echo.corpus.cleaning import Kind
from echo.discord.collecting.walk import Reader, has_substance
from echo.discord.corrections import AT_ONCE, Corrections
from echo.discord.rings import AGE, Before, Raw, Rings
from echo.discord.snowflakes import snowflake_at, time_of
from echo.discord.tidings import a_while
from echo.discord.translate import MALFORMED
from states.board import Board
from states.model import ProfileSnapshot
from states.terms_in_force import TermsInForce

log = logging.getLogger(__name__)

WAITING: Final = 100_000
"""Events that wait to be brought to the corpora, at most. What is pushed out is found by comparing with Discord."""
LATELY: Final = 50_000
"""Deleted messages that are remembered, in case that a page read before that is stored after it."""
EDITED_LATELY: Final = 2_000
"""Edited messages that are remembered for the same, with what they say."""


@dataclass(frozen=True, slots=True)
class _Said:
    profile: ProfileSnapshot
    raw: Raw
    before: Before


@dataclass(frozen=True, slots=True)
class _Edited:
    raw: Raw


@dataclass(frozen=True, slots=True)
class _Deleted:
    message_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _PlaceGone:
    server_id: int
    channel_ids: tuple[int, ...]


_T = TypeVar("_T")
_Event = _Said | _Edited | _Deleted | _PlaceGone


class Living:
    """Hears raw dispatches, and brings what concerns subjects to the corpora, in the order in which it came.

    New messages join where the subject's cut-off lies ahead, as far as `terms` and `reads(server id, channel id)` say
    so, each with up to `window` messages of others that stood before it. Edits and deletions reach every stored
    message. `reader_of` reads for a profile, `threads_of` gives the threads of a channel as far as they are known.
    `place_gone(server id)` is called after a channel was deleted: of its archived threads nobody tells. `hides(server
    id, user id)` says who is unseen there: what they write reaches nothing but, where they are subjects themselves,
    their own corpus. After a failure of the database `pause` is waited for before the next try.
    """

    def __init__(
        self,
        board: Board,
        corrections: Corrections,
        reader_of: Callable[[ProfileSnapshot], Reader],
        reads: Callable[[int, int], bool],
        threads_of: Callable[[int, int], Iterable[int]],
        window: int,
        clock: Callable[[], datetime],
        pause: Callable[[], Awaitable[None]] = a_while,
        terms: TermsInForce | None = None,
    ) -> None:
        self._terms = terms or TermsInForce()
        self.place_gone: Callable[[int], None] = lambda server_id: None
        self.hides: Callable[[int, int], bool] = lambda server_id, user_id: False
        self._board = board
        self._corrections = corrections
        self.reader_of = reader_of
        self._reads = reads
        self._threads_of = threads_of
        self._window = window
        self._clock = clock
        self._pause = pause
        self.rings = Rings(window)
        self._subjects: dict[int, dict[int, ProfileSnapshot]] = {}
        self._revision = -1
        self._events: deque[_Event] = deque(maxlen=WAITING)
        self._news = asyncio.Event()
        self._gone: OrderedDict[int, None] = OrderedDict()
        self._gone_places: OrderedDict[int, int] = OrderedDict()
        self._changed: OrderedDict[int, Raw] = OrderedDict()
        self._is_failing = False
        board.watch(self._let_go)

    @property
    def remembered(self) -> int:
        """How many edited messages are held in memory."""
        return len(self._changed)

    def witnesses(self) -> dict[str, Callable[[Any], None]]:
        """What is to be called with the data of each dispatch; raises one of MALFORMED for what Discord never sends."""
        return {
            "READY": self._connected_anew,
            "MESSAGE_CREATE": self._said,
            "MESSAGE_UPDATE": self._edited,
            "MESSAGE_DELETE": self._deleted,
            "MESSAGE_DELETE_BULK": self._deleted,
            "CHANNEL_DELETE": self._place_deleted,
            "THREAD_DELETE": self._place_deleted,
        }

    def stored(self, rows: Sequence[StoredMessage]) -> None:
        """Rows were stored, by whomever: what was deleted or edited since they were read is so once more."""
        gone = tuple(row.message_id for row in rows if row.message_id in self._gone)
        if gone:
            self._put(_Deleted(gone))
        for channel_id in {row.channel_id for row in rows} & self._gone_places.keys():
            self._put(_PlaceGone(self._gone_places[channel_id], (channel_id,)))
        for row in rows if self._changed else ():
            if row.message_id in self._changed:
                self._put(_Edited(self._changed[row.message_id]))

    async def run(self) -> None:
        """Bring to the corpora what comes, as long as Echo runs."""
        while True:
            await self._news.wait()
            self._news.clear()
            while batch := self._next():
                while not await self._applied(batch):
                    await self._pause()

    def withdraw(self, server_id: int, user_id: int) -> None:
        """Hold nothing more in memory of what somebody wrote."""
        self.rings.drop_author(server_id, user_id)
        gone = [one for one, raw in self._changed.items() if int(raw["author"]["id"]) == user_id]
        for one in gone if user_id not in self._subjects_in(server_id) else ():
            del self._changed[one]

    # what comes

    def _connected_anew(self, _: Any) -> None:
        """What was said in between is not known."""
        self.rings.restart()
        self._revision = -1
        self._subjects_in(0)

    def _said(self, raw: Raw) -> None:
        server_id = int(raw.get("guild_id") or 0)
        subjects = self._subjects_in(server_id)
        now = self._clock()
        if not any(profile.cutoff > now for profile in subjects.values()):
            self.rings.end(server_id)
            return
        channel_id = int(raw["channel_id"])
        author_id = int(raw["author"]["id"])
        profile = subjects.get(author_id)
        if profile is not None and self._joins(profile, raw):
            self._put(_Said(profile, raw, self.rings.before(server_id, channel_id)))
        if self.hides(server_id, author_id):
            # Not even held in memory: it is nobody's context.
            return
        if self._reads(server_id, channel_id):
            self.rings.add(server_id, channel_id, raw)
        else:
            # What stands where nothing is collected is nobody's context.
            self.rings.pass_over(server_id, channel_id, int(raw["id"]))

    def _edited(self, raw: Raw) -> None:
        # What Discord adds by itself, such as the card of a link, is no edit.
        if not self._subjects_in(int(raw.get("guild_id") or 0)) or raw.get("edited_timestamp") is None:
            return
        # Nobody can leave nothing: where nothing stands, Discord withholds it.
        if "author" in raw and has_substance(raw) and (author_id := int(raw["author"]["id"])):
            server_id = int(raw["guild_id"])
            if self.hides(server_id, author_id) and author_id not in self._subjects_in(server_id):
                return
            self.rings.amend(int(raw["channel_id"]), raw)
            _keep(self._changed, int(raw["id"]), raw, EDITED_LATELY)
            self._put(_Edited(raw))

    def _deleted(self, data: Mapping[str, Any]) -> None:
        if not self._subjects_in(int(data.get("guild_id") or 0)):
            return
        ids = tuple(int(one) for one in data.get("ids") or (data["id"],))
        self.rings.drop(int(data["channel_id"]), ids)
        for one in ids:
            self._changed.pop(one, None)
            _keep(self._gone, one, None, LATELY)
        self._put(_Deleted(ids))

    def _place_deleted(self, data: Mapping[str, Any]) -> None:
        server_id, channel_id = int(data.get("guild_id") or 0), int(data["id"])
        if not self._subjects_in(server_id):
            return
        channel_ids = (channel_id, *self._threads_of(server_id, channel_id))
        for one in channel_ids:
            self.rings.drop_place(one)
            _keep(self._gone_places, one, server_id, LATELY)
        self._put(_PlaceGone(server_id, channel_ids))

    def _subjects_in(self, server_id: int) -> Mapping[int, ProfileSnapshot]:
        """The subjects of a server who agreed, by user id."""
        if self._revision != self._board.profile_revision:
            self._revision = self._board.profile_revision
            subjects: defaultdict[int, dict[int, ProfileSnapshot]] = defaultdict(dict)
            for profile in self._board.profiles.values():
                if profile.has_consent:
                    subjects[profile.server_id][profile.user_id] = profile
            self._subjects = dict(subjects)
            for one in [one for one, raw in self._changed.items() if int(raw["guild_id"]) not in subjects]:
                del self._changed[one]
            now = self._clock()
            live = [one for one, found in subjects.items() if any(p.cutoff > now for p in found.values())]
            self.rings.keep(live)
            for one in live:
                self.rings.begin(one, snowflake_at(now))
        return self._subjects.get(server_id, _NOBODY)

    def _joins(self, profile: ProfileSnapshot, raw: Raw) -> bool:
        machine = bool(raw["author"].get("bot")) or raw.get("webhook_id") is not None
        young, channel_id = time_of(int(raw["id"])) < profile.cutoff, int(raw["channel_id"])
        agreed = self._terms.may_read(profile, channel_id)
        return young and not machine and agreed and self._reads(profile.server_id, channel_id)

    def _let_go(self) -> None:
        """Forget at once, not at the next message, what was said where nobody's messages join any more, and what was
        edited where nobody's are kept."""
        if (len(self.rings) or self._changed) and self._revision != self._board.profile_revision:
            self._subjects_in(0)

    def _put(self, event: _Event) -> None:
        self._events.append(event)
        self._news.set()

    # what comes of it

    def _next(self) -> list[_Event]:
        """The first of the waiting events, with those after it that are of its kind."""
        batch: list[_Event] = []
        while self._events and len(batch) < AT_ONCE and (not batch or type(self._events[0]) is type(batch[0])):
            batch.append(self._events.popleft())
        return batch

    async def _applied(self, batch: Sequence[_Event]) -> bool:
        try:
            await self._apply(batch)
        except StorageError as error:
            if not self._is_failing:
                log.warning("What changed on Discord could not be stored, and is tried again: %s", error)
            self._is_failing = True
            return False
        if self._is_failing:
            log.info("What changed on Discord is stored again.")
        self._is_failing = False
        return True

    async def _apply(self, batch: Sequence[_Event]) -> None:
        said = [event for event in batch if isinstance(event, _Said)]
        edited = [event.raw for event in batch if isinstance(event, _Edited)]
        if said:
            await self._join(said)
        if edited:
            await self._edit(edited)
        deleted = (event.message_ids for event in batch if isinstance(event, _Deleted))
        await self._corrections.remove(chain.from_iterable(deleted))
        for event in batch:
            if isinstance(event, _PlaceGone):
                await self._corrections.remove_places(event.server_id, event.channel_ids)
                self.place_gone(event.server_id)

    async def _join(self, said: Iterable[_Said]) -> None:
        rows: defaultdict[int, dict[int, StoredMessage]] = defaultdict(dict)
        profiles = {}
        for event in said:
            profiles[event.profile.id] = event.profile
            try:
                found = self._rows(event)
            except MALFORMED as error:
                log.warning("A new message is not as described (%s); it is left out.", type(error).__name__)
                continue
            rows[event.profile.id].update((row.message_id, row) for row in found)
        for profile_id, found_rows in rows.items():
            if found_rows:
                await self._corrections.add(profiles[profile_id], list(found_rows.values()))

    def _rows(self, event: _Said) -> list[StoredMessage]:
        """A new message and what stood before it, as rows; none where it is no words."""
        reader = self.reader_of(event.profile)
        channel_id, message_id = int(event.raw["channel_id"]), int(event.raw["id"])
        own = reader.clean(event.raw)
        if own.kind not in (Kind.WORDS, Kind.CUT):
            return []
        rows: list[StoredMessage] = []
        for raw in event.before.messages:
            if len(rows) == self._window or int(raw["id"]) < message_id - AGE:
                break
            with suppress(*MALFORMED):
                cleaned = reader.clean(raw)
                if cleaned.kind in (Kind.WORDS, Kind.CUT) and not reader.is_own(raw):
                    rows.append(reader.row(raw, channel_id, cleaned))
        is_whole = len(rows) == self._window or event.before.reaches(message_id)
        rows.append(reader.row(event.raw, channel_id, own, bare=not is_whole))
        return [replace(row, provenance=Provenance.LIVE) for row in rows]

    async def _edit(self, raws: Sequence[Raw]) -> None:
        """What was edited says so; what was no words of a subject before may be some now."""
        held = {(one.profile_id, one.message_id) for one in await self._corrections.edit(raws, self._near(raws))}
        lately = snowflake_at(self._clock()) - AGE
        found = []
        for raw in raws:
            profile, message_id = self._subjects_in(int(raw["guild_id"])).get(int(raw["author"]["id"])), int(raw["id"])
            if profile is None or message_id < lately or (profile.id, message_id) in held:
                continue
            if message_id not in self._gone and self._joins(profile, raw):
                found.append(_Said(profile, raw, Before((), message_id)))
        await self._join(found)

    def _near(self, raws: Iterable[Raw]) -> list[Raw]:
        """What was heard lately where these messages stand."""
        places = {(int(raw["guild_id"]), int(raw["channel_id"])) for raw in raws}
        return [raw for place in places for raw in self.rings.before(*place).messages]


_NOBODY: Final[Mapping[int, ProfileSnapshot]] = {}


def _keep(known: OrderedDict[int, _T], key: int, value: _T, most: int) -> None:
    """Note something as the newest; the oldest make room."""
    known[key] = value
    known.move_to_end(key)
    while len(known) > most:
        known.popitem(last=False)
