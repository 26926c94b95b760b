"""Brings a database to the newest schema: numbered steps, forward only, each in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import aiosqlite

from db.errors import DatabaseForeign, DatabaseTooNew

FOLDER = Path(__file__).parent / "migrations"
APPLICATION_ID = 0x4563686F
"""Marks the file as Echo's (`PRAGMA application_id`): the bytes of "Echo"."""


@dataclass(frozen=True, slots=True)
class Migration:
    """The step that leads to schema `number`."""

    number: int
    name: str
    script: str


def read_migrations(folder: Path = FOLDER) -> list[Migration]:
    """All migrations in order; their files are named `0001_what_it_does.sql`, without a gap."""
    found = []
    for number, path in enumerate(sorted(folder.glob("*.sql")), start=1):
        if int(path.name[:4]) != number:
            raise ValueError(f"The migration {path.name} should have number {number:04}.")
        found.append(Migration(number, path.stem, path.read_text(encoding="utf-8")))
    return found


async def check_owner(connection: aiosqlite.Connection, path: Path, newest: int) -> int:
    """The file's schema number; raises DatabaseTooNew or DatabaseForeign before anything is written."""
    version = await pragma(connection, "user_version")
    owner = await pragma(connection, "application_id")
    tables = list(await connection.execute_fetchall("SELECT name FROM sqlite_master LIMIT 1"))
    if tables and owner != APPLICATION_ID:
        raise DatabaseForeign(
            f"The file {path} is a database of another program: move it away, or choose another folder with "
            "ECHO_DATA_DIR."
        )
    if version > newest:
        raise DatabaseTooNew(
            f"The database {path} has schema {version}, but this Echo knows only up to {newest}: "
            "install the newer Echo that wrote it, or put back an older copy."
        )
    return version


async def migrate(connection: aiosqlite.Connection, migrations: list[Migration], version: int) -> None:
    """Apply what is newer than schema `version`."""
    for migration in migrations:
        if migration.number > version:
            # executescript commits what was open before it, so that the transaction has to be in the script itself.
            await connection.executescript(
                f"BEGIN IMMEDIATE;\n{migration.script}\n"
                f"PRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {migration.number};\nCOMMIT;"
            )


async def pragma(connection: aiosqlite.Connection, name: str) -> int:
    """The number that a pragma gives."""
    rows = list(await connection.execute_fetchall(f"PRAGMA {name}"))
    return int(rows[0][0])
