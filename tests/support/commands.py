"""Echo's command line in processes of their own, forked from one that has imported it: for what comes after that."""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import Lock

from tests.support.commanded import STREAMS
from tests.support.zygote import ROOT

_one_at_a_time = Lock()


async def run(home: Path, *arguments: str, environ: Mapping[str, str]) -> tuple[int, str, str]:
    """Run a command in a folder to its end; exit code, output, errors."""
    return await asyncio.to_thread(_run, home, arguments, dict(environ))


def _run(home: Path, arguments: tuple[str, ...], environ: dict[str, str]) -> tuple[int, str, str]:
    with tempfile.TemporaryDirectory() as folder, _one_at_a_time:
        zygote = _zygote()
        assert zygote.stdin is not None and zygote.stdout is not None
        zygote.stdin.write(json.dumps([folder, str(home), arguments, environ]).encode() + b"\n")
        zygote.stdin.flush()
        _, code = zygote.stdout.readline(), int(zygote.stdout.readline())
        zygote.stdin.write(b"\n")
        zygote.stdin.flush()
        out, err = (Path(folder, stream).read_text(encoding="utf-8") for stream in STREAMS)
        return code, out, err


@cache
def _zygote() -> subprocess.Popen[bytes]:
    """One for all tests of this process, until it ends."""
    zygote = subprocess.Popen(
        (sys.executable, "-W", "ignore", "-m", "tests.support.zygote", "tests.support.commanded"),
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )

    def end() -> None:
        with zygote:
            assert zygote.stdin is not None
            zygote.stdin.close()

    atexit.register(end)
    return zygote
