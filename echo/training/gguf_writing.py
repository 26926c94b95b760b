"""Writing GGUF files front to end, so that a digest of them is there with the last byte and no tensor is held.

The form is that of ggml's docs/gguf.md, version 3.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import BinaryIO, Final

from gguf.constants import GGMLQuantizationType

from echo.training.gguf_file import MAGIC, bytes_of

VERSION: Final = 3
_UINT32, _FLOAT32, _STRING = 4, 6, 8


@dataclass(frozen=True, slots=True)
class Planned:
    """A tensor that is to be written. `shape` is as in numpy: its last dimension is that of the rows."""

    name: str
    shape: tuple[int, ...]
    type: GGMLQuantizationType

    @property
    def size(self) -> int:
        """Bytes of its data."""
        return prod(self.shape[:-1]) * bytes_of(self.shape[-1:], self.type)


def string(text: str) -> bytes:
    """A string as GGUF has it."""
    content = text.encode("utf-8")
    return struct.pack("<Q", len(content)) + content


def pair(key: str, value: str | int | float) -> bytes:
    """A key with a string, a uint32 or a float32."""
    if isinstance(value, str):
        return string(key) + struct.pack("<I", _STRING) + string(value)
    if isinstance(value, int):
        return string(key) + struct.pack("<II", _UINT32, value)
    return string(key) + struct.pack("<If", _FLOAT32, value)


def header(pairs: Sequence[bytes], tensors: Sequence[Planned], alignment: int) -> bytes:
    """All that stands before the data of the first tensor."""
    parts = [MAGIC, struct.pack("<IQQ", VERSION, len(tensors), len(pairs)), *pairs]
    offset = 0
    for tensor in tensors:
        parts.append(string(tensor.name) + struct.pack("<I", len(tensor.shape)))
        parts.append(struct.pack(f"<{len(tensor.shape)}Q", *reversed(tensor.shape)))
        parts.append(struct.pack("<IQ", tensor.type, offset))
        offset += tensor.size + padding(tensor.size, alignment)
    whole = b"".join(parts)
    return whole + bytes(padding(len(whole), alignment))


def padding(size: int, alignment: int) -> int:
    """Bytes that are missing to a multiple of the alignment."""
    return -size % alignment


class Digested:
    """A file being written, and the SHA-256 of all that was."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0
        """Bytes written."""

    def write(self, content: bytes) -> None:
        """Add to the file's end. Raises OSError."""
        self._file.write(content)
        self._hash.update(content)
        self.size += len(content)

    @property
    def digest(self) -> str:
        """As Ollama names a blob: `sha256:` and 64 hexadecimal digits."""
        return f"sha256:{self._hash.hexdigest()}"
