"""Where the log goes, and what never gets into it."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from typing import Any

from echo.crashes import places
from echo.secrets import SecretFilter, Secrets

TALKATIVE = (
    "aiosqlite",
    "transitions",
    "nextcord",
    "asyncio",
    "httpx",
    "httpcore",
    "aiohttp",
    "hypothesis",
    "apscheduler",
)
"""Libraries that log, at lower levels, what passes through them: what people wrote, or rows and keys."""
_REPR = re.compile(r"[<(\n]")
"""How the repr of an object or of arguments begins."""
FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def describe(error: BaseException) -> str:
    """Kind and place of an exception. Not its message: that may quote what somebody wrote."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno} in {frames[-1].name}" if frames else ""
    return f"{type(error).__name__}{place}"


class NoReprs(logging.Filter):
    """Takes out of asyncio's messages what follows their words: the repr of a task, future or callback, with the
    exception or the arguments in it, which may be what somebody wrote."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Cut the message of asyncio's records."""
        if record.name == "asyncio":
            record.msg, record.args = _REPR.split(record.getMessage(), 1)[0].rstrip(), None
        return True


class DiscreetFormatter(logging.Formatter):
    """Writes an exception as its kind and place; never its message, which may quote what somebody wrote.

    Where the root logger is at DEBUG, every place that it came through is written.
    """

    def formatException(self, ei: Any) -> str:
        """Kind and place."""
        error = ei[1]
        if error is None:
            return ""
        return describe(error) if logging.getLogger().level > logging.DEBUG else places(error)


def set_up(level: str, secrets: Secrets, handler: logging.Handler | None = None) -> logging.Handler:
    """Send the log of `level` and above to `handler` (standard error if None), secrets blotted out."""
    handler = handler or logging.StreamHandler(sys.stderr)
    handler.setFormatter(DiscreetFormatter(FORMAT))
    handler.addFilter(NoReprs())
    handler.addFilter(SecretFilter(*secrets.values))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    return handler
