"""All that a collecting has left in a database, to be compared with what the server has and with another collecting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from db.corpus import Corpus
from db.stored import Outcome, PlaceResult, Range, StoredMessage
from echo.sandbox.world import World
from tests.discord.stand import CUTOFF


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows by id, how far places were read, what came of each, and whether there is more to be done."""

    rows: Mapping[int, StoredMessage]
    ranges: Mapping[int, tuple[Range, ...]]
    places: Mapping[int, PlaceResult]
    is_planned: bool

    @classmethod
    async def of(cls, corpus: Corpus, profile_id: int) -> Kept:
        """What there is. A message that stands there twice fails."""
        rows = [row async for page in corpus.stream(profile_id) for row in page]
        assert len({row.message_id for row in rows}) == len(rows)
        return cls(
            {row.message_id: row for row in rows},
            await corpus.ranges(profile_id),
            await corpus.places(profile_id),
            await corpus.plan(profile_id) is not None,
        )

    def own(self) -> list[int]:
        """The ids of the subject's messages, ascending."""
        return sorted(row.message_id for row in self.rows.values() if row.own)

    def bare(self) -> list[int]:
        """The ids of those whose context is not known, ascending."""
        return sorted(row.message_id for row in self.rows.values() if row.bare)

    def pages(self) -> int:
        """How many pages were read and stored."""
        return sum(one.pages for one in self.places.values())

    def outcomes(self) -> Counter[Outcome]:
        """How many places came to what."""
        return Counter(one.outcome for one in self.places.values())


def words_of_the_subject(world: World, *without: int) -> list[int]:
    """The ids of all that Mara wrote before the cut-off, as the server itself has them, but not in these places."""
    who = world.find_user("Mara")
    assert who is not None
    found = [one for place, history in world.messages.items() if place not in without for one in history]
    return sorted(one.id for one in found if one.author_id == who.id and one.ts < CUTOFF.timestamp())


def assert_context_is_whole(kept: Kept, whole: Kept) -> None:
    """Whoever is not bare has all before them that a walk has, or is an answer and has what it answers."""
    before: dict[int, list[StoredMessage]] = {}
    for _, row in sorted(whole.rows.items()):
        standing = before.setdefault(row.channel_id, [])
        if not row.own:
            standing.append(row)
            continue
        mine = kept.rows[row.message_id]
        has_all = all(kept.rows.get(one.message_id) == one for one in standing)
        assert mine.bare or has_all or mine.reply_to in kept.rows
        before[row.channel_id] = []
