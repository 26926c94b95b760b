"""What was uploaded to servers of models, by digest: so it can be proved that a forgotten person's files are gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from db.codec import time_to_text
from db.connection import Database
from db.sql import SQL

PERSONA: Final = "persona"
"""Stands for a digest where it is no file that went there, but how the person writes, as a model's system text."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file with this digest ("sha256:..." and 64 hexadecimal digits) went to the server at `host` for a version.

    That any persona of a profile was published is noted as version 0 with the digest PERSONA.
    """

    profile_id: int
    version: int
    host: str
    digest: str


class Uploads:
    """Keeps which files lie on which server, from before they are sent until it is known that they are gone.

    They outlive the erasure of a profile on purpose: it is over when none is left.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def note(self, upload: Upload) -> None:
        """Keep that this is about to be sent; once more changes nothing."""
        async with self._database.write() as connection:
            await SQL.put_upload(
                connection,
                profile_id=upload.profile_id,
                version=upload.version,
                host=upload.host,
                digest=upload.digest,
                at=time_to_text(self._clock()),
            )

    async def of(self, profile_id: int) -> list[Upload]:
        """What may lie on servers for a profile, by version."""
        async with self._database.read() as connection:
            return [
                Upload(row["profile_id"], row["version"], row["host"], row["digest"])
                async for row in SQL.uploads_of(connection, profile_id=profile_id)
            ]

    async def gone(self, upload: Upload) -> None:
        """It lies there no more. Where everything of the profile is being erased, the receipt will say so."""
        async with self._database.write() as connection:
            await SQL.note_erased_upload(
                connection, profile_id=upload.profile_id, host=upload.host, digest=upload.digest
            )
            await SQL.drop_upload(
                connection,
                profile_id=upload.profile_id,
                version=upload.version,
                host=upload.host,
                digest=upload.digest,
            )
