"""The child process that learns: `python -m echo.engines.fitting`. Corpus on standard input, model on standard output.

It learns a corpus, or amends the model that comes before the turns that join it; see `echo.engines.wire`.

Nothing touches the disk. The input stays open while it learns; when it ends early the parent is gone, and the child
goes too. Output is JSON lines: {"progress": share}, and last {"model": bytes, "messages": n, "seconds": s} with that
many raw bytes after it, or {"error": sentence}.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import Any, BinaryIO, Final

from echo.engines.bundle import amended_model
from echo.engines.wire import burst_of
from echo.errors import EchoError
from echo.persona.model import Persona
from echo.persona.turns import Burst

GONE: Final = 3
"""Exit code where the parent went away."""


def serve(source: BinaryIO, sink: BinaryIO) -> int:
    """Reads one corpus, learns, writes the model. The exit code."""
    head = json.loads(source.readline() or b"{}")
    if "turns" not in head:
        return GONE
    model = source.read(head.get("model", 0))
    lines = [source.readline() for _ in range(head["turns"])]
    if len(model) < head.get("model", 0) or (lines and not lines[-1].endswith(b"\n")):
        return GONE
    threading.Thread(target=_leave_with_parent, args=(source,), daemon=True).start()
    began = time.perf_counter()
    try:
        bursts = [burst_of(line) for line in lines]
        blob, messages = _amended(model, bursts, head) if model else _learnt(bursts, head, sink)
    except EchoError as problem:
        _say(sink, {"error": str(problem)})
        return 1
    seconds = round(time.perf_counter() - began, 3)
    _say(sink, {"model": len(blob), "messages": messages, "seconds": seconds})
    sink.write(blob)
    sink.flush()
    return 0


def _learnt(bursts: list[Burst], head: dict[str, Any], sink: BinaryIO) -> tuple[bytes, int]:
    persona = Persona.fit(
        bursts,
        head["author"],
        seed=head["seed"],
        progress=lambda share: _say(sink, {"progress": round(share, 3)}),
    )
    return persona.dump(), persona.messages


def _amended(model: bytes, bursts: list[Burst], head: dict[str, Any]) -> tuple[bytes, int]:
    blob = amended_model(model, bursts, frozenset(head["withdrawn"]))
    return blob, sum(len(burst.texts) for burst in bursts)


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
