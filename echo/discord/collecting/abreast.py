"""Doing several things at the same time, of which none goes on once one has failed."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any


async def abreast(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Return once all are done; where one fails or this is cancelled, end the others first and raise that."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
