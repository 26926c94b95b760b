"""Where the two secrets come from, and how they stay hidden.

`DISCORD_TOKEN` is the bot's token; `ECHO_MASTER_KEY` is 32 bytes that wrap every profile's own key. Each comes from the
environment, else from `.env`, else from a file in the data folder (`token`, `master.key`) that only its owner may read.
"""

from __future__ import annotations

import base64
import binascii
import logging
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from echo.errors import ConfigError

TOKEN_VARIABLE = "DISCORD_TOKEN"
MASTER_KEY_VARIABLE = "ECHO_MASTER_KEY"
TOKEN_FILE = "token"
MASTER_KEY_FILE = "master.key"
MASTER_KEY_BYTES = 32
"""AES-256 wraps the profiles' keys."""

NOT_SET = "not set"


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets that were found, and where; `None` is one that nobody has set. Values never show in repr or str."""

    token: SecretStr | None = None
    master_key: SecretStr | None = None
    token_source: str = NOT_SET
    master_key_source: str = NOT_SET


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
    """Both secrets from the first place that has them: the environment, `.env`, their file in `data_dir`.

    Raises ConfigError if a secret's file may be read by others, cannot be read, or holds no single word.
    """
    token, token_source = _find(TOKEN_VARIABLE, data_dir / TOKEN_FILE, environ, dotenv)
    master_key, master_key_source = _find(MASTER_KEY_VARIABLE, data_dir / MASTER_KEY_FILE, environ, dotenv)
    return Secrets(token, master_key, token_source, master_key_source)


def ensure_master_key(data_dir: Path, secrets: Secrets) -> bytes:
    """The master key's 32 bytes; if nobody has set one, it is made and kept in `data_dir/master.key` (mode 0600).

    Raises ConfigError if the key that is set has another form or length, or the new one cannot be kept.
    """
    if secrets.master_key is not None:
        return decode_master_key(secrets.master_key.get_secret_value(), secrets.master_key_source)
    path = data_dir / MASTER_KEY_FILE
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        _keep_new_key(path)
        # Read back: a second process may have been first, and then its key is the one that counts.
        text = _read_private(path)
    except OSError as error:
        raise ConfigError(
            f"The master key cannot be kept in {path} ({error.strerror}): "
            f"make the folder writable, choose another with ECHO_DATA_DIR, or set {MASTER_KEY_VARIABLE}."
        ) from error
    return decode_master_key(text, f"file {path}")


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


def _keep_new_key(path: Path) -> None:
    """Write a fresh key to `path` all at once, or leave the key that is already there."""
    text = base64.urlsafe_b64encode(os.urandom(MASTER_KEY_BYTES)).decode("ascii")
    # mkstemp makes the file 0600; linking it is atomic and fails if there is a key, so none is ever lost.
    handle, name = tempfile.mkstemp(prefix=".master.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(name)


def _find(name: str, path: Path, environ: Mapping[str, str], dotenv: Mapping[str, str]) -> tuple[SecretStr | None, str]:
    for source, text in ((f"environment {name}", environ.get(name, "")), (".env", dotenv.get(name, ""))):
        if text.strip():
            return _one_word(text, f"{name} ({source})"), source
    try:
        text = _read_private(path)
    except FileNotFoundError:
        return None, NOT_SET
    return _one_word(text, f"{name} (file {path})"), f"file {path}"


def _one_word(text: str, what: str) -> SecretStr:
    words = text.split()
    if len(words) != 1 or not words[0].isascii():
        raise ConfigError(f"{what} must be one word of plain letters and signs without spaces: copy the secret again.")
    return SecretStr(words[0])


def _read_private(path: Path) -> str:
    """The text of a file that is nobody else's; raises FileNotFoundError if there is none, else ConfigError."""
    try:
        with path.open(encoding="utf-8") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read(10_000)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileNotFoundError(str(path)) from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): mend its rights or remove it.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not text: copy the secret into it again.") from error
    if mode & 0o077:
        raise ConfigError(f"{path} holds a secret but others may use it (mode {mode:04o}): run chmod 600 {path}")
    return text
