"""What engines are trained and tested on: in parts, as ciphertext under the profile's key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime

from db.codec import time_to_text
from db.connection import Database
from db.keys import Keyring
from db.sql import SQL

REMOVAL = 100
"""Parts removed in one transaction."""


class Datasets:
    """Stores the splits ("train", "validation", "test") of profiles' datasets and reads them back.

    `clock` gives the time of storing, from which retention counts.
    """

    def __init__(self, database: Database, keyring: Keyring, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._keyring = keyring
        self._clock = clock
        self._putting = asyncio.Lock()

    async def put_dataset(self, profile_id: int, split: str, parts: Iterable[tuple[int, bytes]]) -> None:
        """Keep a split, in place of an older one, which stays until the whole new one is there.

        `parts` are numbers of examples and their content; they are taken one by one, in a thread, so that there need
        never be more than one in memory. Raises KeyDestroyed where the profile was forgotten meanwhile.
        """
        cipher = await self._keyring.key_for(profile_id)
        made_at, waiting, number = time_to_text(self._clock()), iter(parts), 0
        async with self._putting:
            async with self._database.write() as connection:
                await SQL.erase_unfinished_dataset(connection, profile_id=profile_id, split=split)
            while (part := await asyncio.to_thread(next, waiting, None)) is not None:
                examples, content = part
                sealed = await asyncio.to_thread(cipher.seal, content, "dataset", profile_id, split, number)
                async with self._database.write() as connection:
                    await self._keyring.require(connection, profile_id)
                    await SQL.add_unfinished_part(
                        connection,
                        profile_id=profile_id,
                        split=split,
                        part=number,
                        examples=examples,
                        content=sealed,
                        made_at=made_at,
                    )
                number += 1
            async with self._database.write() as connection:
                await SQL.erase_finished_dataset(connection, profile_id=profile_id, split=split)
                await SQL.finish_dataset(connection, profile_id=profile_id, split=split)

    async def dataset(self, profile_id: int, split: str) -> AsyncIterator[bytes]:
        """The content of a split's parts, in order; nothing where there is none.

        Raises Tampered where a part does not open, KeyDestroyed where the profile was forgotten.
        """
        cipher, number = await self._keyring.key_for(profile_id), 0
        while True:
            async with self._database.read() as connection:
                sealed = await SQL.dataset_part(connection, profile_id=profile_id, split=split, part=number)
            if sealed is None:
                return
            yield await asyncio.to_thread(cipher.open, sealed, "dataset", profile_id, split, number)
            number += 1

    async def examples(self, profile_id: int) -> dict[str, int]:
        """How many examples each split holds."""
        async with self._database.read() as connection:
            return {row["split"]: row["examples"] async for row in SQL.dataset_sizes(connection, profile_id=profile_id)}

    async def clear_datasets(self, profile_id: int) -> None:
        """Remove all splits of a profile."""
        batch = REMOVAL
        while batch == REMOVAL:
            async with self._database.write() as connection:
                batch = int(await SQL.erase_datasets(connection, profile_id=profile_id, batch=REMOVAL))
