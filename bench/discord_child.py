"""A loopback Discord in a process of its own: `python -m bench.discord_child EXPORT SEED [limited]`.

So that what it costs to be Discord is not counted as Echo's. Prints its address once it answers, ends with its input.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from echo.corpus.importers import read_all
from echo.sandbox.server import Sandbox
from echo.sandbox.world import World
from schedules.clock import SystemClock

NAME = "A server to measure"


def world_of(export: Path, seed: int) -> World:
    """The same world, with the same ids, in the child and in whoever started it."""
    return World.populate(seed, NAME, read_all(export))


async def serve(export: Path, seed: int, limited: bool) -> None:
    """Serve until standard input ends, with Discord's rate limits if `limited`."""
    clock = SystemClock()
    async with Sandbox(world_of(export, seed), clock=lambda: clock().timestamp(), rate_limits=limited) as sandbox:
        print(sandbox.address, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]), "limited" in sys.argv[3:]))
