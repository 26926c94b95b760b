"""AES-256-GCM: what is stored is sealed, and bound to the place where it lies."""

from __future__ import annotations

import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from db.errors import Tampered

KEY_BYTES = 32
NONCE_BYTES = 12
"""The nonce length of NIST SP 800-38D; random, so that one key may seal some 2**32 messages."""


class Cipher:
    """Seals and opens under one key of KEY_BYTES bytes.

    `place` names where the ciphertext lies: a purpose, then ids. It is not stored but bound as associated data, so
    that ciphertext that was moved elsewhere does not open.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"A key has {KEY_BYTES} bytes.")
        self._key = key
        self._aead = AESGCM(key)

    def derived(self, purpose: str) -> bytes:
        """32 bytes for another purpose, from which nobody gets back to the key: HKDF-Expand of RFC 5869, one block."""
        return hmac.digest(self._key, purpose.encode() + b"\x01", "sha256")

    def seal(self, plain: bytes | memoryview, *place: str | int) -> bytes:
        """Nonce, ciphertext and tag: 28 bytes more than `plain`."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plain, _bound(place))

    def seal_all(self, plains: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """The same for many, each with its place as `bound` gives it; nonces are drawn at once."""
        nonces, encrypt = os.urandom(NONCE_BYTES * len(plains)), self._aead.encrypt
        sealed = []
        for start, (plain, place) in zip(range(0, len(nonces), NONCE_BYTES), plains, strict=True):
            nonce = nonces[start : start + NONCE_BYTES]
            sealed.append(nonce + encrypt(nonce, plain, place))
        return sealed

    def open(self, sealed: bytes | memoryview, *place: str | int) -> bytes:
        """What `seal` was given; raises Tampered if it was changed, cut off, moved, or sealed with another key."""
        try:
            return self._aead.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bound(place))
        except (InvalidTag, ValueError) as failure:
            raise Tampered(
                f"Something stored ({place[0]}) was changed or moved since Echo wrote it: put back a copy of the "
                "database, or forget this echo and ask for a new one."
            ) from failure


def _bound(place: tuple[str | int, ...]) -> bytes:
    # Purposes are words of ours and ids are numbers: none holds the separator, so no two places read the same.
    return "|".join(map(str, place)).encode()
