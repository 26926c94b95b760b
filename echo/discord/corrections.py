"""Brings to the corpora what changed on Discord: messages that joined, were edited, or are gone."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final, Protocol

from db.changes import Change
from db.errors import KeyDestroyed, Tampered
from db.stored import Coverage, Held, StoredMessage
from echo.corpus.cleaning import Cleaned, Kind, People, clean_raw
from echo.discord.collecting.comparing import says_the_same
from echo.discord.translate import MALFORMED
from states.board import Board
from states.model import ProfileSnapshot

log = logging.getLogger(__name__)

Raw = Mapping[str, Any]
"""A message as Discord's JSON has it."""

AT_ONCE: Final = 500
"""Messages that are looked up, or removed, at a time: some milliseconds each."""


class CorpusPort(Protocol):
    """The part of the corpus that is changed here."""

    async def store(self, profile: ProfileSnapshot, rows: Sequence[StoredMessage], *coverages: Coverage) -> int:
        """Keep messages."""

    async def all_ids(self, profile_id: int) -> dict[int, list[int]]:
        """The ids of everybody's messages by channel, newest first."""

    async def rows_of(self, profile_id: int, message_ids: Iterable[int]) -> list[StoredMessage]:
        """Those of the messages that are stored."""

    async def holding(self, message_ids: Iterable[int]) -> list[Held]:
        """Which profiles hold which of the messages."""

    async def amend(self, message: StoredMessage, profile_id: int) -> bool:
        """Put what a message says now in the place of what it said."""

    async def remove(self, message_ids: Iterable[int]) -> dict[int, int]:
        """Remove messages from all corpora."""

    async def remove_places(self, channel_ids: Iterable[int]) -> dict[int, int]:
        """Remove all that came from channels that are gone."""


class MemoryPort(Protocol):
    """What sessions remember of what was said (`db.memories.Memories`)."""

    async def remove(self, message_ids: Iterable[int]) -> int:
        """Forget messages."""

    async def remove_places(self, channel_ids: Iterable[int]) -> int:
        """Forget all that was said in channels that are gone."""


class Noting(Protocol):
    """Has machines told what changed (`echo.discord.tidings.Tidings`)."""

    def changing(self, changes: Mapping[int, Change]) -> AbstractAsyncContextManager[None]:
        """Within this, corpora change by so much."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What an edit comes to in one profile: the row as it is to be, None where nothing of it are words any more."""

    profile_id: int
    message_id: int
    row: StoredMessage | None


class Corrections:
    """Changes corpora, and has their machines told. `echo_id` gives Echo's own id.

    All methods raise StorageError; what they had done by then may be done again.
    """

    def __init__(
        self,
        corpus: CorpusPort,
        memories: MemoryPort,
        tidings: Noting,
        board: Board,
        people_of: Callable[[ProfileSnapshot], People],
        echo_id: Callable[[], int],
    ) -> None:
        self._corpus = corpus
        self._memories = memories
        self._tidings = tidings
        self._board = board
        self._people_of = people_of
        self._echo_id = echo_id

    async def add(self, profile: ProfileSnapshot, rows: Sequence[StoredMessage]) -> None:
        """New messages joined, with what stood before them."""
        added = sum(row.own and bool(row.text) for row in rows)
        try:
            async with self._tidings.changing({profile.id: Change(added=added)}):
                await self._corpus.store(profile, rows)
        except KeyDestroyed:
            log.info("Profile %d was forgotten while its subject wrote on.", profile.id)

    async def remove(self, message_ids: Iterable[int]) -> None:
        """These messages were deleted."""
        every = iter(message_ids)
        while some := list(islice(every, AT_ONCE)):
            await self._memories.remove(some)
            held = await self._corpus.holding(some)
            if held:
                removed = Counter(one.profile_id for one in held)
                async with self._tidings.changing({one: Change(removed=count) for one, count in removed.items()}):
                    await self._corpus.remove({one.message_id for one in held})

    async def remove_places(self, server_id: int, channel_ids: Sequence[int]) -> None:
        """These channels and threads of a server were deleted, with all that stood in them."""
        changes = {}
        for profile in list(self._board.profiles_in(server_id).values()):
            if profile.has_consent:
                stored = await self._corpus.all_ids(profile.id)
                changes[profile.id] = Change(removed=sum(len(stored.get(one, ())) for one in channel_ids))
        async with self._tidings.changing(changes):
            await self._corpus.remove_places(channel_ids)
        await self._memories.remove_places(channel_ids)

    async def edit(self, raws: Sequence[Raw], around: Iterable[Raw] = ()) -> list[Held]:
        """These messages say something else now, as far as they are stored; who holds which of them.

        Who wrote `around` them, and is spoken of there, is learnt, so that their names are known in the edited ones.
        What differs only by names is left as it is: which names are known, and so replaced, changes with time.
        """
        if not raws:
            return []
        # What sessions remember is forgotten rather than corrected.
        await self._memories.remove(int(raw["id"]) for raw in raws if raw.get("edited_timestamp") is not None)
        now, near = {int(raw["id"]): raw for raw in raws}, [*around, *raws]
        held = await self._corpus.holding(now)
        edits: list[Edit] = []
        for profile_id, ids in _by_profile(held).items():
            profile = self._board.profiles.get(profile_id)
            if profile is not None and profile.has_consent:
                edits += await self._edits(profile, [now[one] for one in ids], near)
        await self._apply(edits)
        return held

    async def _edits(self, profile: ProfileSnapshot, raws: Sequence[Raw], near: Sequence[Raw]) -> list[Edit]:
        people, echo_id = self._people_of(profile), self._echo_id()
        # Cleaning learns who is there.
        known = dict(_cleaned(near, people, echo_id))
        cleaned = dict(_cleaned((raw for raw in raws if int(raw["id"]) in known), people, echo_id))
        names = {people.name_of(one).lower() for raw in near if int(raw["id"]) in known for one in ids_in(raw)}
        try:
            rows = await self._corpus.rows_of(profile.id, cleaned)
        except (Tampered, KeyDestroyed) as error:
            log.warning("Edits did not reach the corpus of profile %d: %s", profile.id, error)
            return []
        names |= {people.name_of(row.user_id).lower() for row in rows}
        # An imported row may claim an id that is somebody else's.
        wrote = {int(raw["id"]): int(raw["author"]["id"]) for raw in raws if int(raw["id"]) in cleaned}
        rows = [row for row in rows if wrote[row.message_id] == row.user_id]
        found = [_edit(profile.id, row, cleaned[row.message_id], people, names) for row in rows]
        return [one for one in found if one is not None]

    async def _apply(self, edits: Sequence[Edit]) -> None:
        gone = {edit.message_id for edit in edits if edit.row is None}
        amended = [(edit.profile_id, edit.row) for edit in edits if edit.row is not None]
        for start in range(0, len(amended), AT_ONCE):
            some = amended[start : start + AT_ONCE]
            counted = Counter(profile_id for profile_id, _ in some)
            async with self._tidings.changing({one: Change(edited=count) for one, count in counted.items()}):
                for profile_id, row in some:
                    await self._corpus.amend(row, profile_id)
        await self.remove(gone)


def ids_in(raw: Raw) -> Iterator[int]:
    """Who wrote a message, and whom it mentions."""
    yield int(raw["author"]["id"])
    for user in raw.get("mentions") or ():
        yield int(user["id"])


def _by_profile(held: Iterable[Held]) -> dict[int, list[int]]:
    found = defaultdict(list)
    for one in held:
        found[one.profile_id].append(one.message_id)
    return found


def _cleaned(raws: Iterable[Raw], people: People, echo_id: int) -> Iterator[tuple[int, Cleaned]]:
    for raw in raws:
        try:
            yield int(raw["id"]), clean_raw(raw, people, echo_id)
        except MALFORMED as error:
            log.warning("A message is not as described (%s); it is left out.", type(error).__name__)


def _edit(profile_id: int, row: StoredMessage, cleaned: Cleaned, people: People, names: set[str]) -> Edit | None:
    if cleaned.kind not in (Kind.WORDS, Kind.CUT):
        return Edit(profile_id, row.message_id, None)
    if cleaned.cut == row.cut and says_the_same(people.renamed(row.text), cleaned.text, names):
        return None
    fresh = replace(row, text=cleaned.text, cut=cleaned.cut, scrubbed=cleaned.scrubbed)
    return Edit(profile_id, row.message_id, fresh)
