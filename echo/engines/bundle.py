"""A persona and the examples beside it as one model in bytes, for an engine that needs both.

The layout is a header (magic word, version, SHA-256 of all that follows), the persona's length, the persona, and the
examples deflated. A bare persona, as the embedded engine stores it, is a bundle without examples, so that the setting
`engine` can be changed while echoes live.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection, Sequence
from hashlib import sha256
from typing import Final

from echo.engines.examples import amended_examples, dumped, loaded
from echo.errors import EngineFailed
from echo.persona import storage
from echo.persona.model import Persona
from echo.persona.record import MESSAGES
from echo.persona.turns import Burst

MAGIC: Final = b"ECHOBNDL"
VERSION: Final = 1
_HEAD: Final = struct.Struct(">8sI32s")
_SIZE: Final = struct.Struct(">Q")


def bundled(persona: bytes, examples: bytes) -> bytes:
    """One model of a persona's bytes and the examples' bytes."""
    body = _SIZE.pack(len(persona)) + persona + zlib.compress(examples, 6)
    return _HEAD.pack(MAGIC, VERSION, sha256(body).digest()) + body


def unbundled(blob: bytes) -> tuple[bytes, bytes]:
    """The persona's bytes and the examples' (empty where there are none).

    Raises EngineFailed where the bytes are damaged, cut short, foreign or of another version.
    """
    if blob.startswith(storage.MAGIC):
        return blob, b""
    if len(blob) < _HEAD.size + _SIZE.size or not blob.startswith(MAGIC):
        raise EngineFailed("The stored model is not one of Echo's, so train the echo again.")
    _, version, digest = _HEAD.unpack_from(blob)
    if version != VERSION:
        raise EngineFailed(
            f"The stored model has format {version} and this Echo reads format {VERSION}, so train the echo again."
        )
    body = memoryview(blob)[_HEAD.size :]
    if sha256(body).digest() != digest:
        raise EngineFailed("The stored model is damaged or cut short, so train the echo again.")
    end = _SIZE.size + _SIZE.unpack_from(body)[0]
    try:
        # Joined, not cut: a large model is copied while other threads go on.
        return b"".join((body[_SIZE.size : end],)), zlib.decompress(body[end:])
    except zlib.error as problem:
        raise EngineFailed("The stored model can't be read, so train the echo again.") from problem


def learnt_ids(model: bytes) -> frozenset[int]:
    """The ids of the messages that a stored model of either kind knows. Raises EngineFailed as `unbundled` does."""
    stored, examples = unbundled(model)
    ids = set(storage.array_of(stored, MESSAGES).tolist())
    for one in loaded(examples):
        # Without ids nobody knows which messages they were.
        ids.update(one.ids or (0,), one.context_ids or ((0,) if one.context else ()))
    return frozenset(ids)


def amended_model(model: bytes, added: Sequence[Burst], withdrawn: Collection[int]) -> bytes:
    """A stored model of either kind with these turns and without the messages of these ids.

    Raises EngineFailed as `unbundled` and `Persona.load` do.
    """
    stored, examples = unbundled(model)
    persona = Persona.load(stored)
    persona.amend(added, withdrawn)
    if not model.startswith(MAGIC):
        return persona.dump()
    return bundled(persona.dump(), dumped(amended_examples(loaded(examples), added, withdrawn)))
