"""Whom each echo has answered already: once for ever, and without saying who."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import datetime

from db.codec import time_to_text
from db.connection import Database
from db.keys import Keyring
from db.sql import SQL


class Contacts:
    """Keeps that somebody was told what an echo is. `clock` gives the time of it.

    A person is a keyed hash of profile and user id (HMAC-SHA256 under a key derived from the installation's own).
    """

    def __init__(self, database: Database, keyring: Keyring, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._keyring = keyring
        self._clock = clock

    async def is_met(self, profile_id: int, user_id: int) -> bool:
        """Whether this person was told before."""
        person = await hashed(self._keyring, "contacts", profile_id, user_id)
        async with self._database.read() as connection:
            return await SQL.is_contact(connection, profile_id=profile_id, person=person) is not None

    async def meet(self, profile_id: int, user_id: int) -> None:
        """Keep that this person was told. Raises KeyDestroyed where the profile was forgotten meanwhile."""
        person = await hashed(self._keyring, "contacts", profile_id, user_id)
        async with self._database.write() as connection:
            await self._keyring.require(connection, profile_id)
            met_at = time_to_text(self._clock())
            await SQL.add_contact(connection, profile_id=profile_id, person=person, met_at=met_at)


async def hashed(keyring: Keyring, purpose: str, profile_id: int, user_id: int) -> bytes:
    """32 bytes that stand for a person in one profile, and of which nobody without the key can tell who that is."""
    key = (await keyring.house()).derived(purpose)
    return hmac.digest(key, f"{profile_id}:{user_id}".encode(), "sha256")
