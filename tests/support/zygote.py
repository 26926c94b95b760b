"""Imports once what a process needs, and forks one for every order: `python -m tests.support.zygote MODULE`.

An order is a line of JSON on stdin, which `MODULE.obey` is given. Two lines on stdout answer it: the number of the
process that obeys it, and when that is over its exit status (negative: the signal); what the process itself prints is
between them. The number stays its own until the next line on stdin.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
import sys
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Zygote:
    """A zygote from outside: one process at a time, which it bears in milliseconds instead of a second."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    def order(self, line: bytes) -> None:
        """Have a process born that obeys this line."""
        assert self._process.stdin is not None
        self._process.stdin.write(line)

    async def line(self) -> bytes:
        """The next line of those that answer an order. Raises EOFError where the zygote itself has died."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise EOFError
        return line

    def forget(self) -> None:
        """The process that has ended is sent no signal any more: others may get its number."""
        self.order(b"\n")


@asynccontextmanager
async def zygote_of(module: str, log: Path) -> AsyncIterator[Zygote]:
    """A zygote, and at the end none; what it and its children have to say on stderr is added to the log."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    command = (sys.executable, "-W", "ignore", "-m", "tests.support.zygote", module)
    pipe = asyncio.subprocess.PIPE
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=environ, stdin=pipe, stdout=pipe, stderr=errors
        )
    try:
        yield Zygote(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def tell(number: int) -> None:
    """One line to whoever ordered."""
    os.write(1, b"%d\n" % number)


def fork(obey: Callable[[bytes], int], order: bytes) -> int:
    """The number of a new process that obeys the order. Nothing here may have begun a thread or an event loop."""
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        status = obey(order)
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(status)


def serve(obey: Callable[[bytes], int]) -> None:
    """Fork process after process, until stdin ends."""
    # What is never collected is not copied to every process either.
    gc.collect()
    gc.freeze()
    while line := sys.stdin.buffer.readline():
        process = fork(obey, line)
        tell(process)
        end = os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
        assert end is not None
        tell(end.si_status if end.si_code == os.CLD_EXITED else -end.si_status)
        # Until this is read the one who ordered may still send signals to that number.
        sys.stdin.buffer.readline()
        os.waitpid(process, 0)


if __name__ == "__main__":
    serve(importlib.import_module(sys.argv[1]).obey)
