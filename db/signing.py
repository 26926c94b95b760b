"""Signatures of the installation: Ed25519 (RFC 8032), by a key that is derived from the installation's own."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from db.cipher import Cipher

PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64


class Signer:
    """Signs in the name of the installation whose own key `house` is; rotating the master key changes nothing of it."""

    def __init__(self, house: Cipher) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(house.derived("signing"))
        self.public_key: bytes = self._key.public_key().public_bytes_raw()

    def sign(self, data: bytes) -> bytes:
        """The signature of `data`, SIGNATURE_BYTES bytes."""
        return self._key.sign(data)


def verify(public_key: bytes, data: bytes, signature: bytes) -> bool:
    """Whether `signature` is that of `data` by the owner of `public_key`; False too where either is malformed."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True
