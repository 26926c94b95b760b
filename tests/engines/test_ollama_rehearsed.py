"""`echo-bot rehearse --engine ollama` as a real process, judged by its lines."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from tests.support.learnt import WHO, bursts
from tests.support.ollama import LoopbackOllama, ollama_at_loopback

ROOT = Path(__file__).parents[2]


async def rehearsed(home: Path, server: LoopbackOllama, *requests: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines that answer these requests; nothing else may be written."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "echo", "rehearse", "--engine", "ollama"),
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(ROOT), "ECHO_OLLAMA_HOST": server.address, "ECHO_DATA_DIR": str(home)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, err = await child.communicate("".join(json.dumps(one) + "\n" for one in requests).encode())
    assert (child.returncode, err) == (0, b"")
    return [json.loads(line) for line in out.splitlines()]


def fit() -> dict[str, Any]:
    train = [
        {
            "ts": b.ts,
            "channel": b.channel,
            "context": [{"author": u.author, "ts": u.ts, "text": u.text, "self": u.own} for u in b.context],
            "messages": [{"ts": ts, "text": text} for ts, text in zip(b.times, b.texts, strict=True)],
            "delay": b.delay,
            "gaps": list(b.gaps),
        }
        for b in bursts()[-120:]
    ]
    return {"op": "fit", "train": train, "meta": {"author": WHO, "seed": 1, "granularity": "s"}}


CONTEXT = [{"author": "Petr", "ts": 1e9, "text": "how is the boat coming along?", "self": False}]


async def test_it_is_fitted_and_answers_through_ollama(tmp_path: Path) -> None:
    async with ollama_at_loopback(writes=lambda chat: "slowly but it floats") as server:
        made, reply, delay, gaps, score, wants = await rehearsed(
            tmp_path,
            server,
            fit(),
            {"op": "reply", "context": CONTEXT},
            {"op": "delay", "context": CONTEXT},
            {"op": "gaps", "context": CONTEXT, "messages": ["one", "two", "three"]},
            {"op": "score", "context": CONTEXT, "text": "it floats"},
            {"op": "wants", "context": CONTEXT},
        )
    assert made["ok"] is True and made["has"] == ["delay", "gaps", "score", "wants"]
    assert reply == {"value": ["slowly but it floats"]}
    assert delay["value"] > 0 and len(gaps["value"]) == 2
    assert isinstance(score["value"], float) and isinstance(wants["value"], float)
    assert server.chats[0]["options"]["num_ctx"] == 4096


async def test_where_ollama_is_down_each_line_says_so_and_the_process_lives(tmp_path: Path) -> None:
    async with ollama_at_loopback() as server:
        await server.stop()
        fitted, reply = await rehearsed(tmp_path, server, fit(), {"op": "reply", "context": CONTEXT})
    assert "start it with `ollama serve`" in fitted["error"]
    assert '"op": "fit"' in reply["error"]
