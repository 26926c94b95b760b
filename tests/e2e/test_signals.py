"""A signal is obeyed at any time, while Echo still tries to connect too."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0
"""Seconds; a Discord that takes a connection and never answers would be waited for much longer."""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
async def test_one_signal_is_enough_while_discord_does_not_answer(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    asked, ended = asyncio.Event(), asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        asked.set()
        await ended.wait()
        writer.close()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    address = "http://{}:{}/api/v10".format(*server.sockets[0].getsockname())
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "ECHO_DATA_DIR": str(tmp_path / "data"),
        "DISCORD_TOKEN": "a-token-of-a-test",
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "ignore", "-m", "tests.support.child", address,
        cwd=tmp_path, env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(PATIENCE):
            await asked.wait()
            child.send_signal(number)
            out, err = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
        ended.set()
        server.close()
    assert (child.returncode, out) == (code, b"")
    assert b"Traceback" not in err and b"ERROR" not in err
