"""Where the log goes, and what never gets into it."""

from __future__ import annotations

import logging
import sys

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
FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def set_up(level: str, secrets: Secrets, handler: logging.Handler | None = None) -> logging.Handler:
    """Send the log of `level` and above to `handler` (standard error if None), secrets blotted out."""
    handler = handler or logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(FORMAT))
    handler.addFilter(SecretFilter(secrets.token, secrets.master_key))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    return handler
