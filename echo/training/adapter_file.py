"""Writes an adapter as a GGUF file of its own, for servers that put it beside the base (llama.cpp's LoRA form)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gguf.constants import GGMLQuantizationType

from echo.training.gguf_file import MergeFailed, read_gguf
from echo.training.gguf_writing import Digested, Planned, header, padding, pair
from echo.training.low_rank import LowRank
from echo.training.merging import Merged
from echo.training.placing import place
from echo.training.weights import Floats

_ALIGNMENT = 32


def write_adapter(base: Path, pairs: list[LowRank], to: Path, folder: Path | None = None) -> Merged:
    """Write the adapter of the base in the GGUF file `base` to `to`. Raises MergeFailed as `placing.place` does.

    llama.cpp multiplies B @ A by alpha / r. What an adapter's own scale differs from that is in B.
    """
    read = read_gguf(base)
    parts: list[tuple[Planned, Floats]] = []
    for name, placed in sorted(place(read, pairs, folder).items()):
        b = placed.b * np.float32(placed.scale * placed.a.shape[0])
        parts += [_part(f"{name}.lora_a", placed.a), _part(f"{name}.lora_b", b)]
    keys = [
        pair("general.architecture", read.architecture),
        pair("general.type", "adapter"),
        pair("general.file_type", 0),
        pair("adapter.type", "lora"),
        pair("adapter.lora.alpha", 1.0),
    ]
    try:
        with to.open("xb") as file:
            to.chmod(0o600)
            out = Digested(file)
            out.write(header(keys, [planned for planned, _ in parts], _ALIGNMENT))
            for planned, numbers in parts:
                out.write(numbers.tobytes() + bytes(padding(planned.size, _ALIGNMENT)))
    except OSError as error:
        raise MergeFailed(
            f"The adapter can't be written to {to.parent} ({error.strerror}): make room there."
        ) from error
    return Merged(out.digest, out.size)


def _part(name: str, numbers: Floats) -> tuple[Planned, Floats]:
    shape = tuple(int(n) for n in numbers.shape)
    return Planned(name, shape, GGMLQuantizationType.F32), np.ascontiguousarray(numbers, "<f4")
