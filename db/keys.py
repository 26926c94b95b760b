"""One key for each profile, wrapped by the master key; destroying it makes all that was sealed with it unreadable."""

from __future__ import annotations

import os
import sqlite3

import aiosqlite

from db.cipher import KEY_BYTES, Cipher
from db.connection import Database
from db.errors import KeyDestroyed, Tampered, WrongMasterKey, wrong_master_key
from db.sql import SQL

FORGOTTEN = "This echo was forgotten, and nothing of it is stored any more: ask for a new one."

CHECK = "key_check"
"""The place of a mark that only the right master key opens, and what that opens to."""
CHECK_PLAIN = b"echo"
HOUSE = "house key"
PROFILE_KEY = "profile key"


class Keyring:
    """Makes, unwraps, remembers and destroys the profiles' keys."""

    def __init__(self, database: Database, master_key: bytes) -> None:
        if len(master_key) != KEY_BYTES:
            raise WrongMasterKey(f"The master key must be {KEY_BYTES} bytes long: set ECHO_MASTER_KEY to such a key.")
        self._database = database
        self._master = Cipher(master_key)
        self._known: dict[int, Cipher] = {}
        self._house: Cipher | None = None

    async def open(self) -> None:
        """Check the master key against the database, or leave a mark of it in a new one; raises WrongMasterKey."""
        async with self._database.read() as connection:
            mark = await SQL.meta_value(connection, name=CHECK)
        if mark is None:
            async with self._database.write() as connection:
                await SQL.set_meta_value(connection, name=CHECK, value=self._master.seal(CHECK_PLAIN, CHECK))
            return
        try:
            self._master.open(mark, CHECK)
        except Tampered as failure:
            raise wrong_master_key(self._database.path) from failure

    async def house(self) -> Cipher:
        """The installation's own key, wrapped by the master key and made at the first call: for what is nobody's
        profile, or outlives one."""
        if self._house is None:
            async with self._database.read() as connection:
                wrapped = await SQL.meta_value(connection, name=HOUSE)
            self._house = Cipher(self._master.open(wrapped or await self._make_house(), HOUSE))
        return self._house

    def known_house(self) -> Cipher:
        """The same without waiting, for use inside a transaction; only once `house` was asked for."""
        if self._house is None:
            raise RuntimeError("The installation's own key is to be asked for before a transaction begins.")
        return self._house

    async def _make_house(self) -> bytes:
        async with self._database.write() as connection:
            # Another task may have made it while this one waited for the writer.
            wrapped: bytes | None = await SQL.meta_value(connection, name=HOUSE)
            if wrapped is None:
                wrapped = self._master.seal(os.urandom(KEY_BYTES), HOUSE)
                await SQL.set_meta_value(connection, name=HOUSE, value=wrapped)
        return wrapped

    async def key_for(self, profile_id: int) -> Cipher:
        """The profile's key, made at the first call; raises KeyDestroyed once the profile was forgotten."""
        if profile_id not in self._known:
            async with self._database.write() as connection:
                # Only now: another task may have made or destroyed it while this one waited for the writer.
                cipher = await self._unwrap(connection, profile_id) or await self._make(connection, profile_id)
            self._known[profile_id] = cipher
        return self._known[profile_id]

    async def destroy(self, profile_id: int) -> None:
        """Make the profile's key, and so all that was sealed with it, unreadable for good."""
        self._known.pop(profile_id, None)
        async with self._database.write() as connection:
            await SQL.destroy_key(connection, profile_id=profile_id)
        # A task that was waiting for the writer may have remembered it meanwhile.
        self._known.pop(profile_id, None)

    async def is_alive(self, connection: aiosqlite.Connection, profile_id: int) -> bool:
        """Whether the profile has a key that was not destroyed."""
        row = await SQL.key_row(connection, profile_id=profile_id)
        return row is not None and row["wrapped_key"] is not None

    async def require(self, connection: aiosqlite.Connection, profile_id: int) -> None:
        """Raise KeyDestroyed, inside the transaction that is to store something, if the profile was just forgotten."""
        if not await self.is_alive(connection, profile_id):
            raise KeyDestroyed(FORGOTTEN)

    def require_at_once(self, connection: sqlite3.Connection, profile_id: int) -> None:
        """The same in the connection's thread."""
        row = connection.execute(SQL.key_row.sql, {"profile_id": profile_id}).fetchone()
        if row is None or row["wrapped_key"] is None:
            raise KeyDestroyed(FORGOTTEN)

    async def _unwrap(self, connection: aiosqlite.Connection, profile_id: int) -> Cipher | None:
        row = await SQL.key_row(connection, profile_id=profile_id)
        if row is None:
            return None
        if row["wrapped_key"] is None:
            raise KeyDestroyed(FORGOTTEN)
        return Cipher(self._master.open(row["wrapped_key"], PROFILE_KEY, profile_id))

    async def _make(self, connection: aiosqlite.Connection, profile_id: int) -> Cipher:
        key = os.urandom(KEY_BYTES)
        wrapped = self._master.seal(key, PROFILE_KEY, profile_id)
        await SQL.add_key(connection, profile_id=profile_id, wrapped_key=wrapped)
        return Cipher(key)
