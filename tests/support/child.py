"""A real Echo in a process of its own, against a Discord elsewhere: `python -m tests.support.child API_BASE`.

The settings and the token come from the environment, as always. It prints one line of JSON once it is connected.
A zygote can bear it, too.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from echo.app import Serving
from echo.cli import told
from echo.config import load
from echo.serving import serve


def announce(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def work(api_base: str) -> int:
    """Serve at this Discord."""
    serving = Serving(sandbox=False, headless=True, api_base=api_base)
    return asyncio.run(serve(load(), serving, announce))


def order(api_base: str, home: Path, environ: Mapping[str, str]) -> bytes:
    """The line that a zygote is given."""
    return json.dumps([api_base, str(home), dict(environ)]).encode() + b"\n"


def obey(line: bytes) -> int:
    """Serve as an order says, in its folder and with its environment alone; the exit code."""
    api_base, home, environ = json.loads(line)
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(home)
    return told(partial(work, api_base))


if __name__ == "__main__":
    sys.exit(told(partial(work, sys.argv[1])))
