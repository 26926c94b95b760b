"""The child process that tests: `python -m echo.engines.examining`. Corpus on standard input, figures on the output.

Nothing touches the disk. The input stays open while it tests; when it ends early the parent is gone, and the child goes
too. Output is JSON lines: {"progress": share}, and last {"judged": ...}, or {"error": sentence}.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from echo.engines.parent import GONE, follow, run, say
from echo.engines.wire import burst_of
from echo.errors import EchoError
from echo.persona.judging.trial import Judged, examine
from echo.persona.model import Persona
from echo.persona.turns import Burst


def serve(source: BinaryIO, sink: BinaryIO) -> int:
    """Reads one corpus, tests, writes what that came to. The exit code."""
    head = json.loads(source.readline() or b"{}")
    if "turns" not in head:
        return GONE
    lines = [source.readline() for _ in range(head["turns"])]
    if lines and not lines[-1].endswith(b"\n"):
        return GONE
    follow(source)
    began = time.perf_counter()
    try:
        judged = _judged(head, [burst_of(line) for line in lines], lambda share: say(sink, {"progress": share}))
    except EchoError as problem:
        say(sink, {"error": str(problem)})
        return 1
    say(sink, {"judged": _row(judged, head), "seconds": round(time.perf_counter() - began, 3)})
    return 0


def _judged(head: dict[str, Any], bursts: Sequence[Burst], progress: Callable[[float], None]) -> Judged:
    author, seed = head["author"], head["seed"]

    def fit(taught: Sequence[Burst], far: Callable[[float], None]) -> Persona:
        return Persona.fit(taught, author, seed=seed, progress=far)

    given = head.get("given")
    return examine(
        author,
        bursts,
        head["others"],
        seed,
        head["moments"],
        fit,
        lambda share: progress(round(share, 3)),
        None if given is None else {int(at): tuple(texts) for at, texts in given.items()},
    )


def _row(judged: Judged, head: dict[str, Any]) -> dict[str, Any]:
    kept = judged.kept
    return {
        "axes": [[axis.key, axis.figure, axis.ceiling, axis.floor, axis.better.value] for axis in judged.axes],
        "weakest": judged.weakest,
        "sentence": judged.sentence,
        "moments": judged.moments,
        "copied": max(kept.spans, kept.wholes) if kept is not None and kept.copies else 0,
        "leaked": kept.leaks if kept is not None else 0,
        "quiz": [[one.burst.ts, one.burst.channel, len(one.context), one.echo] for one in judged.quiz],
    }


if __name__ == "__main__":
    run(serve)
