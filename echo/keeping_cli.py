"""`echo-bot audit` and `echo-bot db`: who did what, and whether everything that is kept is as Echo left it."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any, Final

from db.audit import Line
from db.audit_check import FILE, check
from db.errors import DatabaseCorrupt, StorageError
from db.manifest import compare, was_stopped
from db.rotation import look
from db.verifying import Verifier
from echo.data_folder import home_meant, looking, master_key_of
from echo.errors import ConfigError, DamagedStored
from echo.key_files import DATABASE
from echo.settings import Loaded
from echo.store import Store
from schedules.clock import Clock, SystemClock

Say = Callable[[str], None]
BROKEN = 65
"""The exit code where something stored is damaged: EX_DATAERR of sysexits.h."""

AUDIT: Final = "Audit: "


def run(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock | None = None) -> int:
    """Do what `echo-bot audit` or `echo-bot db` was asked for; the exit code.

    Raises EchoError: DamagedStored where the database is so far gone that it does not open.
    """
    work = {("audit", "show"): _show, ("audit", "verify"): _verify_audit, ("db", "verify"): _verify}
    try:
        return asyncio.run(work[options.command, options.what](options, loaded, say, clock or SystemClock()))
    except (StorageError, ConfigError) as error:
        if isinstance(error, DatabaseCorrupt) or isinstance(error.__cause__, DatabaseCorrupt):
            raise DamagedStored(str(error)) from error
        raise ConfigError(str(error)) from error


async def _show(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock) -> int:
    async with looking(options, loaded, clock) as store:
        acts = [one async for one in store.audit.lines() if options.profile in (None, one.profile_id)]
    chosen = acts[-options.lines :]
    if options.json:
        say(json.dumps({"acts": [_facts(one) for one in chosen]}, indent=2))
        return 0
    for one in chosen:
        say(_told(one))
    return 0


def _facts(line: Line) -> dict[str, Any]:
    return {
        "line": line.id,
        "at": line.at.isoformat(),
        "act": line.act,
        # Ids of Discord are text in JSON: many readers' numbers end at 2**53.
        "by": str(line.by),
        "server": str(line.server_id),
        "profile": line.profile_id,
        "facts": dict(line.facts),
    }


def _told(line: Line) -> str:
    at = line.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    who = f"user {line.by}" if line.by else "operator"
    where = f" server {line.server_id}" if line.server_id else ""
    whom = f" profile {line.profile_id}" if line.profile_id else ""
    facts = "".join(f" {name}={value}" for name, value in sorted(line.facts.items()))
    return f"{line.id:>6}  {at}  {line.act:<20} {who}{where}{whom}{facts}"


async def _verify_audit(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock) -> int:
    async with looking(options, loaded, clock) as store:
        faults = await _audit_faults(store, say)
    return _verdict(faults, say)


async def _verify(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock) -> int:
    home, faults = home_meant(options, loaded.settings), []
    async with looking(options, loaded, clock) as store:
        wrapped = look(home / DATABASE, master_key_of(loaded))
        faults += [f"By the master key, {one} does not open." for one in wrapped.broken]
        async for fault in Verifier(store.database, store.keyring, home).faults():
            faults.append(fault)
        faults += await _audit_faults(store, say)
        house = await store.keyring.house()
        async with store.database.read() as connection:
            if await was_stopped(connection):
                faults += await compare(connection, house, home)
            else:
                say(
                    "Echo is running, or did not stop in order the last time: rows and files that somebody else "
                    "deleted or put back whole can't be told now."
                )
    return _verdict(faults, say)


async def _audit_faults(store: Store, say: Say) -> list[str]:
    file = await asyncio.to_thread(_content, store.home / FILE)
    found = await check(store.database, await store.keyring.house(), file)
    say(f"The audit has {found.lines:,} lines.")
    return [f"{AUDIT}{fault}" for fault in found.faults]


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _verdict(faults: list[str], say: Say) -> int:
    for fault in faults:
        say(fault)
    if not faults:
        say("Everything is as Echo left it, as far as that can be told.")
        return 0
    if all(fault.startswith(AUDIT) for fault in faults):
        say("Put back a copy of the data folder: an audit can't be made whole otherwise.")
    else:
        say("Put back a copy of the data folder, or forget the echoes that are concerned and ask for new ones.")
    return BROKEN
