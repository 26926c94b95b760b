"""Erasing: a forgotten profile wholly and at once, and what is older than the retention time bit by bit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import astuple, dataclass
from datetime import datetime

import aiosqlite

from db.codec import time_to_text
from db.collections import erase_collections
from db.connection import Database
from db.erased import begin_erasure
from db.held import ERASED, erase_batch
from db.keys import Keyring
from db.models import Models
from db.sql import SQL
from db.tuning import TuningFiles

BATCH = 500
"""Rows erased in one transaction: some milliseconds, so that other steps get their turn in between."""

Erase = Callable[..., Awaitable[int]]
"""A statement that erases up to `batch` rows and says how many."""


@dataclass(frozen=True, slots=True)
class Swept:
    """How much a sweep erased: rows, and files of models and of fine-tunings."""

    messages: int
    generations: int
    journal: int
    outbox: int
    profiles: int
    models: int
    datasets: int
    moments: int = 0
    measures: int = 0
    tunings: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return sum(astuple(self))


class Erasure:
    """Removes text, what is derived from it, and the keys to both; profile rows and journal hold neither."""

    def __init__(
        self, database: Database, keyring: Keyring, models: Models, tuning: TuningFiles, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._models = models
        self._tuning = tuning
        self._clock = clock

    async def erase(self, profile_id: int) -> int:
        """Erase all that is stored of a profile's subject, key first; how many rows and files there were.

        May be repeated after a crash or a failure: it goes on where it stopped, and what is counted for the receipt is
        counted in the transaction that erases it. What stays, and why, says `db.held.STAYING`.
        """
        await self._keyring.destroy(profile_id)
        async with self._database.write() as connection:
            if await SQL.erasure_of(connection, profile_id=profile_id) is None:
                await begin_erasure(connection, profile_id, self._clock(), 0)
            # Which messages it said is known by what is erased next.
            await SQL.gather_posts(connection, profile_id=profile_id)
        erased = await self._erase_files(profile_id)
        for table in ERASED:
            erased += await self._repeat(_erase_counted, table=table, profile_id=profile_id)
        async with self._database.write() as connection:
            await SQL.release_turns(connection, profile_id=profile_id)
        await self._database.compact()
        return erased

    async def _erase_files(self, profile_id: int) -> int:
        # Noted first: a file that is gone has no digest any more.
        models, tunings = await self._models.digests(profile_id), await self._tuning.digests(profile_id)
        async with self._database.write() as connection:
            for kind, digests in (("model", models), ("fine-tuning", tunings)):
                for name, digest in digests.items():
                    of = {"profile_id": profile_id, "kind": kind, "name": name, "digest": digest}
                    await SQL.note_erased_file(connection, **of)
        return await self._models.delete(profile_id) + await self._tuning.delete(profile_id)

    async def sweep(
        self, messages_before: datetime, journal_before: datetime, measures_before: datetime | None = None
    ) -> Swept:
        """Erase what is too old.

        Stored before `messages_before`: messages that were learnt from, the datasets and quiz moments made of them,
        and drafts. A profile whose messages go loses its ranges too, so that a refresh reads them anew. Older than
        `journal_before`: the journal, settled outbox rows, and then forgotten profiles of which the journal tells
        nothing any more. Measured before `measures_before` (None: leave them): what answers took. Also models that
        nobody uses.
        """
        texts, steps = time_to_text(messages_before), time_to_text(journal_before)
        swept = Swept(
            messages=await self._sweep_messages(texts),
            generations=await self._repeat(SQL.erase_old_generations, before=texts),
            journal=await self._repeat(SQL.erase_old_journal, before=steps),
            outbox=await self._repeat(SQL.erase_old_outbox, before=steps),
            profiles=await self._repeat(_drop_bygone_profiles),
            models=await self._models.remove_orphans(await self._wanted_models()),
            tunings=await self._tuning.remove_orphans(await self._wanted_models()),
            datasets=await self._repeat(SQL.erase_old_datasets, before=texts),
            moments=await self._repeat(SQL.erase_old_moments, before=texts),
            measures=await self._sweep_measures(measures_before),
        )
        if swept.total:
            await self._database.compact()
        return swept

    async def _sweep_messages(self, before: str) -> int:
        async with self._database.read() as connection:
            profiles = [row["id"] async for row in SQL.old_corpora(connection, before=before)]
        return sum([await self._repeat(_erase_old_messages, profile_id=each, before=before) for each in profiles])

    async def _sweep_measures(self, before: datetime | None) -> int:
        return 0 if before is None else await self._repeat(SQL.erase_old_measures, before=before.timestamp())

    async def _wanted_models(self) -> set[tuple[int, int]]:
        """Profiles and the versions of theirs that somebody uses."""
        async with self._database.read() as connection:
            rows = [row async for row in SQL.model_versions(connection)]
        # One above those made may be there, too: its training may just have ended.
        return {(row["id"], row[name]) for row in rows for name in ("model_version", "previous", "next")}

    async def _repeat(self, erase: Erase, **of: str | float) -> int:
        """Erase in batches until nothing is left; how many rows there were."""
        erased, batch = 0, BATCH
        while batch:
            async with self._database.write() as connection:
                batch = await erase(connection, batch=BATCH, **of)
            erased += batch
        return erased


async def _erase_counted(connection: aiosqlite.Connection, table: str, profile_id: int, batch: int) -> int:
    erased = await erase_batch(connection, table, profile_id, batch)
    if erased:
        await SQL.count_erased(connection, profile_id=profile_id, kind=ERASED[table], rows=erased)
    return erased


async def _erase_old_messages(connection: aiosqlite.Connection, **of: str | int) -> int:
    erased = int(await SQL.erase_old_messages(connection, **of))
    if erased:
        # In the same transaction: a refresh that begins after it must not find that all was read already.
        await SQL.erase_ranges(connection, profile_id=of["profile_id"])
    return erased


async def _drop_bygone_profiles(connection: aiosqlite.Connection, batch: int) -> int:
    found = [row["id"] async for row in SQL.bygone_profiles(connection, batch=batch)]
    for profile_id in found:
        await erase_collections(connection, profile_id)
        for drop in (SQL.drop_consents, SQL.drop_allowances, SQL.drop_sessions, SQL.drop_key, SQL.drop_profile):
            await drop(connection, profile_id=profile_id)
    return len(found)
