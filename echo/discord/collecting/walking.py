"""Reading places side by side, the newest messages of the whole server first."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from nextcord.http import HTTPClient

from db.stored import Outcome, PlaceResult
from echo.discord.collecting.abreast import abreast
from echo.discord.collecting.access import Membership
from echo.discord.collecting.asking import ConnectionLost
from echo.discord.collecting.closing import why_empty
from echo.discord.collecting.intent import require_intent
from echo.discord.collecting.run import Run
from echo.discord.collecting.walk import PAGE, Raw, checked, sift
from echo.discord.collecting.walker import Walker
from echo.discord.failures import OutOfReach, understood
from echo.errors import ServiceUnavailable

log = logging.getLogger(__name__)

ABREAST = 8
"""Places asked at the same time: while one is waited for, cleaned or stored, the others keep the rate full."""
UNKNOWN_CHANNEL = 10003
"""Discord's code of a channel that does not exist (any more)."""
A_WEEK = 7 * 86_400_000.0
"""Milliseconds that a page is taken to hold before any was read."""


class Walking:
    """Reads what the walkers have before them, until all is read or older messages are not wanted any more."""

    def __init__(self, run: Run, http: HTTPClient, me: Membership, walkers: Sequence[Walker]) -> None:
        self._run = run
        self._http = http
        self._me = me
        self._walkers = walkers
        self._waiting: list[tuple[bool, int, int]] = []
        self._estimated_at = 0

    async def whole(self) -> list[PlaceResult]:
        """Read; what came of each place, which is yet to be noted unless the place could not be read.

        Raises ConnectionLost where nothing can be read, and what storing raises.
        """
        for number, walker in enumerate(self._walkers):
            walker.carry = await self._run.owed(walker.channel_id, walker.resumes_from())
            self._put(number)
        self._estimate()
        self._run.show()
        await abreast(self._work() for _ in range(min(ABREAST, len(self._waiting))))
        return [walker.result if walker.is_given_up else _ended(walker) for walker in self._walkers]

    async def _work(self) -> None:
        while (number := self._take()) is not None:
            await self._read(self._walkers[number])
            self._put(number)

    def _put(self, number: int) -> None:
        walker = self._walkers[number]
        if not walker.is_whole and not walker.is_given_up:
            heapq.heappush(self._waiting, (not walker.carry.owed, -walker.recency, number))

    def _take(self) -> int | None:
        """Which place to ask next: one that owes context, or the one whose next message may be the newest."""
        threshold = self._run.newest.threshold
        while self._waiting:
            owes_nothing, recency, number = heapq.heappop(self._waiting)
            if -recency > threshold:
                return number
            if owes_nothing:
                return None
            # Who writes all the time always owes something: what is wanted no more is owed nothing.
            if self._walkers[number].carry.answer >= threshold:
                return number
        return None

    async def _read(self, walker: Walker) -> None:
        """Ask for one page and store what is kept of it."""
        try:
            page = await self._page(walker)
            if not page and await self._is_closed(walker):
                return
            await self._keep(walker, page)
        except OutOfReach as error:
            gone = error.code == UNKNOWN_CHANNEL
            await self._give_up(walker, Outcome.GONE if gone else Outcome.CLOSED, GONE if gone else str(error))
        except ConnectionLost as error:
            # Should it be this place after all, the next try is to know.
            await self._give_up(walker, Outcome.FAILED, str(error))
            raise
        except ServiceUnavailable as error:
            await self._give_up(walker, Outcome.FAILED, str(error))

    async def _page(self, walker: Walker) -> list[Raw]:
        """The page before the walker, newest first."""
        channel_id, before = walker.channel_id, walker.before
        page = await self._run.asking.ask(
            "read a channel's messages",
            lambda: self._http.logs_from(channel_id, PAGE, before=before),
            was_troubled=walker.was_failed,
        )
        with understood("A page of messages"):
            return checked(page, channel_id, before)

    async def _keep(self, walker: Walker, page: list[Raw]) -> None:
        run = self._run
        with understood("A page of messages"):
            is_in_doubt = run.bareness.look_at(page)
            found = sift(page, run.reader, walker.channel_id, walker.carry, run.window, walker.is_known)
        if is_in_doubt:
            await require_intent(run.asking, self._http)
        does_not_follow = walker.advance(page, found)
        run.newest.add(found.words)
        run.seen += len(page)
        self._estimate()
        await run.keep(found.kept, walker.coverage())
        if does_not_follow:
            walker.carry = await run.owed(walker.channel_id, walker.resumes_from())

    async def _is_closed(self, walker: Walker) -> bool:
        """Whether a page is empty because Echo may not read the place any more."""
        why = await why_empty(self._run.asking, self._http, self._me, walker.channel_id)
        if why is not None:
            await self._give_up(walker, Outcome.CLOSED, why)
        return why is not None

    async def _give_up(self, walker: Walker, outcome: Outcome, reason: str) -> None:
        log.info("Channel %d is passed over (%s): %s", walker.channel_id, outcome, reason)
        await self._run.note([walker.conclude(outcome, reason)])

    def _estimate(self) -> None:
        """How many requests it will be in all, looked at now and then.

        As the plan has it, where the server said how much there is; else by how far back pages reached so far.
        """
        run = self._run
        if run.made < self._estimated_at:
            return
        self._estimated_at = run.made + max(1, len(self._walkers) // 50)
        pages, span = sum(one.pages for one in self._walkers), sum(one.span for one in self._walkers)
        usual = span / pages if pages else A_WEEK
        threshold = run.newest.threshold
        unread = [one for one in self._walkers if one.recency > threshold and not one.is_whole]
        left = sum(one.requests_left(usual) for one in unread)
        if run.plan.method == "walk" and run.plan.requests and unread:
            left = max(1, run.plan.requests - run.made)
        if pages and run.found:
            left = min(left, -(-run.newest.room * pages // run.found))
        run.expected = run.made + left


def with_their_threads(
    channels: Iterable[int], walkers: Sequence[Walker], incomplete: Mapping[int, str]
) -> list[PlaceResult]:
    """What came of channels once their threads count as part of them; `incomplete` says of which not all are known."""
    own = {walker.channel_id: walker.result for walker in walkers}
    lacking = {
        one.place.parent_id: _THREADS for one in walkers if one.result.outcome in (Outcome.FAILED, Outcome.CLOSED)
    }
    found = []
    for channel_id in channels:
        result = own.get(channel_id, PlaceResult(channel_id, Outcome.READ))
        why = incomplete.get(channel_id, lacking.get(channel_id))
        is_read = result.outcome is Outcome.READ
        found.append(replace(result, outcome=Outcome.FAILED, reason=why) if is_read and why else result)
    return found


def _ended(walker: Walker) -> PlaceResult:
    """What came of a place that was read as far as it was wanted."""
    return walker.conclude(Outcome.READ, None if walker.is_whole else _ENOUGH)


GONE = "It was deleted."
_THREADS = "Not all of its threads could be read."
_ENOUGH = "Its older messages were not needed: there are as many newer ones as max_messages_per_analysis asks for."
