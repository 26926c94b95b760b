"""Whether a corpus and the dataset made of it are whole: every row opens, none is doubled, times and ranges fit."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Protocol

from db.errors import Tampered
from db.stored import Range, Verified
from echo.corpus.dataset import Dataset, Split, taught
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


def range_faults(ranges: Mapping[int, Sequence[Range]]) -> list[str]:
    """Ranges that are empty or overlap; those of a place are given newest first."""
    faults = []
    for channel_id, read in sorted(ranges.items()):
        if any(one.before_id >= one.top_id for one in read):
            faults.append(f"Of channel {channel_id} a range was read that ends before it begins.")
        if any(newer.before_id < older.top_id for newer, older in itertools.pairwise(read)):
            faults.append(f"Of channel {channel_id} the ranges that were read overlap.")
    return faults


def doubled_faults(ids: Iterable[int]) -> list[str]:
    """Messages that are there twice."""
    every = sorted(ids)
    doubled = sum(1 for one, other in itertools.pairwise(every) if one == other)
    return [f"{doubled} messages are stored twice."] if doubled else []


def time_faults(made: Dataset) -> list[str]:
    """Examples whose context is not older than what answers it, and splits that do not follow one another in time."""
    faults = []
    for split in Split:
        late = sum(
            1 for example in made.splits[split] if any(line.ts >= example.turn.ts for line in example.turn.context)
        )
        if late:
            faults.append(f"{late} examples for {split.value} have context that is not older than the answer.")
    return faults


async def _stored_faults(datasets: StoredSplits, profile_id: int) -> list[str]:
    """What is wrong with the stored dataset."""
    faults = []
    told = await datasets.examples(profile_id)
    for split in Split:
        found = 0
        try:
            async for part in datasets.dataset(profile_id, split.value):
                found += await asyncio.to_thread(_examples_in, part)
        except Tampered:
            faults.append(f"The stored examples for {split.value} do not open.")
            continue
        except ValueError:
            faults.append(f"The stored examples for {split.value} are no examples.")
            continue
        if found != told.get(split.value, 0):
            faults.append(f"Of {told.get(split.value, 0)} stored examples for {split.value} {found} are there.")
    return faults


def _examples_in(part: bytes) -> int:
    """How many examples a part holds. Raises ValueError where one is none: others speak first, the subject last."""
    count = 0
    for line in part.splitlines():
        roles = [message["role"] for message in json.loads(line)["messages"]]
        if not roles or roles[-1] != "assistant":
            raise ValueError("An example ends with the subject's words.")
        count += 1
    return count
