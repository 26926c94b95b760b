"""Makes an adapter one with its base: a GGUF file that every program for such files takes.

It goes through the base row by row, some megabytes at a time, so memory does not grow with the model. What the adapter
does not touch is copied as it is, unless that would be larger than the form that is wanted; all metadata, the chat
template among them, are the base's own, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType, LlamaFileType
from gguf.quants import quantize

from echo.training.disk import require_room
from echo.training.gguf_file import Gguf, MergeFailed, Tensor, pieces, read_gguf
from echo.training.gguf_writing import Digested, Planned, header, padding, pair
from echo.training.low_rank import LowRank
from echo.training.placing import Placed, place, probes, rows_of

FILE_TYPES: Final = {
    "F32": LlamaFileType.ALL_F32,
    "F16": LlamaFileType.MOSTLY_F16,
    "BF16": LlamaFileType.MOSTLY_BF16,
    "Q8_0": LlamaFileType.MOSTLY_Q8_0,
}
"""The forms that can be written here, and GGUF's numbers for files of them."""
_NUMBERS: Final = 2**22
"""Weights that are worked on at a time."""
_PIECE: Final = 2**22
"""Bytes that are copied at a time."""


@dataclass(frozen=True, slots=True)
class Merged:
    """A file that was made. `digest` as Ollama names a blob, `size` in bytes."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class _Step:
    source: Tensor
    planned: Planned
    change: Placed | None


def merge(
    base: Path,
    pairs: list[LowRank],
    to: Path,
    kind: str,
    folder: Path | None = None,
    room: float = 1.0,
    progress: Callable[[float], None] = lambda share: None,
) -> Merged:
    """Write the base with the adapter in it as a new GGUF file, its matrices in the form `kind` of FILE_TYPES.

    `folder` has the base in Hugging Face form, where there is one (see `placing.place`). `room` is how many times the
    new file's size must be free on its disk. `progress` gets shares 0..1, one for each tensor. Raises MergeFailed or
    DiskTooFull; a file that was begun may be left.
    """
    read = require_chat(read_gguf(base))
    changes = place(read, pairs, folder)
    steps = [_step(tensor, changes.get(tensor.name), GGMLQuantizationType[kind]) for tensor in read.tensors]
    head = header(_pairs(read, kind), [step.planned for step in steps], read.alignment)
    whole = len(head) + _size(steps, read)
    require_room(to.parent, int(whole * room))
    try:
        with to.open("xb") as file:
            to.chmod(0o600)
            out = Digested(file)
            out.write(head)
            for step in steps:
                for content in _content(base, step):
                    out.write(content)
                out.write(bytes(padding(step.planned.size, read.alignment)))
                progress(out.size / whole)
    except OSError as error:
        raise MergeFailed(f"The model can't be written to {to.parent} ({error.strerror}): make room there.") from error
    except FloatingPointError as error:
        raise MergeFailed(f"A weight is too large for {kind}: set training.quantisation to another form.") from error
    return Merged(out.digest, out.size)


def check(base: Path, to: Path, kind: str, folder: Path | None = None, room: float = 1.0) -> None:
    """Raise what `merge` to a file in `to` would, as far as it can be told without an adapter."""
    read = require_chat(read_gguf(base))
    place(read, probes(read), folder)
    # All that an adapter could change, changed.
    steps = [
        _Step(
            tensor, Planned(tensor.name, tensor.shape, _type(tensor, tensor.rows > 1, GGMLQuantizationType[kind])), None
        )
        for tensor in read.tensors
    ]
    require_room(to, int(_size(steps, read) * room))


def _size(steps: list[_Step], base: Gguf) -> int:
    """Bytes of all tensors, padding included."""
    return sum(step.planned.size + base.alignment for step in steps)


def require_chat(base: Gguf) -> Gguf:
    """The same base. Raises MergeFailed where it is a part of one, an adapter, or no model for chats."""
    if base.value("split.count") not in (None, 0, 1):
        raise MergeFailed(f"{base.path.name} is one part of several: join them with llama-gguf-split --merge.")
    if base.value("general.type") not in (None, "model"):
        raise MergeFailed(f"{base.path.name} is no whole model: set training.base_gguf to the base itself.")
    if not base.value("tokenizer.chat_template"):
        raise MergeFailed(
            f"{base.path.name} has no chat template, so it is no model for chats: choose a base whose name says "
            "instruct or chat."
        )
    return base


def _step(tensor: Tensor, change: Placed | None, kind: GGMLQuantizationType) -> _Step:
    return _Step(tensor, Planned(tensor.name, tensor.shape, _type(tensor, change is not None, kind)), change)


def _type(tensor: Tensor, changes: bool, kind: GGMLQuantizationType) -> GGMLQuantizationType:
    """What a tensor is written as. Vectors and what is no weight of a matrix stay as they are, as llama.cpp has it."""
    is_matrix = len(tensor.shape) > 1 and tensor.name.endswith(".weight") and "norm" not in tensor.name
    if not changes and (not is_matrix or "ffn_gate_inp" in tensor.name or _bits(tensor.type) <= _bits(kind)):
        return tensor.type
    return kind if tensor.shape[-1] % GGML_QUANT_SIZES[kind][0] == 0 else GGMLQuantizationType.F16


def _bits(kind: GGMLQuantizationType) -> float:
    """Bits that a weight takes."""
    block, size = GGML_QUANT_SIZES[kind]
    return float(8 * size / block)


def _pairs(base: Gguf, kind: str) -> list[bytes]:
    """The base's metadata as they stand in the file, but for the form of its weights."""
    taken = []
    with base.path.open("rb") as file:
        for key, entry in base.entries.items():
            if key != "general.file_type":
                file.seek(entry.start)
                taken.append(file.read(entry.end - entry.start))
    return [*taken, pair("general.file_type", int(FILE_TYPES[kind]))]


def _content(base: Path, step: _Step) -> Iterator[bytes]:
    tensor, change = step.source, step.change
    if change is None and tensor.type == step.planned.type:
        yield from pieces(base, tensor.start, tensor.size, _PIECE)
        return
    at_once = max(1, _NUMBERS // tensor.shape[-1])
    for first in range(0, tensor.rows, at_once):
        count = min(at_once, tensor.rows - first)
        rows = rows_of(base, tensor, first, count)
        if change is not None:
            rows = rows + change.scale * (change.b[first : first + count] @ change.a)
        # Any warning of an overflow would be the only word about a model that says nothing but nonsense.
        with np.errstate(over="raise"):
            written = quantize(np.ascontiguousarray(rows, np.float32), step.planned.type)
        yield np.ascontiguousarray(written).tobytes()
