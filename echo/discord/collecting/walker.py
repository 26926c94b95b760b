"""How far one place was read, and from where a later call is to go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from db.corpus import Cursor
from echo.discord.collecting.places import Place
from echo.discord.collecting.walk import PAGE, Carry, Raw, Sifted


@dataclass(slots=True)
class Walker:
    """Where the walk stands in one place: everything from `before` on is read.

    `unsettled` counts the messages read after the one whose context is still owed: where the walk is broken off, they
    are read again, so that its context is found whole.
    """

    channel_id: int
    before: int
    newest: int
    over: bool
    seen: int
    kept: int
    carry: Carry = field(default_factory=Carry)
    unsettled: int = 0
    unsettled_kept: int = 0
    resumed: bool = False

    @classmethod
    def at(cls, place: Place, first: int, cursor: Cursor | None) -> Walker:
        """A walker that begins below the id `first`, or goes on from a cursor."""
        newest = first if place.newest is None else min(first, place.newest + 1)
        if cursor is None:
            return cls(place.channel_id, first, newest, over=False, seen=0, kept=0)
        return cls(
            place.channel_id, min(first, cursor.before_id), newest, cursor.done, cursor.seen, cursor.kept, resumed=True
        )

    @property
    def recency(self) -> int:
        """The walk takes the newest first wherever it is, so that a limit keeps the newest of the whole server."""
        return min(self.before, self.newest)

    def advance(self, page: Sequence[Raw], found: Sifted) -> None:
        """A page was read, and this was found in it."""
        ids, kept = [int(raw["id"]) for raw in page[: found.used]], [one.message_id for one in found.kept]
        # Fewer than were asked for: there is nothing older.
        self.over = len(page) < PAGE and found.used == len(page)
        self.before = ids[-1] if ids else self.before
        self.seen += len(ids)
        self.kept += len(kept)
        if self.over or not found.carry.owed:
            self.carry, self.unsettled, self.unsettled_kept = Carry(), 0, 0
            return
        if found.carry.answer != self.carry.answer:
            self.unsettled = self.unsettled_kept = 0
        self.carry = found.carry
        self.unsettled += sum(one <= self.carry.answer for one in ids)
        self.unsettled_kept += sum(one <= self.carry.answer for one in kept)

    def cursor(self) -> Cursor:
        """Where a later call is to go on: at the message whose context is owed, or else after what was read."""
        before = self.carry.answer + 1 if self.carry.owed else self.before
        return Cursor(self.channel_id, before, self.over, self.seen - self.unsettled, self.kept - self.unsettled_kept)
