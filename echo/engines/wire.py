"""How a corpus, or what changed in one, goes to the child process: one JSON line a turn, after a head line."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from echo.persona.turns import Burst, Utterance

CHUNK: Final = 2**16
"""Bytes of a model that are written at a time."""


def amendment(model: bytes, added: Sequence[Burst], withdrawn: Collection[int]) -> Iterator[bytes]:
    """A head line, the model in chunks, then one line for each turn that joins."""
    yield line_of({"model": len(model), "withdrawn": sorted(withdrawn), "turns": len(added)})
    view = memoryview(model)
    for start in range(0, len(model), CHUNK):
        yield bytes(view[start : start + CHUNK])
    for burst in added:
        yield line_of(_row(burst))


def request_lines(author: str, bursts: Sequence[Burst], seed: int) -> Iterator[bytes]:
    """A head line, then one line for each turn."""
    yield line_of({"author": author, "seed": seed, "turns": len(bursts)})
    for burst in bursts:
        yield line_of(_row(burst))


def _row(burst: Burst) -> dict[str, object]:
    return {
        "ts": burst.ts,
        "channel": burst.channel,
        "context": [[u.author, u.ts, u.text, u.own] for u in burst.context],
        "texts": burst.texts,
        "times": burst.times,
        "delay": burst.delay,
        "gaps": burst.gaps,
        "opens": burst.opens,
        "ids": burst.ids,
        "context_ids": burst.context_ids,
    }


def line_of(row: Mapping[str, object]) -> bytes:
    """One line of JSON."""
    # ASCII, because a text may hold half a surrogate pair, which UTF-8 can't carry.
    return json.dumps(row, separators=(",", ":")).encode("ascii") + b"\n"


def burst_of(line: bytes) -> Burst:
    """The turn of one line."""
    row = json.loads(line)
    return Burst(
        ts=row["ts"],
        channel=row["channel"],
        context=tuple(Utterance(author, ts, text, own) for author, ts, text, own in row["context"]),
        texts=tuple(row["texts"]),
        times=tuple(row["times"]),
        delay=row["delay"],
        gaps=tuple(row["gaps"]),
        opens=row["opens"],
        ids=tuple(row["ids"]),
        context_ids=tuple(row["context_ids"]),
    )
