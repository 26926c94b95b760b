"""The process of a command: a module of `tests.support.zygote`, which has imported what the command line needs."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Final

from echo import corpus_cli, score_cli, serving
from echo.cli import main

LOADED: Final = (corpus_cli, score_cli, serving)
"""What the command line itself imports only once it is needed."""
STREAMS: Final = ("out", "err")
"""The files that take the place of standard output and standard error."""
PATIENCE: Final = 60
"""Seconds after which a command that does not end is killed."""


def obey(line: bytes) -> int:
    """Run the command of an order in its folder, with its environment alone; the exit code."""
    folder, home, arguments, environ = json.loads(line)
    signal.alarm(PATIENCE)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, stream in enumerate(STREAMS, 1):
        os.dup2(os.open(Path(folder, stream), os.O_WRONLY | os.O_CREAT, 0o600), number)
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(home)
    try:
        return main(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
