"""The passphrase of which the master key is made, asked for on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from getpass import getpass

from pydantic import SecretStr

from echo.errors import UsageError
from echo.key_files import PASSPHRASE_FILE
from echo.settings import Loaded


def asked(what: str, *, twice: bool = False) -> SecretStr | None:
    """What is typed, unseen; None where there is no terminal or nothing is typed. Raises UsageError where the second
    time differs from the first."""
    if sys.stdin is None or not sys.stdin.isatty():
        return None
    ask: Callable[[str], str] = getpass
    try:
        typed = ask(f"{what}: ")
        if twice and ask(f"{what}, once more: ") != typed:
            raise UsageError("The two passphrases differ: try again.")
    except EOFError:
        return None
    return SecretStr(typed) if typed else None


def prompted(loaded: Loaded) -> Loaded:
    """The same with the passphrase, where the data needs one that is not set and there is a terminal to ask on."""
    secrets = loaded.secrets
    is_needed = (loaded.settings.data_dir / PASSPHRASE_FILE).exists()
    if secrets.passphrase is not None or secrets.has_set_key or not is_needed:
        return loaded
    passphrase = asked("The passphrase")
    return replace(loaded, secrets=replace(secrets, passphrase=passphrase, passphrase_source="terminal"))
