"""Child processes of our own that compute for an engine, so that the event loop goes on and time can be limited."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

_PASSED_ON: Final = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")
_BATCH: Final = 64
_LARGE: Final = 2**15
"""Bytes: after a line of these the child is waited for, since what piles up here is moved at each write."""


@asynccontextmanager
async def child_of(module: str, longest: int = 2**16) -> AsyncIterator[asyncio.subprocess.Process]:
    """A Python that runs `module` with piped input and output, killed at the latest on leaving.

    `longest` are the bytes of the longest line that it says.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # not whatever lies in the folder in which Echo was started
        "-m",
        module,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_environment(),
        limit=longest,
    )
    try:
        yield child
    finally:
        await _end(child)


async def feed(child: asyncio.subprocess.Process, lines: Iterable[bytes]) -> None:
    """Give the child its input, in portions that leave the loop to others; the input stays open.

    Raises ConnectionError where the child is gone.
    """
    assert child.stdin is not None
    for count, line in enumerate(lines):
        child.stdin.write(line)
        if count % _BATCH == 0 or len(line) >= _LARGE:
            await child.stdin.drain()
            await asyncio.sleep(0)
    await child.stdin.drain()


def _environment() -> dict[str, str]:
    """What the child needs to find Python and Echo, and none of the secrets that the environment may hold."""
    kept = {k: os.environ[k] for k in _PASSED_ON if k in os.environ}
    root = str(Path(__file__).resolve().parents[2])
    return {**kept, "PYTHONPATH": root, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


async def _end(child: asyncio.subprocess.Process) -> None:
    """Sees to it that the child is gone, whatever happened."""
    if child.returncode is None:
        # A child that has given its answer may be ending by itself: then there is nothing to kill. Not child.kill():
        # that looks whether the child has ended, and asyncio then misses the end and complains.
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)
    if child.stdin is not None:
        child.stdin.close()
    await asyncio.shield(child.wait())
