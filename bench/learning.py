"""The embedded engine against markovify on the same texts: learning a person, its memory, and answering as them."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.chats import read, small_chat, whole_chat
from bench.figures import Figure, Scale, by_turns, quantile
from bench.learning_child import RIVAL, SOMEBODY
from bench.starting import ROOT
from echo.corpus.written import Written
from tests.support.running import export

SIZES: Final = (10_000, 100_000)
MOST_RUNS: Final = 3
"""Rounds of a size beyond the first: each takes about a minute."""
MEASURED: Final = 1
"""Threads that numpy may use: figures are for one core."""


async def measure(scale: Scale, folder: Path) -> list[Figure]:
    """Seconds and megabytes to learn, milliseconds to answer, for each size."""
    written = read(scale.of(whole_chat, small_chat)(folder))
    figures: list[Figure] = []
    for number, size in enumerate(scale.of(SIZES, (300, 600))):
        path, count = _one_person(written, size, folder)
        runs = scale.runs if number == 0 else min(scale.runs, MOST_RUNS)
        figures += await _figures(path, count, runs)
    return figures


def _one_person(written: Sequence[Written], size: int, folder: Path) -> tuple[Path, int]:
    """An export in which the most active people are taken for one, until that one wrote `size` messages."""
    taken: set[str] = set()
    count = 0
    for author, wrote in Counter(one.author for one in written).most_common():
        if count >= size:
            break
        taken.add(author)
        count += wrote
    renamed = [one._replace(author=SOMEBODY) if one.author in taken else one for one in written]
    return export(folder / f"person-{size}.jsonl", renamed), min(size, count)


async def _figures(path: Path, count: int, runs: int) -> list[Figure]:
    found: dict[str, list[Mapping[str, Any]]] = {"echo": [], RIVAL: []}

    async def of(who: str) -> float:
        found[who].append(await _child(path, count, who))
        return float(found[who][-1]["seconds"])

    await by_turns(runs, lambda: of("echo"), lambda: of(RIVAL))
    # The first round warmed both up.
    ours, theirs = found["echo"][1:], found[RIVAL][1:]
    note = f"{count:,} messages of one person (or of several taken for one), one core"
    figures = [
        Figure(f"learning {count:,} messages", "s", _each(ours, "seconds"), RIVAL, _each(theirs, "seconds"), note),
        Figure(
            f"peak memory of learning {count:,}",
            "MB",
            _each(ours, "megabytes"),
            RIVAL,
            _each(theirs, "megabytes"),
            "beyond the export that was read",
        ),
    ]
    for share in (0.5, 0.95):
        values = [tuple(quantile(one["milliseconds"], share) for one in side) for side in (ours, theirs)]
        name = f"an answer of {count:,} messages, p{share * 100:.0f}"
        figures.append(Figure(name, "ms", values[0], f"a sentence of {RIVAL}", values[1]))
    return figures


def _each(side: Sequence[Mapping[str, Any]], key: str) -> tuple[float, ...]:
    return tuple(float(one[key]) for one in side)


async def _child(path: Path, count: int, who: str) -> Mapping[str, Any]:
    one = str(MEASURED)
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": one, "OPENBLAS_NUM_THREADS": one}
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.learning_child", str(path), str(count), who),
        cwd=ROOT,
        env=environ,
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await child.communicate()
    if child.returncode:
        raise SystemExit(f"The benchmark's child for {who} ended with {child.returncode}: what it wrote stands above.")
    found: Mapping[str, Any] = json.loads(told)
    return found
