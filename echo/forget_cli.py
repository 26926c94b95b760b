"""`echo-bot forget`: erases echoes on a data folder on which no Echo runs, through the same steps as one that does."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from db.errors import StorageError
from db.steps import Recorded
from echo.data_folder import home_meant, master_key_of
from echo.engine_reports import EngineReports
from echo.engines.choice import engine_of
from echo.erasing import Erasing
from echo.errors import AlreadyRunning, ConfigError, EngineFailed, ServiceUnavailable, UsageError
from echo.lock import only_one
from echo.private_file import writing
from echo.reach import Reach
from echo.settings import Loaded
from echo.store import Store, open_store, policy_of
from echo.versions import Versions
from echo.work_ends import BEING_FORGOTTEN
from schedules.clock import Clock, SystemClock
from states.board import Board
from states.decide import Refusal, decide
from states.effects import Forget
from states.events import Event, EverythingForgotten, ForgetAsked, OfflineAsked
from states.model import ProfileSnapshot, ProfileState, SessionSnapshot, Snapshot
from states.policy import Policy

Say = Callable[[str], None]
BY_OPERATOR = "Whoever runs this bot had it erased."
RUNNING = (
    "An Echo is running on {home}, and erases by itself: use `forget` in its console, or stop it first, then try again."
)
NONE = "There is no such echo here: `echo-bot corpus stats` shows whose there are."


def run(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock | None = None) -> int:
    """Erase what the options name; the exit code. Raises EchoError: AlreadyRunning while an Echo runs, UsageError,
    ConfigError."""
    try:
        return asyncio.run(_run(options, loaded, say, clock or SystemClock()))
    except StorageError as error:
        raise ConfigError(str(error)) from error


async def _run(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock) -> int:
    home = home_meant(options, loaded.settings)
    async with AsyncExitStack() as stack:
        try:
            stack.enter_context(only_one(home))
        except AlreadyRunning as error:
            raise AlreadyRunning(RUNNING.format(home=home)) from error
        store = await stack.enter_async_context(open_store(home, master_key_of(loaded), clock))
        profiles, sessions = await store.steps.load()
        work = _Forgetting(store, _erasing(store, loaded, clock), policy_of(loaded.settings), clock, say)
        told = [await work.forget(profile, sessions, posts=options.posts) for profile in _meant(profiles, options)]
        if options.receipt is not None:
            await _write_receipts(store, _meant(profiles, options), options.receipt)
    return max(told)


def _erasing(store: Store, loaded: Loaded, clock: Clock) -> Erasing:
    board = Board()
    engine = engine_of(loaded.settings, EngineReports(board, store.measures, clock), clock)
    # Nothing goes anywhere: it is only removed.
    reach = Reach(store.consents, stays=False)
    served = (board, engine, store.models, store.uploads, store.tuning, reach, store.wishes)
    versions = Versions(*served, lambda profile_id: None)
    parts = (store.erasure, store.erasures, store.receipts, store.consents, versions)
    return Erasing(*parts, None, loaded.settings, clock)


def _meant(profiles: Sequence[ProfileSnapshot], options: argparse.Namespace) -> list[ProfileSnapshot]:
    """The profiles that the options name; of a person, all that are not erased yet, in one server or in all."""
    if options.profile is not None:
        found = [profile for profile in profiles if profile.id == options.profile]
    else:
        found = [
            profile
            for profile in profiles
            if profile.user_id == options.user
            and options.server in (None, profile.server_id)
            and profile.state is not ProfileState.FORGOTTEN
        ]
    if not found:
        raise UsageError(NONE)
    return found


@dataclass(frozen=True, slots=True)
class _Forgetting:
    store: Store
    erasing: Erasing
    policy: Policy
    clock: Clock
    say: Say

    async def forget(self, profile: ProfileSnapshot, sessions: Sequence[SessionSnapshot], *, posts: bool) -> int:
        """Erase one echo; the exit code."""
        called = f"Profile {profile.id} (user {profile.user_id}, server {profile.server_id})"
        if profile.state is ProfileState.FORGOTTEN:
            self.say(f"{called} is erased already.")
            return 0
        now, row = profile, await self._queued(profile)
        if profile.is_living:
            now, row = await self._begin(profile, posts=posts)
        for session in sessions:
            if session.profile_id == profile.id and session.state.is_online:
                await self._record(session, OfflineAsked(self.clock(), 0, BEING_FORGOTTEN))
        try:
            rows = await self.erasing.erase(now)
        except (ServiceUnavailable, EngineFailed) as error:
            self.say(f"{called}: what lies here is erased. Not over yet, the next start of Echo goes on: {error}")
            return ServiceUnavailable.exit_code
        await self._record(now, EverythingForgotten(self.clock(), rows), row)
        self.say(f"{called} is erased: {rows:,} rows and files. Its receipt is kept, and sent when Echo runs again.")
        return 0

    async def _begin(self, profile: ProfileSnapshot, *, posts: bool) -> tuple[ProfileSnapshot, int | None]:
        recorded = await self._record(profile, ForgetAsked(self.clock(), 0, BY_OPERATOR, posts))
        assert isinstance(recorded.snapshot, ProfileSnapshot)
        return recorded.snapshot, next((row.id for row in recorded.outbox if isinstance(row.effect, Forget)), None)

    async def _queued(self, profile: ProfileSnapshot) -> int | None:
        """The row of an erasure that was asked for before."""
        pending = await self.store.outbox.pending()
        return next((row.id for row in pending if row.key == profile.key and isinstance(row.effect, Forget)), None)

    async def _record(self, snapshot: Snapshot, event: Event, settles: int | None = None) -> Recorded:
        step = decide(snapshot, event, self.policy)
        if isinstance(step, Refusal):
            raise UsageError(step.sentence)
        return await self.store.steps.record(step, settles)


async def _write_receipts(store: Store, profiles: Sequence[ProfileSnapshot], path: Path) -> None:
    """Write the receipts: one as JSON to the file, of several each with its profile's number in the name."""
    for profile in profiles:
        receipt = await store.receipts.of(profile.id)
        if receipt is None:
            continue
        own = path if len(profiles) == 1 else path.with_stem(f"{path.stem}-{profile.id}")
        with writing(own, replace=False) as file:
            await asyncio.to_thread(file.write, receipt.file)
