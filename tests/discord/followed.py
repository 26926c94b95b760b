"""Corpora that follow a sandbox: the real client, router and database, with what is stored looked at directly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.changes import Changes, Reconciliations
from db.corpus import Corpus
from db.keys import Keyring
from db.memories import Memories
from db.outbox import Outbox
from db.stored import StoredMessage
from echo.corpus.cleaning import Kind
from echo.corpus.written import Written
from echo.discord.collecting.budget import Budget
from echo.discord.collecting.places import Exclusions
from echo.discord.collecting.walk import PAGE
from echo.discord.following import Acquaintance, Following
from echo.sandbox.world import World
from echo.tasks import Tasks
from states import events as ev
from states.board import Fault
from states.model import ProfileSnapshot
from tests.discord.edge import NOON, PATIENCE, Edge, edge_at

WINDOW = 4


def day_of_talk(lines: int = 30, channel: str = "general") -> World:
    """Ada (who owns the server), Bo and Cy in one channel, the last word a minute before noon; Bo says every third."""
    start = NOON.timestamp() - 60 * lines
    said = [Written(("Ada", "Cy", "Bo")[i % 3], channel, start + 60 * i, f"line {i} here") for i in range(lines)]
    return World.populate(7, "Somewhere", [Written("Ada", "random", start - 9e6, "hello all"), *said], manager="Ada")


@dataclass(slots=True)
class Followed:
    """An edge whose corpora follow it. `paused` is released once for each pause, where there are any."""

    edge: Edge
    corpus: Corpus
    memories: Memories
    changes: Changes
    following: Following
    acquaintance: Acquaintance
    paused: asyncio.Semaphore
    pausing: asyncio.Event

    @property
    def profile(self) -> ProfileSnapshot:
        """The one without a date."""
        [found] = [one for one in self.edge.board.profiles.values() if one.has_consent and one.is_open_ended]
        return found

    async def fill(self, *channels: str) -> None:
        """Store everything that stands in the channels, as a collecting would."""
        for name in channels or ("general",):
            before = 2**63 - 1
            while rows := await self.page(name, before=before):
                await self.corpus.store(self.profile, rows)
                before = min(row.message_id for row in rows)

    async def page(
        self, channel: str, profile: ProfileSnapshot | None = None, before: int = 2**63 - 1
    ) -> list[StoredMessage]:
        """The words of one page as a collecting has them in its hands: read, and not stored."""
        channel_id, reader = self.edge.channel(channel), self.following.living.reader_of(profile or self.profile)
        page: Any = await self.edge.client.http.logs_from(channel_id, PAGE, before=before)
        cleaned = [(raw, reader.clean(raw)) for raw in page]
        return [reader.row(raw, channel_id, one) for raw, one in cleaned if one.kind in (Kind.WORDS, Kind.CUT)]

    async def rows(self) -> list[StoredMessage]:
        """All that is stored, oldest first."""
        return [row async for page in self.corpus.stream(self.profile.id) for row in page]

    async def texts(self) -> list[str]:
        """The texts of all that is stored."""
        return [row.text for row in await self.rows()]

    def id_of(self, text: str, channel: str = "general") -> int:
        """The id of the message that says this in a channel."""
        said = self.edge.people.messages(channel, limit=None)
        return next(int(one["id"]) for one in said if one["content"] == text)

    async def waited(self) -> None:
        """Return once something waits before it tries, or tells, again."""
        self.pausing.clear()
        async with asyncio.timeout(PATIENCE):
            await self.pausing.wait()

    async def more_stale(self) -> None:
        """Return once the machine knows of more deletions and edits than now."""
        known = self.profile.stale
        await self.edge.until(lambda: self.profile.stale > known)

    async def changed(self, **counts: int) -> ProfileSnapshot:
        """The profile once its machine knows of so many changes."""
        await self.edge.until(lambda: all(getattr(self.profile, name) == count for name, count in counts.items()))
        return self.profile


@asynccontextmanager
async def followed(
    folder: Path, world: World | None = None, *, exclusions: Exclusions | None = None, rounds: bool = False, **more: Any
) -> AsyncIterator[Followed]:
    """An edge with a ready echo of Bo without a cut-off, whose corpus follows Discord.

    The corpus is told of everything at once; with `rounds` only after `paused` is released.
    """
    async with edge_at(folder, world or day_of_talk(), **more) as edge:
        keyring = Keyring(edge.database, bytes(32))
        await keyring.open()
        corpus, changes = Corpus(edge.database, keyring, edge.clock), Changes(edge.database)
        memories = Memories(edge.database, keyring, edge.clock)
        tasks = Tasks(lambda where, sentence: edge.board.report(Fault(edge.clock(), where, sentence)))
        paused, pausing = asyncio.Semaphore(0), asyncio.Event()

        async def pause() -> None:
            pausing.set()
            await (paused.acquire() if rounds else asyncio.sleep(0))

        acquaintance = Acquaintance(
            edge.client, edge.board, lambda profile: (edge.board.names.get(profile.user_id, "Bo"),)
        )
        following = Following(
            edge.client,
            edge.board,
            corpus,
            memories,
            changes,
            Reconciliations(edge.database),
            edge.router,
            Budget(None).account(background=True),
            acquaintance.of,
            exclusions or Exclusions(),
            WINDOW,
            edge.clock,
            tasks.start,
            pause,
        )
        if not edge.board.profiles:
            await open_ended(edge)
        following.begin()
        try:
            yield Followed(edge, corpus, memories, changes, following, acquaintance, paused, pausing)
        finally:
            await tasks.end(PATIENCE)


async def open_ended(edge: Edge, subject: str = "Bo") -> None:
    """A ready echo whose subject set no date."""
    question = await edge.command(subject, "echo create", user=f"@{subject}")
    await edge.until(lambda: edge.profile(subject).consent_message_id)
    await edge.agree(subject, question)
    key = edge.profile(subject).key
    await edge.give(key.id, ev.CollectionFinished(edge.clock(), 100, 50))
    await edge.give(key.id, ev.TrainingFinished(edge.clock(), "models/1", 1, 100, 0.5))
    # Who is told of it is told before anything else happens.
    async with asyncio.timeout(PATIENCE):
        while await Outbox(edge.database).pending():
            pass
