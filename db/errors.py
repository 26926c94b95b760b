"""What can go wrong with what is stored. Each message is one sentence that says what is wrong and what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from states.policy import SENTENCES, Refused


class StorageError(Exception):
    """Something stored could not be read or written; its message is one whole sentence with the remedy."""


class DatabaseLocked(StorageError):
    """Another program holds the database; trying later may help."""


class DatabaseFull(StorageError):
    """There is no room left on the disk; nothing of the step was kept."""


class DatabaseCorrupt(StorageError):
    """The file is damaged or no database at all."""


class DatabaseUnreachable(StorageError):
    """The file or its folder may not be opened or written."""


class DatabaseTooNew(StorageError):
    """A newer Echo has written this database."""


class DatabaseTooOld(StorageError):
    """An older Echo uses this database, so that it can't be brought up to date now."""


class DatabaseForeign(StorageError):
    """The file is a database of another program."""


class WrongMasterKey(StorageError):
    """The master key is not the one with which this data was written."""


class TwoWriters(StorageError):
    """A snapshot was changed by somebody else between its reading and its writing."""


class AlreadyExists(StorageError):
    """There is a living profile of this subject, or a session of this profile in this channel, already."""


class Tampered(StorageError):
    """Stored ciphertext was changed, cut off or moved: it does not open where it lies."""


class KeyDestroyed(StorageError):
    """The profile was forgotten: nothing can be stored or read for it any more."""


class NothingStored(StorageError):
    """What is asked for is not (any longer) stored."""


class ModelUnreadable(StorageError):
    """A model's file can't be written or read."""


_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_FULL = {sqlite3.SQLITE_FULL}
_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNREACHABLE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}


def explain(failure: sqlite3.Error, path: Path) -> StorageError:
    """The sentence for a failure of SQLite; the only place where its codes are looked at."""
    extended = getattr(failure, "sqlite_errorcode", None) or 0
    primary = extended & 0xFF
    if extended == sqlite3.SQLITE_CONSTRAINT_UNIQUE:
        return _clash(failure)
    if primary in _LOCKED:
        return DatabaseLocked(
            f"The database {path} is locked by another program: close what else has it open, then try again."
        )
    if primary in _FULL:
        return DatabaseFull(
            f"The disk is full, so the database {path} cannot grow: free some space and try again; nothing is lost."
        )
    if primary in _CORRUPT:
        return damaged(path)
    if primary in _UNREACHABLE:
        return DatabaseUnreachable(
            f"The database {path} cannot be opened for writing: make the file and its folder yours to write."
        )
    name = getattr(failure, "sqlite_errorname", None) or type(failure).__name__
    return StorageError(f"The database {path} failed with {name}: check the disk and the log, then start Echo again.")


def damaged(path: Path) -> DatabaseCorrupt:
    """The sentence for a file that is no whole database."""
    return DatabaseCorrupt(
        f"The database {path} is damaged or is no database: put back a copy, or move it away to start anew."
    )


def wrong_master_key(path: Path) -> WrongMasterKey:
    """The sentence for a master key that is not this database's."""
    return WrongMasterKey(
        f"The master key does not open the database {path}: set ECHO_MASTER_KEY to the key with which it was made, or "
        "move the database away to start anew."
    )


def _clash(failure: sqlite3.Error) -> AlreadyExists:
    # SQLite names the columns in conflict, never their values.
    is_session = "echo_sessions" in str(failure)
    return AlreadyExists(SENTENCES[Refused.ALREADY_ONLINE if is_session else Refused.DUPLICATE_PROFILE])
