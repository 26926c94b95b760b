"""Letting requests through one after another, no faster than is allowed."""

from __future__ import annotations

import asyncio


class Turns:
    """Gives each caller a moment of its own, `per_second` of them evenly spread; None lets everybody through."""

    def __init__(self, per_second: float | None) -> None:
        self._gap = 1.0 / per_second if per_second else 0.0
        self._next = 0.0

    async def take(self) -> None:
        """Return when it is this caller's turn."""
        now = asyncio.get_running_loop().time()
        mine = max(now, self._next)
        self._next = mine + self._gap
        if mine > now:
            await asyncio.sleep(mine - now)
