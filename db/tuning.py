"""Fine-tunings: checkpoints and adapters, files of ciphertext beside the database, and the logs of their making."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from db.connection import Database
from db.errors import KeyDestroyed, NothingStored
from db.keys import FORGOTTEN, Keyring
from db.sealed_files import UNFINISHED, digest_of, read_sealed, to_its_end, unlink, write_sealed

FOLDER = "tuning"
LOGS = "logs"
_NAME = re.compile(r"(\d+)-(\d+)\.(checkpoint|adapter)")
_LOG = re.compile(r"training-(\d+)-(\d+)\.log")
_KINDS: Mapping[str, re.Pattern[str]] = MappingProxyType({FOLDER: _NAME, LOGS: _LOG})


class Part(StrEnum):
    """What is kept of a fine-tuning."""

    CHECKPOINT = "checkpoint"
    ADAPTER = "adapter"


class TuningFiles:
    """Keeps `tuning/<profile>-<version>.checkpoint` and `.adapter` in the data folder, mode 0600, sealed.

    `logs/training-<profile>-<version>.log`, which has no text in it, is deleted with them. Methods raise
    ModelUnreadable where the disk fails.
    """

    def __init__(self, database: Database, keyring: Keyring, data_dir: Path) -> None:
        self._database = database
        self._keyring = keyring
        self._data_dir = data_dir
        self._saving = 0

    async def put(self, profile_id: int, version: int, part: Part, blob: bytes) -> None:
        """Keep this, whole or not at all. Raises KeyDestroyed where the profile was forgotten meanwhile."""
        cipher = await self._keyring.key_for(profile_id)
        path = self.path(profile_id, version, part)
        self._saving += 1
        try:
            await to_its_end(asyncio.to_thread(write_sealed, path, cipher, blob, part.value, profile_id, version))
        finally:
            self._saving -= 1
        async with self._database.read() as connection:
            if not await self._keyring.is_alive(connection, profile_id):
                await asyncio.to_thread(unlink, path)
                raise KeyDestroyed(FORGOTTEN)

    async def get(self, profile_id: int, version: int, part: Part) -> bytes | None:
        """What is kept, or None; raises Tampered where the file was changed or moved."""
        cipher = await self._keyring.key_for(profile_id)
        path = self.path(profile_id, version, part)
        try:
            return await asyncio.to_thread(read_sealed, path, cipher, part.value, profile_id, version)
        except NothingStored:
            return None

    async def drop(self, profile_id: int, version: int, part: Part) -> bool:
        """Remove one file; whether it was there."""
        return await asyncio.to_thread(unlink, self.path(profile_id, version, part))

    async def delete(self, profile_id: int) -> int:
        """Remove all that is kept of a profile's fine-tunings, logs too; how many files there were."""
        found = await asyncio.to_thread(self._files)
        return await self._remove(path for (profile, _), path in found if profile == profile_id)

    async def digests(self, profile_id: int) -> dict[str, str]:
        """The SHA-256 of each file of a profile, as it lies there, by its path within the data folder."""
        left = await self.left_of(profile_id)
        return {name: await asyncio.to_thread(digest_of, self._data_dir / name) for name in left}

    async def left_of(self, profile_id: int) -> list[str]:
        """The files that are kept of a profile, by their paths within the data folder: none after `delete`."""
        found = await asyncio.to_thread(self._files)
        return sorted(str(path.relative_to(self._data_dir)) for (profile, _), path in found if profile == profile_id)

    async def remove_superseded(self, profile_id: int, made: int, keep: Collection[int]) -> int:
        """Remove what versions of a profile up to `made` learnt, of all but those to `keep`; how many files.

        Their logs stay until the next sweep: they tell why.
        """
        found = await asyncio.to_thread(self._files, {FOLDER: _NAME})
        return await self._remove(
            path for (of, version), path in found if of == profile_id and version <= made and version not in keep
        )

    async def remove_orphans(self, wanted: Collection[tuple[int, int]]) -> int:
        """Remove all files but those of what is `wanted` (profile and version), and what a crash left half written.

        How many there were.
        """
        found = await asyncio.to_thread(self._files)
        if not self._saving:
            await asyncio.to_thread(self._unlink_unfinished)
        return await self._remove(path for key, path in found if key not in wanted)

    async def logs_due(self, before: datetime) -> tuple[int, datetime | None]:
        """How many logs were written to last before that, and when the oldest of them was."""
        times = [at for _, at in await asyncio.to_thread(self._logs) if at < before]
        return len(times), min(times, default=None)

    async def drop_logs(self, before: datetime) -> int:
        """Remove the logs that were written to last before that; how many there were."""
        return await self._remove([path for path, at in await asyncio.to_thread(self._logs) if at < before])

    def _logs(self) -> list[tuple[Path, datetime]]:
        found = [path for _, path in self._files({LOGS: _LOG})]
        return [(path, datetime.fromtimestamp(path.stat().st_mtime, UTC)) for path in found]

    def path(self, profile_id: int, version: int, part: Part) -> Path:
        """Where that is kept."""
        return self._data_dir / FOLDER / f"{profile_id}-{version}.{part.value}"

    def log_path(self, profile_id: int, version: int) -> Path:
        """Where the log of a fine-tuning is."""
        return self._data_dir / LOGS / f"training-{profile_id}-{version}.log"

    def _files(self, kinds: Mapping[str, re.Pattern[str]] = _KINDS) -> list[tuple[tuple[int, int], Path]]:
        """The files of these kinds that are there, with their profiles and versions."""
        found = []
        for folder, name in kinds.items():
            place = self._data_dir / folder
            for path in place.iterdir() if place.is_dir() else ():
                match = name.fullmatch(path.name)
                if match:
                    found.append(((int(match[1]), int(match[2])), path))
        return found

    def _unlink_unfinished(self) -> None:
        for path in (self._data_dir / FOLDER).glob(f"*{UNFINISHED}"):
            path.unlink(missing_ok=True)

    async def _remove(self, paths: Iterable[Path]) -> int:
        listed = list(paths)
        return await asyncio.to_thread(lambda: sum(unlink(path) for path in listed))
