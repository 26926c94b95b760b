"""`echo-bot retention`: shows what is too old, or erases it where no Echo runs that would."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Callable, Sequence

from db.errors import StorageError
from db.retention import Due, Swept
from echo.data_folder import home_meant, looking, master_key_of
from echo.errors import AlreadyRunning, ConfigError
from echo.lock import only_one
from echo.settings import Loaded
from echo.store import open_store
from echo.upkeep import bounds
from schedules.clock import Clock, SystemClock

Say = Callable[[str], None]
RUNNING = (
    "An Echo is running on {home}, and erases what is too old every night: look with --dry-run, or stop it first, then "
    "try again."
)


def run(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock | None = None) -> int:
    """Do what was asked for; the exit code. Raises EchoError: AlreadyRunning, UsageError, ConfigError."""
    work = _show if options.dry_run else _erase
    try:
        return asyncio.run(work(options, loaded, say, clock or SystemClock()))
    except StorageError as error:
        raise ConfigError(str(error)) from error


async def _show(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock) -> int:
    async with looking(options, loaded, clock) as store:
        found = await store.retention.due(bounds(loaded.settings, clock()))
    say(_json(found) if options.json else "\n".join(["What would go now:", *map(_line, found)]))
    return 0


async def _erase(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock) -> int:
    home = home_meant(options, loaded.settings)
    try:
        with only_one(home):
            async with open_store(home, master_key_of(loaded), clock) as store:
                swept = await store.retention.sweep(bounds(loaded.settings, clock()))
    except AlreadyRunning as error:
        raise AlreadyRunning(RUNNING.format(home=home)) from error
    say(json.dumps({"erased": swept.counts}, indent=2) if options.json else _told(swept))
    return 0


def _line(due: Due) -> str:
    oldest = f", the oldest of {due.oldest:%d.%m.%Y}" if due.oldest is not None else ""
    return f"  {due.kind:<30}{due.count:>10,}  from before {due.before:%d.%m.%Y}{oldest}"


def _json(found: Sequence[Due]) -> str:
    rows = [
        {
            "kind": due.kind,
            "count": due.count,
            "oldest": due.oldest.isoformat(timespec="seconds") if due.oldest is not None else None,
            "before": due.before.isoformat(timespec="seconds"),
        }
        for due in found
    ]
    return json.dumps({"due": rows}, indent=2)


def _told(swept: Swept) -> str:
    lines = [f"  {kind:<30}{count:>10,}" for kind, count in swept.counts.items() if count]
    return "\n".join(["Erased:", *lines] if lines else ["Nothing was too old."])
