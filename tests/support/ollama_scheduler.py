"""The scheduler of the loopback Ollama: which bases are loaded, how often, and whose turn it is.

As the real one: a runner serves one base blob whatever persona asks, with the options that it was loaded with; other
ones (or another adapter) load it again. Requests for runners wait in one bounded queue, one placed after another;
those for a free slot of a loaded runner wait for ever. A slot remembers its last prompt.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, Final

from tests.support.ollama_models import Model
from tests.support.ollama_prompts import RELOADING

KEPT_ALIVE: Final = 300.0
"""Seconds that an idle runner stays loaded."""
SIMILAR: Final = 0.1
"""Share of a prompt that a slot must have in common with it to be chosen for that."""


class QueueFull(Exception):
    """More requests wait for a runner than may."""


@dataclass(eq=False)
class Slot:
    """Tokens of the last prompt and answer; when it was used last (a count)."""

    tokens: tuple[str, ...] = ()
    used: int = 0

    def cached(self, prompt: Sequence[str]) -> int:
        """Tokens of a prompt that need not be evaluated again: its beginning, but never all of it."""
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(self.tokens, prompt, strict=False)))
        return min(same, len(prompt) - 1)


@dataclass(eq=False)
class Runner:
    """One loaded base. `name` and `model` are those of the first persona that loaded it."""

    name: str
    model: Model
    options: dict[str, Any]
    slots: list[Slot]
    keep_alive: float
    expires: float = 0.0
    users: int = 0
    free: list[Slot] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    timer: asyncio.TimerHandle | None = None
    turns: int = 0

    @asynccontextmanager
    async def slot(self, prompt: Sequence[str]) -> AsyncIterator[Slot]:
        """A free slot, the one that knows most of the prompt; else the one that was not used for longest."""
        async with self.changed:
            await self.changed.wait_for(lambda: self.free)
            likest = max(self.free, key=lambda slot: slot.cached(prompt))
            if likest.cached(prompt) <= SIMILAR * len(prompt):
                likest = min(self.free, key=lambda slot: slot.used)
            self.free.remove(likest)
        self.turns += 1
        likest.used = self.turns
        try:
            yield likest
        finally:
            self.free.append(likest)
            async with self.changed:
                self.changed.notify()


class Scheduler:
    """`loads` names the bases in the order in which they were loaded, as often as they were."""

    def __init__(self, bases: int, slots: int, waiting: int, loading: Callable[[], Any]) -> None:
        """At most `bases` are loaded at once, each with `slots`; `waiting` requests may wait for a runner. `loading`
        returns what to await while something loads."""
        self.bases, self.slots, self.waiting = bases, slots, waiting
        self.loads: list[str] = []
        self.runners: dict[str, Runner] = {}
        self.queued = 0
        self._loading = loading
        self._turn = asyncio.Lock()
        self._idle = asyncio.Condition()

    @asynccontextmanager
    async def runner(
        self, name: str, model: Model, options: dict[str, Any], keep_alive: float | None
    ) -> AsyncIterator[Runner]:
        """One with that model's base. Raises QueueFull."""
        if self.queued >= self.waiting:
            raise QueueFull
        self.queued += 1
        try:
            async with self._turn:
                runner = await self._placed(name, model, options)
                runner.users += 1
        finally:
            self.queued -= 1
        if keep_alive is not None:
            runner.keep_alive = keep_alive
        if runner.timer is not None:
            runner.timer.cancel()
        try:
            yield runner
        finally:
            runner.users -= 1
            if runner.users == 0:
                await self._left(runner)

    def unload(self, base: str) -> None:
        """Let a base go as soon as nobody uses it, whoever asked for it to stay."""
        if (runner := self.runners.get(base)) is not None:
            runner.keep_alive = 0.0
            if runner.users == 0:
                self._gone(runner)

    def unload_all(self) -> None:
        """As when the server ends."""
        for runner in list(self.runners.values()):
            self._gone(runner)

    async def _placed(self, name: str, model: Model, options: dict[str, Any]) -> Runner:
        wanted: dict[str, Any] = {key: options[key] for key in RELOADING if key in options}
        found = self.runners.get(model.base)
        if found is not None:
            if found.options == wanted and found.model.adapter == model.adapter:
                return found
            await self._made_idle(found)
        while len(self.runners) >= self.bases:
            # An idle one that would go first anyway; where none is, the first that becomes idle.
            await self._made_idle(min(self.runners.values(), key=lambda runner: (runner.users, runner.keep_alive)))
        await self._loading()
        self.loads.append(model.base)
        slots = [Slot() for _ in range(self.slots)]
        runner = Runner(name, model, wanted, slots, KEPT_ALIVE, free=list(slots))
        self.runners[model.base] = runner
        return runner

    async def _made_idle(self, runner: Runner) -> None:
        runner.keep_alive = 0.0
        async with self._idle:
            await self._idle.wait_for(lambda: runner.users == 0)
        self._gone(runner)

    async def _left(self, runner: Runner) -> None:
        if runner.keep_alive == 0:
            self._gone(runner)
        elif runner.keep_alive > 0:
            runner.expires = time.time() + runner.keep_alive
            runner.timer = asyncio.get_running_loop().call_later(runner.keep_alive, self._gone, runner)
        async with self._idle:
            self._idle.notify_all()

    def _gone(self, runner: Runner) -> None:
        if runner.timer is not None:
            runner.timer.cancel()
        if self.runners.get(runner.model.base) is runner:
            del self.runners[runner.model.base]
