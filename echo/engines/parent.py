"""The side of a child process that computes for an engine: it tells its parent how far it is, and goes with it.

The other side is `echo.engines.child`.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO, Final

GONE: Final = 3
"""Exit code where the parent went away."""


def follow(source: BinaryIO) -> None:
    """From now on, end when `source` ends: it stays open for as long as the parent wants an answer."""
    threading.Thread(target=_leave_with_parent, args=(source,), daemon=True).start()


def say(sink: BinaryIO, row: dict[str, object]) -> None:
    """One JSON line, at once."""
    sink.write(json.dumps(row).encode("ascii") + b"\n")
    sink.flush()


def run(serve: Callable[[BinaryIO, BinaryIO], int]) -> None:
    """Serve over the process's own streams, and end with its exit code. A closed output: nobody waits any more."""
    try:
        code = serve(sys.stdin.buffer, sys.stdout.buffer)
    except BrokenPipeError:
        code = GONE
    # At once: the thread that watches the parent still reads standard input, and a normal end would wait for it.
    os._exit(code)


def _leave_with_parent(source: BinaryIO) -> None:
    while source.read(1):
        pass
    os._exit(GONE)
