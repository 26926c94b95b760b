"""Where the secrets come from, and how they stay hidden.

`DISCORD_TOKEN` is the bot's token; `ECHO_MASTER_KEY` is 32 bytes that wrap every profile's own key. Each comes from the
environment, else from `.env`, else from a file in the data folder (`token`, `master.key`) that only its owner may read.
Instead of the latter there may be a passphrase (`ECHO_PASSPHRASE`, or asked for on a terminal), of which the key is
made with what lies in the file `passphrase.json`.
"""

from __future__ import annotations

import base64
import binascii
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from echo.errors import ConfigError
from echo.key_files import (
    MASTER_KEY_FILE,
    PASSPHRASE_FILE,
    derived,
    derived_anew,
    has_databases,
    keep_first,
    put,
    read_private,
)

TOKEN_VARIABLE = "DISCORD_TOKEN"
MASTER_KEY_VARIABLE = "ECHO_MASTER_KEY"
PASSPHRASE_VARIABLE = "ECHO_PASSPHRASE"
NEW_MASTER_KEY_VARIABLE = "ECHO_NEW_MASTER_KEY"
NEW_PASSPHRASE_VARIABLE = "ECHO_NEW_PASSPHRASE"
SECRET_VARIABLES = (
    *(TOKEN_VARIABLE, MASTER_KEY_VARIABLE, PASSPHRASE_VARIABLE),
    *(NEW_MASTER_KEY_VARIABLE, NEW_PASSPHRASE_VARIABLE),
)
"""Variables that hold secrets: no child process gets them."""
TOKEN_FILE = "token"
MASTER_KEY_BYTES = 32
"""AES-256 wraps the profiles' keys."""

NOT_SET = "not set"


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets that were found, and where; `None` is one that nobody has set. Values never show in repr or str.

    `new_master_key` and `new_passphrase` are what `echo-bot key rotate` is to change to.
    """

    token: SecretStr | None = None
    master_key: SecretStr | None = None
    token_source: str = NOT_SET
    master_key_source: str = NOT_SET
    passphrase: SecretStr | None = None
    passphrase_source: str = NOT_SET
    new_master_key: SecretStr | None = None
    new_passphrase: SecretStr | None = None

    @property
    def has_set_key(self) -> bool:
        """Whether the master key itself is set, in the environment or `.env`."""
        return self.master_key is not None and not self.master_key_source.startswith("file ")

    @property
    def values(self) -> tuple[SecretStr | None, ...]:
        """All that must never be seen."""
        return self.token, self.master_key, self.passphrase, self.new_master_key, self.new_passphrase


class SecretFilter(logging.Filter):
    """Put on a log handler, it writes `[hidden]` for every secret's value, whichever library logs it."""

    def __init__(self, *values: SecretStr | None) -> None:
        super().__init__()
        # Very short values would blot out ordinary words, and no real secret is that short.
        self._values = [value.get_secret_value() for value in values if value and len(value.get_secret_value()) >= 8]

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        hidden = text
        for value in self._values:
            hidden = hidden.replace(value, "[hidden]")
        if hidden != text:
            record.msg, record.args = hidden, None
        return True


def read_secrets(data_dir: Path, environ: Mapping[str, str], dotenv: Mapping[str, str]) -> Secrets:
    """The secrets, each from the first place that has it: the environment, `.env`, its file in `data_dir`.

    Raises ConfigError if a secret's file may be read by others, cannot be read, or holds no single word.
    """
    token, token_source = _find(TOKEN_VARIABLE, data_dir / TOKEN_FILE, environ, dotenv)
    master_key, master_key_source = _find(MASTER_KEY_VARIABLE, data_dir / MASTER_KEY_FILE, environ, dotenv)
    passphrase, passphrase_source = _find_text(PASSPHRASE_VARIABLE, environ, dotenv)
    new_key, source = _find_text(NEW_MASTER_KEY_VARIABLE, environ, dotenv)
    return Secrets(
        token,
        master_key,
        token_source,
        master_key_source,
        passphrase,
        passphrase_source,
        new_key and _one_word(new_key.get_secret_value(), f"{NEW_MASTER_KEY_VARIABLE} ({source})"),
        _find_text(NEW_PASSPHRASE_VARIABLE, environ, dotenv)[0],
    )


def ensure_master_key(data_dir: Path, secrets: Secrets) -> bytes:
    """The master key's 32 bytes; if nobody has set one, it is made and kept in `data_dir/master.key` (mode 0600), or
    made of the passphrase, where one is set.

    Raises ConfigError if the key that is set has another form or length, does not go with what else is set, or the new
    one cannot be kept; where there is data already but no key, none is made.
    """
    by_passphrase = (data_dir / PASSPHRASE_FILE).exists()
    if secrets.has_set_key and secrets.passphrase is not None:
        raise ConfigError(f"Both {MASTER_KEY_VARIABLE} and {PASSPHRASE_VARIABLE} are set: leave one of them away.")
    if secrets.has_set_key or (secrets.master_key is not None and not by_passphrase):
        assert secrets.master_key is not None
        if secrets.passphrase is not None:
            raise ConfigError(
                f"{PASSPHRASE_VARIABLE} is set, but this data has its key in {data_dir / MASTER_KEY_FILE}: run "
                "echo-bot key rotate --to passphrase, or leave the passphrase away."
            )
        return decode_master_key(secrets.master_key.get_secret_value(), secrets.master_key_source)
    if by_passphrase:
        if secrets.passphrase is None:
            raise ConfigError(
                f"The master key of this data is made of a passphrase: set {PASSPHRASE_VARIABLE}, or start Echo on a "
                "terminal, where it asks for it."
            )
        return derived(data_dir, secrets.passphrase.get_secret_value())
    # One that was made since the settings were read opens what is there.
    if not (data_dir / MASTER_KEY_FILE).exists() and has_databases(data_dir):
        raise missing()
    return _made(data_dir, secrets)


def missing() -> ConfigError:
    """The sentence for data whose key is not there."""
    return ConfigError(
        "The master key of this data is missing: put back the file master.key, or set ECHO_MASTER_KEY to it."
    )


def _made(data_dir: Path, secrets: Secrets) -> bytes:
    """A new key of a passphrase or of chance, kept."""
    path = data_dir / (MASTER_KEY_FILE if secrets.passphrase is None else PASSPHRASE_FILE)
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        if secrets.passphrase is not None:
            key, content = derived_anew(secrets.passphrase.get_secret_value())
            put(path, content)
            return key
        keep_first(path, encode_master_key(os.urandom(MASTER_KEY_BYTES)))
        # Read back: a second process may have been first, and then its key is the one that counts.
        text = read_private(path)
    except OSError as error:
        raise ConfigError(
            f"The master key cannot be kept in {path} ({error.strerror}): "
            f"make the folder writable, choose another with ECHO_DATA_DIR, or set {MASTER_KEY_VARIABLE}."
        ) from error
    return decode_master_key(text, f"file {path}")


def encode_master_key(key: bytes) -> bytes:
    """How a key is written in a file: base64url and a line's end."""
    return base64.urlsafe_b64encode(key) + b"\n"


def decode_master_key(text: str, source: str) -> bytes:
    """32 bytes from base64url text (with or without padding) or 64 hexadecimal digits, else ConfigError.

    `source` says where the text came from, for the message; the text itself is never in it.
    """
    text = text.strip()
    try:
        key = bytes.fromhex(text) if len(text) == 2 * MASTER_KEY_BYTES else _from_base64url(text)
    except ValueError:
        key = b""
    if len(key) != MASTER_KEY_BYTES:
        raise ConfigError(
            f"The master key from {source} is not 32 bytes written as base64url or as 64 hexadecimal digits: "
            "put back the key that this data was made with."
        )
    return key


def _from_base64url(text: str) -> bytes:
    # b64decode drops characters it does not know unless told to validate, and then knows only the standard alphabet.
    standard = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def _find(name: str, path: Path, environ: Mapping[str, str], dotenv: Mapping[str, str]) -> tuple[SecretStr | None, str]:
    for source, text in ((f"environment {name}", environ.get(name, "")), (".env", dotenv.get(name, ""))):
        if text.strip():
            return _one_word(text, f"{name} ({source})"), source
    try:
        text = read_private(path)
    except FileNotFoundError:
        return None, NOT_SET
    return _one_word(text, f"{name} (file {path})"), f"file {path}"


def _find_text(name: str, environ: Mapping[str, str], dotenv: Mapping[str, str]) -> tuple[SecretStr | None, str]:
    """A secret that no file may hold, whatever characters it has; without what a line may end with."""
    for source, found in ((f"environment {name}", environ), (".env", dotenv)):
        if text := found.get(name, "").rstrip("\r\n"):
            return SecretStr(text), source
    return None, NOT_SET


def _one_word(text: str, what: str) -> SecretStr:
    words = text.split()
    if len(words) != 1 or not words[0].isascii():
        raise ConfigError(f"{what} must be one word of plain letters and signs without spaces: copy the secret again.")
    return SecretStr(words[0])
