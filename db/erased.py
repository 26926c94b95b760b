"""What an erasure has done so far, in the transactions that do it: so that its receipt is right after any crash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import aiosqlite

from db.codec import time_from_text, time_to_text
from db.connection import Database
from db.sql import SQL

REMOVED = "removed"
GONE = "gone"
"""What came of a message that was to be taken down: Echo did, or it was not there any more. Else a sentence says why
it could not be."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that was erased: a `kind`, its name within the data folder (or on which server it lay), its SHA-256."""

    kind: str
    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class Post:
    """A message that an echo said on Discord."""

    channel_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class Erased:
    """An erasure as far as it is: who asked (0: the operator, or nobody) and when, rows by kind, files, and messages on
    Discord by what came of them ("": nothing yet)."""

    asked_by: int
    asked_at: datetime
    wants_posts: bool
    rows: Mapping[str, int]
    files: tuple[File, ...]
    posts: Mapping[str, int]


class Erasures:
    """The erasures that are under way."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, profile_id: int) -> Erased | None:
        """The erasure of a profile, as far as it is; None where none is under way."""
        async with self._database.read() as connection:
            found = await SQL.erasure_of(connection, profile_id=profile_id)
            if found is None:
                return None
            rows = {row["kind"]: row["rows"] async for row in SQL.erased_counts_of(connection, profile_id=profile_id)}
            files = [File(*row) async for row in SQL.erased_files_of(connection, profile_id=profile_id)]
            posts = {row["done"]: row["posts"] async for row in SQL.posts_counted(connection, profile_id=profile_id)}
        at = time_from_text(found["asked_at"])
        return Erased(found["asked_by"], at, bool(found["posts"]), rows, tuple(files), posts)

    async def posts_left(self, profile_id: int) -> list[Post]:
        """What is still to be taken down on Discord, oldest first."""
        async with self._database.read() as connection:
            return [Post(row[0], row[1]) async for row in SQL.posts_left(connection, profile_id=profile_id)]

    async def note_post(self, profile_id: int, message_id: int, done: str) -> None:
        """Keep what came of it: REMOVED, GONE, or a sentence that says why it could not be taken down."""
        async with self._database.write() as connection:
            await SQL.note_post(connection, profile_id=profile_id, message_id=message_id, done=done)

    async def count(self, profile_id: int, kind: str, rows: int) -> None:
        """Count something that was held outside the database."""
        async with self._database.write() as connection:
            await SQL.count_erased(connection, profile_id=profile_id, kind=kind, rows=rows)


async def begin_erasure(
    connection: aiosqlite.Connection, profile_id: int, at: datetime, by: int, *, posts: bool = False
) -> None:
    """Keep that all of a profile is to be erased; asked again, the first one to ask stays."""
    await SQL.begin_erasure(connection, profile_id=profile_id, asked_at=time_to_text(at), asked_by=by, posts=int(posts))


async def end_erasure(connection: aiosqlite.Connection, profile_id: int) -> None:
    """Drop what is kept of an erasure: it is over, and its receipt holds it."""
    for end in (SQL.end_erasure, SQL.end_erased_counts, SQL.end_erased_files, SQL.end_posts):
        await end(connection, profile_id=profile_id)
