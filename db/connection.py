"""The database file: one writer behind a lock, one reader beside it, and SQLite's failures told in sentences."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import aiosqlite

from db.errors import DatabaseLocked, DatabaseTooOld, DatabaseUnreachable, damaged, explain
from db.schema import Migration, check_owner, migrate, pragma, read_migrations

CHECKPOINT_PAGES = 1000
"""Pages of the write-ahead log after which a commit brings it into the file: SQLite's own figure."""
PATIENCE = 1.0
"""Seconds for which a lock of another program is waited for."""
VACUUM_PAGES = 100
"""Free pages that the first round of `incremental_vacuum` gives back, so that steps get their turn in between."""
VACUUM_MOST = 300
VACUUM_TARGET = 0.01
"""Free pages of a later round at most, and seconds for which it should hold the writer."""
_ROWS_AHEAD = 64
"""Rows that an iteration over a cursor fetches at a time: aiosqlite's own figure."""

T = TypeVar("T")


class Connection(aiosqlite.Connection):
    """A connection whose thread can also be given a whole piece of work at once."""

    async def visit(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` returns, done in the connection's thread: one visit for many statements, of 30 us each."""
        execute: Any = self._execute  # aiosqlite types what it is built on, but not this
        found: T = await execute(work, self._conn)
        return found


class Database:
    """An SQLite file that is open between `async with`: migrated, in WAL mode, readable by its owner alone.

    Where it is `shared` with a process that serves from it, its schema is left alone. Raises a StorageError from every
    method where the file is locked, full, damaged, unreachable, too new, or shared and too old.
    """

    def __init__(
        self,
        path: Path,
        *,
        patience: float = PATIENCE,
        migrations: list[Migration] | None = None,
        shared: bool = False,
    ) -> None:
        self.path = path
        self._shared = shared
        self._patience = patience
        self._migrations = read_migrations() if migrations is None else migrations
        self._lock = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._writer: Connection
        self._reader: Connection

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opening:
            with self._explained():
                self._create()
                self._writer = await self._connect()
                opening.push_async_callback(self._writer.close)
                await self._prepare()
                self._reader = await self._connect()
                opening.push_async_callback(self._reader.close)
                await self._reader.execute_fetchall("PRAGMA query_only = ON")
            self._stack = opening.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        async with self._lock:
            with self._explained():
                await self._stack.aclose()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Connection]:
        """One transaction on the one writer: committed at the end, rolled back on any way out but that."""
        async with self._lock:
            with self._explained():
                try:
                    await self._writer.execute_fetchall("BEGIN IMMEDIATE")
                    yield self._writer
                    await self._writer.commit()
                except BaseException:
                    # Also where the task is cancelled: what it had sent still runs in the connection's thread, and
                    # the rollback queues up behind it. A full disk may have ended the transaction already.
                    await asyncio.shield(self._writer.rollback())
                    raise

    async def write_at_once(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` returns: one transaction as in `write`, by one visit to the connection's thread.

        Where the caller is cancelled it is still done whole, or not at all, and the caller is told once that is known:
        whatever is read after that sees all of it or nothing.
        """

        def transaction(connection: sqlite3.Connection) -> T:
            connection.execute("BEGIN IMMEDIATE")
            try:
                found = work(connection)
                connection.commit()
            except BaseException:
                connection.rollback()
                raise
            return found

        async with self._lock:
            with self._explained():
                return await _to_the_end(self._writer.visit(transaction))

    async def write_timed(self, work: Callable[[sqlite3.Connection], T]) -> tuple[T, float]:
        """The same as `write_at_once`, and for how many seconds nobody else could write."""
        began = 0.0

        def timed(connection: sqlite3.Connection) -> T:
            nonlocal began
            began = time.monotonic()
            return work(connection)

        found = await self.write_at_once(timed)
        return found, time.monotonic() - began

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        """The reader: it sees what is committed, waits for no writer, and can't write."""
        with self._explained():
            yield self._reader

    async def compact(self) -> float:
        """Give free pages back and empty the write-ahead log, so that nothing erased lingers in either.

        Returns the longest that it held the writer, in seconds. Raises DatabaseLocked where another program reads the
        file and so keeps the log alive.
        """
        pages, longest, before, left = VACUUM_PAGES, 0.0, None, 1
        while left and left != before:
            before = left
            left, seconds = await self._vacuum(pages)
            longest = max(longest, seconds)
            pages = max(1, min(2 * pages, VACUUM_MOST, int(pages * VACUUM_TARGET / seconds)))
        await self.ease()
        # What is left for this is short, as the log is in the file already.
        async with self._lock:
            began = time.monotonic()
            with self._explained():
                rows = list(await self._writer.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)"))
                if rows[0][0]:
                    raise DatabaseLocked(
                        f"Another program reads the database {self.path}, so that what was erased is not all gone "
                        "yet: close it, then try again."
                    )
        return max(longest, time.monotonic() - began)

    @asynccontextmanager
    async def easing(self) -> AsyncIterator[None]:
        """Within this no commit brings the write-ahead log into the file, which can take long: `ease` is to do it."""
        await self._set_checkpoints(0)
        try:
            yield
        finally:
            await self._set_checkpoints(CHECKPOINT_PAGES)

    async def _set_checkpoints(self, pages: int) -> None:
        async with self._lock:
            with self._explained():
                await self._writer.execute_fetchall(f"PRAGMA wal_autocheckpoint = {pages}")

    async def ease(self) -> None:
        """Bring into the file what stands in the write-ahead log, as far as that keeps nobody from writing."""
        with self._explained():
            await self._reader.execute_fetchall("PRAGMA wal_checkpoint(PASSIVE)")

    async def _vacuum(self, pages: int) -> tuple[int, float]:
        """Give back some free pages; how many there still are, and for how long that held the writer."""
        async with self._lock:
            began = time.monotonic()
            with self._explained():
                # Through `execute` this pragma would free one page only.
                await self._writer.executescript(f"PRAGMA incremental_vacuum({pages})")
                return await pragma(self._writer, "freelist_count"), max(time.monotonic() - began, 1e-6)

    def _create(self) -> None:
        """Make the file, for its owner only, before SQLite makes it for everybody; its log inherits the mode."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            self.path.chmod(0o600)
        except OSError as failure:
            raise DatabaseUnreachable(
                f"The database {self.path} cannot be opened ({failure.strerror}): make the file and its folder yours "
                "to write, or choose another folder with ECHO_DATA_DIR."
            ) from failure

    async def _connect(self) -> Connection:
        connect = partial(sqlite3.connect, self.path, timeout=self._patience, isolation_level=None)
        connection = Connection(connect, _ROWS_AHEAD)
        await connection
        connection.row_factory = sqlite3.Row
        return connection

    async def _prepare(self) -> None:
        writer = self._writer
        version = await check_owner(writer, self.path, len(self._migrations))
        if self._shared and version < len(self._migrations):
            raise DatabaseTooOld(
                f"The database {self.path} is in use by an older Echo than this one: stop that Echo, then try again."
            )
        rows = list(await writer.execute_fetchall("PRAGMA quick_check(1)"))
        if rows[0][0] != "ok":
            raise damaged(self.path)
        # auto_vacuum is ignored once the file is in WAL mode.
        for setting in ("auto_vacuum = INCREMENTAL", "journal_mode = WAL", "synchronous = NORMAL"):
            await writer.execute_fetchall(f"PRAGMA {setting}")
        await writer.execute_fetchall("PRAGMA secure_delete = ON")
        await migrate(writer, self._migrations, version)
        await writer.execute_fetchall("PRAGMA foreign_keys = ON")
        # A lock that another program holds is told now, not at the first step.
        await writer.execute_fetchall("BEGIN IMMEDIATE")
        await writer.rollback()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as failure:
            raise explain(failure, self.path) from failure


async def _to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns; who is cancelled meanwhile is so only after its end, as a thread can't be stopped."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    finally:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({task})
