"""`echo-bot corpus`: looks at what is stored, while an Echo runs on it or not. And where `echo-bot import` begins."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from db.audit import Act
from db.errors import StorageError
from db.stored import Outcome, PlaceResult
from echo.accounting import accounted
from echo.corpus.dataset import Split
from echo.corpus.report import rendered
from echo.data_folder import chosen, looking, profiles_in
from echo.errors import ConfigError, UsageError
from echo.import_cli import take_in
from echo.perusing import report_of
from echo.private_file import writing
from echo.settings import Loaded
from echo.store import Store
from echo.verifying import verified
from schedules.clock import Clock, SystemClock
from states.model import ProfileSnapshot
from states.terms_in_force import OPERATOR

Say = Callable[[str], None]
BROKEN = 65
"""The exit code where something stored is damaged: EX_DATAERR of sysexits.h."""


def run(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock | None = None) -> int:
    """Do what `echo-bot import` or `echo-bot corpus` was asked for; the exit code. Raises EchoError."""
    work = {"import": take_in, "stats": _stats, "verify": _verify, "export": _export}
    asked = options.command if options.command == "import" else options.what
    try:
        return asyncio.run(work[asked](options, loaded, say, clock or SystemClock()))
    except StorageError as error:
        raise ConfigError(str(error)) from error


async def _stats(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock) -> int:
    told = []
    async with _looking(options, loaded, clock) as (store, profiles):
        for profile in profiles:
            report = await report_of(store.corpus, profile.id)
            places = sorted((await store.corpus.places(profile.id)).values(), key=lambda place: place.channel_id)
            examples = await store.datasets.examples(profile.id)
            if not options.json:
                say(f"{_called(profile)}\n{rendered(report)}\n{_splits(examples)}")
                say("\n".join([*_unread(places), ""]))
            told.append(_facts(profile) | {"report": report.as_json(), "examples": examples, "places": _rows(places)})
    if options.json:
        say(json.dumps({"profiles": told}, indent=2))
    return 0


def _called(profile: ProfileSnapshot) -> str:
    return f"Profile {profile.id}: user {profile.user_id} in server {profile.server_id}, {profile.state.value}"


def _splits(examples: Mapping[str, int]) -> str:
    told = ", ".join(f"{examples.get(split.value, 0)} for {split.value}" for split in Split)
    return f"{'Examples':<14} {told if examples else 'none yet'}"


def _unread(places: Sequence[PlaceResult]) -> list[str]:
    """A line for each place that was not read whole, with the reason."""
    unread = [place for place in places if place.outcome is not Outcome.READ]
    begun = "reading has begun and is not finished"
    return [f"Not read whole: channel {one.channel_id}, {one.outcome.value}: {one.reason or begun}" for one in unread]


def _facts(profile: ProfileSnapshot) -> dict[str, Any]:
    return {
        "profile": profile.id,
        "user": str(profile.user_id),
        "server": str(profile.server_id),
        "state": profile.state.value,
    }


def _rows(places: Sequence[PlaceResult]) -> list[dict[str, Any]]:
    return [
        {
            "channel": str(place.channel_id),
            "outcome": place.outcome.value,
            "reason": place.reason,
            "pages": place.pages,
            "seen": place.seen,
            "kept": place.kept,
            "dropped": dict(place.dropped),
        }
        for place in places
    ]


async def _verify(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock) -> int:
    broken = False
    async with _looking(options, loaded, clock) as (store, profiles):
        for profile in profiles:
            most = loaded.settings.max_messages_per_analysis
            found, faults = await verified(store.corpus, store.datasets, profile.id, most)
            verdict = "broken" if faults else "whole"
            say(f"{_called(profile)}: {verdict}, {found.rows:,} rows, {found.own:,} of the subject's own words.")
            for fault in faults:
                say(f"  {fault}")
            broken = broken or bool(faults)
    if broken:
        say("Put back a copy of the data folder, or forget the echo and ask for a new one.")
    return BROKEN if broken else 0


async def _export(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock) -> int:
    splits = [split.value for split in Split] if options.split == "all" else [options.split]
    async with _looking(options, loaded, clock) as (store, profiles):
        (profile,) = profiles
        examples = await store.datasets.examples(profile.id)
        if not sum(examples.get(split, 0) for split in splits):
            raise UsageError(
                f"Profile {profile.id} has no examples of this kind yet: they are made when the echo learns."
            )
        await accounted(store.audit)(Act.EXPORTED, profile, OPERATOR, what="examples")
        with writing(options.out, replace=options.force) as file:
            for split in splits:
                async for part in store.datasets.dataset(profile.id, split):
                    await asyncio.to_thread(file.write, part)
    count = sum(examples.get(split, 0) for split in splits)
    say(
        f"Wrote {count:,} examples to {options.out}. What people wrote stands there in the clear, and forgetting the "
        "echo does not reach it: keep it safe, and delete it when it has served."
    )
    return 0


@asynccontextmanager
async def _looking(
    options: argparse.Namespace, loaded: Loaded, clock: Clock
) -> AsyncIterator[tuple[Store, list[ProfileSnapshot]]]:
    """The data folder, to be looked at while an Echo may be running on it, and the profiles that were asked for."""
    async with looking(options, loaded, clock) as store:
        profiles = await profiles_in(store)
        if options.profile is not None:
            profiles = [chosen(profiles, options)]
        if not profiles:
            raise UsageError("Nobody has agreed to an echo here, so nothing is stored: ask for one with /echo create.")
        yield store, profiles
