"""Which way requests to Ollama take, by a process whose environment names a proxy."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from tests.support.ollama import ollama_at_loopback

ROOT = Path(__file__).parents[2]
SHOWS = """
import asyncio, sys
from echo.engines.ollama.client import OllamaClient
from echo.engines.ollama.failures import OllamaFailure

async def shows(address):
    try:
        await OllamaClient(address, 10.0, 10.0).tags()
        print("answered")
    except OllamaFailure as failure:
        print(failure.kind)

for address in sys.argv[1:]:
    asyncio.run(shows(address))
"""


async def test_what_is_asked_of_this_computer_passes_no_proxy() -> None:
    async with ollama_at_loopback() as server, ollama_at_loopback() as proxy:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", SHOWS, server.address, "http://ollama.invalid:11434"),
            env={**os.environ, "PYTHONPATH": str(ROOT), "HTTP_PROXY": proxy.address, "http_proxy": proxy.address},
            stdout=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(30):
            out, _ = await child.communicate()
        assert out.split() == [b"answered", b"answered"]
        # A server elsewhere is reached as this computer reaches others.
        assert (server.paths, proxy.paths) == (["/api/tags"], ["/api/tags"])
