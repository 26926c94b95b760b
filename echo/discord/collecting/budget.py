"""Sharing the requests that Discord allows the bot among all that is collected, as many of them as possible."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

WINDOW = 1.0
"""Seconds: Discord counts a bot's requests by the second (Discord API reference, "Rate Limits")."""
CATCH_UP = 10
"""Requests that may follow at once where the loop was late; more would be no even pace."""
ON_THE_WAY = 0.1
"""Seconds that a request whose answer is not waited for here is taken to need until Discord has counted it."""

JUST_BEFORE = 0.1
"""The share of a second's requests that is taken to be used when the first comes: by logging in, answering a command.
"""
ALLOWED = 49
"""Requests in a second, of the 50 that Discord allows a bot: now and then something else is asked too."""
FOR_ECHOES = 9
"""So many fewer at most, one for each echo that types and speaks meanwhile."""


def beside_echoes(online: int) -> float:
    """Requests that may be made in a second while so many echoes are online."""
    return float(ALLOWED - min(FOR_ECHOES, online))


class Budget:
    """Lets at most `per_second()` requests through in any second as Discord sees it, evenly spread; None is all.

    When Discord counts a request lies somewhere between its sending and its answer. So one that has no answer yet
    counts, as does one whose answer came less than a second ago: then no second holds more, however late the network
    or this process are. Half of the shortest time that an answer ever took is taken for its way back.

    Who waits takes turns by account, however many wait at one; background accounts wait until no other does.
    """

    def __init__(self, per_second: Callable[[], float] | float | None) -> None:
        self._rate: Callable[[], float | None] = per_second if callable(per_second) else lambda: per_second
        self._queues: tuple[deque[Account], deque[Account]] = deque(), deque()
        self._under_way = 0
        self._answered: deque[float] = deque()
        self._paced = 0.0
        self._shortest = ON_THE_WAY
        self._alarm: asyncio.TimerHandle | None = None

    def account(self, *, background: bool = False) -> Account:
        """A share of the budget: every collecting has one of its own."""
        return Account(self, background)

    @property
    def per_second(self) -> float | None:
        """Requests that may be made in a second now, None where nothing limits them."""
        return self._rate()

    def queue(self, account: Account) -> None:
        """Somebody waits at the account."""
        waiting = self._queues[account.is_background]
        if account not in waiting:
            waiting.append(account)
        self._pass()

    def leave(self, took: float | None) -> None:
        """A request that was let through is over; `took` seconds passed until its answer, None where none came."""
        if took is not None:
            self._shortest = min(took, self._shortest)
        self._under_way -= 1
        self._answered.append(asyncio.get_running_loop().time() - (self._shortest / 2 if took is not None else 0.0))
        self._pass()

    def _pass(self) -> None:
        """Let through who may pass now, and see to it that this is looked at again in time."""
        loop = asyncio.get_running_loop()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        while (waiting := self._next_queue()) is not None:
            wait = self._wait(loop.time())
            if wait is None:
                return
            if wait > 0:
                self._alarm = loop.call_later(wait, self._pass)
                return
            account = waiting.popleft()
            waiting.append(account)
            self._under_way += 1
            account.admit()

    def _next_queue(self) -> deque[Account] | None:
        """Where the account whose turn it is stands first."""
        for waiting in self._queues:
            while waiting and not waiting[0].is_waiting:
                waiting.popleft()
            if waiting:
                return waiting
        return None

    def _wait(self, now: float) -> float | None:
        """Seconds until one more may pass; None: not before an answer comes."""
        limit = self._rate()
        if limit is None:
            return 0.0
        while self._answered and self._answered[0] <= now - WINDOW:
            self._answered.popleft()
        if not self._under_way and not self._answered:
            self._answered.extend([now] * int(limit * JUST_BEFORE))
        wait = max(0.0, self._paced - now)
        if self._under_way + len(self._answered) + 1 > max(1.0, limit):
            if not self._answered:
                return None
            wait = max(wait, self._answered[0] + WINDOW - now, 1e-3)
        if wait == 0.0:
            gap = 1 / limit
            self._paced = max(self._paced, now - CATCH_UP * gap) + gap
        return wait


class Account:
    """Where one collecting waits for its turn."""

    def __init__(self, budget: Budget, is_background: bool) -> None:
        self.is_background = is_background
        self._budget = budget
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def per_second(self) -> float | None:
        """Requests that all accounts together may make in a second now, None where nothing limits them."""
        return self._budget.per_second

    @property
    def is_waiting(self) -> bool:
        """Whether anybody waits here."""
        while self._waiting and self._waiting[0].done():
            self._waiting.popleft()
        return bool(self._waiting)

    def admit(self) -> None:
        """Let the first who waits here through."""
        self._waiting.popleft().set_result(None)

    @asynccontextmanager
    async def request(self) -> AsyncIterator[None]:
        """Within this one request is made: it begins when it is its turn, and ends when its answer is there."""
        await self._enter()
        loop = asyncio.get_running_loop()
        sent, took = loop.time(), None
        try:
            yield
            took = loop.time() - sent
        finally:
            self._budget.leave(took)

    async def take(self) -> None:
        """Return when it is one request's turn, where its answer can't be waited for here."""
        await self._enter()
        asyncio.get_running_loop().call_later(ON_THE_WAY, self._budget.leave, None)

    async def _enter(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._budget.queue(self)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._budget.leave(None)
            raise
