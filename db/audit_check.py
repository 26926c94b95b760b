"""Whether the audit is whole: each line in its place, each as it was written, none missing at either end."""

from __future__ import annotations

import hmac
import json
import sqlite3
from dataclasses import dataclass
from typing import Any, Final

from db.audit import BEGINNING, HEAD, cut_text, mac_of
from db.cipher import Cipher
from db.connection import Database
from db.errors import Tampered
from db.signing import Signer, verify
from db.sql import SQL

FILE: Final = "audit.head"
"""The file beside the database that says how far the audit had come when it was last written."""
_ROWS: Final = 1000


@dataclass(frozen=True, slots=True)
class Found:
    """How many lines there are, and a sentence for everything that is wrong with them; none is good."""

    lines: int
    faults: tuple[str, ...]


async def head(database: Database, house: Cipher) -> bytes:
    """What the file FILE is to hold, signed: the number and MAC of the newest line."""
    async with database.read() as connection:
        last = await SQL.last_act(connection) or await SQL.audit_cut(connection)
    upto, mac = (0, BEGINNING) if last is None else (last[0], last[1])
    facts = {"upto": upto, "mac": mac.hex(), "signature": Signer(house).sign(_head_text(upto, mac)).hex()}
    return json.dumps(facts, indent=2).encode() + b"\n"


async def check(database: Database, house: Cipher, file: bytes | None) -> Found:
    """Go through all lines. `file` is what the file FILE holds, None where there is none.

    What was cut off at the end shows by the sealed mark in the database, and where an older copy of the database was
    put back, by the file; where both are older ones of the same moment, by nothing.
    """
    async with database.read() as connection:
        return await connection.visit(lambda plain: _checked(plain, house, file))


def _checked(connection: sqlite3.Connection, house: Cipher, file: bytes | None) -> Found:
    faults: list[str] = []
    cut = connection.execute(SQL.audit_cut.sql).fetchone()
    number, before = 0, BEGINNING
    if cut is not None:
        number, before = cut["upto"], cut["mac"]
        signed = cut_text(number, before, cut["at"])
        if not verify(Signer(house).public_key, signed, cut["signature"]):
            faults.append(f"The mark at which lines up to {number} were cut off is not signed by this installation.")
    first, lines = number, 0
    known: dict[int, bytes] = {number: before}
    wanted = _wanted(file, house)
    cursor = connection.execute("SELECT * FROM audit WHERE id > ? ORDER BY id", (number,))
    while rows := cursor.fetchmany(_ROWS):
        for row in rows:
            if row["id"] != number + 1:
                faults.append(_missing(number + 1, row["id"] - 1))
            elif not hmac.compare_digest(mac_of(house, before, row), row["mac"]):
                faults.append(f"Line {row['id']} was changed.")
            number, before, lines = row["id"], row["mac"], lines + 1
            if wanted is not None and number == wanted[0]:
                known[number] = before
    faults += _end_faults(connection, house, number, before)
    faults += _file_faults(file, wanted, first, number, known)
    return Found(lines, tuple(faults))


def _missing(first: int, last: int) -> str:
    return f"Line {first} is missing." if first == last else f"Lines {first} to {last} are missing."


def _end_faults(connection: sqlite3.Connection, house: Cipher, number: int, mac: bytes) -> list[str]:
    sealed = connection.execute(SQL.meta_value.sql, {"name": HEAD}).fetchone()
    if sealed is None:
        return [] if number == 0 else ["The mark of the newest line is missing."]
    try:
        told = house.open(sealed[0], HEAD).decode().split()
    except Tampered:
        return ["The mark of the newest line does not open."]
    upto, kept = int(told[0]), bytes.fromhex(told[1])
    if upto > number:
        return [f"At the end: {_missing(number + 1, upto)}"]
    return [] if (upto, kept) == (number, mac) else ["The newest line is not the one that was marked as such."]


def _wanted(file: bytes | None, house: Cipher) -> tuple[int, bytes] | None:
    """The number and MAC that the file says; None where it says nothing that this installation signed."""
    try:
        facts: Any = json.loads(file or b"")
        upto, mac, signature = int(facts["upto"]), bytes.fromhex(facts["mac"]), bytes.fromhex(facts["signature"])
    except (ValueError, KeyError, TypeError):
        return None
    return (upto, mac) if verify(Signer(house).public_key, _head_text(upto, mac), signature) else None


def _file_faults(
    file: bytes | None, wanted: tuple[int, bytes] | None, first: int, number: int, known: dict[int, bytes]
) -> list[str]:
    if file is None:
        return []
    if wanted is None:
        return [f"The file {FILE} is not signed by this installation."]
    upto, mac = wanted
    if upto > number:
        return [
            f"The file {FILE} knows of line {upto}, and the last one is {number}: the end was cut off, or an older "
            "copy of the database was put back."
        ]
    # What was cut off by age since it was written can't be compared any more.
    return [] if upto < first or known.get(upto) == mac else [f"Line {upto} is another one than the file {FILE} knows."]


def _head_text(upto: int, mac: bytes) -> bytes:
    return b"audit head|%d|%s" % (upto, mac.hex().encode())
