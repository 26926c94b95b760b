"""A real Echo in a process of its own, against a Discord elsewhere: `python -m tests.support.child API_BASE`.

The settings and the token come from the environment, as always. It prints one line of JSON once it is connected.
"""

from __future__ import annotations

import asyncio
import sys

from echo.app import Serving
from echo.cli import told
from echo.config import load
from echo.serving import serve


def announce(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def work() -> int:
    """Serve as the first argument says."""
    serving = Serving(sandbox=False, headless=True, api_base=sys.argv[1])
    return asyncio.run(serve(load(), serving, announce))


if __name__ == "__main__":
    sys.exit(told(work))
