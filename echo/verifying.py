"""Verifying what is stored of a profile: every row opens, none is doubled, times and ranges fit."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Protocol

from db.errors import Tampered
from db.stored import Range, Verified
from echo.corpus.dataset import Split, taught
from echo.corpus.verifying import doubled_faults, examples_in, range_faults, time_faults
from echo.perusing import Pages, select

SHOWN = 5
"""How many ids of broken messages are named."""


class Verifiable(Pages, Protocol):
    """A corpus that can be verified."""

    async def verify(self, profile_id: int) -> Verified:
        """Opens every row."""

    async def all_ids(self, profile_id: int) -> dict[int, list[int]]:
        """Ids of messages by channel."""

    async def ranges(self, profile_id: int) -> dict[int, tuple[Range, ...]]:
        """What was read, by channel."""


class StoredSplits(Protocol):
    """Datasets that can be verified."""

    def dataset(self, profile_id: int, split: str) -> AsyncIterator[bytes]:
        """The parts of a split."""

    async def examples(self, profile_id: int) -> dict[str, int]:
        """How many examples each split holds."""


async def verified(
    corpus: Verifiable, datasets: StoredSplits, profile_id: int, most: int
) -> tuple[Verified, list[str]]:
    """What there is, and a sentence for everything that is wrong with it; none is good.

    `most` is how many of the subject's messages are learnt. Raises what reading raises, but not for what is broken.
    """
    rows = await corpus.verify(profile_id)
    faults = list(await _stored_faults(datasets, profile_id))
    faults += range_faults(await corpus.ranges(profile_id))
    ids = await corpus.all_ids(profile_id)
    faults += doubled_faults(itertools.chain.from_iterable(ids.values()))
    if rows.broken:
        named = ", ".join(map(str, rows.broken[:SHOWN]))
        more = " and others" if len(rows.broken) > SHOWN else ""
        faults.append(f"{len(rows.broken)} of {rows.rows} messages do not open: {named}{more}.")
        # What does not open can't be made into a dataset.
        return rows, faults
    selected = await select(corpus, profile_id, most)
    made = await asyncio.to_thread(taught, selected, "")
    return rows, faults + time_faults(made.dataset)


async def _stored_faults(datasets: StoredSplits, profile_id: int) -> list[str]:
    """What is wrong with the stored dataset."""
    faults = []
    told = await datasets.examples(profile_id)
    for split in Split:
        found = 0
        try:
            async for part in datasets.dataset(profile_id, split.value):
                found += await asyncio.to_thread(examples_in, part)
        except Tampered:
            faults.append(f"The stored examples for {split.value} do not open.")
            continue
        except (ValueError, LookupError, TypeError):
            faults.append(f"The stored examples for {split.value} are no examples.")
            continue
        if found != told.get(split.value, 0):
            faults.append(f"Of {told.get(split.value, 0)} stored examples for {split.value} {found} are there.")
    return faults
