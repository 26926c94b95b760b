"""A profile's corpus: what the subject wrote and what they answered, as ciphertext, and how far it was read."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import datetime

import aiosqlite

from db.amendments import note, note_at_once
from db.cipher import Cipher
from db.codec import time_to_text
from db.collections import Collections, put_coverage
from db.connection import Database
from db.errors import Tampered
from db.keys import Keyring
from db.restricting import channels_of, remove_channels, remove_since
from db.sealing import insert, mark_packaged, open_all, open_one, payload, place_of, seal
from db.sql import SQL
from db.stored import Coverage, Held, Month, Provenance, StoredMessage, Verified
from states.model import ProfileSnapshot

__all__ = ["CONTEXT_REACH", "PAGE", "Corpus", "StoredMessage"]

PAGE = 1000
"""Rows that are sealed, written, read and opened at a time; 500 to 1,000 is where SQLite is quickest."""
REMOVAL = 500
"""Rows removed in one transaction: some milliseconds, so that other steps get their turn in between."""
CONTEXT_REACH = 12 * 3600.0
"""Seconds before the oldest of the subject's messages from which on others' messages are context."""

_START = (float("-inf"), 0)


class Corpus(Collections):
    """Stores and reads the messages of profiles. `clock` gives the time of storing, from which retention counts.

    `stored` is called with the rows after each try to store them: what was deleted since they were read must not come
    back. Of members who are unseen, by server and user id, nothing is stored, whoever gives it (`db.unseen`).
    """

    def __init__(self, database: Database, keyring: Keyring, clock: Callable[[], datetime]) -> None:
        super().__init__(database, keyring)
        self._clock = clock
        self.stored: Callable[[Sequence[StoredMessage]], None] = lambda rows: None
        self.admits: Callable[[int, StoredMessage], bool] = lambda profile_id, row: True
        """Whether a profile's subject lets a message be kept at this moment; asked in a thread, right before it is."""
        self.is_unseen: Callable[[int, int], bool] = lambda server_id, user_id: False

    async def store(self, profile: ProfileSnapshot, rows: Sequence[StoredMessage], *coverages: Coverage) -> int:
        """Keep messages and how far their places were read, together; how many of the subject's own words were new.

        A message that is kept already stays as it is, but one that was bare and comes again with what stood before it
        is not bare any more, and has the provenance with which it came; and one that a data package has word for word
        is marked as packaged. A coverage replaces all ranges of its channel.
        Raises KeyDestroyed where the profile was forgotten meanwhile.
        """
        cipher = await self._keyring.key_for(profile.id)
        stored_at = time_to_text(self._clock())

        def add(connection: sqlite3.Connection) -> int:
            self._keyring.require_at_once(connection, profile.id)
            new = 0
            # Only now: since it was read somebody may have become unseen, or taken their yes back.
            seen = [row for row in rows if self._may_keep(profile, row)]
            for start in range(0, len(seen), PAGE):
                page = seen[start : start + PAGE]
                new += insert(connection, seal(cipher, profile.id, page, stored_at))
                mark_packaged(connection, cipher, profile.id, page)
            note_at_once(connection, ((profile.id, row.message_id) for row in seen if _joins(row)))
            is_whole = all(row in seen for row in rows if row.own) if len(seen) < len(rows) else True
            for coverage in coverages if is_whole else ():
                put_coverage(connection, profile.id, coverage)
            return new

        try:
            return await self._database.write_at_once(add)
        finally:
            # Also where the caller was cancelled meanwhile: the rows may be stored all the same.
            self.stored(rows)

    async def import_key(self, profile_id: int) -> bytes:
        """The key that makes ids for messages without one. Raises KeyDestroyed where the profile was forgotten."""
        return (await self._keyring.key_for(profile_id)).derived("ids of imported messages")

    async def count(self, profile_id: int) -> int:
        """How many of the subject's own messages are stored that have text."""
        async with self._database.read() as connection:
            return int(await SQL.count_own_words(connection, profile_id=profile_id))

    async def read(self, profile_id: int, newest: int) -> list[StoredMessage]:
        """The subject's `newest` newest messages with text, and all else since CONTEXT_REACH before, oldest first.

        Raises Tampered where a row does not open, KeyDestroyed where the profile was forgotten.
        """
        cipher = await self._keyring.key_for(profile_id)
        async with self._database.read() as connection:
            first = await SQL.oldest_of_newest(connection, profile_id=profile_id, newest=newest)
        if first is None:
            return []
        found: list[StoredMessage] = []
        async for page in self._pages(profile_id, tuple(first), (first["timestamp"] - CONTEXT_REACH, 0)):
            found.extend(await asyncio.to_thread(open_all, cipher, profile_id, page))
        return found

    async def stream(self, profile_id: int) -> AsyncIterator[list[StoredMessage]]:
        """Everything, in pages, oldest first.

        Raises Tampered where a row does not open, KeyDestroyed where the profile was forgotten.
        """
        cipher = await self._keyring.key_for(profile_id)
        async for page in self._pages(profile_id):
            yield await asyncio.to_thread(open_all, cipher, profile_id, page)

    async def verify(self, profile_id: int) -> Verified:
        """Open every row; raises KeyDestroyed where the profile was forgotten, but nothing for rows that are broken."""
        cipher = await self._keyring.key_for(profile_id)
        rows, own, broken = 0, 0, list[int]()
        async for page in self._pages(profile_id):
            rows += len(page)
            own += sum(row["own"] and row["words"] for row in page)
            broken.extend(await asyncio.to_thread(_broken, cipher, profile_id, page))
        return Verified(rows, own, tuple(broken))

    async def rows_of(self, profile_id: int, message_ids: Iterable[int]) -> list[StoredMessage]:
        """Those of the messages that are stored, oldest first; raises as `read` does."""
        cipher = await self._keyring.key_for(profile_id)
        found: list[StoredMessage] = []
        for batch in _batches(message_ids, PAGE):
            async with self._database.read() as connection:
                rows = [row async for row in SQL.messages_of(connection, profile_id=profile_id, ids=json.dumps(batch))]
            found.extend(await asyncio.to_thread(open_all, cipher, profile_id, rows))
        return sorted(found, key=lambda message: (message.ts, message.message_id))

    async def near(self, profile_id: int, messages: Iterable[StoredMessage], after: float) -> list[StoredMessage]:
        """What stands around messages: what may be their context, what they reply to, and what came within `after`
        seconds in their channel; oldest first, the messages among them. Raises as `read` does."""
        cipher = await self._keyring.key_for(profile_id)
        found: dict[int, StoredMessage] = {}
        replied: set[int] = set()
        for message in messages:
            place = {"channel_id": message.channel_id, "since": message.ts - CONTEXT_REACH, "upto": message.ts + after}
            async with self._database.read() as connection:
                rows = [row async for row in SQL.messages_near(connection, profile_id=profile_id, **place)]
            fresh = [row for row in rows if row["message_id"] not in found]
            opened = await asyncio.to_thread(open_all, cipher, profile_id, fresh)
            found.update((each.message_id, each) for each in opened)
            replied.update(each.reply_to for each in opened if each.own and each.reply_to is not None)
        more = await self.rows_of(profile_id, replied - found.keys())
        return sorted([*found.values(), *more], key=lambda message: (message.ts, message.message_id))

    async def own_ids(self, profile: ProfileSnapshot) -> dict[int, list[tuple[int, bool]]]:
        """The subject's messages with text in the profile's server by channel: ids and whether they are bare, newest
        first."""
        found: dict[int, list[tuple[int, bool]]] = defaultdict(list)
        async for row in self._ids(profile.id):
            if row["own"] and row["words"] and row["server_id"] == profile.server_id:
                found[row["channel_id"]].append((row["message_id"], bool(row["bare"])))
        return dict(found)

    async def all_ids(self, profile_id: int) -> dict[int, list[int]]:
        """The ids of everybody's messages by channel, newest first."""
        found: dict[int, list[int]] = defaultdict(list)
        async for row in self._ids(profile_id):
            found[row["channel_id"]].append(row["message_id"])
        return dict(found)

    async def holding(self, message_ids: Iterable[int]) -> list[Held]:
        """Which profiles hold which of the messages."""
        found = []
        for batch in _batches(message_ids, PAGE):
            async with self._database.read() as connection:
                rows = [row async for row in SQL.holding(connection, ids=json.dumps(batch))]
            found += [_held(row) for row in rows]
        return found

    async def months(self, profile_id: int) -> list[Month]:
        """How many messages with text there are by channel, month and provenance, in this order."""
        async with self._database.read() as connection:
            return [
                Month(row["channel_id"], row["month"], Provenance(row["provenance"]), row["own"], row["others"])
                async for row in SQL.months_of(connection, profile_id=profile_id)
            ]

    async def amend(self, message: StoredMessage, profile_id: int) -> bool:
        """Put what a stored message says now (text, author, reply_to, cut, scrubbed) for what it said.

        All else stays, so also when it was stored. False where it is not stored. Raises KeyDestroyed where the profile
        was forgotten meanwhile.
        """
        cipher = await self._keyring.key_for(profile_id)
        async with self._database.write() as connection:
            await self._keyring.require(connection, profile_id)
            row = await SQL.message_place(connection, profile_id=profile_id, message_id=message.message_id)
            if row is None:
                return False
            await SQL.amend_message(
                connection,
                id=row["id"],
                content=cipher.seal(payload(message), *place_of(profile_id, row)),
                words=message.text != "",
            )
            await note(connection, [(profile_id, message.message_id)])
            await _drop_made_of(connection, (profile_id,), (message.message_id,))
        return True

    async def remove(self, message_ids: Iterable[int]) -> dict[int, int]:
        """Remove messages from all corpora, with the datasets made of them; profile id -> rows removed."""
        removed: Counter[int] = Counter()
        for batch in _batches(message_ids, REMOVAL):
            async with self._database.write() as connection:
                rows = SQL.remove_messages(connection, ids=json.dumps(batch))
                gone = [(row["profile_id"], row["message_id"]) async for row in rows]
                found = [profile_id for profile_id, _ in gone]
                await note(connection, gone)
                await _drop_made_of(connection, found, batch)
            removed.update(found)
        return dict(removed)

    async def ids_of(self, profile_id: int, user_ids: Iterable[int]) -> list[int]:
        """The ids of the messages of these people that a profile holds as context of its subject's."""
        async with self._database.read() as connection:
            rows = SQL.ids_of_authors(connection, profile_id=profile_id, user_ids=json.dumps(sorted(user_ids)))
            return [row["message_id"] async for row in rows]

    async def remove_others(self, profile_id: int, message_ids: Iterable[int]) -> int:
        """Remove messages of others from one corpus, with the datasets made of them; how many rows there were."""
        removed = 0
        for batch in _batches(message_ids, REMOVAL):
            async with self._database.write() as connection:
                rows = SQL.remove_others_messages(connection, profile_id=profile_id, ids=json.dumps(batch))
                gone = [(row["profile_id"], row["message_id"]) async for row in rows]
                await note(connection, gone)
                await _drop_made_of(connection, [profile_id], [message_id for _, message_id in gone])
            removed += len(gone)
        return removed

    async def remove_places(self, channel_ids: Iterable[int]) -> dict[int, int]:
        """Remove all that came from channels that are gone: rows, ranges, results; profile id -> rows removed."""
        removed: Counter[int] = Counter()
        for channel_id in channel_ids:
            last = REMOVAL
            while last == REMOVAL:
                async with self._database.write() as connection:
                    rows = SQL.remove_from_place(connection, channel_id=channel_id, batch=REMOVAL)
                    gone = [(row["profile_id"], row["message_id"]) async for row in rows]
                    found = [profile_id for profile_id, _ in gone]
                    await note(connection, gone)
                    await _drop_made_of(connection, found)
                    await SQL.drop_moments_of_place(connection, channel_id=channel_id)
                    await SQL.drop_ranges_of_place(connection, channel_id=channel_id)
                    await SQL.drop_results_of_place(connection, channel_id=channel_id)
                removed.update(found)
                last = len(found)
        return dict(removed)

    async def channels(self, profile_id: int) -> set[int]:
        """The channels and threads of which anything is held, and the server's id where all of it was searched."""
        return await channels_of(self._database, profile_id)

    async def restrict(self, profile_id: int, outside: Iterable[int]) -> int:
        """Remove all that came from these channels from one corpus, in small batches; how many messages there were.

        What is removed is noted, so that the model forgets it.
        """
        return await remove_channels(self._database, profile_id, outside)

    async def restrict_until(self, profile_id: int, cutoff: datetime) -> int:
        """Remove from one corpus what was written at its cut-off or later; how many messages there were."""
        return await remove_since(self._database, profile_id, cutoff)

    def _may_keep(self, profile: ProfileSnapshot, row: StoredMessage) -> bool:
        is_hidden = not row.own and self.is_unseen(profile.server_id, row.user_id)
        return not is_hidden and self.admits(profile.id, row)

    async def _pages(
        self, profile_id: int, first_own: tuple[float, int] = _START, last: tuple[float, int] = _START
    ) -> AsyncIterator[list[sqlite3.Row]]:
        # Page by page, so that reading a long corpus holds back neither other readers nor the emptying of the log.
        page: list[sqlite3.Row] = []
        while not page or len(page) == PAGE:
            async with self._database.read() as connection:
                rows = SQL.messages_after(
                    connection,
                    profile_id=profile_id,
                    own_timestamp=first_own[0],
                    own_id=first_own[1],
                    after_timestamp=last[0],
                    after_id=last[1],
                    page=PAGE,
                )
                page = [row async for row in rows]
            if not page:
                return
            yield page
            last = (page[-1]["timestamp"], page[-1]["message_id"])

    async def _ids(self, profile_id: int) -> AsyncIterator[sqlite3.Row]:
        upto, size = 2**63 - 1, PAGE
        while size == PAGE:
            async with self._database.read() as connection:
                rows = SQL.ids_down_from(connection, profile_id=profile_id, upto_id=upto, page=PAGE)
                page = [row async for row in rows]
            for row in page:
                yield row
            size = len(page)
            upto = page[-1]["message_id"] - 1 if page else 0


def _broken(cipher: Cipher, profile_id: int, rows: Iterable[sqlite3.Row]) -> list[int]:
    """The ids of the messages that do not open."""
    found = []
    for row in rows:
        try:
            open_one(cipher, profile_id, row)
        except Tampered:
            found.append(row["message_id"])
    return found


def _joins(row: StoredMessage) -> bool:
    """Whether a message joins what a model knows as it is written; what is read from the past joins when it is learnt
    anew."""
    return row.provenance is Provenance.LIVE and row.own and row.text != ""


def _batches(ids: Iterable[int], size: int) -> Iterator[list[int]]:
    every = sorted(set(ids))
    for start in range(0, len(every), size):
        yield every[start : start + size]


def _held(row: sqlite3.Row) -> Held:
    return Held(
        row["profile_id"], row["server_id"], row["channel_id"], row["message_id"], row["user_id"], bool(row["own"])
    )


async def _drop_made_of(
    connection: aiosqlite.Connection, profile_ids: Iterable[int], message_ids: Iterable[int] = ()
) -> None:
    """What was made of a message must not outlive it: the next training makes it anew."""
    await SQL.drop_datasets_of(connection, profile_ids=json.dumps(sorted(set(profile_ids))))
    await SQL.drop_moments_of_messages(connection, ids=json.dumps(sorted(message_ids)))
