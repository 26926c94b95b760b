"""`echo-bot key`: where the master key comes from, whether it opens everything, and another one in its place."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from db.errors import StorageError, WrongMasterKey
from db.passphrase import described
from db.rotation import look, opens
from echo.data_folder import master_key_of
from echo.errors import ConfigError, UsageError
from echo.key_files import MASTER_KEY_FILE, PASSPHRASE_FILE, databases, derived_anew, read_private
from echo.passphrases import asked
from echo.rotating import Kind, NewKey, is_interrupted, kind_of, rotate, settle
from echo.secrets import MASTER_KEY_BYTES, MASTER_KEY_VARIABLE, NEW_MASTER_KEY_VARIABLE, decode_master_key
from echo.settings import Loaded
from schedules.clock import Clock, SystemClock

Say = Callable[[str], None]
BROKEN = 65


def run(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock | None = None) -> int:
    """Do what `echo-bot key` was asked for; the exit code. Raises EchoError."""
    if options.what == "rotate":
        return _rotate(options, loaded, say, clock or SystemClock())
    return _check(options, loaded, say)


def _check(options: argparse.Namespace, loaded: Loaded, say: Say) -> int:
    """What there is, and whether the key opens it; nothing is written."""
    data_dir = loaded.settings.data_dir
    key = master_key_of(loaded)
    told = [_database(path, data_dir, key) for path in databases(data_dir)]
    facts = {
        "source": _source(data_dir, loaded),
        "interrupted": is_interrupted(data_dir),
        "databases": told,
    }
    if options.json:
        say(json.dumps(facts, indent=2))
    else:
        say(f"Master key: {facts['source']}")
        if facts["interrupted"]:
            say("A change of the key was interrupted: the next start, or echo-bot key rotate, finishes or undoes it.")
        for one in told:
            say(_line(one))
    if any(one["opens"] is False for one in told):
        raise ConfigError("The master key does not open everything: put back the key that this data was made with.")
    return BROKEN if any(one.get("broken") for one in told) else 0


def _source(data_dir: Path, loaded: Loaded) -> str:
    kind = kind_of(data_dir, loaded.secrets)
    if kind is Kind.PASSPHRASE:
        return f"a passphrase, by {described(read_private(data_dir / PASSPHRASE_FILE).encode())}"
    return loaded.secrets.master_key_source


def _database(path: Path, data_dir: Path, key: bytes) -> dict[str, Any]:
    facts: dict[str, Any] = {"database": str(path.relative_to(data_dir)), "opens": opens(path, key)}
    if not facts["opens"]:
        return facts
    try:
        wrapped = look(path, key)
    except WrongMasterKey:
        return facts | {"opens": False}
    except StorageError as error:
        raise ConfigError(str(error)) from error
    return facts | {"alive": wrapped.alive, "destroyed": wrapped.destroyed, "broken": list(wrapped.broken)}


def _line(facts: dict[str, Any]) -> str:
    if facts["opens"] is None:
        return f"{facts['database']}: empty"
    if not facts["opens"]:
        return f"{facts['database']}: made with another key"
    what = f"opens, with the keys of {facts['alive']} profiles ({facts['destroyed']} destroyed)"
    return "\n  does not open: ".join([f"{facts['database']}: {what}", *facts["broken"]])


def _rotate(options: argparse.Namespace, loaded: Loaded, say: Say, clock: Clock) -> int:
    data_dir = loaded.settings.data_dir
    if told := settle(data_dir, loaded.secrets, clock()):
        say(f"{told} Run echo-bot key rotate once more to change it again.")
        return 0
    old = master_key_of(loaded)
    was = kind_of(data_dir, loaded.secrets)
    new = _chosen(Kind(options.to) if options.to else was, options, loaded)
    if new.key == old:
        raise UsageError("The new master key is the one that is in use: give another one.")
    count = rotate(data_dir, old, new, clock())
    say(f"The master key is changed, in {count} {'database' if count == 1 else 'databases'}. {_next(data_dir, new)}")
    if was is Kind.ENVIRONMENT and new.kind is not Kind.ENVIRONMENT:
        say(f"Take {MASTER_KEY_VARIABLE} out of the environment now: it still holds the old key.")
    return 0


def _chosen(kind: Kind, options: argparse.Namespace, loaded: Loaded) -> NewKey:
    """The new key that was asked for."""
    given = loaded.secrets.new_master_key
    if kind is Kind.PASSPHRASE:
        passphrase = loaded.secrets.new_passphrase or asked("The new passphrase", twice=True)
        if passphrase is None:
            raise UsageError("There is no new passphrase: set ECHO_NEW_PASSPHRASE, or run this on a terminal.")
        key, content = derived_anew(passphrase.get_secret_value())
        return NewKey(key, kind, content.decode())
    if options.key_file is not None:
        return NewKey(_from(options.key_file), kind)
    if given is not None:
        return NewKey(decode_master_key(given.get_secret_value(), f"environment {NEW_MASTER_KEY_VARIABLE}"), kind)
    if kind is Kind.ENVIRONMENT:
        raise UsageError(
            f"The new key must be one that you keep yourself: set {NEW_MASTER_KEY_VARIABLE}, or give --key-file."
        )
    return NewKey(os.urandom(MASTER_KEY_BYTES), kind)


def _from(path: Path) -> bytes:
    try:
        return decode_master_key(read_private(path), f"file {path}")
    except FileNotFoundError as error:
        raise UsageError(f"There is no file {path}: give --key-file the file with the new key.") from error


def _next(data_dir: Path, new: NewKey) -> str:
    match new.kind:
        case Kind.FILE:
            return f"It lies in {data_dir / MASTER_KEY_FILE}: keep a copy of it, apart from the backups."
        case Kind.PASSPHRASE:
            return f"Keep a copy of {data_dir / PASSPHRASE_FILE} with the backups: the passphrase opens nothing alone."
        case _:
            return f"Set {MASTER_KEY_VARIABLE} to it before the next start."
