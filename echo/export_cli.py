"""`echo-bot export`: writes everything that is held about a person to a file that the operator hands over to them."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from datetime import UTC

from db.audit import Act
from db.errors import StorageError
from echo.data_folder import looking
from echo.errors import ConfigError, UsageError
from echo.export_files import archive
from echo.held_data import held_about
from echo.private_file import writing
from echo.settings import Loaded
from schedules.clock import Clock, SystemClock

Say = Callable[[str], None]
NONE = "Nothing is held of such an echo here: `echo-bot corpus stats` shows whose there are."


def run(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock | None = None) -> int:
    """Write it; the exit code. Raises EchoError: UsageError, ConfigError."""
    try:
        return asyncio.run(_run(options, loaded, say, clock or SystemClock()))
    except StorageError as error:
        raise ConfigError(str(error)) from error


async def _run(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock) -> int:
    async with looking(options, loaded, clock) as store:
        profiles, _ = await store.steps.load()
        found = [
            one
            for one in profiles
            if one.id == options.profile
            or (options.profile is None and one.user_id == options.user and options.server in (None, one.server_id))
        ]
        if not found:
            raise UsageError(NONE)
        with writing(options.out, replace=options.force) as file:
            for profile in found:
                # Before anything is read: what can't be accounted for is not done.
                await store.audit.note(Act.EXPORTED, by=0, server_id=profile.server_id, profile_id=profile.id)
            held = [await held_about(store, profile) for profile in found]
            made_at = clock().astimezone(UTC).isoformat(timespec="seconds")
            await asyncio.to_thread(file.write, await asyncio.to_thread(archive, held, {}, made_at))
    say(
        f"Wrote what is held of {len(found)} echo{'' if len(found) == 1 else 'es'} to {options.out}. It holds what the "
        "person wrote in the clear: hand it to them alone, and delete it then. Forgetting does not reach it."
    )
    return 0
