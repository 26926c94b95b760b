"""Collecting: reads what a subject wrote before their cut-off, page by page, and stores it as it goes."""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import nextcord

from db.corpus import Cursor, StoredMessage
from echo.discord.collecting.budget import Turns
from echo.discord.collecting.places import guild_of, readable_places
from echo.discord.collecting.walk import PAGE, Bareness, Kind, Raw, Read, checked, read, sift
from echo.discord.collecting.walker import Walker
from echo.discord.failures import OutOfReach, mapped, understood
from echo.discord.snowflakes import snowflake_at
from echo.errors import NothingToRead, ServiceUnavailable
from states.model import ProfileSnapshot

log = logging.getLogger(__name__)

ABREAST = 3
"""Channels asked at the same time: Discord limits each apart, so that waiting for one costs the others nothing."""

Progress = Callable[[int, int | None], None]


class CorpusPort(Protocol):
    """The part of the corpus that collecting needs."""

    async def cursors(self, profile_id: int) -> Mapping[int, Cursor]:
        """How far each channel was read, by its id."""

    async def store(self, profile: ProfileSnapshot, rows: Sequence[StoredMessage], cursor: Cursor | None) -> None:
        """Keep the rows and the cursor in one transaction; a row that is there already is not doubled."""

    async def count(self, profile_id: int) -> int:
        """How many of the subject's messages are stored."""


@dataclass(slots=True)
class _Run:
    """One collecting of one profile: what was seen and found so far."""

    profile: ProfileSnapshot
    progress: Progress
    bareness: Bareness
    own: int
    walkers: list[Walker] = field(default_factory=list)
    seen: int = 0
    skipped: int = 0


class Collector:
    """Reads the channels and threads of a profile's server backwards from its cut-off. Implements `CollectPort`.

    Keeps the subject's messages, at most `most` of them (the newest), and before each up to `context_messages`
    messages of others. After every page its rows and the channel's cursor are stored together, so that a later call
    goes on where this one ended, however it ended. All that are collected at the same time share `per_second` pages;
    None is as many as come.
    """

    def __init__(
        self,
        client: nextcord.Client,
        corpus: CorpusPort,
        *,
        context_messages: int,
        most: int,
        per_second: float | None = None,
    ) -> None:
        self._client = client
        self._corpus = corpus
        self._window = context_messages
        self._most = most
        self._turns = Turns(per_second)

    async def collect(self, profile: ProfileSnapshot, progress: Progress) -> int:
        """Read on from the stored cursors; how many of the subject's messages are stored in the end.

        `progress(seen, None)` is called after every page with the messages seen in this call. Raises NothingToRead,
        NoPermission (lasting) or ServiceUnavailable (may pass). May be cancelled at any await.
        """
        guild = guild_of(self._client, profile.server_id)
        first = snowflake_at(profile.cutoff)
        cursors = await self._corpus.cursors(profile.id)
        places = await readable_places(self._client, guild, first)
        if not places:
            raise NothingToRead(_NO_PLACE)
        run = _Run(profile, progress, Bareness(guild.me.id), await self._corpus.count(profile.id))
        run.walkers = [Walker.at(place, first, cursors.get(place.channel_id)) for place in places]
        while batch := self._next(run):
            for walker, page in zip(batch, await self._pages(batch), strict=True):
                await self._take(run, walker, page)
        self._conclude(run, resumed=bool(cursors))
        return run.own

    def _next(self, run: _Run) -> list[Walker]:
        """The places to ask next; once there is enough, only those that still owe context."""
        enough = run.own >= self._most
        wanted = [walker for walker in run.walkers if not walker.over and (not enough or walker.carry.owed)]
        return heapq.nlargest(ABREAST, wanted, key=lambda walker: walker.recency)

    async def _pages(self, batch: list[Walker]) -> list[list[Raw] | None]:
        tasks = [asyncio.create_task(self._page(walker)) for walker in batch]
        try:
            return await asyncio.gather(*tasks)
        finally:
            # Where one fails or the whole is cancelled, the others must not go on behind our back.
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _page(self, walker: Walker) -> list[Raw] | None:
        """The page before the walker, newest first; None where the place can't be read (any more)."""
        if self._client.is_closed():
            raise ServiceUnavailable("The connection to Discord was closed while collecting; Echo will try again.")
        await self._turns.take()
        try:
            with mapped("read a channel's messages"):
                page = await self._client.http.logs_from(walker.channel_id, PAGE, before=walker.before)
        except OutOfReach as error:
            log.info("Channel %d is passed over: it can't be read any more (code %d).", walker.channel_id, error.code)
            return None
        with understood("A page of messages"):
            return checked(page, walker.channel_id, walker.before)

    async def _take(self, run: _Run, walker: Walker, page: list[Raw] | None) -> None:
        """Store what is kept of a page, together with how far the place is read now."""
        if page is None:
            walker.over = True
            run.skipped += 1
            return
        echo_id, user_id = self._client.user.id if self._client.user else 0, run.profile.user_id
        with understood("A page of messages"):
            run.bareness.look_at(page)
            messages = [read(raw, user_id, echo_id) for raw in page]
        found = sift(messages, walker.carry, self._window, max(0, self._most - run.own))
        walker.advance(page, found)
        await self._corpus.store(
            run.profile, [_row(run.profile.server_id, walker.channel_id, one) for one in found.kept], walker.cursor()
        )
        # The first page after a restart may hold messages that were stored before.
        run.own = await self._corpus.count(run.profile.id) if walker.resumed else run.own + found.own
        walker.resumed = False
        run.seen += found.used
        run.progress(run.seen, None)

    def _conclude(self, run: _Run, *, resumed: bool) -> None:
        run.bareness.conclude()
        if run.skipped == len(run.walkers) and not run.own:
            raise NothingToRead(_NO_PLACE)
        if not run.seen and not resumed:
            raise NothingToRead(
                f"No channel that Echo can read has a message from before {run.profile.cutoff:%d.%m.%Y}: ask for an "
                "echo with a later date, or let Echo read more channels and retry."
            )


_NO_PLACE = (
    "Echo can read no channel that is older than the chosen date: give its role View Channel and Read Message History "
    "in at least one, or choose a later date, then retry."
)


def _row(server_id: int, channel_id: int, message: Read) -> StoredMessage:
    return StoredMessage(
        message_id=message.message_id,
        user_id=message.author_id,
        server_id=server_id,
        channel_id=channel_id,
        ts=message.sent.timestamp(),
        text=message.text,
        author=message.author,
        own=message.kind is Kind.OWN,
        reply_to=message.reply_to,
    )
