"""What can be wrong with a corpus and the dataset made of it, beside that it does not open."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence

from db.stored import Range
from echo.corpus.dataset import Dataset, Split


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
    """Examples with context that is not older than what answers it."""
    faults = []
    for split in Split:
        late = sum(
            1 for example in made.splits[split] if any(line.ts >= example.turn.ts for line in example.turn.context)
        )
        if late:
            faults.append(f"{late} examples for {split.value} have context that is not older than the answer.")
    return faults


def examples_in(part: bytes) -> int:
    """How many examples a part holds. Raises ValueError, LookupError or TypeError where one is none."""
    count = 0
    for line in part.splitlines():
        roles = [message["role"] for message in json.loads(line)["messages"]]
        if not roles or roles[-1] != "assistant":
            raise ValueError("An example ends with the subject's words.")
        count += 1
    return count
