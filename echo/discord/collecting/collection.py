"""One collecting of one profile, from what there is to read to what came of it."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime

import nextcord

from db.stored import Outcome, PlaceResult, Plan, Range
from echo.corpus.pseudonyms import People
from echo.discord.collecting.access import TEXT, WITH_THREADS, Membership
from echo.discord.collecting.asking import Asking, Troubled
from echo.discord.collecting.places import Channels, Exclusions, Place, sorted_out, threads_of
from echo.discord.collecting.plan import Size, estimate
from echo.discord.collecting.run import CorpusPort, Newest, Run, Tell
from echo.discord.collecting.search import Search, SearchUnavailable
from echo.discord.collecting.searching import Searching
from echo.discord.collecting.threads import Threads
from echo.discord.collecting.walk import Bareness, Reader
from echo.discord.collecting.walker import Walker
from echo.discord.collecting.walking import GONE, Walking, with_their_threads
from echo.discord.failures import understood
from echo.discord.snowflakes import snowflake_at
from echo.errors import NothingToRead, ServiceUnavailable
from echo.ports import Collected
from echo.settings import Settings
from states.model import ProfileSnapshot

log = logging.getLogger(__name__)

LEARNT = 5000
"""Members whose names are learnt before anything is read, so that they are found in texts from the first page on."""
OUT_OF_REACH = (Outcome.SKIPPED, Outcome.CLOSED, Outcome.FAILED)
UNREAD = (Outcome.CLOSED, Outcome.GONE, Outcome.FAILED)


@dataclass(frozen=True, slots=True)
class Manner:
    """How is collected.

    `context_messages` of others are kept before each of the subject's, whose `most` newest messages are wanted.
    `effort` is the share of the requests of reading everything that search and context may take (0..1). `stall`:
    seconds without any answer after which the connection counts as lost.
    """

    context_messages: int
    most: int
    effort: float = 0.1
    stall: float = 120.0
    exclusions: Exclusions = field(default_factory=Exclusions)

    @classmethod
    def of(cls, settings: Settings) -> Manner:
        """As the settings have it."""
        return cls(
            settings.context_messages,
            settings.max_messages_per_analysis,
            settings.collection_effort,
            settings.collection_stall,
            Exclusions(settings.collect_nsfw, settings.excluded_channel_ids),
        )


@dataclass(frozen=True, slots=True)
class _Before:
    """What earlier collectings left: what of which place was read, and what came of each place."""

    ranges: Mapping[int, Sequence[Range]]
    results: Mapping[int, PlaceResult]

    def was_out_of_reach(self, channel_id: int) -> bool:
        """Whether a place could not be read when others were."""
        return channel_id in self.results and self.results[channel_id].outcome in OUT_OF_REACH


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """What one collecting is made with; see `Collector`."""

    client: nextcord.Client
    guild: nextcord.Guild
    corpus: CorpusPort
    asking: Asking
    manner: Manner
    profile: ProfileSnapshot
    people: People
    tell: Tell
    per_second: float | None
    pause: Callable[[float], Awaitable[None]]

    async def whole(self, now: datetime) -> Collected:
        """Read what is not stored yet, up to `now` at the most; raises as `Collector.collect` does."""
        profile_id = self.profile.id
        kept = await self.corpus.plan(profile_id)
        upper_id = min(kept.upper_id if kept else snowflake_at(now), snowflake_at(self.profile.cutoff))
        if kept is not None:
            # An earlier day may have been chosen since it was begun.
            kept = replace(kept, upper_id=upper_id)
        before = _Before(*await self.corpus.standing(profile_id))
        me = Membership.of(self.guild)
        try:
            channels = await self._channels(me, upper_id)
            run = await self._run(channels, Plan("walk", upper_id, 0), kept, before.ranges.get(self.guild.id, ()))
            run.show()
            await run.note(channels.results)
            if not channels.readable:
                # What was imported can be learned from all the same.
                if run.own:
                    return Collected(run.own, 0, 0)
                raise NothingToRead(_NO_PLACE if self.profile.terms.reads is None else _NONE_AGREED)
            search = Search(self.client, self.asking.turn, self.pause)
            if kept is None:
                await self._plan(run, search, channels, before)
            if run.plan.method == "search":
                await self._search(run, search, channels, before)
            await self._walk(run, me, channels, before)
        except Troubled as error:
            # The whole server's trouble, not one place's: nothing can be read without it.
            raise ServiceUnavailable(str(error)) from error
        return await self._conclude(run, channels, before)

    async def _channels(self, me: Membership, upper_id: int) -> Channels:
        listed = await self.asking.ask(
            "list the channels of this server", lambda: self.client.http.get_all_guild_channels(self.guild.id)
        )
        with understood("The list of channels"):
            return sorted_out(listed, me, self.manner.exclusions, upper_id)

    async def _run(self, channels: Channels, fresh: Plan, kept: Plan | None, searched: Sequence[Range]) -> Run:
        profile_id, echo_id = self.profile.id, self.client.user.id if self.client.user else 0
        own = await self.corpus.own_ids(self.profile)
        return Run(
            profile=self.profile,
            corpus=self.corpus,
            asking=self.asking,
            reader=Reader(self.guild.id, self._people(channels), echo_id),
            bareness=Bareness(echo_id),
            window=self.manner.context_messages,
            tell=self.tell,
            per_second=self.per_second,
            plan=kept or fresh,
            newest=Newest(self.manner.most, (one for each in own.values() for one, _ in each)),
            own=await self.corpus.count(profile_id),
            made_before=kept.made if kept else 0,
            expected=kept.requests if kept else 0,
            searched=searched,
        )

    def _people(self, channels: Channels) -> People:
        people = self.people
        for member in itertools.islice(self.guild.members, LEARNT):
            people.learn(member.id, *(name for name in (member.nick, member.global_name, member.name) if name))
        for channel_id, name in channels.names.items():
            people.learn_channel(channel_id, name)
        return people

    async def _plan(self, run: Run, search: Search, channels: Channels, before: _Before) -> None:
        """Choose between search and walk by what they are likely to cost.

        Where every channel was walked through before, the same is done for what is new.
        """
        searched = before.ranges.get(self.guild.id, ())
        own = server = None
        if searched or not before.ranges:
            least_id = max((one.top_id for one in searched), default=0)
            own, server = await self._counts(search, run.plan.upper_id, least_id)
        holders = [one for one in channels.readable.values() if one["type"] in WITH_THREADS]
        # Only a walk needs the lists of threads; the channels with private threads have two.
        listings = 2 + len(holders) + sum(one["type"] == TEXT for one in holders)
        chosen = estimate(
            Size(own, server, len(channels.places()) + listings, made=run.made),
            effort=self.manner.effort,
            window=self.manner.context_messages,
            most=self.manner.most,
            per_second=self.per_second,
        )
        run.expected = chosen.requests
        log.info("Profile %d is collected from: %s.", self.profile.id, chosen.sentence)
        is_counted = server is not None or chosen.method == "search"
        await run.put_plan(Plan(chosen.method, run.plan.upper_id, chosen.requests if is_counted else 0))
        run.show()

    async def _counts(self, search: Search, upper_id: int, least_id: int) -> tuple[int | None, int | None]:
        """How many messages the subject has, and the whole server; None where Discord does not say."""
        own = server = None
        nsfw = self.manner.exclusions.nsfw

        async def counted(author_id: int | None) -> int:
            return await search.count(self.guild.id, upper_id, author_id=author_id, min_id=least_id, include_nsfw=nsfw)

        try:
            own = await self.asking.ask("search", lambda: counted(self.profile.user_id), has_turns=True)
            server = await self.asking.ask("search", lambda: counted(None), has_turns=True)
        except (SearchUnavailable, Troubled) as error:
            log.info("Discord does not tell how much there is to read: %s", error)
        return own, server

    async def _search(self, run: Run, search: Search, channels: Channels, before: _Before) -> None:
        """Search, and read context; where search is not to be had any more, the plan becomes to walk."""
        server_id = self.guild.id
        searching = Searching(run, search, self.client.http, channels, self.manner.exclusions)
        failed: SearchUnavailable | None = None
        try:
            await searching.whole(before.ranges.get(server_id, ()), before.results.get(server_id))
        except SearchUnavailable as error:
            failed = error
        # What was found by searching has its context read in either case: a walk passes over what was searched.
        await searching.contexts(before.results)
        if failed is None:
            await self._look_again(run, channels)
        else:
            log.info("Profile %d is collected by reading every channel: %s", self.profile.id, failed)
            await run.note([PlaceResult(server_id, Outcome.SKIPPED, str(failed))])
            await run.put_plan(replace(run.plan, method="walk"))

    async def _look_again(self, run: Run, channels: Channels) -> None:
        """Note which channels were closed while the search ran: of them it may have shown nothing."""
        now = await self._channels(Membership.of(self.guild), run.plan.upper_id)
        why = {one.channel_id: one.reason for one in now.results}
        await run.note(
            [
                PlaceResult(key, Outcome.CLOSED if key in why else Outcome.GONE, why.get(key, GONE))
                for key in channels.readable
                if key not in now.readable
            ]
        )
        run.show()

    async def _walk(self, run: Run, me: Membership, channels: Channels, before: _Before) -> None:
        """Read the places: all of them, or after a search those that could not be searched at earlier ones."""
        wanted = dict(channels.readable)
        if run.plan.method == "search":
            wanted = {key: one for key, one in wanted.items() if before.was_out_of_reach(key)}
            if not wanted:
                return
        reachable = Channels(wanted, channels.results, channels.names)
        places = {place.channel_id: place for place in reachable.places()}
        listed = await Threads(self.client.http, self.asking, me).of(wanted.values())
        noted = len(channels.results)
        with understood("The list of threads"):
            threads = threads_of(listed.threads, reachable, self.manner.exclusions, run.plan.upper_id)
        for channel_id, why in listed.incomplete.items():
            if channel_id in places:
                places[channel_id] = replace(places[channel_id], note=why)
            else:
                channels.results.append(PlaceResult(channel_id, Outcome.FAILED, why))
        await run.note(channels.results[noted:])
        # When the rest was searched these were out of reach, and count so until all of them is read, threads and all.
        opened = frozenset(key for key in wanted if run.searched and before.was_out_of_reach(key))
        walkers = [self._walker(run, place, before, opened) for place in (*places.values(), *threads)]
        ended = await Walking(run, self.client.http, me, walkers).whole()
        await run.note([*ended, *with_their_threads(opened, walkers, listed.incomplete)])

    def _walker(self, run: Run, place: Place, before: _Before, opened: AbstractSet[int]) -> Walker:
        is_opened = place.channel_id in opened or place.parent_id in opened
        walker = Walker.at(
            place,
            run.plan.upper_id,
            before.ranges.get(place.channel_id, ()),
            () if is_opened or before.was_out_of_reach(place.channel_id) else run.searched,
            before.results.get(place.channel_id),
        )
        walker.is_tacit = is_opened
        return walker

    async def _conclude(self, run: Run, channels: Channels, before: _Before) -> Collected:
        places = [one for one in run.results.values() if one.channel_id != self.guild.id]
        looked_into = [one for one in places if one.outcome is not Outcome.SKIPPED]
        unread = [one for one in looked_into if one.outcome in UNREAD]
        if unread and len(unread) == len(looked_into) and run.plan.method == "walk":
            failed = [one for one in unread if one.outcome is Outcome.FAILED]
            if failed:
                raise ServiceUnavailable(failed[0].reason or _NO_PLACE)
            if not run.own:
                raise NothingToRead(_NO_PLACE)
        if not run.seen and not run.own and not before.ranges:
            raise NothingToRead(self._nothing())
        await self.corpus.end_plan(self.profile.id)
        walked = len(looked_into) if run.plan.method == "walk" else 0
        return Collected(run.own, walked or len(channels.readable), len(unread))

    def _nothing(self) -> str:
        if self.profile.is_open_ended:
            return "No channel that Echo can read has a message yet: let Echo read more channels, then retry."
        return (
            f"No channel that Echo can read has a message from before {self.profile.cutoff:%d.%m.%Y}: ask for an echo "
            "with a later date, or let Echo read more channels and retry."
        )


_NONE_AGREED = (
    "Echo can read none of the channels to which the person has agreed: give its role View Channel and Read Message "
    "History there, or let them choose others with /echo consent change, then retry."
)
_NO_PLACE = (
    "Echo can read no channel that is older than the chosen date: give its role View Channel and Read Message History "
    "in at least one, or choose a later date, then retry."
)
