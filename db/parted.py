"""Large contents sealed part by part: sealing holds up every other thread of the process, for as long as it takes.

A sealed file begins with MAGIC, an id of its own and the number of its parts; each part is bound to that id and number,
to its own number, and to the place of the whole, so that parts neither change places nor come from another file.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import Final

from db.cipher import NONCE_BYTES, Cipher

MAGIC: Final = b"ECHOPART"
PART: Final = 2**21
"""Bytes of content in one part: some milliseconds' work."""
_TAG_BYTES: Final = 16
_HEAD: Final = struct.Struct(">8s16sI")


def sealed_parts(cipher: Cipher, content: bytes, *place: str | int) -> Iterator[bytes]:
    """What is to be written, one after the other."""
    own, view = os.urandom(16), memoryview(content)
    starts = range(0, max(1, len(content)), PART)
    yield _HEAD.pack(MAGIC, own, len(starts))
    for number, start in enumerate(starts):
        yield cipher.seal(view[start : start + PART], *place, own.hex(), len(starts), number)


def opened(cipher: Cipher, sealed: bytes, *place: str | int) -> bytes:
    """The content of a sealed file, also of one that was sealed in one piece. Raises Tampered as `Cipher.open` does."""
    if len(sealed) < _HEAD.size or not sealed.startswith(MAGIC):
        return cipher.open(sealed, *place)
    _, own, count = _HEAD.unpack_from(sealed)
    view, size = memoryview(sealed)[_HEAD.size :], NONCE_BYTES + PART + _TAG_BYTES
    cuts = [number * size for number in range(count)]
    # The last part holds whatever is left, so that anything cut off or added shows.
    parts = [
        cipher.open(view[start : (start + size if number < count - 1 else None)], *place, own.hex(), count, number)
        for number, start in enumerate(cuts)
    ]
    return b"".join(parts)
