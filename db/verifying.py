"""Everything that is sealed, opened where it lies; and what else shows that somebody else changed a database."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from db.cipher import Cipher
from db.connection import Database
from db.errors import KeyDestroyed, ModelUnreadable, NothingStored, Tampered
from db.keys import Keyring
from db.rows import terms_place
from db.sealed_files import read_sealed
from db.sql import SQL

PAGE: Final = 500
SHOWN: Final = 3
"""How many rows of a table that do not open are named."""

Row = sqlite3.Row
Place = Callable[[Row], tuple[str | int, ...]]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column of ciphertext: what it is called, what it is bound to, and whether it is sealed under the key of the
    row's profile or the installation's own."""

    table: str
    column: str
    place: Place
    called: Callable[[Row], str]
    of_house: bool = False


def _numbered(*names: str) -> Callable[[Row], str]:
    return lambda row: ", ".join(f"{name.removesuffix('_id')} {row[name]}" for name in names)


def _message(row: Row) -> tuple[str | int, ...]:
    return ("message", row["profile_id"], row["server_id"], row["user_id"], row["channel_id"], row["message_id"])


SEALED: Final = (
    Sealed("user_messages", "message_content", _message, _numbered("message_id")),
    Sealed(
        "generations",
        "texts",
        lambda row: ("generation", row["profile_id"], row["session_id"], row["turn"]),
        _numbered("id"),
    ),
    Sealed(
        "memories",
        "content",
        lambda row: ("memory", row["profile_id"], row["session_id"], row["message_id"]),
        _numbered("message_id"),
    ),
    Sealed(
        "quiz_moments",
        "content",
        lambda row: ("quiz moment", row["profile_id"], row["version"], row["number"], row["channel_id"]),
        _numbered("id"),
    ),
    Sealed(
        "datasets",
        "content",
        # A split that is being written has negative numbers.
        lambda row: (
            "dataset",
            row["profile_id"],
            row["split"],
            row["part"] if row["part"] >= 0 else -1 - row["part"],
        ),
        _numbered("split", "part"),
    ),
    Sealed("wishes", "content", lambda row: ("wishes", row["profile_id"]), _numbered("profile_id")),
    Sealed(
        "feedback",
        "content",
        lambda row: ("feedback", row["profile_id"], row["message_id"]),
        _numbered("message_id"),
    ),
    Sealed("receipts", "content", lambda row: ("receipt", row["profile_id"]), _numbered("profile_id"), of_house=True),
    Sealed(
        "consents",
        "terms",
        lambda row: ("consent", row["profile_id"], row["user_id"], row["given_at"]),
        _numbered("id"),
        of_house=True,
    ),
    Sealed(
        "unseen_members",
        "pending",
        lambda row: ("unseen members", row["member"].hex()),
        lambda row: f"row {row['row_number']}",
        of_house=True,
    ),
    Sealed("echo_profiles", "terms", lambda row: terms_place(dict(row)), _numbered("id"), of_house=True),
)
NOT_SEALED: Final = frozenset(
    {
        *(("meta", "value"), ("profile_keys", "wrapped_key")),
        *(("audit", "mac"), ("audit_cut", "mac"), ("audit_cut", "signature")),
        *(("contacts", "person"), ("feedback", "person")),
        *(("unseen_members", "member"), ("unseen_names", "name"), ("unseen_names", "member")),
    }
)
"""Columns of bytes that are no ciphertext of a profile's or the installation's: wrapped keys are looked at by
`db.rotation`, the audit by `db.audit_check`, and hashes of people say nothing by themselves."""
_FILES: Final = (
    ("models", re.compile(r"(\d+)-(\d+)\.(model)")),
    ("tuning", re.compile(r"(\d+)-(\d+)\.(adapter|checkpoint)")),
)


class Verifier:
    """Goes through a database and the files beside it; nothing is written."""

    def __init__(self, database: Database, keyring: Keyring, home: Path) -> None:
        self._database = database
        self._keyring = keyring
        self._home = home

    async def faults(self) -> AsyncIterator[str]:
        """A sentence for everything that is wrong; none is good."""
        for fault in await self._of_sqlite():
            yield fault
        for sealed in SEALED:
            async for fault in self._of_table(sealed):
                yield fault
        for fault in await self._of_files():
            yield fault
        for fault in await self._of_snapshots():
            yield fault

    async def _of_sqlite(self) -> list[str]:
        async with self._database.read() as connection:
            integrity = [row[0] for row in await connection.execute_fetchall("PRAGMA integrity_check(5)")]
            keys = [row[0] for row in await connection.execute_fetchall("PRAGMA foreign_key_check")]
        faults = [] if integrity == ["ok"] else ["The database's own structure is damaged (integrity_check)."]
        return faults + [
            f"{keys.count(table)} rows of {table} belong to rows that are gone." for table in sorted(set(keys))
        ]

    async def _of_table(self, sealed: Sealed) -> AsyncIterator[str]:
        rows, broken, last = 0, list[str](), -(2**63)
        while page := await self._page(sealed, last):
            ciphers = await self._ciphers(sealed, page)
            broken += await asyncio.to_thread(_broken, sealed, page, ciphers)
            rows, last = rows + len(page), page[-1]["row_number"]
        if broken:
            named = "; ".join(broken[:SHOWN]) + (" and others" if len(broken) > SHOWN else "")
            yield f"{len(broken)} of {rows} rows of {sealed.table} do not open: {named}."

    async def _page(self, sealed: Sealed, last: int) -> list[sqlite3.Row]:
        # The names are those of SEALED: nobody gives them.
        query = (
            f"SELECT rowid AS row_number, * FROM {sealed.table} "
            f"WHERE rowid > ? AND {sealed.column} IS NOT NULL ORDER BY rowid LIMIT {PAGE}"
        )
        async with self._database.read() as connection:
            return list(await connection.execute_fetchall(query, (last,)))

    async def _ciphers(self, sealed: Sealed, page: list[sqlite3.Row]) -> dict[int, Cipher | None]:
        """The keys that a page's rows are sealed under; None where there is none (any more)."""
        if sealed.of_house:
            return {0: await self._keyring.house()}
        return {profile_id: await self._cipher(profile_id) for profile_id in {row["profile_id"] for row in page}}

    async def _cipher(self, profile_id: int) -> Cipher | None:
        async with self._database.read() as connection:
            if not await self._keyring.is_alive(connection, profile_id):
                return None
        try:
            return await self._keyring.key_for(profile_id)
        except (Tampered, KeyDestroyed):
            return None

    async def _of_files(self) -> list[str]:
        faults = []
        for folder, name in _FILES:
            place = self._home / folder
            for path in sorted(place.iterdir()) if place.is_dir() else ():
                if match := name.fullmatch(path.name):
                    faults += await self._of_file(path, match[3], int(match[1]), int(match[2]))
        return faults

    async def _of_file(self, path: Path, kind: str, profile_id: int, version: int) -> list[str]:
        cipher, named = await self._cipher(profile_id), path.relative_to(self._home)
        if cipher is None:
            return [f"The file {named} is of a profile whose key is gone."]
        try:
            await asyncio.to_thread(read_sealed, path, cipher, kind, profile_id, version)
        except NothingStored:
            # A newer one took its place meanwhile.
            return []
        except (Tampered, ModelUnreadable):
            return [f"The file {named} does not open."]
        return []

    async def _of_snapshots(self) -> list[str]:
        """What each machine's row says, compared with its journal, its model's file and the audit."""
        async with self._database.read() as connection:
            odd = [(row["kind"], row["id"]) async for row in SQL.odd_machines(connection)]
            audited = {row["profile_id"]: row["version"] async for row in SQL.versions_in_audit(connection)}
            profiles = list(await connection.execute_fetchall("SELECT * FROM echo_profiles ORDER BY id"))
        faults = [
            f"The {kind} {number} is not at the step that its journal ends with, or misses some."
            for kind, number in odd
        ]
        for row in profiles:
            told = audited.get(row["id"], 0)
            if row["version"] < told:
                faults.append(f"Profile {row['id']} is an older one than the audit knows of: it was put back.")
            if row["terms"] is None and told:
                faults.append(f"What the subject of profile {row['id']} agreed to was taken away.")
            path = row["model_path"]
            if path and row["training_status"] == "ready" and not await asyncio.to_thread((self._home / path).is_file):
                faults.append(f"The file {path} of profile {row['id']} is missing.")
        return faults


def _broken(sealed: Sealed, page: list[sqlite3.Row], ciphers: Mapping[int, Cipher | None]) -> list[str]:
    found = []
    for row in page:
        cipher = ciphers[0 if sealed.of_house else row["profile_id"]]
        try:
            if cipher is None:
                raise Tampered("its key is gone")
            cipher.open(row[sealed.column], *sealed.place(row))
        except Tampered:
            found.append(sealed.called(row))
    return found
