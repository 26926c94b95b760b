"""The child process that learns: `python -m echo.engines.fitting`. Corpus on standard input, model on standard output.

It learns a corpus, or amends the model that comes before the turns that join it; see `echo.engines.wire`.

Nothing touches the disk. The input stays open while it learns; when it ends early the parent is gone, and the child
goes too. Output is JSON lines: {"progress": share}, and last {"model": bytes, "messages": n, "seconds": s} with that
many raw bytes after it, or {"error": sentence}.
"""

from __future__ import annotations

import json
import time
from typing import Any, BinaryIO

from echo.engines.bundle import amended_model
from echo.engines.parent import GONE, follow, run, say
from echo.engines.wire import burst_of
from echo.errors import EchoError
from echo.persona.model import Persona
from echo.persona.turns import Burst


def serve(source: BinaryIO, sink: BinaryIO) -> int:
    """Reads one corpus, learns, writes the model. The exit code."""
    head = json.loads(source.readline() or b"{}")
    if "turns" not in head:
        return GONE
    model = source.read(head.get("model", 0))
    lines = [source.readline() for _ in range(head["turns"])]
    if len(model) < head.get("model", 0) or (lines and not lines[-1].endswith(b"\n")):
        return GONE
    follow(source)
    began = time.perf_counter()
    try:
        bursts = [burst_of(line) for line in lines]
        blob, messages = _amended(model, bursts, head) if model else _learnt(bursts, head, sink)
    except EchoError as problem:
        say(sink, {"error": str(problem)})
        return 1
    seconds = round(time.perf_counter() - began, 3)
    say(sink, {"model": len(blob), "messages": messages, "seconds": seconds})
    sink.write(blob)
    sink.flush()
    return 0


def _learnt(bursts: list[Burst], head: dict[str, Any], sink: BinaryIO) -> tuple[bytes, int]:
    persona = Persona.fit(
        bursts,
        head["author"],
        seed=head["seed"],
        progress=lambda share: say(sink, {"progress": round(share, 3)}),
    )
    return persona.dump(), persona.messages


def _amended(model: bytes, bursts: list[Burst], head: dict[str, Any]) -> tuple[bytes, int]:
    blob = amended_model(model, bursts, frozenset(head["withdrawn"]))
    return blob, sum(len(burst.texts) for burst in bursts)


if __name__ == "__main__":
    run(serve)
