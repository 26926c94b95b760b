"""What was edited and deleted on Discord while Echo was not there to hear it: stored messages against what stands."""

from __future__ import annotations

import asyncio
import heapq
import logging
from array import array
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, Protocol

import nextcord

from db.errors import StorageError
from db.stored import Held, Month, Provenance
from echo.discord.collecting.comparing import Compared, Track
from echo.discord.collecting.places import guild_of
from echo.discord.collecting.walk import PAGE, Bareness, Raw, checked, has_substance
from echo.discord.failures import OutOfReach, mapped, understood
from echo.errors import EchoError, NoPermission, ServiceUnavailable
from states.board import Board
from states.model import ProfileSnapshot
from states.terms_in_force import TermsInForce

log = logging.getLogger(__name__)

PAGES: Final = 400
"""Requests of one round in one server: 40,000 messages, and at the pace of collecting ten seconds of a day."""
FIRST: Final = 150
"""So many of them begin at the newest messages, where most is edited and deleted; the rest goes on further down."""
KEPT_EVERY: Final = 20
"""Pages after which it is kept how far a round is."""
UNKNOWN_CHANNEL: Final = 10003
UNKNOWN_MESSAGE: Final = 10008
"""Discord's codes for what is gone (Discord API reference, "JSON Error Codes")."""
READ_THERE: Final = (Provenance.HISTORY, Provenance.SEARCH, Provenance.LIVE)


class CorpusPort(Protocol):
    """The part of the corpus that is looked into."""

    async def all_ids(self, profile_id: int) -> dict[int, list[int]]:
        """The ids of everybody's messages by channel, newest first."""

    async def months(self, profile_id: int) -> list[Month]:
        """What there is by channel, month and provenance."""


class Reached(Protocol):
    """Where it is kept how far a server was compared (`db.changes.Reconciliations`)."""

    async def reached(self, server_id: int) -> int | None:
        """All from this id on was compared; None where nothing is left over."""

    async def reach(self, server_id: int, before_id: int | None) -> None:
        """Keep it."""


class Correcting(Protocol):
    """Who changes the corpora (`echo.discord.corrections.Corrections`)."""

    async def remove(self, message_ids: Iterable[int]) -> None:
        """These messages are gone."""

    async def remove_places(self, server_id: int, channel_ids: Sequence[int]) -> None:
        """These channels and threads are gone."""

    async def edit(self, raws: Sequence[Raw], around: Iterable[Raw] = ()) -> list[Held]:
        """These messages say something else now; `around` them stood others."""


class Share(Protocol):
    """A share of the requests that Discord allows (`echo.discord.collecting.budget.Account`)."""

    def request(self) -> AbstractAsyncContextManager[None]:
        """Within this one request is made, when it is its turn."""


class Reconciling:
    """Compares what is stored with what stands on Discord, newest first, asking only for pages with stored messages.

    Nothing is concluded from what Echo may not read: neither from a refusal, nor from an empty page, nor from texts
    that are withheld. One round of a server takes at most `pages` requests, `first` of them from the newest message
    down; the next round goes on where this one stopped. All of them come out of `share`.
    """

    def __init__(
        self,
        client: nextcord.Client,
        corpus: CorpusPort,
        corrections: Correcting,
        reached: Reached,
        board: Board,
        share: Share,
        *,
        pages: int = PAGES,
        first: int = FIRST,
        terms: TermsInForce | None = None,
    ) -> None:
        self._terms = terms or TermsInForce()
        self._client = client
        self._corpus = corpus
        self._corrections = corrections
        self._reached = reached
        self._board = board
        self._share = share
        self._pages = pages
        self._first = first
        self._lock = asyncio.Lock()
        self._waiting = False

    async def run(self) -> None:
        """One round of every server with a subject; where one is under way, one more follows, however often asked."""
        if self._waiting:
            return
        self._waiting = True
        async with self._lock:
            self._waiting = False
            for server_id in sorted({p.server_id for p in self._board.profiles.values() if p.has_consent}):
                await self._try(server_id)

    async def reconcile(self, profile: ProfileSnapshot) -> None:
        """One round of a profile's server, for who is about to read there. Failures are logged, not raised."""
        async with self._lock:
            await self._try(profile.server_id)

    async def _try(self, server_id: int) -> None:
        try:
            await self.server(server_id)
        except (EchoError, StorageError) as error:
            log.info("What changed in server %d while Echo was away is looked for later: %s", server_id, error)

    async def places(self, server_id: int) -> None:
        """Look whether stored threads are gone with their channel: of archived ones Discord does not tell."""
        async with self._lock:
            try:
                guild = guild_of(self._client, server_id)
                stored = await self._stored(guild)
                unknown = [one for one in stored if guild.get_channel_or_thread(one) is None]
                for channel_id in unknown[: self._pages]:
                    if await self._is_place_gone(channel_id):
                        await self.gone(server_id, channel_id)
            except (EchoError, StorageError) as error:
                log.info("Which threads of server %d are gone is looked for later: %s", server_id, error)

    async def server(self, server_id: int) -> None:
        """One round of one server. Raises NoPermission, ServiceUnavailable or StorageError; what was found is kept."""
        guild = guild_of(self._client, server_id)
        stored = await self._stored(guild)
        left = await self._reached.reached(server_id)
        top = _Sweep(self, guild, [Track.of(one, ids) for one, ids in stored.items()])
        at = await top.go(self._first if left is not None or self._first < self._pages else self._pages)
        if at is not None:
            start = at if left is None else min(at, left)
            rest = _Sweep(self, guild, [Track.of(one, ids, start) for one, ids in stored.items()])
            at = await rest.go(self._pages - top.made, keeping=True)
        await self._reached.reach(server_id, at)

    async def _stored(self, guild: nextcord.Guild) -> dict[int, array[int]]:
        """The stored ids of all profiles of a server by channel, oldest first.

        An import may come from a channel that was gone before: such places are left alone.
        """
        found: defaultdict[int, set[int]] = defaultdict(set)
        for profile in list(self._board.profiles_in(guild.id).values()):
            if not profile.has_consent:
                continue
            read = {one.channel_id for one in await self._corpus.months(profile.id) if one.provenance in READ_THERE}
            for channel_id, ids in (await self._corpus.all_ids(profile.id)).items():
                is_known = guild.get_channel_or_thread(channel_id) is not None
                # What lies outside the terms is about to be erased; an archived thread is known to nobody here.
                if is_known and not self._terms.may_read(profile, channel_id):
                    continue
                if channel_id in read or is_known:
                    found[channel_id].update(one for one in ids if one > 0)
        return {channel_id: array("q", sorted(ids)) for channel_id, ids in found.items() if ids}

    async def page(self, channel_id: int, before: int) -> list[Raw] | None:
        """The page below an id, newest first; None where the channel is gone. Raises OutOfReach and the like."""
        try:
            async with self._asking("read a channel's messages"):
                page = await self._client.http.logs_from(channel_id, PAGE, before=before)
        except OutOfReach as error:
            if error.code == UNKNOWN_CHANNEL:
                return None
            raise
        with understood("A page of messages"):
            return checked(page, channel_id, before)

    async def is_gone(self, channel_id: int, message_id: int) -> bool:
        """Whether Discord says of a message that there is none: an empty page may only mean that Echo may not read."""
        try:
            async with self._asking("look for a message"):
                await self._client.http.get_message(channel_id, message_id)
        except OutOfReach as error:
            return error.code == UNKNOWN_MESSAGE
        return False

    async def _is_place_gone(self, channel_id: int) -> bool:
        try:
            async with self._asking("look for a channel"):
                await self._client.http.get_channel(channel_id)
        except OutOfReach as error:
            return error.code == UNKNOWN_CHANNEL
        return False

    async def conclude(self, compared: Compared, page: Sequence[Raw]) -> None:
        """Bring to the corpora what a page shows."""
        standing = set(compared.standing)
        edited = [raw for raw in page if int(raw["id"]) in standing and raw.get("edited_timestamp")]
        # Something must stand in a message: where nothing does, it is withheld.
        await self._corrections.edit([raw for raw in edited if has_substance(raw)], page)
        await self._corrections.remove(compared.missing)

    async def gone(self, server_id: int, channel_id: int) -> None:
        """Bring to the corpora that a channel is gone."""
        await self._corrections.remove_places(server_id, [channel_id])

    async def keep(self, server_id: int, before_id: int) -> None:
        """Keep how far a round is."""
        await self._reached.reach(server_id, before_id)

    def echo_id(self) -> int:
        """Echo's own id."""
        return self._client.user.id if self._client.user else 0

    @asynccontextmanager
    async def _asking(self, doing: str) -> AsyncIterator[None]:
        async with self._share.request():
            if self._client.is_closed():
                raise ServiceUnavailable("The connection to Discord was closed; Echo looks again when it is back.")
            with understood("An answer"), mapped(doing):
                yield


class _Sweep:
    """One way down through all channels of a server, the newest stored message anywhere first."""

    def __init__(self, rounds: Reconciling, guild: nextcord.Guild, tracks: Iterable[Track]) -> None:
        self._rounds = rounds
        self._guild = guild
        self._bareness = Bareness(rounds.echo_id())
        self._heap = [(-one.newest, one.channel_id, one) for one in tracks if one.newest and self._may_read(one)]
        heapq.heapify(self._heap)
        self.made = 0

    async def go(self, pages: int, *, keeping: bool = False) -> int | None:
        """Compare with at most so many pages; all from the returned id on is compared, None where all is."""
        while self._heap and self.made < pages:
            _, _, track = heapq.heappop(self._heap)
            self.made += 1
            try:
                await self._compare(track)
            except OutOfReach as error:
                # Nothing is known of what stands there.
                log.info("Channel %d can't be compared (code %d).", track.channel_id, error.code)
                continue
            if track.newest is not None:
                heapq.heappush(self._heap, (-track.newest, track.channel_id, track))
            if keeping and self._heap and self.made % KEPT_EVERY == 0:
                await self._rounds.keep(self._guild.id, 1 - self._heap[0][0])
        return 1 - self._heap[0][0] if self._heap else None

    async def _compare(self, track: Track) -> None:
        newest = track.newest
        assert newest is not None
        page = await self._rounds.page(track.channel_id, newest + 1)
        if page is None:
            track.top = 0
            await self._rounds.gone(self._guild.id, track.channel_id)
            return
        with understood("A page of messages"):
            self._look_at(page)
            ids = [int(raw["id"]) for raw in page]
        if not ids and not await self._rounds.is_gone(track.channel_id, newest):
            raise OutOfReach("Discord shows no messages of a channel that has some.")
        await self._rounds.conclude(track.compare(ids), page)

    def _look_at(self, page: Sequence[Raw]) -> None:
        try:
            self._bareness.look_at(page)
        except NoPermission as error:
            raise ServiceUnavailable(str(error)) from error

    def _may_read(self, track: Track) -> bool:
        """Whether it is worth asking; of what is not known here (archived threads) Discord is asked."""
        channel: Any = self._guild.get_channel_or_thread(track.channel_id)
        if channel is None:
            return True
        if isinstance(channel, nextcord.Thread) and channel.parent is None:
            return True
        may = channel.permissions_for(self._guild.me)
        return bool(may.view_channel and may.read_message_history)
