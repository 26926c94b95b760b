"""Child processes of our own that compute for an engine, so that the event loop goes on and time can be limited."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from echo.errors import EngineFailed

_PASSED_ON: Final = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")
_BATCH: Final = 64
_LARGE: Final = 2**15
"""Bytes: after a line of these the child is waited for, since what piles up here is moved at each write."""


@asynccontextmanager
async def child_of(
    module: str, longest: int = 2**16, environment: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A Python that runs `module` with piped input and output, killed at the latest on leaving.

    `longest` are the bytes of the longest line that it says, `environment` is what it gets besides the usual.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # not whatever lies in the folder in which Echo was started
        "-m",
        module,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**_environment(), **environment},
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


async def conversed(
    child: asyncio.subprocess.Process,
    request: Iterable[bytes],
    progress: Callable[[float], None],
    last: str,
    died: str,
) -> dict[str, Any]:
    """The row with the key `last` that the child answers a request with; `progress` gets shares until then.

    Raises EngineFailed with what the child says went wrong, or with `died` where it ends early or says no such thing.
    """
    assert child.stdout is not None
    try:
        await feed(child, request)
    except ConnectionError as problem:
        raise EngineFailed(died) from problem
    while True:
        row = _row(await child.stdout.readline(), {"progress", "error", last}, died)
        if "error" in row:
            raise EngineFailed(str(row["error"]))
        if last in row:
            return row
        progress(float(row["progress"]))


def _row(line: bytes, keys: set[str], died: str) -> dict[str, Any]:
    """One line of the child's, which has one of the keys. Raises EngineFailed where it is none."""
    try:
        row = json.loads(line)
    except ValueError as problem:
        raise EngineFailed(died) from problem
    if not isinstance(row, dict) or not row.keys() & keys:
        raise EngineFailed(died)
    return row


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
