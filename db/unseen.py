"""Who is invisible to the echoes of which server: keyed hashes, looked at in memory."""

from __future__ import annotations

import hmac
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from db.cipher import Cipher
from db.connection import Database
from db.keys import Keyring
from db.sql import SQL

_PURPOSE: Final = "unseen members"
_REMEMBERED: Final = 50_000
"""Answers that are kept at hand: the same few members speak, and the same words are said, again and again."""


@dataclass(frozen=True, slots=True)
class Hiding:
    """A member who chose to be invisible and of whom something may be stored yet. `names`: what they are called."""

    server_id: int
    user_id: int
    names: tuple[str, ...]


class Unseen:
    """Answers at once, from memory, who is unseen. `load` first; all other methods raise StorageError.

    No id and no name is kept, but hashes under a key of the installation's own. Both are bound to the server: who is
    invisible in one is as visible as ever in another, and nobody can tell from the table that it is the same person.
    """

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring
        self._house: Cipher | None = None
        self._key = b""
        self._members: set[bytes] = set()
        self._pending: dict[bytes, bytes] = {}
        self._names: defaultdict[bytes, set[bytes]] = defaultdict(set)
        self._known: dict[tuple[int, int | str], bool] = {}

    async def load(self) -> None:
        """Learn who is unseen. Raises Tampered where the installation's key does not open."""
        async with self._database.read() as connection:
            rows = [row async for row in SQL.all_unseen(connection)]
            names = [row async for row in SQL.all_unseen_names(connection)]
        self._members = {row["member"] for row in rows}
        self._pending = {row["member"]: row["pending"] for row in rows if row["pending"] is not None}
        self._names.clear()
        for row in names:
            self._names[row["name"]].add(row["member"])
        self._known.clear()
        if rows:
            await self._own_key()

    def is_unseen(self, server_id: int, user_id: int) -> bool:
        """Whether a member is invisible to the echoes of a server."""
        if not self._members:
            return False
        key = (server_id, user_id)
        known = self._known.get(key)
        return self._remember(key, self._member(*key) in self._members) if known is None else known

    @property
    def has_names(self) -> bool:
        """Whether anybody is unseen anywhere whose names are known."""
        return bool(self._names)

    def is_named(self, server_id: int, name: str) -> bool:
        """Whether somebody who is unseen there was called so when they chose it; letters' case does not count."""
        if not self._names:
            return False
        key = (server_id, name.casefold())
        known = self._known.get(key)
        return self._remember(key, self._name(*key) in self._names) if known is None else known

    async def hide(self, server_id: int, user_id: int, names: Sequence[str] = ()) -> None:
        """Be unseen from now on. A second time adds the `names`; what was stored counts as `pending` again."""
        house = await self._own_key()
        member = self._member(server_id, user_id)
        pending = house.seal(json.dumps([server_id, user_id, [*names]]).encode(), _PURPOSE, member.hex())
        hashed = [self._name(server_id, name.casefold()) for name in names]
        # Before it is stored: nothing that comes meanwhile may pass.
        self._put(member, hashed)
        async with self._database.write() as connection:
            await SQL.add_unseen(connection, member=member, pending=pending)
            await SQL.add_unseen_names(connection, [{"member": member, "name": name} for name in hashed])
        self._pending[member] = pending

    async def show(self, server_id: int, user_id: int) -> None:
        """Be visible again; nothing comes back of what was erased."""
        await self._own_key()
        member = self._member(server_id, user_id)
        async with self._database.write() as connection:
            await SQL.drop_unseen(connection, member=member)
        self._members.discard(member)
        self._pending.pop(member, None)
        for name in [name for name, members in self._names.items() if member in members]:
            self._names[name].discard(member)
            if not self._names[name]:
                del self._names[name]
        self._known.clear()

    async def settled(self, server_id: int, user_id: int) -> None:
        """What was stored of them is erased: from now on nothing tells who it is."""
        member = self._member(server_id, user_id)
        async with self._database.write() as connection:
            await SQL.settle_unseen(connection, member=member)
        self._pending.pop(member, None)

    async def pending(self) -> list[Hiding]:
        """Of whom something may be stored yet: their choice was kept, and Echo ended before the rest was done."""
        house = await self._own_key() if self._pending else None
        found = []
        for member, sealed in self._pending.items():
            assert house is not None
            server_id, user_id, names = json.loads(house.open(sealed, _PURPOSE, member.hex()))
            found.append(Hiding(server_id, user_id, tuple(names)))
        return found

    async def _own_key(self) -> Cipher:
        if self._house is None:
            self._house = await self._keyring.house()
            self._key = self._house.derived(_PURPOSE)
        return self._house

    def _put(self, member: bytes, names: Sequence[bytes]) -> None:
        self._members.add(member)
        for name in names:
            self._names[name].add(member)
        self._known.clear()

    def _remember(self, key: tuple[int, int | str], answer: bool) -> bool:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[key] = answer
        return answer

    def _member(self, server_id: int, user_id: int) -> bytes:
        return hmac.digest(self._key, f"{server_id}|member|{user_id}".encode(), "sha256")

    def _name(self, server_id: int, name: str) -> bytes:
        return hmac.digest(self._key, f"{server_id}|name|{name}".encode("utf-8", "surrogatepass"), "sha256")
