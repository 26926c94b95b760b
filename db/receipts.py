"""Receipts of erasures: signed by the installation, sealed under its own key, and kept longer than what they are of."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from db.audit import Act, put
from db.cipher import Cipher
from db.codec import time_from_text, time_to_text
from db.connection import Database
from db.erased import end_erasure
from db.keys import Keyring
from db.signing import Signer, verify
from db.sql import SQL
from states.model import ProfileSnapshot

PLACE: Final = "receipt"


@dataclass(frozen=True, slots=True)
class Receipt:
    """One receipt: `file` is the JSON of `signed`. `sent`: None while it waits to be sent, else what came of that."""

    profile_id: int
    user_id: int
    server_id: int
    at: datetime
    file: bytes
    sent: str | None


class Receipts:
    """Makes receipts, and keeps them until they are too old."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    async def make(self, profile: ProfileSnapshot, at: datetime, document: Mapping[str, Any] | None) -> None:
        """Sign and keep a receipt that says `document` (None: nothing was held, so that there is none), and end the
        erasure's own records. Once more changes nothing."""
        house = await self._keyring.house()
        async with self._database.write() as connection:
            if document is not None and await SQL.receipt_of(connection, profile_id=profile.id) is None:
                file = signed(Signer(house), document)
                await SQL.put_receipt(
                    connection,
                    profile_id=profile.id,
                    user_id=profile.user_id,
                    server_id=profile.server_id,
                    at=time_to_text(at),
                    content=house.seal(file, PLACE, profile.id),
                )
                of = {"server_id": profile.server_id, "profile_id": profile.id}
                await put(connection, house, at, Act.RECEIPT, by=0, **of)
            await end_erasure(connection, profile.id)

    async def of(self, profile_id: int) -> Receipt | None:
        """The receipt of a profile. Raises Tampered where it does not open."""
        house = await self._keyring.house()
        async with self._database.read() as connection:
            row = await SQL.receipt_of(connection, profile_id=profile_id)
        return None if row is None else _opened(house, row)

    async def of_user(self, user_id: int) -> list[Receipt]:
        """All receipts of one person, oldest first."""
        house = await self._keyring.house()
        async with self._database.read() as connection:
            return [_opened(house, row) async for row in SQL.receipts_of_user(connection, user_id=user_id)]

    async def all(self) -> list[Receipt]:
        """All that are kept, oldest first."""
        house = await self._keyring.house()
        async with self._database.read() as connection:
            return [_opened(house, row) async for row in SQL.all_receipts(connection)]

    async def waiting(self) -> list[Receipt]:
        """Those that were not sent yet, oldest first."""
        return [receipt for receipt in await self.all() if receipt.sent is None]

    async def mark(self, profile_id: int, sent: str) -> None:
        """Keep what came of sending it, in a word of ours."""
        async with self._database.write() as connection:
            await SQL.mark_receipt(connection, profile_id=profile_id, sent=sent)

    async def public_key(self) -> bytes:
        """By which key this installation signs."""
        return Signer(await self._keyring.house()).public_key


def signed(signer: Signer, document: Mapping[str, Any]) -> bytes:
    """A file of JSON that holds the document, the public key and the signature (Ed25519, both in hexadecimal)."""
    found = {
        "receipt": document,
        "public_key": signer.public_key.hex(),
        "signature": signer.sign(canonical(document)).hex(),
    }
    return json.dumps(found, indent=2).encode()


def canonical(document: Mapping[str, Any]) -> bytes:
    """What is signed: JSON with sorted keys, no spaces, and ASCII alone."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def verified(file: bytes) -> tuple[Mapping[str, Any], bytes] | None:
    """The document of a signed file and the key that signed it; None where the signature is not of just this.

    Raises ValueError for what is no such file.
    """
    found = json.loads(file)
    if not isinstance(found, dict) or not isinstance(found.get("receipt"), dict):
        raise ValueError("This is no receipt.")
    public_key, signature = (bytes.fromhex(str(found.get(name, ""))) for name in ("public_key", "signature"))
    document: Mapping[str, Any] = found["receipt"]
    return (document, public_key) if verify(public_key, canonical(document), signature) else None


def _opened(house: Cipher, row: sqlite3.Row) -> Receipt:
    file = house.open(row["content"], PLACE, row["profile_id"])
    at = time_from_text(row["at"])
    return Receipt(row["profile_id"], row["user_id"], row["server_id"], at, file, row["sent"])
