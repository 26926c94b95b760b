"""Who agreed to what, from when until when."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime

import aiosqlite

from db.cipher import Cipher
from db.codec import (
    maybe_time_from_text,
    maybe_time_to_text,
    terms_from_text,
    terms_to_text,
    time_from_text,
    time_to_text,
)
from db.connection import Database
from db.keys import Keyring
from db.sql import SQL
from states.effects import EndConsent, RecordConsent


@dataclass(frozen=True, slots=True)
class Agreed:
    """One *I agree to this*, and when it ended (None: it holds, unless all was forgotten since)."""

    given: RecordConsent
    ended_at: datetime | None


class Consents:
    """Reads what `Steps` has written."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    async def of(self, profile_id: int) -> list[Agreed]:
        """The subject's answers, oldest first. Raises Tampered where one was changed."""
        house = await self._keyring.house()
        async with self._database.read() as connection:
            return [_agreed(row, profile_id, house) async for row in SQL.consents_of(connection, profile_id=profile_id)]


async def put_consent(connection: aiosqlite.Connection, house: Cipher, profile_id: int, given: RecordConsent) -> None:
    """Write an answer, within the transaction that is open; the one before it ends."""
    await end_consent(connection, profile_id, EndConsent(given.given_at))
    at = time_to_text(given.given_at)
    what = json.dumps(
        {
            "terms": terms_to_text(given.terms),
            "cutoff": maybe_time_to_text(given.cutoff),
            "context": given.context,
            "retention": given.retention,
        }
    )
    await SQL.add_consent(
        connection,
        profile_id=profile_id,
        user_id=given.user_id,
        given_at=at,
        text_version=given.text_version,
        text_hash=given.text_hash,
        terms=house.seal(what.encode(), *_place(profile_id, given.user_id, at)),
    )


async def end_consent(connection: aiosqlite.Connection, profile_id: int, ended: EndConsent) -> None:
    """Write that no answer holds any more, within the transaction that is open."""
    await SQL.end_consents(connection, profile_id=profile_id, ended_at=time_to_text(ended.ended_at))


def _agreed(row: sqlite3.Row, profile_id: int, house: Cipher) -> Agreed:
    ended_at = maybe_time_from_text(row["ended_at"])
    given = (row["user_id"], time_from_text(row["given_at"]), row["text_version"], row["text_hash"])
    if row["terms"] is None:
        return Agreed(RecordConsent(*given), ended_at)
    found = json.loads(house.open(row["terms"], *_place(profile_id, row["user_id"], row["given_at"])))
    terms, cutoff = terms_from_text(found["terms"]), maybe_time_from_text(found["cutoff"])
    return Agreed(RecordConsent(*given, terms, cutoff, found["context"], found["retention"]), ended_at)


def _place(profile_id: int, user_id: int, given_at: str) -> tuple[str | int, ...]:
    return "consent", profile_id, user_id, given_at
