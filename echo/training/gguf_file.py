"""Reading GGUF files: what their header says, and where each tensor lies.

The form is that of ggml's docs/gguf.md, versions 2 and 3, little-endian: magic, version, counts; key-value pairs;
tensor infos; padding; data. Only the header is read, and of it only what is small: a vocabulary's many thousands of
strings are stepped over. (The reader of PyPI's `gguf` makes objects of them all, which for a vocabulary of
128,000 takes half a minute and 650 MB.)
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Final

from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

from echo.errors import EngineFailed

MAGIC: Final = b"GGUF"
_SCALARS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_SHORT: Final = 4096
"""Values of an array up to which it is kept: some models have one for each layer."""
_DIMENSIONS: Final = 4


class MergeFailed(EngineFailed):
    """An adapter could not be made one with its base; nothing was left behind."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of the header. `kind` is GGUF's number of its type; `start` and `end` are where all of it lies.

    `value` is None for arrays of strings and long ones.
    """

    kind: int
    start: int
    end: int
    value: Any


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor. `shape` is as in numpy: its last dimension is that of the rows. `start` is where its data lie."""

    name: str
    shape: tuple[int, ...]
    type: GGMLQuantizationType
    start: int

    @property
    def row_bytes(self) -> int:
        """Bytes of one row, which is a whole number of blocks."""
        return bytes_of(self.shape[-1:], self.type)

    @property
    def rows(self) -> int:
        """How many rows there are, all outer dimensions together."""
        return prod(self.shape[:-1])

    @property
    def size(self) -> int:
        """Bytes of its data."""
        return self.rows * self.row_bytes


@dataclass(frozen=True, slots=True)
class Gguf:
    """A file's header. `alignment` in bytes."""

    path: Path
    entries: dict[str, Entry]
    tensors: tuple[Tensor, ...]
    alignment: int

    def value(self, key: str) -> Any:
        """The value of a key; None where there is none, or one that was stepped over."""
        found = self.entries.get(key)
        return found.value if found else None

    @property
    def architecture(self) -> str:
        """What kind of model it is, such as "llama"."""
        return str(self.value("general.architecture") or "")

    def number(self, key: str, block: int = 0) -> int | None:
        """A number of the architecture's own keys, where there is one for each layer that of `block`."""
        found = self.value(f"{self.architecture}.{key}")
        if isinstance(found, list):
            found = found[block] if block < len(found) else None
        return found if isinstance(found, int) else None


def bytes_of(shape: tuple[int, ...], kind: GGMLQuantizationType) -> int:
    """Bytes that a tensor of this shape takes; its rows must be whole blocks."""
    block, size = GGML_QUANT_SIZES[kind]
    return int(prod(shape) // block * size)


def read_gguf(path: Path) -> Gguf:
    """The header of a file. Raises MergeFailed where it can't be read, or is none, is damaged, or is cut off."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _Header(path, data).read()
    except OSError as error:
        raise MergeFailed(f"{path} can't be read ({error.strerror}): set training.base_gguf to a GGUF file.") from error
    except (struct.error, ValueError, KeyError, OverflowError, ZeroDivisionError, TypeError) as error:
        raise MergeFailed(f"{path} is no whole GGUF file: download it again, or convert the base again.") from error


class _Header:
    """Goes through a header from front to end."""

    def __init__(self, path: Path, data: mmap.mmap) -> None:
        self._path = path
        self._data = data
        self._at = 0

    def read(self) -> Gguf:
        if self._take(4) != MAGIC or self._number("I") not in (2, 3):
            raise ValueError("no GGUF of a known version")
        tensors, pairs = self._number("Q"), self._number("Q")
        entries = dict(self._entry() for _ in range(pairs))
        infos = [self._info() for _ in range(tensors)]
        alignment = entries["general.alignment"].value if "general.alignment" in entries else 32
        start = -(-self._at // alignment) * alignment
        found = tuple(self._placed(info, start) for info in infos)
        if any(tensor.start + tensor.size > len(self._data) for tensor in found):
            raise ValueError("cut off")
        return Gguf(self._path, entries, found, alignment)

    def _take(self, size: int) -> bytes:
        if size < 0 or self._at + size > len(self._data):
            raise ValueError("cut off")
        taken = self._data[self._at : self._at + size]
        self._at += size
        return taken

    def _number(self, form: str) -> int:
        return int(struct.unpack(f"<{form}", self._take(struct.calcsize(form)))[0])

    def _string(self) -> str:
        return self._take(self._number("Q")).decode("utf-8", "replace")

    def _skip_strings(self, count: int) -> None:
        for _ in range(count):
            size = self._number("Q")
            self._at += size
            if self._at > len(self._data):
                raise ValueError("cut off")

    def _entry(self) -> tuple[str, Entry]:
        start = self._at
        key, kind = self._string(), self._number("I")
        value = self._value(kind)
        return key, Entry(kind, start, self._at, value)

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            return self._array()
        form = _SCALARS[kind]
        return struct.unpack(f"<{form}", self._take(struct.calcsize(form)))[0]

    def _array(self) -> list[Any] | None:
        kind, count = self._number("I"), self._number("Q")
        if kind == _STRING:
            self._skip_strings(count)
            return None
        form = _SCALARS[kind]
        taken = self._take(count * struct.calcsize(form))
        return list(struct.unpack(f"<{count}{form}", taken)) if count <= _SHORT else None

    def _info(self) -> tuple[str, tuple[int, ...], GGMLQuantizationType, int]:
        name, dimensions = self._string(), self._number("I")
        if not 1 <= dimensions <= _DIMENSIONS:
            raise ValueError("too many dimensions")
        shape = tuple(self._number("Q") for _ in range(dimensions))[::-1]
        return name, shape, GGMLQuantizationType(self._number("I")), self._number("Q")

    @staticmethod
    def _placed(info: tuple[str, tuple[int, ...], GGMLQuantizationType, int], start: int) -> Tensor:
        name, shape, kind, offset = info
        if shape[-1] % GGML_QUANT_SIZES[kind][0]:
            raise ValueError("a row that is no whole number of blocks")
        return Tensor(name, shape, kind, start + offset)


def pieces(path: Path, start: int, size: int, piece: int) -> Iterator[bytes]:
    """So many bytes of a file, piece by piece. Raises MergeFailed where the file ends early."""
    with path.open("rb") as file:
        file.seek(start)
        while size:
            taken = file.read(min(size, piece))
            if not taken:
                raise MergeFailed(f"{path} became shorter while it was read: leave it alone while a model is made.")
            size -= len(taken)
            yield taken
