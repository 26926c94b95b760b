"""The embedded engine: learns in a child process, answers in a thread, needs no server and no download."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random
from threading import Lock
from typing import Any, Final

from echo.engines.wire import request_lines
from echo.errors import EngineFailed
from echo.persona.decision import SOON
from echo.persona.model import Persona
from echo.persona.turns import Burst
from echo.ports import Answer, Moment, Trained, Why

LOADED: Final = 8
"""Models kept in memory at most; some 15 MB each for 10,000 messages."""
_PASSED_ON: Final = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")
_BATCH: Final = 64


class EmbeddedEngine:
    """Fills the port `Engine`. Safe to share between tasks."""

    name = "embedded"

    def __init__(self, loaded: int = LOADED) -> None:
        self._most = loaded
        self._loaded: OrderedDict[str, Persona] = OrderedDict()
        self._lock = Lock()

    async def train(
        self, author: str, bursts: Sequence[Burst], seed: int, progress: Callable[[float], None], timeout: float
    ) -> Trained:
        """Learns in a child process, so that the event loop goes on and `timeout` (seconds) can be kept.

        Raises EngineFailed when the time is over, the child dies, or there is nothing to learn from.
        """
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "echo.engines.fitting",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=_environment(),
        )
        try:
            async with asyncio.timeout(timeout):
                return await _converse(child, author, bursts, seed, progress)
        except TimeoutError:
            raise EngineFailed(
                f"Learning took longer than {timeout:g} seconds; raise model_training_timeout or lower "
                "max_messages_per_analysis."
            ) from None
        finally:
            await _end(child)

    async def answer(self, model: bytes, version: str, moment: Moment, chattiness: float) -> Answer:
        """Answers in a thread. Raises EngineFailed where the model is damaged."""
        return await asyncio.to_thread(self._answer, model, version, moment, chattiness)

    def release(self, version: str) -> None:
        """Lets go of a loaded model."""
        with self._lock:
            self._loaded.pop(version, None)

    def _persona(self, model: bytes, version: str) -> Persona:
        with self._lock:
            persona = self._loaded.get(version)
            if persona is not None:
                self._loaded.move_to_end(version)
                return persona
        persona = Persona.load(model)
        with self._lock:
            self._loaded[version] = persona
            while len(self._loaded) > self._most:
                self._loaded.popitem(last=False)
        return persona

    def _answer(self, model: bytes, version: str, moment: Moment, chattiness: float) -> Answer:
        persona = self._persona(model, version)
        persona.known_as(moment.me)
        chance = persona.speak_probability(moment.context, moment.addressed)
        if moment.addressed:
            why = Why.ADDRESSED
        else:
            chance = min(1.0, _each(chance) * max(0.0, chattiness))
            why = Why.WANTED if Random(f"speak/{moment.seed}").random() < chance else Why.UNWANTED
        if why is Why.UNWANTED:
            return Answer((), 0.0, (), chance, why)
        texts = persona.reply(moment.context, seed=moment.seed)
        if not texts:
            return Answer((), 0.0, (), chance, Why.NOTHING_TO_SAY)
        delay = persona.delay(moment.context, seed=moment.seed)
        gaps = persona.gaps(moment.context, texts, seed=moment.seed)
        return Answer(tuple(texts), delay, tuple(gaps), 1.0 if moment.addressed else chance, why)


def _each(chance: float) -> float:
    """The chance at one message, from the chance of speaking within the next SOON of them: it is asked at each."""
    return float(1.0 - (1.0 - chance) ** (1 / SOON))


def _environment() -> dict[str, str]:
    """What the child needs to find Python and Echo, and none of the secrets that the environment may hold."""
    kept = {k: os.environ[k] for k in _PASSED_ON if k in os.environ}
    root = str(Path(__file__).resolve().parents[2])
    return {**kept, "PYTHONPATH": root, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


async def _converse(
    child: asyncio.subprocess.Process,
    author: str,
    bursts: Sequence[Burst],
    seed: int,
    progress: Callable[[float], None],
) -> Trained:
    assert child.stdin is not None and child.stdout is not None
    try:
        for count, line in enumerate(request_lines(author, bursts, seed)):
            child.stdin.write(line)
            if count % _BATCH == 0:
                await child.stdin.drain()
                await asyncio.sleep(0)
        await child.stdin.drain()
        while True:
            row = _row(await child.stdout.readline())
            if "progress" in row:
                progress(float(row["progress"]))
            elif "error" in row:
                raise EngineFailed(str(row["error"]))
            else:
                blob = await child.stdout.readexactly(int(row["model"]))
                return Trained(blob, int(row["messages"]), float(row["seconds"]))
    except (ConnectionError, asyncio.IncompleteReadError) as problem:
        raise EngineFailed(_DIED) from problem


_DIED: Final = "The process that was learning ended early, perhaps for want of memory; try again with fewer messages."


def _row(line: bytes) -> dict[str, Any]:
    """One line of the child's. Raises EngineFailed where it is none."""
    try:
        row = json.loads(line)
    except ValueError as problem:
        raise EngineFailed(_DIED) from problem
    if not isinstance(row, dict) or not row.keys() & {"progress", "error", "model"}:
        raise EngineFailed(_DIED)
    return row


async def _end(child: asyncio.subprocess.Process) -> None:
    """Sees to it that the child is gone, whatever happened."""
    if child.returncode is None:
        # A child that has given its model may be ending by itself: then there is nothing to kill.
        with suppress(ProcessLookupError):
            child.kill()
    if child.stdin is not None:
        child.stdin.close()
    await asyncio.shield(child.wait())
