"""Starting: whole, and only for --help."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from itertools import count
from pathlib import Path
from typing import Final

from bench.figures import Figure, Scale, by_turns

ROOT: Final = Path(__file__).resolve().parents[1]


async def measure(scale: Scale, folder: Path) -> list[Figure]:
    """Seconds: `--help` against a bare interpreter, and against a start until Echo is available."""
    homes = (folder / str(number) for number in count())

    async def helping() -> float:
        return await _ended("-m", "echo", "--help")

    async def bare() -> float:
        return await _ended("-c", "pass")

    async def starting() -> float:
        return await _available(next(homes))

    against_bare = await by_turns(scale.runs, helping, bare)
    against_start = await by_turns(scale.runs, helping, starting)
    return [
        Figure("--help", "s", against_bare[0], "a bare interpreter", against_bare[1]),
        Figure("--help", "s", against_start[0], "a start in the sandbox until available", against_start[1]),
    ]


def _environment(home: Path | None = None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LC_ALL", "HOME")}
    return {**kept, "PYTHONPATH": str(ROOT), **({"ECHO_DATA_DIR": str(home)} if home else {})}


async def _ended(*arguments: str) -> float:
    began = time.perf_counter()
    child = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.DEVNULL, env=_environment()
    )
    code = await child.wait()
    assert code == 0, f"{arguments} ended with {code}"
    return time.perf_counter() - began


async def _available(home: Path) -> float:
    """Until the line that says where it is; the end is not counted. The first start of a data folder, keys and all."""
    began = time.perf_counter()
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore", "-m", "echo", "sandbox", "--headless", "--port", "0"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=ROOT,
        env=_environment(home),
    )
    assert child.stdout is not None
    line = await child.stdout.readline()
    spent = time.perf_counter() - began
    child.terminate()
    await child.wait()
    assert line.startswith(b'{"address"'), "it did not start"
    return spent
