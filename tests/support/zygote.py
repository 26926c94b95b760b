"""Imports once what collecting needs, and forks a life of its own for every order: `python -m tests.support.zygote`.

An order is a line of JSON on stdin. Two lines on stdout answer it: the number of the process that lives it, and when
that is over its exit status (negative: the signal). The number stays its own until the next line on stdin.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import traceback

from tests.support.collecting_life import Order, live


def tell(number: int) -> None:
    """One line to whoever ordered."""
    os.write(1, b"%d\n" % number)


def fork(order: Order) -> int:
    """The number of a new process that lives by the order. Nothing here may have begun a thread or an event loop."""
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        asyncio.run(live(order))
        status = 0
    finally:
        if status:
            traceback.print_exc()
        os._exit(status)


def serve() -> None:
    """Fork life after life, until stdin ends."""
    # What is never collected is not copied to every life either.
    gc.collect()
    gc.freeze()
    while line := sys.stdin.buffer.readline():
        process = fork(Order.of(line))
        tell(process)
        end = os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
        assert end is not None
        tell(end.si_status if end.si_code == os.CLD_EXITED else -end.si_status)
        # Until this is read the one who ordered may still send signals to that number.
        sys.stdin.buffer.readline()
        os.waitpid(process, 0)


if __name__ == "__main__":
    serve()
