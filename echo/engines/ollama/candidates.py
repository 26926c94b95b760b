"""Best of n: how many drafts of one answer are begun, and when enough of them are there."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from echo.engines.ollama.leisure import Deadline, Load
from echo.engines.ollama.telling import Completion
from echo.errors import EngineUnavailable

TRIES: Final = 3
"""Drafts, each with another seed, until the guard lets one pass."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`most` drafts of an answer, as far as they end before `deadline`, and while fewer than `parallel` of this or any
    other answer are being made; `base` is the base model, by which it is known how long one takes."""

    base: str
    most: int
    parallel: int
    deadline: Deadline


@dataclass(slots=True)
class Candidates:
    """The drafts of one answer. `ask(n)` makes the n-th, `judge` gives its messages, none where it may not be said
    (and counts in `objections` why).

    One is made in any case, then up to TRIES one by one until one passes; others only while they are expected to end
    before the answer is due. What is not ready by then is dropped as soon as one has passed.
    """

    ask: Callable[[int], Awaitable[Completion]]
    judge: Callable[[Completion], tuple[str, ...]]
    limits: Limits
    load: Load
    objections: Counter[str] = field(default_factory=Counter)
    made: list[Completion] = field(default_factory=list)
    passing: list[tuple[str, ...]] = field(default_factory=list)
    _failed: list[EngineUnavailable] = field(default_factory=list)
    _begun: int = 0

    async def gather(self) -> None:
        """Fills `made`, in the order in which they came, and `passing`.

        Raises EngineUnavailable where nothing passed and a draft could not be made.
        """
        deadline, running = self.limits.deadline, set[asyncio.Task[Completion]]()
        try:
            while True:
                while self._may_begin(len(running)):
                    running.add(self._begin())
                if not running or (self.passing and not deadline.left):
                    break
                timeout = deadline.left if self.passing else None
                done, running = await asyncio.wait(running, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    self._take(task)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        if self._failed and not self.passing:
            raise self._failed[0]

    def _may_begin(self, running: int) -> bool:
        if self._failed:
            return False
        # Late is better than never, but only one by one. Nobody's first draft waits for another one's further ones.
        if not running and not self.passing and self._begun < TRIES:
            return True
        base, has_slot = self.limits.base, self.load.running(self.limits.base) < self.limits.parallel
        return has_slot and self._begun < self.limits.most and self.limits.deadline.allows(self.load.expected(base))

    def _begin(self) -> asyncio.Task[Completion]:
        task = asyncio.create_task(self._draft(self._begun))
        self._begun += 1
        # Counted from here to its end, even where it is cancelled before it could start.
        self.load.begin(self.limits.base)
        task.add_done_callback(lambda _: self.load.end(self.limits.base))
        return task

    async def _draft(self, number: int) -> Completion:
        clock = self.limits.deadline.clock
        began = clock()
        made = await self.ask(number)
        self.load.learn(self.limits.base, clock() - began)
        return made

    def _take(self, task: asyncio.Task[Completion]) -> None:
        try:
            made = task.result()
        except EngineUnavailable as problem:
            self._failed.append(problem)
            return
        self.made.append(made)
        texts = self.judge(made)
        if texts:
            self.passing.append(texts)
