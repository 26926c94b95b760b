"""Erasing a forgotten profile: key first, then all that was under it; what goes is counted for the receipt."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime
from functools import partial

from db.batches import Batches
from db.connection import Database
from db.erased import begin_erasure
from db.held import ERASED, erase_batch
from db.keys import Keyring
from db.models import Models
from db.sql import SQL
from db.tuning import TuningFiles


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
            erased += await self._erase_rows(table, profile_id)
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

    async def _erase_rows(self, table: str, profile_id: int) -> int:
        """Erase in batches until nothing is left; how many rows there were."""
        erased, batches = 0, Batches()
        while True:
            work = partial(_erase_counted, table=table, profile_id=profile_id, batch=batches.size)
            count, seconds = await self._database.write_timed(work)
            batches.took(count, seconds)
            erased += count
            if not count:
                return erased


def _erase_counted(connection: sqlite3.Connection, table: str, profile_id: int, batch: int) -> int:
    erased = erase_batch(connection, table, profile_id, batch)
    if erased:
        count = {"profile_id": profile_id, "kind": ERASED[table], "rows": erased}
        connection.execute(SQL.count_erased.sql, count)
    return erased
