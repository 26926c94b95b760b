"""Tasks that are watched: none ends in an exception unseen, and all end when the process does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from echo.logs import describe

log = logging.getLogger(__name__)


class Tasks:
    """A bag of running tasks; `failed` hears of each one that ends in an exception nobody expected."""

    def __init__(self, failed: Callable[[str, str], None]) -> None:
        self._failed = failed
        self._running: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work` in the background under `name`."""
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def end(self, within: float) -> None:
        """Cancel what still runs and wait for it, `within` seconds at most."""
        for task in tuple(self._running):
            task.cancel()
        if self._running:
            await asyncio.wait(tuple(self._running), timeout=within)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            sentence = f"{task.get_name()} broke: {describe(error)}."
            log.error("%s", sentence)
            self._failed(task.get_name(), sentence)
