"""`echo-bot receipt`: lists the receipts of erasures, shows one to be handed over, and checks one."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Callable

from db.errors import StorageError
from db.receipts import verified
from echo.data_folder import home_meant, looking
from echo.errors import ConfigError, DamagedStored, UsageError
from echo.private_file import writing
from echo.receipts import checked, readable
from echo.settings import Loaded
from schedules.clock import Clock, SystemClock

Say = Callable[[str], None]


def run(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock | None = None) -> int:
    """Do what was asked for; the exit code. Raises EchoError: UsageError, ConfigError, DamagedStored."""
    work = {"list": _list, "show": _show, "verify": _verify}
    try:
        return asyncio.run(work[options.what](options, loaded, say, clock or SystemClock()))
    except StorageError as error:
        raise ConfigError(str(error)) from error


async def _list(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock) -> int:
    async with looking(options, loaded, clock) as store:
        receipts = await store.receipts.all()
    if options.json:
        rows = [
            {
                "profile": one.profile_id,
                "user": str(one.user_id),
                "server": str(one.server_id),
                "at": one.at.isoformat(timespec="seconds"),
                "sent": one.sent,
            }
            for one in receipts
        ]
        say(json.dumps({"receipts": rows}, indent=2))
        return 0
    for one in receipts:
        sent = {None: "not sent yet", "sent": "sent", "closed": "to be handed over: they take no direct messages"}
        say(
            f"Profile {one.profile_id}: user {one.user_id}, server {one.server_id}, erased "
            f"{one.at:%d.%m.%Y %H:%M} UTC, {sent.get(one.sent, one.sent)}"
        )
    if not receipts:
        say("No receipt is kept here: nobody was forgotten yet, or too long ago.")
    return 0


async def _show(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock) -> int:
    async with looking(options, loaded, clock) as store:
        receipt = await store.receipts.of(options.profile)
    if receipt is None:
        raise UsageError(f"There is no receipt of profile {options.profile}: echo-bot receipt list shows which are.")
    if options.out is not None:
        with writing(options.out, replace=False) as file:
            await asyncio.to_thread(file.write, receipt.file)
        say(f"Wrote the receipt to {options.out}: hand it over to the person whom it is about.")
        return 0
    found = verified(receipt.file)
    if found is None:
        raise DamagedStored(f"The receipt of profile {options.profile} was changed: its signature does not hold.")
    say(readable(found[0]).rstrip())
    return 0


async def _verify(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock) -> int:
    document, sentence = await asyncio.to_thread(checked, options.file, await _own_key(options, loaded, clock))
    say(f"{readable(document)}\n{sentence}")
    return 0


async def _own_key(options: argparse.Namespace, loaded: Loaded, clock: Clock) -> bytes | None:
    """By which key this installation signs, where there is one here."""
    try:
        home_meant(options, loaded.settings)
    except UsageError:
        return None
    async with looking(options, loaded, clock) as store:
        return await store.receipts.public_key()
