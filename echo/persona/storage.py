"""A persona as bytes: named arrays and word lists in an npz file behind a header. Never pickle.

The header is the magic word, the format's version and the SHA-256 of what follows, so that truncated, foreign and older
bytes are told apart before anything is read.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from echo.errors import EngineFailed

MAGIC: Final = b"ECHOPERS"
VERSION: Final = 2
_HEAD: Final = struct.Struct(">8sI32s")
UNREADABLE: Final = "The stored model can't be read, so train the echo again."


def packed(arrays: Mapping[str, NDArray[np.generic]], notes: Mapping[str, Any]) -> bytes:
    """Arrays and JSON-able notes as bytes."""
    body = io.BytesIO()
    text = np.frombuffer(json.dumps(notes, ensure_ascii=False).encode("utf-8", "surrogatepass"), np.uint8)
    everything: dict[str, Any] = {**arrays, "notes": text}
    np.savez(body, **everything)
    raw = body.getvalue()
    return _HEAD.pack(MAGIC, VERSION, sha256(raw).digest()) + raw


def unpacked(blob: bytes) -> tuple[dict[str, NDArray[np.generic]], dict[str, Any]]:
    """What `packed` was given. Raises EngineFailed where the bytes are no whole model of this version."""
    arrays = _read(blob, None)
    return arrays, _notes(arrays.pop("notes", np.zeros(0, np.uint8)))


def notes_of(blob: bytes) -> dict[str, Any]:
    """The notes alone, without reading the arrays. Raises EngineFailed as `unpacked` does."""
    return _notes(_read(blob, "notes").get("notes", np.zeros(0, np.uint8)))


def array_of(blob: bytes, name: str) -> NDArray[np.generic]:
    """One array alone. Raises EngineFailed as `unpacked` does, and where there is no such array."""
    try:
        return _read(blob, name)[name]
    except KeyError as problem:
        raise EngineFailed(UNREADABLE) from problem


def _notes(stored: NDArray[np.generic]) -> dict[str, Any]:
    try:
        notes: dict[str, Any] = json.loads(stored.tobytes().decode("utf-8", "surrogatepass"))
    except ValueError as problem:
        raise EngineFailed(UNREADABLE) from problem
    return notes


def _read(blob: bytes, only: str | None) -> dict[str, NDArray[np.generic]]:
    """The arrays, or one of them alone."""
    if len(blob) < _HEAD.size or not blob.startswith(MAGIC):
        raise EngineFailed("The stored model is not one of Echo's, so train the echo again.")
    _, version, digest = _HEAD.unpack_from(blob)
    if version != VERSION:
        raise EngineFailed(
            f"The stored model has format {version} and this Echo reads format {VERSION}, so train the echo again."
        )
    # Nothing is copied as a whole: that would hold up every other thread.
    if sha256(memoryview(blob)[_HEAD.size :]).digest() != digest:
        raise EngineFailed("The stored model is damaged or cut short, so train the echo again.")
    try:
        # A zip file is read from its end, whatever stands before it.
        with zipfile.ZipFile(io.BytesIO(blob)) as stored:
            names = [name.removesuffix(".npy") for name in stored.namelist()]
            return {name: _array(stored, name) for name in names if only in (None, name)}
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as problem:
        raise EngineFailed(UNREADABLE) from problem


def _array(stored: zipfile.ZipFile, name: str) -> NDArray[np.generic]:
    with stored.open(f"{name}.npy") as file:
        array: NDArray[np.generic] = np.lib.format.read_array(file, allow_pickle=False)
    return array
