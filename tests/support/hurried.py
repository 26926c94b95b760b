"""An event loop on which time passes as soon as nothing else is to be done: what waits by the clock waits no time."""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any


class _Hurry(selectors.SelectSelector):
    """Instead of waiting for a while it moves the clock on by as much."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout > 0:
            self.now += timeout
            timeout = 0
        return super().select(timeout)


class HurriedLoop(asyncio.SelectorEventLoop):
    """For what waits by the clock alone: it does not wait for answers from elsewhere."""

    def __init__(self) -> None:
        self._hurry = _Hurry()
        super().__init__(self._hurry)

    def time(self) -> float:
        """Seconds that would have passed."""
        return self._hurry.now


def hurried(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """The same test on such a loop."""

    @functools.wraps(test)
    def run() -> None:
        with asyncio.Runner(loop_factory=HurriedLoop) as runner:
            runner.run(test())

    return run
