"""The child process that tests: `python -m echo.engines.examining`. Corpus on standard input, figures on the output.

Nothing touches the disk. The input stays open while it tests; when it ends early the parent is gone, and the child goes
too. Output is JSON lines: {"progress": share}, and last {"judged": ...}, or {"error": sentence}.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, Final

from echo.engines.wire import burst_of
from echo.errors import EchoError
from echo.persona.judging.trial import Judged, examine
from echo.persona.model import Persona
from echo.persona.turns import Burst

GONE: Final = 3
"""Exit code where the parent went away."""


def serve(source: BinaryIO, sink: BinaryIO) -> int:
    """Reads one corpus, tests, writes what that came to. The exit code."""
    head = json.loads(source.readline() or b"{}")
    if "turns" not in head:
        return GONE
    lines = [source.readline() for _ in range(head["turns"])]
    if lines and not lines[-1].endswith(b"\n"):
        return GONE
    threading.Thread(target=_leave_with_parent, args=(source,), daemon=True).start()
    began = time.perf_counter()
    try:
        judged = _judged(head, [burst_of(line) for line in lines], lambda share: _say(sink, {"progress": share}))
    except EchoError as problem:
        _say(sink, {"error": str(problem)})
        return 1
    _say(sink, {"judged": _row(judged, head), "seconds": round(time.perf_counter() - began, 3)})
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


def _leave_with_parent(source: BinaryIO) -> None:
    while source.read(1):
        pass
    os._exit(GONE)


def _say(sink: BinaryIO, row: dict[str, object]) -> None:
    sink.write(json.dumps(row).encode("ascii") + b"\n")
    sink.flush()


def main() -> int:
    """Runs over the process's own streams. A closed output means that nobody waits any more."""
    try:
        return serve(sys.stdin.buffer, sys.stdout.buffer)
    except BrokenPipeError:
        return GONE


if __name__ == "__main__":
    # Leave at once: the thread that watches the parent still reads standard input, and a normal end would wait for it.
    code = main()
    os._exit(code)
