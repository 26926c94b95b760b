"""`echo-bot import`: takes an export into the corpus of a profile, while no Echo runs on the data folder."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

from db.audit import Act
from db.changes import Changes
from echo.accounting import accounted
from echo.corpus.importing import Imported
from echo.data_folder import chosen, home_meant, master_key_of, profiles_in
from echo.discord.veil import unseen_in
from echo.errors import UsageError
from echo.importing import MARK, Source, import_into, stands_still
from echo.lock import only_one
from echo.settings import Loaded, Settings
from echo.store import Store, open_store, policy_of
from schedules.clock import Clock
from states.decide import Step, decide
from states.events import CorpusChanged, Event, RetryAsked
from states.model import Deadline, ProfileSnapshot
from states.terms_in_force import OPERATOR


async def take_in(options: argparse.Namespace, loaded: Loaded, say: Callable[[str], None], clock: Clock) -> int:
    """Import a file and let the profile's machine know; the exit code. Raises EchoError and StorageError."""
    home = home_meant(options, loaded.settings)
    with only_one(home):
        async with open_store(home, master_key_of(loaded), clock) as store:
            profile = chosen(await profiles_in(store), options)
            changes = Changes(store.database)
            await changes.note(profile.id, MARK)
            try:
                imported = await import_into(
                    store.corpus,
                    profile,
                    Source(options.file, author=options.author),
                    clock(),
                    context=loaded.settings.context_messages,
                    unseen=unseen_in(store.unseen, profile.server_id),
                )
            except UsageError:
                await changes.take(profile.id, MARK)
                raise
            await accounted(store.audit)(Act.IMPORTED, profile, OPERATOR, messages=imported.added)
            after = await _told(store, profile, imported, loaded.settings, clock)
            await changes.take(profile.id, MARK)
    say(_summary(profile, imported))
    say(_outlook(profile, after, loaded.settings))
    return 0


async def _told(
    store: Store, profile: ProfileSnapshot, imported: Imported, settings: Settings, clock: Clock
) -> ProfileSnapshot:
    """Let the profile's machine know; where it stood still for want of messages, it goes on at the next start."""
    count = await store.corpus.count(profile.id)
    # An import that was killed stored messages of which no step tells.
    added = max(imported.added, count - profile.messages)
    if not added:
        return profile
    after = await _recorded(store, profile, CorpusChanged(clock(), count, added, 0, 0), settings)
    if stands_still(after) and count >= settings.min_messages:
        after = await _recorded(store, after, RetryAsked(clock(), 0), settings)
    return after


async def _recorded(store: Store, profile: ProfileSnapshot, event: Event, settings: Settings) -> ProfileSnapshot:
    step = decide(profile, event, policy_of(settings))
    assert isinstance(step, Step), step
    after = (await store.steps.record(step)).snapshot
    assert isinstance(after, ProfileSnapshot)
    return after


def _summary(profile: ProfileSnapshot, imported: Imported) -> str:
    told = [
        f"Imported {imported.own:,} messages of profile {profile.id} ({imported.added:,} of them new), "
        f"with {imported.context:,} of others before them."
    ]
    if imported.dropped:
        told.append(f"Left out: {_counts(imported.dropped)}.")
    if imported.passed_over:
        told.append(f"Channels not opened: {_counts(imported.passed_over)}.")
    return " ".join(told)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in sorted(counts.items()))


def _outlook(before: ProfileSnapshot, after: ProfileSnapshot, settings: Settings) -> str:
    """What happens next."""
    due = after.due.get(Deadline.REFRESH)
    if after.version == before.version:
        return "Nothing was new, so nothing changes."
    if due is not None:
        return (
            f"While Echo runs, the echo learns from them by itself on {due:%d.%m.%Y %H:%M} UTC; Refresh in the console "
            "(Ctrl+P) does it at once."
        )
    if stands_still(after):
        return f"It has {after.messages:,} messages and needs {settings.min_messages:,}: import or collect more."
    return "The echo goes on being made when Echo runs."
