"""Changing the master key of a data folder, and finishing or undoing what was interrupted.

The order of file and database decides what a crash leaves. First both keys, each sealed under the other, are put in one
file: from then on whoever has either has both. Then each database is wrapped anew in a transaction of its own, which is
on the disk before the next. Then the new key's own file takes the place of the old one's, and last the first file goes.
So at any moment there is a key at hand with which `settle` brings everything under one.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from db.cipher import Cipher
from db.errors import StorageError, Tampered
from db.rotation import look, opens, rewrap
from echo.errors import ConfigError
from echo.key_files import (
    MASTER_KEY_FILE,
    PASSPHRASE_FILE,
    databases,
    derived_of,
    put,
    read_private,
    remove,
)
from echo.lock import keys_alone, only_one
from echo.secrets import Secrets, decode_master_key, encode_master_key

CHANGE_FILE = "master.key.change"


class Kind(StrEnum):
    """Where a master key comes from."""

    FILE = "file"
    PASSPHRASE = "passphrase"
    ENVIRONMENT = "environment"


def kind_of(data_dir: Path, secrets: Secrets) -> Kind:
    """Where the key comes from now."""
    if secrets.has_set_key:
        return Kind.ENVIRONMENT
    return Kind.PASSPHRASE if (data_dir / PASSPHRASE_FILE).exists() else Kind.FILE


@dataclass(frozen=True, slots=True)
class NewKey:
    """What a data folder is changed to: the key, where it will come from, and what `passphrase.json` is to hold ("" for
    the other kinds)."""

    key: bytes
    kind: Kind
    derivation: str = ""


def rotate(data_dir: Path, old: bytes, new: NewKey, at: datetime) -> int:
    """Wrap everything in a data folder by another master key; how many databases there are.

    Raises AlreadyRunning while an Echo runs on any of it, ConfigError where something does not open by the old key
    (nothing is changed then) or the disk fails (`settle` mends that).
    """
    with _alone(data_dir):
        found = databases(data_dir)
        try:
            for path in found:
                if opens(path, old) is not None and (broken := look(path, old).broken):
                    raise ConfigError(
                        f"In {path} {broken[0]} does not open, so that the master key is left as it is: put back a "
                        "copy of the database first."
                    )
            put(data_dir / CHANGE_FILE, _written(old, new))
            for path in found:
                rewrap(path, old, new.key, at)
            _place(data_dir, new)
        except StorageError as error:
            raise ConfigError(str(error)) from error
        except OSError as error:
            raise _disk(data_dir, error) from error
    return len(found)


def is_interrupted(data_dir: Path) -> bool:
    """Whether a change of the key is under way, or was when the process ended."""
    return (data_dir / CHANGE_FILE).exists()


def settle(data_dir: Path, secrets: Secrets, at: datetime) -> str | None:
    """Finish or undo a change of the key that was interrupted; a sentence that says which, None where there was none.

    It is finished where the new key is at hand, or lies in a file of its own and is in use already; else undone.
    Raises AlreadyRunning while an Echo runs on any of it, ConfigError where neither key is at hand (nothing is changed
    then) or the disk fails.
    """
    if not is_interrupted(data_dir):
        return None
    with _alone(data_dir):
        try:
            return _settled(data_dir, secrets, at)
        except FileNotFoundError:
            # Somebody else has just done it.
            return None
        except StorageError as error:
            raise ConfigError(str(error)) from error
        except OSError as error:
            raise _disk(data_dir, error) from error


def _settled(data_dir: Path, secrets: Secrets, at: datetime) -> str:
    old, new, has_new = _both(data_dir, secrets)
    found = databases(data_dir)
    is_begun = any(opens(path, new.key) for path in found)
    if has_new or (is_begun and new.kind is Kind.FILE):
        for path in found:
            rewrap(path, old, new.key, at)
        _place(data_dir, new)
        return "The change of the master key that was interrupted is finished: the new key is in use."
    for path in found:
        rewrap(path, new.key, old, at)
    placed = data_dir / PASSPHRASE_FILE
    if new.kind is Kind.PASSPHRASE and placed.exists() and read_private(placed) == new.derivation:
        remove(placed)
    remove(data_dir / CHANGE_FILE)
    return "The change of the master key that was interrupted is undone: the old key is in use."


def _place(data_dir: Path, new: NewKey) -> None:
    """Have the new key where it will be looked for, and no other."""
    if new.kind is Kind.FILE:
        put(data_dir / MASTER_KEY_FILE, encode_master_key(new.key))
    if new.kind is Kind.PASSPHRASE:
        put(data_dir / PASSPHRASE_FILE, new.derivation.encode())
    for kind, name in ((Kind.FILE, MASTER_KEY_FILE), (Kind.PASSPHRASE, PASSPHRASE_FILE)):
        if new.kind is not kind:
            remove(data_dir / name)
    remove(data_dir / CHANGE_FILE)


def _written(old: bytes, new: NewKey) -> bytes:
    facts = {
        "kind": new.kind.value,
        "derivation": new.derivation,
        "new": base64.b64encode(Cipher(old).seal(new.key, "new master key")).decode(),
        "old": base64.b64encode(Cipher(new.key).seal(old, "old master key")).decode(),
    }
    return json.dumps(facts, indent=2).encode() + b"\n"


def _both(data_dir: Path, secrets: Secrets) -> tuple[bytes, NewKey, bool]:
    """The old and the new key, and whether the new one is at hand. Raises ConfigError where neither is."""
    path = data_dir / CHANGE_FILE
    try:
        facts = json.loads(read_private(path))
        kind, derivation = Kind(facts["kind"]), str(facts["derivation"])
        sealed_old, sealed_new = base64.b64decode(facts["old"]), base64.b64decode(facts["new"])
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path} is no file of Echo's: put back a copy of the data folder.") from error
    before: bytes | None = None
    for key in _at_hand(data_dir, secrets, derivation):
        if (old := _opened(key, sealed_old, "old master key")) is not None:
            return old, NewKey(key, kind, derivation), True
        before = before or (key if _opened(key, sealed_new, "new master key") else None)
    if before is None:
        raise ConfigError(
            "A change of the master key was interrupted, and neither the old nor the new key is set: set one of them, "
            "or its passphrase, and try again."
        )
    after = _opened(before, sealed_new, "new master key")
    assert after is not None
    return before, NewKey(after, kind, derivation), False


def _at_hand(data_dir: Path, secrets: Secrets, derivation: str) -> Iterator[bytes]:
    """Every key that can be had by what is set and what lies in the folder."""
    if secrets.master_key is not None:
        yield decode_master_key(secrets.master_key.get_secret_value(), secrets.master_key_source)
    path = data_dir / MASTER_KEY_FILE
    if path.exists():
        yield decode_master_key(read_private(path), f"file {path}")
    if secrets.passphrase is None:
        return
    passphrase = secrets.passphrase.get_secret_value()
    contents = [derivation] if derivation else []
    if (placed := data_dir / PASSPHRASE_FILE).exists():
        contents.append(read_private(placed))
    for content in contents:
        try:
            yield derived_of(passphrase, content.encode())
        except ConfigError:
            # It is the passphrase of the other one.
            continue


def _opened(key: bytes, sealed: bytes, place: str) -> bytes | None:
    try:
        return Cipher(key).open(sealed, place)
    except Tampered:
        return None


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Nobody else uses the data folder or any sandbox in it. Raises AlreadyRunning."""
    with ExitStack() as stack:
        stack.enter_context(keys_alone(data_dir))
        for home in {data_dir, *(path.parent for path in databases(data_dir))}:
            stack.enter_context(only_one(home))
        yield


def _disk(data_dir: Path, error: OSError) -> ConfigError:
    return ConfigError(
        f"The master key in {data_dir} cannot be changed now ({error.strerror}): make room and the folder yours to "
        "write; the next start, or echo-bot key rotate, finishes or undoes it."
    )
