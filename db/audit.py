"""The audit: who did what that must be accounted for, as a chain that shows whether anything of it was changed."""

from __future__ import annotations

import hmac
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import aiosqlite

from db.cipher import Cipher
from db.codec import time_from_text, time_to_text
from db.connection import Database
from db.keys import Keyring
from db.signing import Signer
from db.sql import SQL

PAGE: Final = 1000
"""Rows that are read, or cut off, at a time."""
HEAD: Final = "audit head"
BEGINNING: Final = bytes(32)
"""What the first row's MAC holds in the place of the one before it."""


class Act(StrEnum):
    """What was done. The values are stored: a name may be added, none may change."""

    ASKED = "asked"
    """Somebody asked for an echo of the subject."""
    CONSENT_GIVEN = "consent_given"
    CONSENT_CHANGED = "consent_changed"
    CONSENT_DECLINED = "consent_declined"
    CONSENT_REVOKED = "consent_revoked"
    CONSENT_EXPIRED = "consent_expired"
    ALLOWANCE_GIVEN = "allowance_given"
    ALLOWANCE_WITHDRAWN = "allowance_withdrawn"
    APPROVED = "approved"
    APPROVAL_WITHDRAWN = "approval_withdrawn"
    HIDDEN = "hidden"
    """A member became invisible to echoes."""
    SHOWN = "shown"
    """A member became visible to echoes again."""
    ONLINE = "online"
    OFFLINE = "offline"
    HALTED = "halted"
    RESUMED = "resumed"
    TRUSTED = "trusted"
    """A server's managers trust a role."""
    DISTRUSTED = "distrusted"
    ACCESSED = "accessed"
    """Somebody looked at what is held about the subject; `what` says at what."""
    EXPORTED = "exported"
    IMPORTED = "imported"
    REPORTED = "reported"
    """Somebody reported a message of an echo to the managers."""
    REMOVED = "removed"
    """The subject or a manager took a message of an echo out of its channel."""
    FORGETTING_ASKED = "forgetting_asked"
    ERASED = "erased"
    RECEIPT = "receipt"
    """A receipt of an erasure was made."""
    KEY_ROTATED = "key_rotated"
    AUDIT_CUT = "audit_cut"
    """What was older than its retention was cut off."""
    STARTED = "started"
    """Echo, or a command that writes, began to work on the data."""
    STOPPED = "stopped"
    """It ended in order; `manifest` is a digest of what there was then."""
    OPERATOR = "operator"
    """Whoever runs Echo did something else; `what` says what."""


@dataclass(frozen=True, slots=True)
class Line:
    """One act: by whom (`by` 0: who runs Echo), in which server, of which profile (0: none), and facts of it."""

    id: int
    at: datetime
    act: str
    by: int
    server_id: int
    profile_id: int
    facts: Mapping[str, int | str]


class Audit:
    """Appends acts, and reads them. `clock` gives their time."""

    def __init__(self, database: Database, keyring: Keyring, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._keyring = keyring
        self._clock = clock

    async def note(self, act: Act, *, by: int, server_id: int = 0, profile_id: int = 0, **facts: int | str) -> None:
        """Keep that `by` (0: who runs Echo) did this now. Facts are ids, counts and words of ours, never what anybody
        wrote. Raises a StorageError where it can't be kept: then the act must not be done."""
        house = await self._keyring.house()
        async with self._database.write() as connection:
            await put(connection, house, self._clock(), act, by=by, server_id=server_id, profile_id=profile_id, **facts)

    async def put(
        self,
        connection: aiosqlite.Connection,
        at: datetime,
        act: Act,
        *,
        by: int,
        server_id: int = 0,
        profile_id: int = 0,
        **facts: int | str,
    ) -> None:
        """The same in a transaction of the caller's, with the time of what it does."""
        house = self._keyring.known_house()
        await put(connection, house, at, act, by=by, server_id=server_id, profile_id=profile_id, **facts)

    async def lines(self, after: int = 0) -> AsyncIterator[Line]:
        """All lines above number `after`, oldest first."""
        rows: list[sqlite3.Row] = []
        while not rows or len(rows) == PAGE:
            async with self._database.read() as connection:
                rows = [row async for row in SQL.acts_after(connection, id=after, rows=PAGE)]
            for row in rows:
                yield to_line(row)
            if not rows:
                return
            after = rows[-1]["id"]

    async def due(self, before: datetime) -> tuple[int, datetime | None]:
        """How many lines were written before that, and when the oldest of them was."""
        async with self._database.read() as connection:
            count, oldest = await SQL.acts_due(connection, before=time_to_text(before))
        return count, None if oldest is None else time_from_text(oldest)

    async def cut(self, before: datetime) -> int:
        """Cut off what was done before that, leaving a signed mark of what the cut-off part ended with; how many."""
        house = await self._keyring.house()
        async with self._database.write() as connection:
            last = await SQL.last_act_before(connection, before=time_to_text(before))
            if last is None:
                return 0
            at = self._clock()
            # The act itself comes first, so that the chain is never empty and its head stays above the cut.
            await put(connection, house, at, Act.AUDIT_CUT, by=0, upto=last["id"])
            text = time_to_text(at)
            signature = Signer(house).sign(cut_text(last["id"], last["mac"], text))
            await SQL.put_audit_cut(connection, upto=last["id"], mac=last["mac"], at=text, signature=signature)
        return await self._delete(last["id"])

    async def _delete(self, upto: int) -> int:
        deleted, batch = 0, PAGE
        while batch == PAGE:
            async with self._database.write() as connection:
                batch = int(await SQL.cut_acts(connection, upto=upto, batch=PAGE))
            deleted += batch
        return deleted


async def put(
    connection: aiosqlite.Connection,
    house: Cipher,
    at: datetime,
    act: Act,
    *,
    by: int,
    server_id: int = 0,
    profile_id: int = 0,
    **facts: int | str,
) -> None:
    """Append a line in a transaction of the caller's, under the installation's own key."""
    last = await SQL.last_act(connection) or await SQL.audit_cut(connection)
    row = _row(house, last, at, act, (by, server_id, profile_id), facts)
    await SQL.add_act(connection, **row)
    await SQL.put_meta_value(connection, name=HEAD, value=_sealed_head(house, row))


def put_at_once(
    connection: sqlite3.Connection,
    house: Cipher,
    at: datetime,
    act: Act,
    *,
    by: int,
    server_id: int = 0,
    profile_id: int = 0,
    **facts: int | str,
) -> None:
    """The same on a connection of SQLite's own, in its thread."""
    last = connection.execute(SQL.last_act.sql).fetchone() or connection.execute(SQL.audit_cut.sql).fetchone()
    row = _row(house, last, at, act, (by, server_id, profile_id), facts)
    connection.execute(SQL.add_act.sql, row)
    connection.execute(SQL.put_meta_value.sql, {"name": HEAD, "value": _sealed_head(house, row)})


def _row(
    house: Cipher,
    last: Any,
    at: datetime,
    act: Act,
    who: tuple[int, int, int],
    facts: Mapping[str, int | str],
) -> dict[str, Any]:
    number, before = (0, BEGINNING) if last is None else (last[0], last[1])
    row: dict[str, Any] = {
        "id": number + 1,
        "at": time_to_text(at),
        "act": act.value,
        "actor_id": who[0],
        "server_id": who[1],
        "profile_id": who[2],
        "facts": json.dumps(facts, sort_keys=True),
    }
    return row | {"mac": mac_of(house, before, row)}


def _sealed_head(house: Cipher, row: Mapping[str, Any]) -> bytes:
    return house.seal(b"%d %s" % (row["id"], row["mac"].hex().encode()), HEAD)


def mac_of(house: Cipher, before: bytes, row: Mapping[str, Any]) -> bytes:
    """HMAC-SHA-256 of the MAC before it and a row: who lacks the key can't make one, who has it can't change one
    without making all after it anew."""
    names = ("id", "at", "act", "actor_id", "server_id", "profile_id", "facts")
    said = json.dumps([row[name] for name in names]).encode()
    return hmac.digest(house.derived("audit"), before + said, "sha256")


def cut_text(upto: int, mac: bytes, at: str) -> bytes:
    """What is signed where the chain is cut off."""
    return b"audit cut|%d|%s|%s" % (upto, mac.hex().encode(), at.encode())


def to_line(row: sqlite3.Row) -> Line:
    """The line that a row of `audit` holds."""
    return Line(
        row["id"],
        time_from_text(row["at"]),
        row["act"],
        row["actor_id"],
        row["server_id"],
        row["profile_id"],
        json.loads(row["facts"]),
    )
