"""Fine-tuning a person's model: a child process learns, and what it learnt is sealed whenever it tells."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from db.errors import ModelUnreadable, StorageError, Tampered
from db.tuning import Part, TuningFiles
from echo.engines.child import child_of, feed
from echo.errors import EchoError
from echo.training.base import base_folder
from echo.training.failures import BaseUnusable, MemoryTooSmall, TuningFailed
from echo.training.learning import Course
from echo.training.making import Adapter
from echo.training.talk import Lesson, fingerprint
from echo.training.telling import TuningLog, progress_of
from echo.training.tuned import Figures, Tuned
from echo.training.wire import Order, request
from echo.training_settings import TrainingSettings
from states.board import Progress

NEEDED: Final = ("torch", "transformers", "peft", "safetensors", "gguf")
"""What fine-tuning needs besides Echo's own packages."""
DEATHS: Final = 3
"""Times that the child may die without having got any further, before it is given up."""
_KINDS: Final[dict[str, type[EchoError]]] = {
    kind.__name__: kind for kind in (BaseUnusable, MemoryTooSmall, TuningFailed)
}
_PIECE: Final = 2**18
_FOR_GPUS: Final = (
    *("CUDA_VISIBLE_DEVICES", "CUDA_HOME", "CUDA_DEVICE_ORDER", "LD_LIBRARY_PATH", "NVIDIA_VISIBLE_DEVICES"),
    *("HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HSA_OVERRIDE_GFX_VERSION", "PYTORCH_CUDA_ALLOC_CONF"),
)
_QUIET: Final = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
"""The child asks nothing of the network."""


def missing() -> str | None:
    """A sentence where what fine-tuning needs is not installed."""
    lacking = [name for name in NEEDED if find_spec(name) is None]
    if not lacking:
        return None
    return (
        f"Fine-tuning needs the extra [train], which lacks {', '.join(lacking)}: run "
        ".venv/bin/pip install -e '.[train]' in Echo's folder, or set training.enabled to false."
    )


class _Died(Exception):
    """The child ended without an answer; `code` is its exit code, negative for a signal."""

    def __init__(self, code: int | None) -> None:
        super().__init__()
        self.code = code

    @property
    def reason(self) -> str:
        """What is known of why."""
        if self.code is not None and self.code < 0:
            return f"the process that was learning was killed (signal {-self.code}), perhaps for want of memory"
        return f"the process that was learning ended early (exit code {self.code})"


@dataclass(slots=True)
class _Run:
    """One fine-tuning: what is to be done, and how far it got."""

    profile_id: int
    version: int
    lesson: Lesson
    order: Order
    log: TuningLog
    progress: Callable[[Progress], None]
    step: int = 0
    reached: int = -1
    """The step from which the child last went on."""
    deaths: int = 0


class Tuning:
    """Fine-tunes models of persons. `timeout` is in seconds; `clock` gives the times in the logs."""

    def __init__(
        self, settings: TrainingSettings, files: TuningFiles, timeout: float, clock: Callable[[], datetime]
    ) -> None:
        self._settings, self._files, self._timeout, self._clock = settings, files, timeout, clock

    async def tune(
        self,
        profile_id: int,
        version: int,
        lesson: Lesson,
        progress: Callable[[Progress], None],
        *,
        seed: int = 0,
        system: str = "",
    ) -> Tuned:
        """Fine-tune a version of a profile's model; what comes of it is kept sealed, too.

        It goes on from the last checkpoint where one of the same lesson, base, settings, seed and `system` (which
        stands above each example) is kept, also from one of an earlier process. A child that dies is begun again.
        Raises BaseUnusable, MemoryTooSmall, TuningFailed, KeyDestroyed, and ModelUnreadable where the disk fails;
        checkpoints stay, so that asking again goes on from there.
        """
        run = await asyncio.to_thread(self._prepared, profile_id, version, lesson, progress, seed, system)
        kept = await self._kept(run)
        if kept is not None:
            return kept
        run.log.write(f"begun with {lesson.turns} turns in {len(lesson.training)} talks")
        with self._told_why(run.log):
            async with asyncio.timeout(self._timeout):
                adapter = await self._learnt(run)
        await self._files.put(profile_id, version, Part.ADAPTER, adapter.dump())
        with suppress(ModelUnreadable):
            # It can do no harm: it is of this lesson alone, and is swept with its version.
            await self._files.drop(profile_id, version, Part.CHECKPOINT)
        return adapter

    @contextmanager
    def _told_why(self, log: TuningLog) -> Iterator[None]:
        """Has the log say why a training stopped; one that took too long ends with a sentence."""
        try:
            yield
        except TimeoutError:
            log.write("stopped: it took too long")
            raise TuningFailed(
                f"Fine-tuning took longer than {self._timeout:g} seconds: raise model_training_timeout, or lower "
                "training.epochs; asked again, it goes on from its last checkpoint."
            ) from None
        except asyncio.CancelledError:
            log.write("stopped: it was cancelled")
            raise
        except (EchoError, StorageError) as problem:
            log.write(f"failed: {problem}")
            raise

    def _prepared(
        self,
        profile_id: int,
        version: int,
        lesson: Lesson,
        progress: Callable[[Progress], None],
        seed: int,
        system: str,
    ) -> _Run:
        lacking = missing()
        if lacking:
            raise TuningFailed(lacking)
        base = base_folder(self._settings.base)
        order = self._order(base, lesson, seed, system)
        log = TuningLog(self._files.log_path(profile_id, version), self._clock)
        return _Run(profile_id, version, lesson, order, log, progress)

    def _order(self, base: Path, lesson: Lesson, seed: int, system: str) -> Order:
        with_ = self._settings
        threads = with_.threads or max(1, (os.cpu_count() or 2) - 1)
        course = Course(
            with_.epochs, with_.batch, with_.learning_rate, with_.warmup, with_.patience, with_.checkpoint_seconds, seed
        )
        counts = len(lesson.training), len(lesson.validation)
        order = Order(
            *("", str(base), with_.rank, with_.alpha, with_.dropout, with_.max_tokens, with_.device, threads),
            *(system, course, *counts),
        )
        matters = replace(order, threads=0, device="", course=replace(course, checkpoint_seconds=0))
        mark = fingerprint(repr(matters), (base / "config.json").read_bytes(), lines=lesson.lines())
        return replace(order, fingerprint=mark)

    async def _kept(self, run: _Run) -> Tuned | None:
        """The adapter that an earlier process made of the very same, but did not live to hand on."""
        try:
            blob = await self._files.get(run.profile_id, run.version, Part.ADAPTER)
            adapter = Tuned.load(blob) if blob is not None else None
        except (Tampered, TuningFailed) as problem:
            run.log.write(f"the kept adapter can't be used: {problem}")
            return None
        return adapter if adapter is not None and adapter.fingerprint == run.order.fingerprint else None

    async def _learnt(self, run: _Run) -> Tuned:
        while True:
            checkpoint = await self._checkpoint(run)
            try:
                return await self._once(run, checkpoint)
            except _Died as death:
                self._mourn(run, death)

    def _mourn(self, run: _Run, death: _Died) -> None:
        """See what to do after a death: go on where it got further than the one before, else a few times only."""
        run.log.write(death.reason)
        run.deaths = run.deaths + 1 if run.step <= run.reached else 1
        if run.deaths >= DEATHS:
            raise TuningFailed(
                f"Fine-tuning failed {run.deaths} times at the same place, for {death.reason}: make room in memory, "
                "choose a smaller base, or lower training.max_tokens."
            )
        if run.deaths > 1 and death.code is not None and death.code < 0:
            # Killed twice at one place: it asks for less at a time from now on.
            run.order = replace(run.order, halvings=run.order.halvings + 1)
            run.log.write("going on with half of the batch at a time")
        how = f"goes on from step {run.step}" if run.step else "starts again"
        run.log.write(how)
        run.progress(Progress("fine-tuning", run.step, None, "steps", f"It {how}: {death.reason}."))

    async def _checkpoint(self, run: _Run) -> bytes:
        """The newest checkpoint, or none."""
        try:
            return await self._files.get(run.profile_id, run.version, Part.CHECKPOINT) or b""
        except Tampered:
            run.log.write("starting anew: the checkpoint is damaged")
        except ModelUnreadable as problem:
            run.log.write(f"the checkpoint can't be used: {problem}")
        return b""

    async def _keep(self, run: _Run, checkpoint: bytes, step: int) -> None:
        """Seal a checkpoint. A disk that does not take it is no reason to stop."""
        try:
            await self._files.put(run.profile_id, run.version, Part.CHECKPOINT, checkpoint)
        except ModelUnreadable as problem:
            run.log.write(f"the checkpoint can't be kept: {problem}")
            return
        run.step = step

    async def _once(self, run: _Run, checkpoint: bytes) -> Tuned:
        """What one child makes. Raises _Died where it ends without an answer."""
        environment = _QUIET | {name: os.environ[name] for name in _FOR_GPUS if name in os.environ}
        order = replace(run.order, checkpoint=len(checkpoint))
        async with child_of("echo.training.child", environment=environment) as child:
            try:
                await feed(child, request(order, run.lesson, checkpoint))
                return await self._heard(run, child)
            except (ConnectionError, asyncio.IncompleteReadError, _Gone):
                raise _Died(await _exit_code(child)) from None

    async def _heard(self, run: _Run, child: asyncio.subprocess.Process) -> Tuned:
        assert child.stdout is not None
        while True:
            row = _row(await child.stdout.readline())
            if "error" in row:
                kind = _KINDS.get(str(row["kind"]), TuningFailed)
                raise kind(str(row["error"]))
            run.log.row(row)
            if "rows" in row:
                run.step = run.reached = int(row["step"])
            told = progress_of(row)
            if told is not None:
                run.progress(told)
            if "checkpoint" in row:
                await self._keep(run, await _read(child.stdout, int(row["checkpoint"])), int(row["at"]))
            if "adapter" in row:
                return _tuned(run, row, await _read(child.stdout, int(row["adapter"])))


class _Gone(Exception):
    """The child's output ended."""


def _row(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        raise _Gone from None
    if not isinstance(row, dict):
        raise _Gone
    return row


async def _read(stream: asyncio.StreamReader, size: int) -> bytes:
    """So many bytes. Piece by piece, for copying much in one go would hold up the event loop."""
    parts: list[bytes] = []
    while size:
        part = await stream.read(min(size, _PIECE))
        if not part:
            raise _Gone
        parts.append(part)
        size -= len(part)
    return await asyncio.to_thread(b"".join, parts)


async def _exit_code(child: asyncio.subprocess.Process) -> int | None:
    """With which code it ended; None where its output ended, but it has not."""
    try:
        async with asyncio.timeout(5):
            return await child.wait()
    except TimeoutError:
        return None


def _tuned(run: _Run, row: dict[str, Any], weights: bytes) -> Tuned:
    figures = Figures(
        *(run.lesson.turns, int(row["step"]), int(row["steps"]), int(row["tokens"]), row["first"], row["best"]),
        *(float(row["seconds"]), str(row["device"])),
    )
    return Tuned(Adapter(weights, str(row["config"])), run.order.fingerprint, figures)
