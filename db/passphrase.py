"""A master key from a passphrase, by Argon2id, or by scrypt where the system's cryptography lacks that.

The costs are kept beside a salt and bound to the key, so that nobody makes them cheaper unnoticed.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from db.cipher import KEY_BYTES, Cipher
from db.errors import StorageError, WrongMasterKey

SALT_BYTES: Final = 16
"""128 bits, as RFC 9106, section 4 says."""
SHORTEST: Final = 12
"""Characters of a passphrase that is taken for a new key."""
ARGON2ID: Final[Mapping[str, int]] = MappingProxyType({"iterations": 3, "lanes": 4, "memory_kib": 64 * 1024})
"""The second recommended option of RFC 9106, section 4: 3 passes over 64 MiB by 4 lanes."""
SCRYPT: Final[Mapping[str, int]] = MappingProxyType({"n": 2**17, "r": 8, "p": 1})
"""RFC 7914's function over 128 MiB (128 * n * r bytes), the first choice of OWASP's Password Storage Cheat Sheet."""
_BOUNDS: Final[Mapping[str, Mapping[str, tuple[int, int]]]] = MappingProxyType(
    {
        "argon2id": {"iterations": (1, 64), "lanes": (1, 64), "memory_kib": (8 * 64, 4 * 1024 * 1024)},
        "scrypt": {"n": (2**14, 2**22), "r": (1, 64), "p": (1, 64)},
    }
)
"""What a file may ask for, least and most: one that somebody changed must not eat up the machine."""


class PassphraseFileBroken(StorageError):
    """The file of salt and costs is no such file."""


@dataclass(frozen=True, slots=True)
class Derivation:
    """How a key is made of a passphrase: `kind` "argon2id" or "scrypt", salt and costs."""

    kind: str
    salt: bytes
    costs: Mapping[str, int]

    def key(self, passphrase: str) -> bytes:
        """KEY_BYTES bytes; takes 0.1 to 0.5 s. Raises UnsupportedAlgorithm where the system lacks the function."""
        # However a keyboard composes an accent, it is the same passphrase.
        secret = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass")
        if self.kind == "scrypt":
            return Scrypt(salt=self.salt, length=KEY_BYTES, **self.costs).derive(secret)
        costs = self.costs
        return Argon2id(
            salt=self.salt,
            length=KEY_BYTES,
            iterations=costs["iterations"],
            lanes=costs["lanes"],
            memory_cost=costs["memory_kib"],
        ).derive(secret)

    def facts(self) -> dict[str, Any]:
        """What is kept of it."""
        return {"kind": self.kind, "salt": base64.b64encode(self.salt).decode(), "costs": dict(self.costs)}


def derive(passphrase: str) -> tuple[bytes, bytes]:
    """A new key of a passphrase and a fresh salt, and the content of the file that goes with it."""
    salt = os.urandom(SALT_BYTES)
    derivation = Derivation("argon2id", salt, ARGON2ID)
    try:
        key = derivation.key(passphrase)
    except UnsupportedAlgorithm:
        derivation = Derivation("scrypt", salt, SCRYPT)
        key = derivation.key(passphrase)
    kept = derivation.facts() | {"check": _check(key, derivation).hex()}
    return key, (json.dumps(kept, indent=2, sort_keys=True) + "\n").encode()


def derive_again(passphrase: str, content: bytes) -> bytes:
    """The key that `derive` gave with this content of the file.

    Raises WrongMasterKey where the passphrase is another one or the file was changed, PassphraseFileBroken where it is
    no such file.
    """
    derivation, check = _read(content)
    try:
        key = derivation.key(passphrase)
    except (UnsupportedAlgorithm, MemoryError) as failure:
        raise PassphraseFileBroken(
            f"This computer can't derive a key by {derivation.kind} at the costs that passphrase.json asks for: use "
            "the computer, or the version of OpenSSL, by which it was made."
        ) from failure
    if not hmac.compare_digest(_check(key, derivation), check):
        raise WrongMasterKey(
            "The passphrase is not the one of this data, or passphrase.json was changed: set ECHO_PASSPHRASE to the "
            "right one, or put back the file."
        )
    return key


def described(content: bytes) -> str:
    """How a key is made, by the content of its file, in words. Raises PassphraseFileBroken."""
    derivation, _ = _read(content)
    costs = ", ".join(f"{name} {cost}" for name, cost in sorted(derivation.costs.items()))
    return f"{derivation.kind} ({costs})"


def _check(key: bytes, derivation: Derivation) -> bytes:
    said = json.dumps(derivation.facts(), sort_keys=True).encode()
    return hmac.digest(Cipher(key).derived("passphrase file"), said, "sha256")


def _read(content: bytes) -> tuple[Derivation, bytes]:
    try:
        kept = json.loads(content)
        salt, check = base64.b64decode(kept["salt"], validate=True), bytes.fromhex(kept["check"])
        bounds, costs = _BOUNDS[kept["kind"]], kept["costs"]
        fits = costs.keys() == bounds.keys() and all(
            type(costs[name]) is int and least <= costs[name] <= most for name, (least, most) in bounds.items()
        )
        if not fits or len(salt) != SALT_BYTES:
            raise ValueError("out of bounds")
    except (ValueError, KeyError, TypeError, AttributeError) as failure:
        raise PassphraseFileBroken(
            "The file passphrase.json, which holds what the key is made of beside the passphrase, is broken: put back "
            "a copy of it."
        ) from failure
    return Derivation(kept["kind"], salt, MappingProxyType(costs)), check
