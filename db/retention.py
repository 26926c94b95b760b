"""Retention: what is too old goes, in batches so small that nobody who writes waits for long."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import aiosqlite

from db.audit import Audit
from db.batches import Batches
from db.codec import time_from_text, time_to_text
from db.collections import erase_collections
from db.connection import Database
from db.models import Models
from db.sql import SQL
from db.tuning import TuningFiles

EASE: Final = 40_000
"""Rows after which the write-ahead log is brought into the file: whoever writes first after that waits for the disk."""
PAGE: Final = 2000
"""Rows that are looked up at a time, by the reader: that keeps nobody from writing."""
_RESTS: Final = (
    "EXISTS (SELECT 1 FROM echo_profiles WHERE echo_profiles.id = {table}.profile_id "
    "AND (training_status IN ('ready', 'awaiting_consent') OR reason IS NOT NULL))"
)
"""Not while the profile reads or learns: it still needs them. One that stands still has a reason."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of `table` are too old once `time` (an SQL expression) lies before the bound of `group`, and `where` holds.

    `kind` is what they are called. `epoch`: the time is in seconds since the epoch instead of text.
    """

    kind: str
    group: str
    table: str
    time: str
    where: str = "1"
    epoch: bool = False

    @property
    def condition(self) -> str:
        """What makes a row too old; its one parameter is the bound."""
        return f"{self.time} < :before AND {self.where}"

    def bound(self, before: datetime) -> str | float:
        """The bound as the table has its times."""
        return before.timestamp() if self.epoch else time_to_text(before)


_SESSION_ENDED: Final = (
    "coalesce((SELECT max(at) FROM journal WHERE machine_kind = 'session' AND machine_id = echo_sessions.id), "
    "started_at)"
)
_UNUSED_SESSION: Final = (
    "is_active = 0"
    " AND NOT EXISTS (SELECT 1 FROM generations WHERE session_id = echo_sessions.id)"
    " AND NOT EXISTS (SELECT 1 FROM memories WHERE session_id = echo_sessions.id)"
    " AND NOT EXISTS"
    " (SELECT 1 FROM outbox WHERE machine_kind = 'session' AND machine_id = echo_sessions.id AND done = 0)"
)
RULES: Final = (
    Rule("ended sessions", "sessions", "echo_sessions", _SESSION_ENDED, _UNUSED_SESSION),
    Rule("messages", "messages", "user_messages", "stored_at", _RESTS.format(table="user_messages")),
    Rule("parts of datasets", "messages", "datasets", "made_at", _RESTS.format(table="datasets")),
    Rule("moments for the quiz", "messages", "quiz_moments", "stored_at"),
    Rule("remembered talk", "messages", "memories", "stored_at"),
    # Not what a session is about to say.
    Rule(
        "drafts and what echoes said",
        "generations",
        "generations",
        "created_at",
        "NOT EXISTS (SELECT 1 FROM echo_sessions WHERE generation_id = generations.id)",
    ),
    Rule("feedback", "feedback", "feedback", "given_at"),
    Rule("measurements of answers", "measures", "measures", "at", epoch=True),
    Rule("turns in channels", "turns", "turns_decided", "decided_at"),
    Rule("journal", "journal", "journal", "at"),
    Rule("finished work", "journal", "outbox", "created_at", "done = 1"),
    Rule("records of exports", "journal", "exports", "at", "removed = 1"),
    Rule("receipts", "receipts", "receipts", "at"),
)
"""In this order: what something else holds, or is dated by, goes before that, so that `due` tells what goes. What only
then is held by nothing goes in the next sweep."""
FORGOTTEN: Final = "forgotten profiles"
SESSIONS: Final = "ended sessions"


@dataclass(frozen=True, slots=True)
class Due:
    """What is too old of one kind: how many, since when the oldest of it (None: nothing is), and the bound."""

    kind: str
    count: int
    oldest: datetime | None
    before: datetime


@dataclass(slots=True)
class Swept:
    """How much was erased by kind, and the longest that a batch held the writer, in seconds."""

    counts: dict[str, int] = field(default_factory=dict)
    longest: float = 0.0

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.counts.values())

    def of(self, kind: str) -> int:
        """How much of one kind."""
        return self.counts.get(kind, 0)


Resting = Callable[[Sequence[int]], AbstractAsyncContextManager[Sequence[int]]]
"""Of sessions by id those that may be erased: within it none of them comes online."""


@asynccontextmanager
async def nobody_runs(ids: Sequence[int]) -> AsyncIterator[Sequence[int]]:
    """All of them, where no Echo runs."""
    yield ids


class Retention:
    """Tells and erases what is too old. `before` gives the bound of each group; of a group without one nothing goes."""

    def __init__(self, database: Database, models: Models, tuning: TuningFiles, audit: Audit) -> None:
        self._database = database
        self._models = models
        self._tuning = tuning
        self._audit = audit

    async def due(self, before: Mapping[str, datetime]) -> list[Due]:
        """What a sweep would erase now, kind by kind."""
        found = []
        for rule in RULES:
            if rule.group not in before:
                continue
            query = f"SELECT count(*), min({rule.time}) FROM {rule.table} WHERE {rule.condition}"
            async with self._database.read() as connection:
                bound = {"before": rule.bound(before[rule.group])}
                ((count, oldest),) = await connection.execute_fetchall(query, bound)
            found.append(Due(rule.kind, count, _time(oldest), before[rule.group]))
        if "journal" in before:
            found.append(Due(FORGOTTEN, len(await self._bygone()), None, before["journal"]))
        if "audit" in before:
            found.append(Due("audit", *await self._audit.due(before["audit"]), before["audit"]))
        if "logs" in before:
            found.append(Due("logs of trainings", *await self._tuning.logs_due(before["logs"]), before["logs"]))
        return found

    async def sweep(self, before: Mapping[str, datetime], resting: Resting = nobody_runs) -> Swept:
        """Erase it. A profile whose messages go loses its ranges too, so that a refresh reads them anew; forgotten
        profiles go of which the journal tells nothing any more; so do models that nobody uses. Raises StorageError."""
        swept = Swept()
        async with self._database.easing():
            for rule in RULES:
                if rule.group in before:
                    bound = rule.bound(before[rule.group])
                    swept.counts[rule.kind] = await self._erase(rule, bound, swept, resting)
                if rule.kind == SESSIONS:
                    swept.counts[FORGOTTEN] = await self._drop_profiles(swept)
            await self._sweep_others(before, swept)
            if swept.total:
                swept.longest = max(swept.longest, await self._database.compact())
        return swept

    async def _sweep_others(self, before: Mapping[str, datetime], swept: Swept) -> None:
        """What is no rows of one age: the audit, logs, models that nobody uses."""
        if "audit" in before:
            swept.counts["audit"] = await self._audit.cut(before["audit"])
        if "logs" in before:
            swept.counts["logs of trainings"] = await self._tuning.drop_logs(before["logs"])
        wanted = await self._wanted_models()
        swept.counts["models"] = await self._models.remove_orphans(wanted)
        swept.counts["fine-tunings"] = await self._tuning.remove_orphans(wanted)

    async def _erase(self, rule: Rule, bound: str | float, swept: Swept, resting: Resting) -> int:
        erased, after, eased, batches = 0, 0, 0, Batches()
        while ids := await self._page(rule, bound, after):
            after = ids[-1]
            may: AbstractAsyncContextManager[Sequence[int]] = (
                resting(ids) if rule.kind == SESSIONS else nobody_runs(ids)
            )
            async with may as free:
                at = 0
                while at < len(free):
                    some = free[at : at + batches.size]
                    at += len(some)
                    count, seconds = await self._batch(rule, bound, some)
                    batches.took(len(some), seconds)
                    swept.longest = max(swept.longest, seconds)
                    erased += count
            eased += len(ids)
            if eased >= EASE:
                eased = 0
                await self._database.ease()
        return erased

    async def _page(self, rule: Rule, bound: str | float, after: int) -> list[int]:
        """The next rows that are too old. Found by the reader, and looked at once more when they are erased."""
        query = f"SELECT rowid FROM {rule.table} WHERE rowid > :after AND {rule.condition} ORDER BY rowid LIMIT {PAGE}"
        async with self._database.read() as connection:
            rows = await connection.execute_fetchall(query, {"after": after, "before": bound})
        return [row[0] for row in rows]

    async def _batch(self, rule: Rule, bound: str | float, ids: Sequence[int]) -> tuple[int, float]:
        """How many rows were erased, and for how many seconds the writer was held."""
        returning = "profile_id" if rule.table == "user_messages" else "1"
        query = (
            f"DELETE FROM {rule.table} WHERE rowid IN (SELECT value FROM json_each(:ids)) AND {rule.condition} "
            f"RETURNING {returning}"
        )

        def erase(connection: sqlite3.Connection) -> int:
            gone = [row[0] for row in connection.execute(query, {"ids": json.dumps(ids), "before": bound}).fetchall()]
            if rule.table == "user_messages":
                # In the same transaction: a refresh that begins after it must not find that all was read already.
                for profile_id in set(gone):
                    connection.execute(SQL.erase_ranges.sql, {"profile_id": profile_id})
            return len(gone)

        return await self._database.write_timed(erase)

    async def _drop_profiles(self, swept: Swept) -> int:
        """Profile by profile: forgotten ones of which nothing is to be done or told any more."""
        found = await self._bygone()
        for profile_id in found:
            async with self._held() as (connection, held):
                await erase_collections(connection, profile_id)
                for drop in (SQL.drop_consents, SQL.drop_allowances, SQL.drop_sessions, SQL.drop_key, SQL.drop_profile):
                    await drop(connection, profile_id=profile_id)
            swept.longest = max(swept.longest, held())
        return len(found)

    async def _bygone(self) -> list[int]:
        async with self._database.read() as connection:
            return [row["id"] async for row in SQL.bygone_profiles(connection, batch=PAGE)]

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[tuple[aiosqlite.Connection, Callable[[], float]]]:
        """A transaction, and how long it held the writer once it is over (seconds)."""
        spans: list[float] = []
        async with self._database.write() as connection:
            began = time.monotonic()
            yield connection, lambda: spans[0]
        spans.append(time.monotonic() - began)

    async def _wanted_models(self) -> set[tuple[int, int]]:
        """Profiles and the versions of theirs that somebody uses."""
        async with self._database.read() as connection:
            rows = [row async for row in SQL.model_versions(connection)]
        # One above those made may be there, too: its training may just have ended.
        return {(row["id"], row[name]) for row in rows for name in ("model_version", "previous", "next")}


def _time(value: str | float | None) -> datetime | None:
    if value is None:
        return None
    return time_from_text(value) if isinstance(value, str) else datetime.fromtimestamp(value, UTC)
