"""What several pages bring at the same time: one transaction for all that waits, and nobody's failure is hidden."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from db.errors import StorageError
from db.stored import Coverage, Plan, Range, StoredMessage
from echo.discord.collecting.asking import Asking
from echo.discord.collecting.budget import Budget
from echo.discord.collecting.run import CorpusPort, Newest, Run
from echo.discord.collecting.walk import Bareness, Reader
from echo.errors import NothingToRead
from echo.ports import Collected
from echo.sandbox.permissions import Permission
from tests.discord.collecting import collector, forbid, nothing, world_of
from tests.discord.stand import Stand, Store, stand, store, talk
from tests.support.snapshots import messages, named


class Watched:
    """A corpus that says how many coverages each transaction had; the first `failures` of them fail."""

    def __init__(self, kept: Store, failures: int = 0) -> None:
        self.transactions: list[int] = []
        self._corpus = kept.corpus
        self._failures = failures

    def __getattr__(self, name: str) -> Any:
        return getattr(self._corpus, name)

    async def store(self, profile: Any, rows: Sequence[StoredMessage], *coverages: Coverage) -> int:
        self.transactions.append(len(coverages))
        if len(self.transactions) <= self._failures:
            raise StorageError("The disk is full.")
        return await self._corpus.store(profile, rows, *coverages)


def run_of(stage: Stand, kept: Store, corpus: Watched) -> Run:
    """A run that has found nothing yet."""
    return Run(
        profile=kept.profile,
        corpus=cast(CorpusPort, corpus),
        asking=Asking(stage.client, Budget(None).account(), 20.0),
        reader=Reader(kept.profile.server_id, named("Mara")(kept.profile), 1),
        bareness=Bareness(1),
        window=12,
        tell=nothing,
        per_second=None,
        plan=Plan("walk", 10_000, 0),
        newest=Newest(100),
        own=0,
    )


def page(channel_id: int) -> tuple[list[StoredMessage], Coverage]:
    """Five messages of a channel, and that it is read."""
    return messages(5, first_id=100 * channel_id, channel_id=channel_id), Coverage(channel_id, (Range(10_000, 0),))


async def test_what_waits_while_a_transaction_is_under_way_shares_the_next_one(tmp_path: Path) -> None:
    world = world_of(talk("general", ["Bo", "Mara"], start=9000))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        corpus = Watched(kept)
        run = run_of(stage, kept, corpus)
        await asyncio.gather(*(run.keep(*page(channel_id)) for channel_id in (1, 2, 3, 4)))
        assert corpus.transactions == [1, 3] and run.found == 20
        assert set(await kept.corpus.ranges(kept.profile.id)) == {1, 2, 3, 4}
        assert len(await kept.corpus.read(kept.profile.id, 100)) == 20


async def test_each_that_could_not_be_stored_is_told_so_and_the_next_try_stores_what_is_left(tmp_path: Path) -> None:
    world = world_of(talk("general", ["Bo", "Mara"], start=9000))
    async with stand(world) as stage, store(tmp_path, world) as kept:
        corpus = Watched(kept, failures=2)
        run = run_of(stage, kept, corpus)
        came = await asyncio.gather(*(run.keep(*page(channel_id)) for channel_id in (1, 2, 3)), return_exceptions=True)
        assert [type(one) for one in came] == [StorageError, StorageError, type(None)]
        assert set(await kept.corpus.ranges(kept.profile.id)) == {3}, "those that were told of a failure are not stored"


async def test_what_was_imported_is_enough_where_no_channel_can_be_read(tmp_path: Path) -> None:
    world = world_of(talk("general", ["Bo", "Mara"], start=9000))
    forbid(world, "general", Permission.VIEW_CHANNEL)
    async with stand(world) as stage, store(tmp_path, world) as kept:
        with pytest.raises(NothingToRead):
            await collector(stage, kept).collect(kept.profile, nothing)
        await kept.corpus.store(kept.profile, messages(60))
        assert await collector(stage, kept).collect(kept.profile, nothing) == Collected(60, 0, 0)
