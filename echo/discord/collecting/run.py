"""One collecting of one profile: what it was given, what it has found so far, and how far it is."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from db.stored import Coverage, PlaceResult, Plan, Range, StoredMessage
from echo.discord.collecting.asking import Asking
from echo.discord.collecting.plan import Method, described
from echo.discord.collecting.walk import Bareness, Carry, Reader, owed_below
from states.board import Progress
from states.model import ProfileSnapshot

Tell = Callable[[Progress], None]
PLAN_KEPT = 25
"""Requests after which it is stored how many were made."""
PACE_KNOWN = 3.0
"""Seconds after which the pace is told by what came, no longer by what is allowed."""
LOOKED_AT = 200
"""Rows in which is looked for what the part of a place that was read owes to the rest."""


class CorpusPort(Protocol):
    """The part of the corpus that collecting needs."""

    async def standing(self, profile_id: int) -> tuple[Mapping[int, Sequence[Range]], Mapping[int, PlaceResult]]:
        """What was read, by channel, newest first, and what came of each place: both of one and the same moment."""

    async def note_places(self, profile_id: int, results: Sequence[PlaceResult]) -> None:
        """Keep what came of places."""

    async def plan(self, profile_id: int) -> Plan | None:
        """How a collecting that is not finished goes about it."""

    async def put_plan(self, profile_id: int, plan: Plan) -> None:
        """Keep the plan."""

    async def end_plan(self, profile_id: int) -> None:
        """The collecting is finished."""

    async def count(self, profile_id: int) -> int:
        """How many of the subject's messages with text are stored."""

    async def store(self, profile: ProfileSnapshot, rows: Sequence[StoredMessage], *coverages: Coverage) -> int:
        """Keep rows and coverages in one transaction; how many of the subject's with text are new."""

    async def own_ids(self, profile: ProfileSnapshot) -> Mapping[int, Sequence[tuple[int, bool]]]:
        """The subject's messages with text in the server by channel: ids, and whether they are bare; newest first."""

    async def all_ids(self, profile_id: int) -> Mapping[int, Sequence[int]]:
        """The ids of all messages by channel, newest first."""

    async def rows_of(self, profile_id: int, message_ids: Iterable[int]) -> Sequence[StoredMessage]:
        """Those of the messages that are stored, oldest first."""


class Newest:
    """The subject's newest messages, at most `most` of them, by id."""

    def __init__(self, most: int, ids: Iterable[int] = ()) -> None:
        self._most = most
        self._ids: set[int] = set()
        self._heap: list[int] = []
        self.add(ids)

    @property
    def threshold(self) -> int:
        """No older id is among them any more, whatever else is found; 0 while there is room."""
        return self._heap[0] if len(self._heap) >= self._most else 0

    @property
    def room(self) -> int:
        """How many more there may be."""
        return self._most - len(self._heap)

    def add(self, ids: Iterable[int]) -> None:
        """These are the subject's too."""
        for one in ids:
            if one in self._ids or one <= self.threshold:
                continue
            self._ids.add(one)
            heapq.heappush(self._heap, one)
            if len(self._heap) > self._most:
                self._ids.discard(heapq.heappop(self._heap))


@dataclass(slots=True, eq=False)
class _Found:
    """What one page brought."""

    rows: Sequence[StoredMessage]
    coverage: Coverage | None
    is_stored: bool = False


@dataclass(slots=True)
class Run:
    """What the parts of one collecting share.

    `window` is how many messages of context are kept before each of the subject's. `own` counts the subject's stored
    messages, `found` those of them that this run brought, `seen` all messages it looked at. `expected`: requests in
    all. `searched` is what a search went through, `results` are by place.
    """

    profile: ProfileSnapshot
    corpus: CorpusPort
    asking: Asking
    reader: Reader
    bareness: Bareness
    window: int
    tell: Tell
    per_second: float | None
    plan: Plan
    newest: Newest
    own: int
    made_before: int = 0
    found: int = 0
    seen: int = 0
    expected: int = 0
    searched: Sequence[Range] = ()
    results: dict[int, PlaceResult] = field(default_factory=dict)
    _began: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    _kept_at: int = 0
    _unstored: list[_Found] = field(default_factory=list)
    _storing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _ids: Mapping[int, Sequence[int]] | None = None

    @property
    def made(self) -> int:
        """Requests that were made since the plan was."""
        return self.made_before + self.asking.made

    async def keep(self, rows: Sequence[StoredMessage], coverage: Coverage | None = None) -> None:
        """Store what was found, together with how far its place is read, and tell how far the whole is.

        What others want stored while a transaction is under way shares the next one: each costs as much as many rows.
        """
        mine = _Found(rows, coverage)
        self._unstored.append(mine)
        try:
            async with self._storing:
                if not mine.is_stored:
                    await self._store()
        finally:
            if mine in self._unstored:
                self._unstored.remove(mine)
        if self.made - self._kept_at >= PLAN_KEPT:
            await self.put_plan(self.plan)
        self.show()

    async def _store(self) -> None:
        batch = tuple(self._unstored)
        new = await self.corpus.store(
            self.profile,
            [row for found in batch for row in found.rows],
            *(found.coverage for found in batch if found.coverage is not None),
        )
        self.own += new
        self.found += new
        for found in batch:
            found.is_stored = True
            if found.coverage is not None and found.coverage.result is not None:
                self.results[found.coverage.channel_id] = found.coverage.result
        # Where it failed all of it stays to be stored: each of the others is to learn of its own failure.
        self._unstored = [found for found in self._unstored if not found.is_stored]

    async def note(self, results: Sequence[PlaceResult]) -> None:
        """Store what came of places, without ranges."""
        if results:
            await self.corpus.note_places(self.profile.id, results)
            self.results |= {one.channel_id: one for one in results}

    async def put_plan(self, plan: Plan) -> None:
        """Go on by this plan, and keep it with the requests that were made."""
        self._kept_at = self.made
        self.plan = replace(plan, made=self.made)
        await self.corpus.put_plan(self.profile.id, self.plan)

    def show(self) -> None:
        """Tell how far it is."""
        total = max(self.expected, self.made)
        method: Method = "search" if self.plan.method == "search" else "walk"
        how = described(method, total, total / self._pace if self._pace else None)
        messages = f"{self.own:,} message{'' if self.own == 1 else 's'} found"
        self.tell(Progress("collecting", self.made, total or None, "requests", f"{how}; {messages}"))

    @property
    def _pace(self) -> float | None:
        """Requests a second: as many as are allowed, or as came, once that can be told."""
        took = asyncio.get_running_loop().time() - self._began
        if self.per_second is None or took < PACE_KNOWN:
            return self.per_second
        return min(self.per_second, max(self.asking.made, 1) / took)

    async def owed(self, channel_id: int, above: Range | None) -> Carry:
        """What the part of a channel that was read at another time owes to what stands below it."""
        if above is None:
            return Carry()
        if self._ids is None:
            self._ids = await self.corpus.all_ids(self.profile.id)
        ids = [one for one in self._ids.get(channel_id, ()) if above.before_id <= one < above.top_id]
        ids.sort()
        for start in range(0, len(ids), LOOKED_AT):
            # What was looked at without finding the subject's words belongs to what comes next.
            rows = await self.corpus.rows_of(self.profile.id, ids[: start + LOOKED_AT])
            carry = owed_below(rows, self.window)
            if carry is not None:
                return carry
        return Carry()
