"""Finding one author's messages by search, and then what stood before them, page by page where most of them lie."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from nextcord.http import HTTPClient

from db.stored import Coverage, Outcome, PlaceResult, Provenance, Range, StoredMessage
from echo.corpus.cleaning import Kind
from echo.discord.collecting.abreast import abreast
from echo.discord.collecting.asking import ConnectionLost, Troubled
from echo.discord.collecting.intent import require_intent
from echo.discord.collecting.places import Channels, Exclusions
from echo.discord.collecting.ranges import gaps, joined
from echo.discord.collecting.run import Run
from echo.discord.collecting.search import Hits, Search, SearchUnavailable
from echo.discord.collecting.walk import PAGE, Carry, Raw, checked, is_too_old, sift
from echo.discord.collecting.walking import ABREAST
from echo.discord.collecting.windows import Seen, Window, Windows
from echo.discord.failures import OutOfReach, understood
from echo.errors import ServiceUnavailable

log = logging.getLogger(__name__)

AFTER = 1
"""Requests that follow on the context: whether channels were closed meanwhile."""


class Searching:
    """Searches what of a server was not searched yet, and reads context within what the plan allows."""

    def __init__(self, run: Run, search: Search, http: HTTPClient, channels: Channels, exclusions: Exclusions) -> None:
        self._run = run
        self._search = search
        self._http = http
        self._channels = channels
        self._exclusions = exclusions
        self._wanted = dict.fromkeys(channels.readable, True)
        self._troubled: frozenset[int] = frozenset()

    async def whole(self, ranges: Sequence[Range], earlier: PlaceResult | None) -> None:
        """Search, newest first, until all is searched or older messages are not wanted any more.

        `earlier` is what came of it before. Raises SearchUnavailable, or ConnectionLost.
        """
        run, server_id = self._run, self._run.profile.server_id
        result = replace(earlier or PlaceResult(server_id, Outcome.READING), outcome=Outcome.READING, reason=None)
        was_failed = earlier is not None and earlier.outcome is Outcome.FAILED
        run.searched = ranges = joined(ranges)
        run.expected = run.plan.requests
        for gap in gaps(ranges, run.plan.upper_id):
            top = gap.top_id
            while top > max(gap.before_id, run.newest.threshold):
                hits = await self._page(Range(top, gap.before_id), was_failed)
                rows = [row for raw in hits.messages for row in await self._rows(raw, hits)]
                words = [row.message_id for row in rows if row.own and row.text]
                after = hits.following or gap.before_id
                run.searched = ranges = joined([*ranges, Range(top, after)])
                is_over = ranges == (Range(run.plan.upper_id, 0),)
                result = replace(
                    result,
                    outcome=Outcome.READ if is_over else Outcome.READING,
                    pages=result.pages + 1,
                    seen=result.seen + len(hits.messages),
                    kept=result.kept + len(words),
                )
                run.newest.add(words)
                run.seen += len(hits.messages)
                await run.keep(rows, Coverage(server_id, ranges, result))
                top = after
        await run.note([replace(result, outcome=Outcome.READ)])

    async def _page(self, part: Range, was_failed: bool) -> Hits:
        run = self._run
        try:
            hits = await run.asking.ask(
                "search this server",
                lambda: self._search.page(
                    run.profile.server_id,
                    run.profile.user_id,
                    part.top_id,
                    min_id=part.before_id,
                    include_nsfw=self._exclusions.nsfw,
                ),
                was_troubled=was_failed,
                has_turns=True,
            )
        except Troubled as error:
            raise SearchUnavailable(str(error)) from error
        except ConnectionLost as error:
            await run.note([PlaceResult(run.profile.server_id, Outcome.FAILED, str(error))])
            raise
        await self._look_at(hits.messages)
        return hits

    async def _rows(self, raw: Raw, hits: Hits) -> list[StoredMessage]:
        """What is kept of a hit: the message, and what it answers where that came with it."""
        reader = self._run.reader
        with understood("A message that was searched for"):
            channel_id = int(raw["channel_id"])
            if not reader.is_own(raw) or not await self._is_wanted(channel_id, hits):
                return []
            cleaned = reader.clean(raw)
            if cleaned.kind not in (Kind.WORDS, Kind.CUT):
                return []
            context = self._answered(raw, channel_id)
            own = reader.row(raw, channel_id, cleaned, bare=not context)
            return [replace(own, provenance=Provenance.SEARCH), *context]

    def _answered(self, raw: Raw, channel_id: int) -> list[StoredMessage]:
        reader, answered = self._run.reader, raw.get("referenced_message")
        if not answered or reader.is_own(answered):
            return []
        if is_too_old(int(answered["id"]), Carry(1, int(raw["id"]))):
            return []
        cleaned = reader.clean(answered)
        kept = cleaned.kind in (Kind.WORDS, Kind.CUT)
        return [reader.row(answered, channel_id, cleaned)] if kept else []

    async def _is_wanted(self, channel_id: int, hits: Hits) -> bool:
        """Whether messages of a channel or thread may be kept."""
        if channel_id not in self._wanted:
            known = {int(one["id"]): one for one in hits.threads}
            thread = known.get(channel_id) or await self._thread(channel_id)
            parent_id = int(thread.get("parent_id") or 0)
            is_left_out = channel_id in self._exclusions.channels
            self._wanted[channel_id] = parent_id in self._channels.readable and not is_left_out
        return self._wanted[channel_id]

    async def _thread(self, channel_id: int) -> Raw:
        if any(one.channel_id == channel_id for one in self._channels.results):
            return {}
        try:
            found: Any = await self._run.asking.ask("look at a channel", lambda: self._http.get_channel(channel_id))
            return dict(found)
        except (OutOfReach, Troubled):
            return {}

    async def contexts(self, earlier: Mapping[int, PlaceResult]) -> None:
        """Read what stood before the messages that were found, within the requests that the plan has left.

        `earlier` is what came of each place before. Raises ConnectionLost.
        """
        run = self._run
        self._troubled = frozenset(
            one.channel_id for one in earlier.values() if one.outcome is Outcome.READING and one.reason
        )
        await run.note([PlaceResult(channel_id, Outcome.READ) for channel_id in self._troubled])
        own = {
            channel_id: messages
            for channel_id, messages in (await run.corpus.own_ids(run.profile)).items()
            # Of threads, which are known by what is found there, an earlier run may have found messages.
            if self._wanted.get(channel_id, channel_id > 0)
        }
        windows = Windows(own, run.window, max(0, run.plan.requests - run.made - AFTER))
        await abreast(self._work(windows) for _ in range(ABREAST))

    async def _work(self, windows: Windows) -> None:
        while (window := windows.next()) is not None:
            try:
                await self._context(windows, window)
            except ConnectionLost as error:
                # Should it be this place after all, the next try is to know.
                await self._run.note([PlaceResult(window.channel_id, Outcome.READING, str(error))])
                raise
            except (OutOfReach, ServiceUnavailable) as error:
                log.info("No context is read in channel %d: %s", window.channel_id, error)
                windows.lost(window.channel_id)
                why = f"What stood before the messages that were found there could not be read. {error}"
                await self._run.note([PlaceResult(window.channel_id, Outcome.READ, why)])

    async def _context(self, windows: Windows, window: Window) -> None:
        run, channel_id = self._run, window.channel_id
        page = await run.asking.ask(
            "read a channel's messages",
            lambda: self._http.logs_from(channel_id, PAGE, before=window.before),
            was_troubled=channel_id in self._troubled,
        )
        with understood("A page of messages"):
            messages = checked(page, channel_id, window.before)
        await self._look_at(messages)
        with understood("A page of messages"):
            settled = windows.took(window, list(self._seen(messages)))
            found = sift(messages, run.reader, channel_id, Carry(), run.window)
        rows = [
            replace(row, bare=row.message_id not in settled, provenance=Provenance.SEARCH) if row.own else row
            for row in found.kept
        ]
        run.seen += len(messages)
        await run.keep(rows)

    async def _look_at(self, page: Sequence[Raw]) -> None:
        """Raises NoPermission where Discord withholds what stands in the messages."""
        with understood("A page of messages"):
            is_in_doubt = self._run.bareness.look_at(page)
        if is_in_doubt:
            await require_intent(self._run.asking, self._http)

    def _seen(self, page: Iterable[Raw]) -> Iterable[Seen]:
        reader = self._run.reader
        for raw in page:
            own = reader.is_own(raw)
            yield Seen(int(raw["id"]), own, not own and reader.clean(raw).kind is Kind.WORDS)
