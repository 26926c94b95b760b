"""Which data folder and which profile a command of the command line means."""

from __future__ import annotations

import argparse
import stat
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path

from echo.errors import AlreadyRunning, UsageError
from echo.key_files import PASSPHRASE_FILE
from echo.lock import only_one
from echo.secrets import ensure_master_key, missing
from echo.settings import Loaded, Settings
from echo.store import Store, open_store
from echo.worlds import home_of
from schedules.clock import Clock
from states.model import ProfileSnapshot


async def profiles_in(store: Store) -> list[ProfileSnapshot]:
    """Those that may have a corpus."""
    profiles, _ = await store.steps.load()
    return [profile for profile in profiles if profile.has_consent]


def chosen(profiles: Sequence[ProfileSnapshot], options: argparse.Namespace) -> ProfileSnapshot:
    """The profile that the options name; only one whose subject agreed can be meant."""
    user, server = getattr(options, "user", None), getattr(options, "server", None)
    found = [
        profile
        for profile in profiles
        if (options.profile is None or profile.id == options.profile)
        and (user is None or profile.user_id == user)
        and (server is None or profile.server_id == server)
    ]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f"{one.id} (user {one.user_id}, server {one.server_id})" for one in found or profiles)
    if found:
        raise UsageError(f"More than one echo is meant: choose with --profile among {listed}.")
    raise UsageError(f"No such echo, or its person has not agreed to it; those who agreed: {listed or 'nobody yet'}.")


def home_meant(options: argparse.Namespace, settings: Settings) -> Path:
    """The data folder that is meant. Raises UsageError where no Echo has been."""
    source: Path | None = getattr(options, "source", None)
    seed: int | None = getattr(options, "sandbox", None)
    if seed is not None and seed >= 0:
        settings = settings.model_copy(update={"sandbox_seed": seed})
    home = home_of(settings, seed is not None or source is not None, source)
    path = home / "echo.db"
    if not path.exists() or not stat.S_ISREG(path.stat().st_mode):
        is_sandbox = seed is not None or source is not None
        remedy = "start that sandbox first, or" if is_sandbox else "say --sandbox for that of the sandbox, or"
        raise UsageError(f"There is no database of Echo's in {home}: {remedy} name the data folder with ECHO_DATA_DIR.")
    return home


@asynccontextmanager
async def looking(options: argparse.Namespace, loaded: Loaded, clock: Clock) -> AsyncIterator[Store]:
    """The data folder that is meant, to be looked at while an Echo may be running on it. Raises as `home_meant` does,
    and ConfigError where it can't be opened."""
    home = home_meant(options, loaded.settings)
    async with AsyncExitStack() as stack:
        with ExitStack() as opening:
            shared = False
            try:
                # Only while it is opened, which may bring it up to date: an Echo may start while it is looked at.
                opening.enter_context(only_one(home))
            except AlreadyRunning:
                shared = True
            store = await stack.enter_async_context(
                open_store(home, master_key_of(loaded), clock, shared=shared, writing=False)
            )
        yield store


def master_key_of(loaded: Loaded) -> bytes:
    """The master key of data that is there; raises ConfigError where it is missing, and as `ensure_master_key` does."""
    secrets, data_dir = loaded.secrets, loaded.settings.data_dir
    if secrets.master_key is None and not (data_dir / PASSPHRASE_FILE).exists():
        raise missing()
    return ensure_master_key(data_dir, secrets)
