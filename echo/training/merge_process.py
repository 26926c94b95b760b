"""The child process that merges: `python -m echo.training.merge_process`. The adapter on standard input, never on disk.

One JSON line says what is wanted (see `echo.training.making`), and so many bytes of adapter follow. The input stays
open while it works; when it ends early the parent is gone, and the child goes too. Output is JSON lines: {"progress":
share}, and last {"digest": ..., "size": bytes}, or {"error": sentence}.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from echo.engines.parent import GONE, follow, run, say
from echo.errors import EchoError

MISSING = "Fine-tuning needs packages that are not installed: run .venv/bin/pip install -e '.[train]' in Echo's folder."


def serve(source: BinaryIO, sink: BinaryIO) -> int:
    """Reads one order and carries it out. The exit code."""
    order = json.loads(source.readline() or b"{}")
    adapter = source.read(order.get("adapter", 0))
    if "adapter" not in order or len(adapter) < order["adapter"]:
        return GONE
    follow(source)
    try:
        answer = _made(order, adapter, lambda share: say(sink, {"progress": round(share, 4)}))
    except ImportError:
        say(sink, {"error": MISSING})
        return 1
    except EchoError as problem:
        say(sink, {"error": str(problem)})
        return 1
    say(sink, answer)
    return 0


def _made(order: dict[str, Any], adapter: bytes, progress: Callable[[float], None]) -> dict[str, object]:
    # Only here, so that their absence is a sentence.
    from echo.training.adapter_file import write_adapter
    from echo.training.low_rank import read_adapter
    from echo.training.merging import check, merge

    base, to = Path(order["base"]), Path(order["to"])
    folder = Path(order["folder"]) if order["folder"] else None
    if order["task"] == "check":
        check(base, to, order["kind"], folder, order["room"])
        return {"digest": "", "size": 0}
    pairs = read_adapter(adapter, order["config"])
    if order["task"] == "beside":
        made = write_adapter(base, pairs, to, folder)
    else:
        made = merge(base, pairs, to, order["kind"], folder, order["room"], progress)
    return {"digest": made.digest, "size": made.size}


if __name__ == "__main__":
    run(serve)
