"""What a database and its files hold, in figures that only the installation can make.

They are written when Echo stops and compared when it is looked at next, so that what somebody deleted, put back or
added in between shows.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from db.audit import Act, put_at_once
from db.cipher import Cipher
from db.connection import Connection, Database
from db.errors import Tampered
from db.sql import SQL

Manifest = Mapping[str, list[int | str]]
"""Table, or a file's path within the data folder -> rows, or bytes, and a digest; "schema" -> its number."""

MANIFEST: Final = "manifest"
ELSEWHERE: Final = frozenset({"audit", "audit_cut", "meta", "profile_keys"})
"""Tables that change while no Echo runs, and show by themselves whether they are whole: a chain, and wrapped keys."""
FILES: Final = ("models/*.model", "tuning/*.adapter", "tuning/*.checkpoint")
_ROWS: Final = 500
_BEGINNING: Final = 64
"""Bytes of a sealed file that are looked at: its own random id, to which every part of it is bound, stands there."""


async def begin(database: Database, house: Cipher, home: Path, at: datetime) -> list[str]:
    """Note that Echo works on the database from now on; sentences for what was changed since it last stopped."""
    async with database.read() as connection:
        faults = await compare(connection, house, home)
    await database.write_at_once(lambda plain: put_at_once(plain, house, at, Act.STARTED, by=0))
    return faults


async def end(database: Database, house: Cipher, home: Path, at: datetime) -> None:
    """Note that Echo has stopped, and what there is now."""

    def note(connection: sqlite3.Connection) -> None:
        text = json.dumps(manifest(connection, house, home), sort_keys=True).encode()
        connection.execute(SQL.put_meta_value.sql, {"name": MANIFEST, "value": house.seal(text, MANIFEST)})
        put_at_once(connection, house, at, Act.STOPPED, by=0, manifest=_digest_of(text))

    await database.write_at_once(note)


async def compare(connection: Connection, house: Cipher, home: Path) -> list[str]:
    """What differs from what there was when Echo last stopped, in sentences; nothing where it did not stop in order,
    is running, or another version of the schema stopped."""
    return await connection.visit(lambda plain: _compared(plain, house, home))


async def was_stopped(connection: Connection) -> bool:
    """Whether the last that Echo noted is that it stopped."""
    last = await SQL.last_start_or_stop(connection)
    return last is not None and last["act"] == Act.STOPPED


def manifest(connection: sqlite3.Connection, house: Cipher, home: Path) -> Manifest:
    """What there is now."""
    key, cursor = house.derived(MANIFEST), connection.cursor()
    cursor.row_factory = None
    names = [
        name
        for (name,) in cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        if name not in ELSEWHERE and not name.startswith("sqlite_")
    ]
    (schema,) = cursor.execute("PRAGMA user_version").fetchone()
    found: dict[str, list[int | str]] = {name: _digest(cursor, key, name) for name in names}
    files = sorted(path for pattern in FILES for path in home.glob(pattern))
    return found | {str(path.relative_to(home)): _glance(path) for path in files} | {"schema": [schema]}


def _digest(cursor: sqlite3.Cursor, key: bytes, table: str) -> list[int | str]:
    mac, count = hmac.new(key, table.encode(), "sha256"), 0
    # Names of tables are those of the schema: nobody gives them.
    cursor.execute(f'SELECT * FROM "{table}" ORDER BY rowid')
    while rows := cursor.fetchmany(_ROWS):
        mac.update(repr(rows).encode("utf-8", "surrogatepass"))
        count += len(rows)
    return [count, mac.hexdigest()]


def _glance(path: Path) -> list[int | str]:
    with path.open("rb") as file:
        return [path.stat().st_size, hashlib.sha256(file.read(_BEGINNING)).hexdigest()]


def _digest_of(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _compared(connection: sqlite3.Connection, house: Cipher, home: Path) -> list[str]:
    last = connection.execute(SQL.last_start_or_stop.sql).fetchone()
    if last is None or last["act"] != Act.STOPPED:
        return []
    sealed = connection.execute(SQL.meta_value.sql, {"name": MANIFEST}).fetchone()
    try:
        text = b"" if sealed is None else house.open(sealed[0], MANIFEST)
    except Tampered:
        text = b""
    if _digest_of(text) != json.loads(last["facts"]).get(MANIFEST):
        return ["What there was when Echo last stopped is not known any more: that record was changed."]
    before: Manifest = json.loads(text)
    now = manifest(connection, house, home)
    if before["schema"] != now["schema"]:
        return []
    return [
        _told(name, before, now) for name in sorted(before.keys() | now.keys()) if before.get(name) != now.get(name)
    ]


def _told(name: str, before: Manifest, now: Manifest) -> str:
    then, there = (of[name][0] if name in of else 0 for of in (before, now))
    what = "bytes" if "/" in name else "rows"
    if name not in now:
        return f"{name} is gone since Echo last stopped."
    return f"{name} was changed by somebody else since Echo last stopped: {then} {what} then, {there} now."
