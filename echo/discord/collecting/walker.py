"""One place that is read backwards: how far, what came of it, and what is to be asked next."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from db.stored import Coverage, Outcome, PlaceResult, Range
from echo.discord.collecting.places import Place
from echo.discord.collecting.ranges import gaps, holds, joined
from echo.discord.collecting.walk import PAGE, Carry, Raw, Sifted
from echo.discord.snowflakes import COUNTER_BITS


@dataclass(slots=True)
class Walker:
    """Where the reading of one place stands. Nothing from `upper_id` on is read.

    `ranges` were read here; what lies in `beside` need not be: it was searched, or can hold no message. The next page
    is that before the id `before` (0: there is none), and no message there is as new as `recency`. `was_failed`: an
    earlier collecting gave the place up, as this one has where `is_given_up`. `is_tacit`: what comes of the place is
    stored at the end only, not with its pages. `span`: milliseconds in its pages so far.
    """

    place: Place
    upper_id: int
    ranges: tuple[Range, ...]
    beside: tuple[Range, ...]
    result: PlaceResult
    was_failed: bool = False
    is_given_up: bool = False
    is_tacit: bool = False
    carry: Carry = field(default_factory=Carry)
    before: int = 0
    recency: int = 0
    pages: int = 0
    span: int = 0

    @classmethod
    def at(
        cls,
        place: Place,
        upper_id: int,
        ranges: Sequence[Range] = (),
        searched: Sequence[Range] = (),
        earlier: PlaceResult | None = None,
    ) -> Walker:
        """A walker that goes on from what was read and `searched`, and from what came of the place earlier."""
        beside = joined([*searched, *_empty(place, joined([*ranges, *searched]), upper_id)])
        result = earlier or PlaceResult(place.channel_id, Outcome.READING)
        was_failed = result.outcome is Outcome.FAILED
        result = replace(result, outcome=Outcome.READING, reason=place.note)
        walker = cls(place, upper_id, joined(ranges), beside, result, was_failed)
        walker._turn_to_gap()
        return walker

    @property
    def channel_id(self) -> int:
        """The channel or thread."""
        return self.place.channel_id

    @property
    def is_whole(self) -> bool:
        """Whether everything is read."""
        return not self.before

    def resumes_from(self) -> Range | None:
        """What was read at another time just above the next page."""
        return next((one for one in self.ranges if one.before_id == self.before), None)

    def is_known(self, message_id: int) -> bool:
        """Whether the message was read earlier."""
        return holds(self.ranges, message_id) or holds(self.beside, message_id)

    def advance(self, page: Sequence[Raw], found: Sifted) -> bool:
        """A page was read and this was found in it; whether the next one does not follow on it."""
        # Fewer than were asked for: there is nothing older.
        oldest = int(page[-1]["id"]) if len(page) == PAGE else 0
        self.pages += 1
        self.span += (self.before >> COUNTER_BITS) - (max(oldest, self.channel_id) >> COUNTER_BITS)
        self.ranges = joined([*self.ranges, Range(self.before, oldest)])
        self.result = replace(
            self.result,
            pages=self.result.pages + 1,
            seen=self.result.seen + len(page),
            kept=self.result.kept + len(found.words),
            dropped=dict(Counter(self.result.dropped) + found.dropped),
        )
        self._turn_to_gap()
        if oldest and found.carry.owed:
            self.carry, self.before = found.carry, oldest
        return bool(self.before) and self.before != oldest

    def conclude(self, outcome: Outcome, reason: str | None = None) -> PlaceResult:
        """This is what came of the place, and it is not read on."""
        self.is_given_up = outcome is not Outcome.READ
        self.result = replace(self.result, outcome=outcome, reason=reason or self.place.note)
        return self.result

    def coverage(self) -> Coverage:
        """How far the place is read, to be stored with what was found."""
        self.result = replace(self.result, outcome=Outcome.READ if self.is_whole else Outcome.READING)
        return Coverage(self.channel_id, self.ranges, None if self.is_tacit else self.result)

    def requests_left(self, span: float) -> int:
        """How many more pages are likely, if one holds `span` milliseconds where none of this place was read yet."""
        if self.is_whole or self.is_given_up:
            return 0
        reach = self.span / self.pages if self.pages else span
        left = (self.recency >> COUNTER_BITS) - (self.channel_id >> COUNTER_BITS)
        return max(1, math.ceil(left / reach)) if reach > 0 else 1

    def _turn_to_gap(self) -> None:
        """Let the next page be the newest that was not read."""
        left = gaps(joined([*self.ranges, *self.beside]), self.upper_id)
        self.carry = Carry()
        self.before = left[0].top_id if left else 0
        self.recency = self.before if self.place.newest is None else min(self.before, self.place.newest + 1)


def _empty(place: Place, known: Sequence[Range], upper_id: int) -> list[Range]:
    """What of the place can hold no message: it began later, or its last message is older."""
    return [
        gap
        for gap in gaps(known, upper_id)
        if place.is_silent
        or gap.top_id <= place.channel_id
        or (place.newest is not None and place.newest < gap.before_id)
    ]
