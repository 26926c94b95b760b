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
                return await _child(what, adapter, place / "model.gguf", what.kind, 1.0, progress)
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
            return await _child(what, adapter, place / "adapter.gguf", "", 0.0, lambda share: None)
    except TimeoutError:
        raise EngineFailed(f"Writing the adapter took longer than {timeout:g} seconds: try again.") from None


async def _by_program(
    program: Quantiser, what: Ingredients, adapter: Adapter, place: Path, progress: Callable[[float], None]
) -> Made:
    # Its own result lies beside F16 for a while; no form that it makes is larger.
    whole = await _child(what, adapter, place / "whole.gguf", WHOLE, 2.0, lambda share: progress(share * _MERGING))
    path = place / "model.gguf"
    digest, size = await requantised(
        program, whole.path, path, lambda share: progress(_MERGING + share * (1 - _MERGING))
    )
    return Made(path, digest, size)


async def _child(
    what: Ingredients, adapter: Adapter, to: Path, kind: str, room: float, progress: Callable[[float], None]
) -> Made:
    """`kind` "" is the adapter alone."""
    order = {
        "base": str(what.base),
        "folder": str(what.folder) if what.folder else "",
        "to": str(to),
        "kind": kind,
        "beside": not kind,
        "room": room,
        "config": adapter.config,
        "adapter": len(adapter.weights),
    }
    async with child_of("echo.training.merge_process") as child:
        row = await conversed(child, _lines(order, adapter.weights), progress, "digest", _DIED)
    return Made(to, str(row["digest"]), int(row["size"]))


def _lines(order: dict[str, object], weights: bytes) -> Iterator[bytes]:
    yield json.dumps(order).encode("ascii") + b"\n"
    for at in range(0, len(weights), _PIECE):
        yield weights[at : at + _PIECE]
