"""Signatures of the installation."""

from __future__ import annotations

from db.cipher import Cipher
from db.signing import PUBLIC_KEY_BYTES, SIGNATURE_BYTES, Signer, verify


def test_what_was_signed_is_told_from_what_was_not() -> None:
    signer, other = Signer(Cipher(b"k" * 32)), Signer(Cipher(b"j" * 32))
    signature = signer.sign(b"a receipt")
    assert (len(signature), len(signer.public_key)) == (SIGNATURE_BYTES, PUBLIC_KEY_BYTES)
    assert verify(signer.public_key, b"a receipt", signature)
    assert not verify(signer.public_key, b"a receipt.", signature)
    assert not verify(other.public_key, b"a receipt", signature)
    assert not verify(b"short", b"a receipt", signature)
    assert not verify(signer.public_key, b"a receipt", b"")


def test_the_same_installation_signs_by_the_same_key_for_ever() -> None:
    assert Signer(Cipher(b"k" * 32)).public_key == Signer(Cipher(b"k" * 32)).public_key
