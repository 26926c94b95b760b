"""Other programs that get at the same file: started for real, told apart by what they print."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2:]:
    connection.execute(statement).fetchone()
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def child(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """A Python process with these arguments, and its output; it is killed at the end, if it still runs."""
    process = subprocess.Popen(
        [sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    assert process.stdout is not None
    with process:
        try:
            yield process, process.stdout
        finally:
            process.kill()


@contextmanager
def another_program(path: Path, *statements: str) -> Iterator[None]:
    """Another process that has run these statements on the database, and keeps its connection open."""
    with child("-c", _HOLD, str(path), *statements) as (_, output):
        assert output.readline() == "held\n"
        yield
