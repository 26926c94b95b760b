"""Trained models: files of ciphertext beside the database, and how they were made."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from db.codec import time_from_text, time_to_text
from db.connection import Database
from db.errors import KeyDestroyed
from db.keys import FORGOTTEN, Keyring
from db.sealed_files import UNFINISHED, digest_of, read_sealed, to_its_end, unlink, write_sealed
from db.sql import SQL

FOLDER = "models"
SUFFIX = ".model"
_NAME = re.compile(r"(\d+)-(\d+)\.model")


@dataclass(frozen=True, slots=True)
class TrainingRun:
    """One training of model `version` from `messages` messages in `seconds`; `outcome` a word or sentence of ours."""

    profile_id: int
    version: int
    messages: int
    seconds: float
    started_at: datetime
    outcome: str


class Models:
    """Keeps each profile's models as `models/<profile>-<version>.model` in the data folder, mode 0600.

    Methods that touch files raise ModelUnreadable where the disk fails.
    """

    def __init__(self, database: Database, keyring: Keyring, data_dir: Path) -> None:
        self._database = database
        self._keyring = keyring
        self._data_dir = data_dir
        self._saving = 0

    async def save(self, profile_id: int, version: int, blob: bytes, keep: Collection[int] = ()) -> str:
        """Keep a model, whole or not at all; its path within the data folder.

        Of earlier versions those to `keep` stay, and the one before, because it speaks until the step is recorded.
        Raises KeyDestroyed where the profile was forgotten meanwhile.
        """
        cipher = await self._keyring.key_for(profile_id)
        name = name_of(profile_id, version)
        self._saving += 1
        try:
            await to_its_end(
                asyncio.to_thread(
                    write_sealed, self._data_dir / name, cipher, blob, "model", profile_id, version, anew=True
                )
            )
        finally:
            self._saving -= 1
        async with self._database.read() as connection:
            is_alive = await self._keyring.is_alive(connection, profile_id)
        staying = {version, version - 1, *keep} if is_alive else set()
        await self._remove({(profile_id, old) for old in range(version + 1) if old not in staying})
        if not is_alive:
            raise KeyDestroyed(FORGOTTEN)
        return name

    async def replace(self, profile_id: int, version: int, blob: bytes) -> None:
        """Keep this in the place of a kept model, whole or not at all.

        Raises NothingStored where that model is gone meanwhile, KeyDestroyed where the profile was forgotten.
        """
        cipher = await self._keyring.key_for(profile_id)
        path = self._data_dir / name_of(profile_id, version)
        self._saving += 1
        try:
            await to_its_end(
                asyncio.to_thread(write_sealed, path, cipher, blob, "model", profile_id, version, anew=False)
            )
        finally:
            self._saving -= 1
        async with self._database.read() as connection:
            if not await self._keyring.is_alive(connection, profile_id):
                await self._remove({(profile_id, version)})
                raise KeyDestroyed(FORGOTTEN)

    async def load(self, profile_id: int, version: int) -> bytes:
        """A kept model; raises NothingStored where there is none, Tampered where the file was changed or moved."""
        cipher = await self._keyring.key_for(profile_id)
        return await asyncio.to_thread(
            read_sealed, self._data_dir / name_of(profile_id, version), cipher, "model", profile_id, version
        )

    async def digests(self, profile_id: int) -> dict[str, str]:
        """The SHA-256 of each model file of a profile, as it lies there, by its path within the data folder."""
        found = await asyncio.to_thread(self._files)
        own = {name_of(*key): path for key, path in sorted(found.items()) if key[0] == profile_id}
        return {name: await asyncio.to_thread(digest_of, path) for name, path in own.items()}

    async def delete(self, profile_id: int) -> int:
        """Remove all models of a profile; how many there were."""
        found = await asyncio.to_thread(self._files)
        return await self._remove({key for key in found if key[0] == profile_id})

    async def remove_superseded(self, profile_id: int, made: int, keep: Collection[int]) -> int:
        """Remove a profile's models up to version `made`, all but those to `keep`; how many there were."""
        found = await asyncio.to_thread(self._files)
        gone = {(of, version) for of, version in found if of == profile_id and version <= made and version not in keep}
        return await self._remove(gone)

    async def remove_orphans(self, wanted: Collection[tuple[int, int]]) -> int:
        """Remove all models but those `wanted` (profile and version), and what a crash left half written; how many."""
        found = await asyncio.to_thread(self._files)
        if not self._saving:
            await asyncio.to_thread(self._unlink_unfinished)
        return await self._remove(set(found) - set(wanted))

    async def note_run(self, run: TrainingRun) -> None:
        """Keep how a training went."""
        async with self._database.write() as connection:
            await SQL.add_training_run(
                connection,
                profile_id=run.profile_id,
                version=run.version,
                messages=run.messages,
                seconds=run.seconds,
                started_at=time_to_text(run.started_at),
                outcome=run.outcome,
            )

    async def runs(self, profile_id: int) -> list[TrainingRun]:
        """How a profile's trainings went, oldest first."""
        async with self._database.read() as connection:
            return [
                TrainingRun(
                    row["profile_id"],
                    row["version"],
                    row["messages"],
                    row["seconds"],
                    time_from_text(row["started_at"]),
                    row["outcome"],
                )
                async for row in SQL.training_runs_of(connection, profile_id=profile_id)
            ]

    def _files(self) -> dict[tuple[int, int], Path]:
        """The model files that are there, by profile and version."""
        folder = self._data_dir / FOLDER
        found = [(_NAME.fullmatch(path.name), path) for path in folder.iterdir()] if folder.is_dir() else []
        return {(int(match[1]), int(match[2])): path for match, path in found if match}

    async def _remove(self, keys: set[tuple[int, int]]) -> int:
        return await asyncio.to_thread(self._unlink, keys)

    def _unlink_unfinished(self) -> None:
        for path in (self._data_dir / FOLDER).glob(f"*{UNFINISHED}"):
            path.unlink(missing_ok=True)

    def _unlink(self, keys: set[tuple[int, int]]) -> int:
        return sum(unlink(self._data_dir / name_of(profile_id, version)) for profile_id, version in keys)


def name_of(profile_id: int, version: int) -> str:
    """A model's path within the data folder."""
    return f"{FOLDER}/{profile_id}-{version}{SUFFIX}"
