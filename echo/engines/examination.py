"""Having a corpus tested by the child process (`echo.engines.examining`)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from echo.engines.child import child_of, conversed
from echo.engines.wire import line_of, request_lines
from echo.errors import EngineFailed
from echo.persona.turns import Burst
from echo.ports import Examined, TestedMoment
from states.scores import Axis, Better

LONGEST_LINE: Final = 2**24
"""Bytes of the child's last line: it holds what the tested model said."""
_DIED: Final = "The process that was testing the model ended early, perhaps for want of memory."


async def examined(
    author: str,
    bursts: Sequence[Burst],
    others: Sequence[Sequence[str]],
    seed: int,
    moments: int,
    progress: Callable[[float], None],
    timeout: float,
    given: Mapping[int, Sequence[str]] | None = None,
) -> Examined:
    """What the test came to; see `echo.persona.judging.trial.examine`. `timeout` is in seconds.

    Raises EngineFailed where that takes too long, or the child dies.
    """
    lines = _request(author, bursts, others, seed, moments, given)
    try:
        async with child_of("echo.engines.examining", LONGEST_LINE) as child, asyncio.timeout(timeout):
            return await _converse(child, lines, bursts, progress)
    except TimeoutError:
        raise EngineFailed(
            f"Testing took longer than {timeout:g} seconds; lower scorecard_moments or raise model_training_timeout."
        ) from None


def _request(
    author: str,
    bursts: Sequence[Burst],
    others: Sequence[Sequence[str]],
    seed: int,
    moments: int,
    given: Mapping[int, Sequence[str]] | None,
) -> Iterator[bytes]:
    """What the child reads: as for learning, with more in the head line."""
    lines = request_lines(author, bursts, seed)
    head = json.loads(next(lines))
    yield line_of({**head, "others": others, "moments": moments, "given": given})
    yield from lines


async def _converse(
    child: asyncio.subprocess.Process,
    lines: Iterator[bytes],
    bursts: Sequence[Burst],
    progress: Callable[[float], None],
) -> Examined:
    row = await conversed(child, lines, progress, "judged", _DIED)
    return _examined(row["judged"], float(row["seconds"]), bursts)


def _examined(judged: Mapping[str, Any], seconds: float, bursts: Sequence[Burst]) -> Examined:
    at = {(burst.ts, burst.channel): burst for burst in bursts}
    return Examined(
        axes=tuple(
            Axis(key, figure, ceiling, floor, Better(better)) for key, figure, ceiling, floor, better in judged["axes"]
        ),
        weakest=judged["weakest"],
        sentence=judged["sentence"],
        moments=judged["moments"],
        seconds=seconds,
        copied=judged["copied"],
        leaked=judged["leaked"],
        quiz=tuple(TestedMoment(at[ts, channel], shown, tuple(echo)) for ts, channel, shown, echo in judged["quiz"]),
    )
