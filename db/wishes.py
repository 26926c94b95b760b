"""What subjects wish of their echoes, as ciphertext under the profile's key."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from db.codec import time_to_text
from db.connection import Database
from db.keys import Keyring
from db.sql import SQL
from db.stored import NO_WISHES, Wishes

PLACE = "wishes"


class WishBook:
    """Keeps each profile's wishes, and those that were asked for last in memory: every answer asks for them.

    `clock` gives the time of the change.
    """

    def __init__(self, database: Database, keyring: Keyring, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._keyring = keyring
        self._clock = clock
        self._known: dict[int, Wishes] = {}

    async def of(self, profile_id: int) -> Wishes:
        """What holds now; NO_WISHES where nothing was ever wished.

        Raises Tampered where the row does not open, KeyDestroyed where the profile was forgotten meanwhile.
        """
        known = self._known.get(profile_id)
        if known is not None:
            return known
        async with self._database.read() as connection:
            sealed = await SQL.wishes_of(connection, profile_id=profile_id)
        if sealed is None:
            # Without a row there need not be a key either: before the consent there is none.
            return self._known.setdefault(profile_id, NO_WISHES)
        cipher = await self._keyring.key_for(profile_id)
        return self._known.setdefault(profile_id, _read(cipher.open(sealed, PLACE, profile_id)))

    async def put(self, profile_id: int, wishes: Wishes) -> None:
        """Keep these in place of what was wished before. Raises KeyDestroyed where the profile was forgotten."""
        cipher = await self._keyring.key_for(profile_id)
        async with self._database.write() as connection:
            await self._keyring.require(connection, profile_id)
            await SQL.put_wishes(
                connection,
                profile_id=profile_id,
                content=cipher.seal(_written(wishes), PLACE, profile_id),
                changed_at=time_to_text(self._clock()),
            )
        self._known[profile_id] = wishes

    def let_go(self, profile_id: int) -> None:
        """Keep nothing of this profile in memory any more."""
        self._known.pop(profile_id, None)


def _written(wishes: Wishes) -> bytes:
    # ASCII, because a text may hold half a surrogate pair, which UTF-8 can't carry.
    return json.dumps([sorted(wishes.struck), wishes.topics, wishes.phrases]).encode("ascii")


def _read(content: bytes) -> Wishes:
    struck, topics, phrases = json.loads(content)
    return Wishes(frozenset(struck), tuple(topics), tuple(phrases))
