"""Changes master keys in children that are killed: `python -m tests.support.rotating_child`.

Each line of its input is an order, whose child is killed at the given moment (counted in files opened, renamed, linked
and removed, and in SQL statements begun; 0: never); each line of its output says how that ended, and after how many.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from echo.config import load
from echo.rotating import Kind, NewKey, rotate, settle
from echo.secrets import Secrets

AT = datetime(2026, 6, 15, 12, tzinfo=UTC)
EVENTS = {"open", "os.rename", "os.link", "os.remove", "os.mkdir", "sqlite3.connect"}


class Moments:
    """Counts what happens from now on, and kills the process at one of these moments."""

    def __init__(self, deadly: int) -> None:
        self._left, self.count = deadly, 0
        self._connect = sqlite3.connect
        sys.addaudithook(self._hear)
        # The audit's event of a connection comes before it can be asked to tell its statements.
        sqlite3.connect = self._connected  # type: ignore[assignment]

    def _hear(self, event: str, _: tuple[Any, ...]) -> None:
        if event in EVENTS:
            self._moment()

    def _connected(self, *given: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = self._connect(*given, **named)
        connection.set_trace_callback(lambda _: self._moment())
        return connection

    def _moment(self) -> None:
        self.count += 1
        if self.count == self._left:
            os.kill(os.getpid(), signal.SIGKILL)


def obey(order: dict[str, Any], told: int) -> None:
    """Change or settle the keys of the folder, and tell how many moments that had."""
    moments = Moments(order["deadly"])
    folder = Path(order["folder"])
    if order["what"] == "rotate":
        new = NewKey(bytes.fromhex(order["new"]), Kind(order["kind"]), order["derivation"])
        rotate(folder, bytes.fromhex(order["old"]), new, AT)
    else:
        settle(folder, secrets_of(folder, order["environ"]), AT)
    os.write(told, b"%d" % moments.count)


def secrets_of(folder: Path, environ: dict[str, str]) -> Secrets:
    """What is set there."""
    return load(environ=environ | {"ECHO_DATA_DIR": str(folder)}, cwd=folder).secrets


def main() -> None:
    """Obey until the input ends."""
    for line in sys.stdin:
        told, telling = os.pipe()
        if not (child := os.fork()):
            code = 1
            try:
                obey(json.loads(line), telling)
                code = 0
            finally:
                os._exit(code)
        os.close(telling)
        with os.fdopen(told, "rb") as pipe:
            count = pipe.read().decode() or "0"
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)} {count}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
