"""`python -m bench [NAME ...] [--quick] [--runs N] [--json FILE] [--list]`: runs benchmarks, prints one table.

Exit codes: 0, or 2 where something was asked for that there is not.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench import (
    collecting,
    deciding,
    importing,
    lagging,
    learning,
    prompting,
    recording,
    report,
    requests,
    starting,
    storing,
    sweeping,
    talking,
    whole_way,
)
from bench.figures import RUNS, Benchmark, Figure, Scale

BENCHMARKS: Final[dict[str, tuple[str, Benchmark]]] = {
    "decide": ("a decision against a bare transition", deciding.measure),
    "record": ("a journalled step against a bare commit", recording.measure),
    "store": ("sealing and storing messages against the plain calls", storing.measure),
    "sweep": ("how long a sweep holds the writer at once", sweeping.measure),
    "import": ("importing an export against the plain calls, and its memory", importing.measure),
    "collect": ("collecting a channel against a plain history() loop", collecting.measure),
    "requests": ("requests for one author by search against a walk", requests.measure),
    "learn": ("learning a person and answering as them", learning.measure),
    "prompt": ("prompt tokens that Ollama evaluates again at each turn", prompting.measure),
    "talk": ("an answer from hearing to standing there, without the engine", talking.measure),
    "lag": ("how late the event loop is while an echo is learnt and answers", lagging.measure),
    "start": ("starting, whole and only for --help", starting.measure),
    "whole": ("a whole real chat from the export to nothing left", whole_way.measure),
}
"""Name -> what it measures, and how; in the order in which they run."""
RESULTS: Final = Path(__file__).parent / "results.json"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    found = argparse.ArgumentParser(prog="python -m bench", description="Measure Echo against plain things.")
    found.add_argument("names", nargs="*", metavar="NAME", help="which benchmarks (all, if none is named)")
    found.add_argument("--quick", action="store_true", help="a reduced form that only shows that they work")
    found.add_argument("--runs", type=int, default=RUNS, help=f"rounds of each figure ({RUNS})")
    found.add_argument("--json", type=Path, default=RESULTS, metavar="FILE", help="where every round's values go")
    found.add_argument("--list", action="store_true", help="list the benchmarks and end")
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run what was asked for; the exit code."""
    options = parser().parse_args(argv)
    if options.list:
        for name, (described, _) in BENCHMARKS.items():
            print(f"{name:8} {described}")
        return 0
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        print(f"There is no benchmark called {unknown[0]}: choose among {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    if options.runs < 1:
        print("--runs must be at least 1.", file=sys.stderr)
        return 2
    scale = Scale(min(options.runs, 2) if options.quick else options.runs, options.quick)
    found = {name: _run(name, scale) for name in BENCHMARKS if name in (options.names or BENCHMARKS)}
    print(report.table(found))
    report.write(options.json, report.as_json(found, options.quick))
    print(f"\nEvery round's values are in {options.json}.")
    return 0


def _run(name: str, scale: Scale) -> list[Figure]:
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix=f"echo-bench-{name}-") as folder:
        found = asyncio.run(BENCHMARKS[name][1](scale, Path(folder)))
    print(f"{name}: done in {time.perf_counter() - began:.1f} s", file=sys.stderr)
    return found


if __name__ == "__main__":
    sys.exit(main())
