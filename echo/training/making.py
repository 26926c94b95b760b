"""Has a model file made of a base and an adapter, in a child process with its own memory that can be ended any time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from echo.engines.child import child_of, conversed
from echo.errors import EngineFailed
from echo.training.quantising import WHOLE, Quantiser, quantiser, requantised

_PIECE: Final = 2**18
_DIED: Final = "The process that was making the model ended early, perhaps for want of memory: try again."
_MERGING: Final = 0.6
"""Share of the progress that merging is where a program quantises afterwards."""
_BESIDE: Final = 2.0
"""The program's own result lies beside F16 for a while; no form that it makes is larger."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """What fine-tuning gave: the contents of PEFT's adapter_model.safetensors and adapter_config.json."""

    weights: bytes
    config: str


@dataclass(frozen=True, slots=True)
class Ingredients:
    """What a model file is made of. `base` is a GGUF file; `folder` the same model in Hugging Face form, if there.

    `kind` is the form of the weights: F16, Q8_0, F32, BF16, or one that `llama-quantize` makes. `quantize` is that
    program, "" the one that PATH finds.
    """

    base: Path
    folder: Path | None = None
    kind: str = "Q8_0"
    quantize: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A file that was made. `digest` as Ollama names a blob, `size` in bytes."""

    path: Path
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class _Task:
    """What a child is to do: to "merge", to write the adapter "beside" the base, or to "check" what there is.

    `to` is the file that is made, and for a check the folder; `room` how many times its size must be free.
    """

    name: str
    to: Path
    kind: str = ""
    room: float = 1.0


async def checked(what: Ingredients, home: Path, timeout: float) -> None:
    """See to it that all is there for making a model in the folder `home`, as far as that shows without an adapter.

    Raises EngineFailed, DiskTooFull among them, and ConfigError where a program is missing. `timeout` in seconds.
    """
    program = quantiser(what.quantize, what.kind)
    task = _Task("check", home, what.kind) if program is None else _Task("check", home, WHOLE, _BESIDE)
    try:
        async with asyncio.timeout(timeout):
            await _child(what, task, Adapter(b"", ""), _untold)
    except TimeoutError:
        raise EngineFailed(f"Looking at {what.base} took longer than {timeout:g} seconds: try again.") from None


async def merged(
    what: Ingredients, adapter: Adapter, place: Path, progress: Callable[[float], None], timeout: float
) -> Made:
    """Base and adapter as one GGUF file in the folder `place`. `progress` gets shares 0..1; `timeout` in seconds.

    Raises EngineFailed, DiskTooFull among them; what was begun is the folder's, which the caller removes.
    """
    program = quantiser(what.quantize, what.kind)
    try:
        async with asyncio.timeout(timeout):
            if program is None:
                task = _Task("merge", place / "model.gguf", what.kind, 1.0)
                return await _child(what, task, adapter, progress)
            return await _by_program(program, what, adapter, place, progress)
    except TimeoutError:
        raise EngineFailed(
            f"Making the model took longer than {timeout:g} seconds: raise model_training_timeout or choose a smaller "
            "base."
        ) from None


async def beside(what: Ingredients, adapter: Adapter, place: Path, timeout: float) -> Made:
    """The adapter as a GGUF file of its own in the folder `place`, for servers that put it beside the base.

    Raises EngineFailed.
    """
    try:
        async with asyncio.timeout(timeout):
            return await _child(what, _Task("beside", place / "adapter.gguf"), adapter, _untold)
    except TimeoutError:
        raise EngineFailed(f"Writing the adapter took longer than {timeout:g} seconds: try again.") from None


async def _by_program(
    program: Quantiser, what: Ingredients, adapter: Adapter, place: Path, progress: Callable[[float], None]
) -> Made:
    task = _Task("merge", place / "whole.gguf", WHOLE, _BESIDE)
    whole = await _child(what, task, adapter, lambda share: progress(share * _MERGING))
    path = place / "model.gguf"
    digest, size = await requantised(
        program, whole.path, path, lambda share: progress(_MERGING + share * (1 - _MERGING))
    )
    return Made(path, digest, size)


async def _child(what: Ingredients, task: _Task, adapter: Adapter, progress: Callable[[float], None]) -> Made:
    order = {
        "task": task.name,
        "base": str(what.base),
        "folder": str(what.folder) if what.folder else "",
        "to": str(task.to),
        "kind": task.kind,
        "room": task.room,
        "config": adapter.config,
        "adapter": len(adapter.weights),
    }
    async with child_of("echo.training.merge_process") as child:
        row = await conversed(child, _lines(order, adapter.weights), progress, "digest", _DIED)
    return Made(task.to, str(row["digest"]), int(row["size"]))


def _lines(order: dict[str, object], weights: bytes) -> Iterator[bytes]:
    yield json.dumps(order).encode("ascii") + b"\n"
    for at in range(0, len(weights), _PIECE):
        yield weights[at : at + _PIECE]


def _untold(share: float) -> None:
    """Progress that nobody waits for."""
