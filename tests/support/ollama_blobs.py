"""The blobs of the loopback Ollama, named by their SHA-256, and as much of the GGUF format as tells what is in one.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (version 3, little endian).
"""

from __future__ import annotations

import hashlib
import re
import struct
from dataclasses import dataclass
from typing import Any, Final

DIGEST: Final = re.compile(r"sha256[:-][0-9a-f]{64}")
_MAGIC: Final = b"GGUF"
_NUMBERS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT: Final = 8
_ARRAY: Final = 9
_SIZES: Final = {0: (1, 4), 1: (1, 2), 2: (32, 18), 8: (32, 34), 12: (256, 144), 14: (256, 210), 30: (1, 2)}
"""Type of a tensor -> elements a block, bytes a block: F32, F16, Q4_0, Q8_0, Q4_K, Q6_K, BF16."""
_TYPES: Final = {0: "F32", 1: "F16", 2: "Q4_0", 8: "Q8_0", 12: "Q4_K_M", 14: "Q6_K", 30: "BF16"}


class NotGguf(ValueError):
    """Bytes that are no GGUF file, or not a whole one."""


@dataclass(frozen=True)
class Gguf:
    """What a GGUF file says of itself: its keys, the tensors' shapes (elements), and the commonest type of them."""

    values: dict[str, Any]
    tensors: dict[str, tuple[int, ...]]
    quantisation: str

    @property
    def architecture(self) -> str:
        """The family of the model, such as llama."""
        return str(self.values.get("general.architecture", ""))

    @property
    def context(self) -> int | None:
        """The longest context that it was trained for, in tokens."""
        return self.values.get(f"{self.architecture}.context_length")

    @property
    def embeds(self) -> bool:
        """Whether it is an embedding model, as Ollama tells them apart."""
        return f"{self.architecture}.pooling_type" in self.values

    @property
    def is_adapter(self) -> bool:
        """Whether it is a LoRA adapter and no model."""
        return self.values.get("general.type") == "adapter"


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self.at = data, 0

    def number(self, code: str) -> Any:
        size = struct.calcsize(code)
        if self.at + size > len(self._data):
            raise NotGguf("it ends too early")
        (found,) = struct.unpack_from(f"<{code}", self._data, self.at)
        self.at += size
        return found

    def text(self) -> str:
        length = self.number("Q")
        if self.at + length > len(self._data):
            raise NotGguf("it ends too early")
        self.at += length
        return self._data[self.at - length : self.at].decode("utf-8", "surrogateescape")

    def value(self, kind: int) -> Any:
        if kind == _TEXT:
            return self.text()
        if kind == _ARRAY:
            inner, count = self.number("I"), self.number("Q")
            return [self.value(inner) for _ in range(count)]
        if kind not in _NUMBERS:
            raise NotGguf(f"it has a value of the unknown type {kind}")
        return self.number(_NUMBERS[kind])


def read_gguf(data: bytes) -> Gguf:
    """Raises NotGguf where the bytes are no whole GGUF file: also where a tensor's data is cut off."""
    if data[:4] != _MAGIC:
        raise NotGguf("it does not begin as GGUF")
    reader = _Reader(data)
    reader.at = 4
    if reader.number("I") not in (2, 3):
        raise NotGguf("it is of another version of GGUF")
    tensor_count, key_count = reader.number("Q"), reader.number("Q")
    values = {reader.text(): reader.value(reader.number("I")) for _ in range(key_count)}
    shapes: dict[str, tuple[int, ...]] = {}
    kinds: list[int] = []
    end = 0
    for _ in range(tensor_count):
        name = reader.text()
        shapes[name] = tuple(reader.number("Q") for _ in range(reader.number("I")))
        kind, offset = reader.number("I"), reader.number("Q")
        kinds.append(kind)
        end = max(end, offset + _length(shapes[name], kind))
    alignment = values.get("general.alignment", 32)
    begin = -(-reader.at // alignment) * alignment
    if begin + end > len(data):
        raise NotGguf(f"its tensors end at {begin + end} of {len(data)} bytes")
    commonest = max(kinds, key=kinds.count, default=0)
    return Gguf(values, shapes, _TYPES.get(commonest, "unknown"))


def _length(shape: tuple[int, ...], kind: int) -> int:
    elements = 1
    for side in shape:
        elements *= side
    per_block, size = _SIZES.get(kind, (1, 0))
    return elements // per_block * size


def tiny_gguf(values: dict[str, str | int] | None = None) -> bytes:
    """A whole GGUF file with one small tensor: of a llama, unless its keys say otherwise."""
    keys = {"general.architecture": "llama", "llama.context_length": 2048, **(values or {})}
    head = _MAGIC + struct.pack("<IQQ", 3, 1, len(keys))
    for key, value in keys.items():
        kind = struct.pack("<I", _TEXT) + _packed(value) if isinstance(value, str) else struct.pack("<II", 4, value)
        head += _packed(key) + kind
    head += _packed("token_embd.weight") + struct.pack("<IQIQ", 1, 8, 0, 0)
    return head + bytes(-len(head) % 32) + struct.pack("<8f", *range(8))


def _packed(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def digest_of(data: bytes) -> str:
    """As Ollama names a blob: sha256:HEX."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def is_digest(text: str) -> bool:
    """Whether it has the form of a digest."""
    return DIGEST.fullmatch(text) is not None


class Blobs(dict[str, bytes]):
    """Digest -> bytes of all blobs that lie on the server's disk."""

    def keep(self, data: bytes) -> str:
        """Lay bytes down; their digest."""
        digest = digest_of(data)
        self[digest] = data
        return digest
