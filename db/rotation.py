"""Another master key for a database: all that the old one wraps is wrapped by the new one, in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from db.audit import Act, put_at_once
from db.cipher import Cipher
from db.errors import Tampered, explain, wrong_master_key
from db.keys import CHECK, CHECK_PLAIN, HOUSE, PROFILE_KEY
from db.sql import SQL

PATIENCE: Final = 1.0
"""Seconds for which a lock of another program is waited for."""


@dataclass(frozen=True, slots=True)
class Wrapped:
    """What the master key wraps in a database: whether the installation's own key is there, and how many profiles'
    keys are alive and were destroyed; `broken` names what does not open."""

    house: bool
    alive: int
    destroyed: int
    broken: tuple[str, ...]


def opens(path: Path, key: bytes) -> bool | None:
    """Whether a master key is the one of a database; None where there is none, or it bears no mark of a key yet.

    Nothing is written, nor is the write-ahead log emptied. A file that can't be read as a database gives None.
    """
    try:
        with _looked_into(path) as connection:
            mark = connection.execute(SQL.meta_value.sql, {"name": CHECK}).fetchone()
    except sqlite3.Error:
        return None
    if mark is None:
        return None
    try:
        return Cipher(key).open(mark[0], CHECK) == CHECK_PLAIN
    except Tampered:
        return False


def require_opens(path: Path, key: bytes) -> None:
    """Raise WrongMasterKey where a database was made with another master key; nothing is written."""
    if opens(path, key) is False:
        raise wrong_master_key(path)


def look(path: Path, key: bytes) -> Wrapped:
    """What the master key wraps. Raises WrongMasterKey, and other StorageErrors where the file can't be read."""
    require_opens(path, key)
    master, broken = Cipher(key), []
    with _told(path), _looked_into(path) as connection:
        house = connection.execute(SQL.meta_value.sql, {"name": HOUSE}).fetchone()
        rows = connection.execute(SQL.all_keys.sql).fetchall()
    if house is not None and not _does_open(master, house[0], HOUSE):
        broken.append("the installation's own key")
    alive = [(profile_id, wrapped) for profile_id, wrapped in rows if wrapped is not None]
    broken += [f"the key of profile {one}" for one, key in alive if not _does_open(master, key, PROFILE_KEY, one)]
    return Wrapped(house is not None, len(alive), len(rows) - len(alive), tuple(broken))


def rewrap(path: Path, old: bytes, new: bytes, at: datetime) -> bool:
    """Wrap all keys of a database by `new` instead of `old`; whether that was still to be done.

    It is on the disk when this returns, and what the old key wrapped is in neither free pages nor the write-ahead log.
    Raises WrongMasterKey where neither opens the database, Tampered where a wrapped key was changed, and other
    StorageErrors; nothing is changed then.
    """
    if (is_new := opens(path, new)) is None or is_new:
        return False
    with _told(path), closing(sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        # In WAL mode NORMAL may lose the last transactions in a power cut, and the old key may be gone by then.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        try:
            _rewrap(connection, path, Cipher(old), Cipher(new), at)
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return True


def _rewrap(connection: sqlite3.Connection, path: Path, old: Cipher, new: Cipher, at: datetime) -> None:
    mark = connection.execute(SQL.meta_value.sql, {"name": CHECK}).fetchone()
    if not _does_open(old, mark[0], CHECK):
        raise wrong_master_key(path)
    put = SQL.put_meta_value.sql
    connection.execute(put, {"name": CHECK, "value": new.seal(CHECK_PLAIN, CHECK)})
    house = connection.execute(SQL.meta_value.sql, {"name": HOUSE}).fetchone()
    keys = connection.execute(SQL.all_keys.sql).fetchall()
    for profile_id, wrapped in keys:
        if wrapped is not None:
            again = new.seal(old.open(wrapped, PROFILE_KEY, profile_id), PROFILE_KEY, profile_id)
            connection.execute(SQL.change_key.sql, {"profile_id": profile_id, "wrapped_key": again})
    if house is not None:
        own = old.open(house[0], HOUSE)
        connection.execute(put, {"name": HOUSE, "value": new.seal(own, HOUSE)})
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'audit'").fetchone():
            put_at_once(connection, Cipher(own), at, Act.KEY_ROTATED, by=0, keys=len(keys))


def _does_open(cipher: Cipher, sealed: bytes, *place: str | int) -> bool:
    try:
        cipher.open(sealed, *place)
    except Tampered:
        return False
    return True


@contextmanager
def _looked_into(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that writes nothing: with a write-ahead log beside the file it must read that, and makes what
    SQLite needs for it; else the file is taken as it is."""
    log = path.with_name(path.name + "-wal")
    mode = "mode=ro" if log.exists() else "immutable=1"
    uri = f"{path.absolute().as_uri()}?{mode}"
    with closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None)) as connection:
        yield connection


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as failure:
        raise explain(failure, path) from failure
