"""One life of a process that collects: a real client, a real database, and perhaps an end by its own hand."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import nextcord
from nextcord.http import Route

from db.connection import Database
from db.corpus import Corpus
from db.keys import Keyring
from echo.discord.collecting.budget import Budget
from echo.discord.collecting.collector import Collector, Manner
from tests.discord.stand import NOON, plain_client
from tests.support.snapshots import named
from tests.support.stored_steps import steps_of

PATIENCE = 60.0
"""Seconds after which a life that hangs is given up: for the worst of machines, never slept."""
CONTEXT, MOST = 12, 10_000
"""Messages of context before each of the subject's, and how many of those are wanted."""


@dataclass(frozen=True, slots=True)
class Order:
    """Collect the one profile of the database in `home` from the Discord at `api_base`.

    The life kills itself at the `count`-th of what `end` names: "statement", before an SQL statement of the writer;
    "commit", before a transaction is committed; "stored", right after a page was. Empty: it does not.
    """

    api_base: str
    home: str
    end: str = ""
    count: int = 0

    @classmethod
    def of(cls, line: bytes) -> Order:
        """What `line` says."""
        return cls(**json.loads(line))

    def line(self) -> bytes:
        """The order as a line of JSON."""
        return json.dumps(asdict(self)).encode() + b"\n"


class Countdown:
    """Kills this very process, as the kernel would, when it was called so many times."""

    def __init__(self, count: int) -> None:
        self._left = count

    def __call__(self, *_: object) -> None:
        self._left -= 1
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)

    def at_commit(self, statement: str) -> None:
        """For statements, of which only those that commit count."""
        if statement.startswith("COMMIT"):
            self()


def obey(line: bytes) -> int:
    """Live by an order; the exit status."""
    asyncio.run(live(Order.of(line)))
    return 0


async def live(order: Order) -> None:
    """Collect until all is collected, or until the order says."""
    async with asyncio.timeout(PATIENCE), Database(Path(order.home) / "echo.db") as database:
        keyring = Keyring(database, bytes(32))
        await keyring.open()
        (profile,), _ = await steps_of(database).load()
        corpus = Corpus(database, keyring, lambda: NOON)
        await _doom(order, database, corpus)
        async with _connected(order.api_base) as client:
            collector = Collector(
                client,
                corpus,
                Budget(None),
                Manner(CONTEXT, MOST, stall=PATIENCE),
                people_of=named("Mara"),
                clock=lambda: NOON,
            )
            await collector.collect(profile, lambda progress: None)


async def _doom(order: Order, database: Database, corpus: Corpus) -> None:
    end = Countdown(order.count)
    traced: dict[str, Callable[[str], None]] = {"statement": end, "commit": end.at_commit}
    if order.end in traced:
        async with database.write() as connection:
            await connection.set_trace_callback(traced[order.end])
    if order.end == "stored":
        corpus.stored = end


@asynccontextmanager
async def _connected(api_base: str) -> AsyncIterator[nextcord.Client]:
    """A client from when it knows its server."""
    Route.BASE = api_base
    client = plain_client()
    running = asyncio.create_task(client.start("sandbox"))
    ready = asyncio.create_task(client.wait_until_ready())
    await asyncio.wait({ready, running}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()
    yield client
    await client.close()
    await running
