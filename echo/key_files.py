"""The files that the master key comes from, beside the data that it opens."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from echo.errors import ConfigError, UsageError

MASTER_KEY_FILE = "master.key"
PASSPHRASE_FILE = "passphrase.json"
"""Salt and costs; not the passphrase."""
DATABASE = "echo.db"


def databases(data_dir: Path) -> list[Path]:
    """All databases in a data folder: Discord's, and those of sandboxes; one key opens them all."""
    places = [data_dir, *sorted(data_dir.glob("sandbox-*"))]
    return [path for place in places if (path := place / DATABASE).is_file()]


def has_databases(data_dir: Path) -> bool:
    """Whether anything was stored there by a key; a start that ended early leaves a database without a mark of one."""
    from db.rotation import opens

    # No key is all zeros, so that this says whether there is a mark at all.
    return any(opens(path, bytes(32)) is not None for path in databases(data_dir))


def derived(data_dir: Path, passphrase: str) -> bytes:
    """The key of a passphrase and the file in the data folder. Raises ConfigError where they do not fit."""
    return derived_of(passphrase, read_private(data_dir / PASSPHRASE_FILE).encode())


def derived_of(passphrase: str, content: bytes) -> bytes:
    """The same of the file's content."""
    from db.errors import StorageError
    from db.passphrase import derive_again

    try:
        return derive_again(passphrase, content)
    except StorageError as error:
        raise ConfigError(str(error)) from error


def derived_anew(passphrase: str) -> tuple[bytes, bytes]:
    """A new key of a passphrase, and what its file is to hold. Raises UsageError for a passphrase that is too short."""
    from db.passphrase import SHORTEST, derive

    if len(passphrase.strip()) < SHORTEST:
        raise UsageError(f"The passphrase is too short: take one of {SHORTEST} characters or more, such as five words.")
    return derive(passphrase)


def read_private(path: Path) -> str:
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


def put(path: Path, content: bytes) -> None:
    """Have a file hold this, whole and on the disk, in place of an older one. Raises OSError."""
    os.replace(_written_beside(path, content), path)
    sync_folder(path.parent)


def keep_first(path: Path, content: bytes) -> None:
    """Write a file all at once, or leave the one that is already there. Raises OSError."""
    name = _written_beside(path, content)
    try:
        # Linking is atomic and fails if there is a file, so none is ever lost.
        os.link(name, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(name)
    sync_folder(path.parent)


def remove(path: Path) -> None:
    """Have no such file, on the disk. Raises OSError."""
    with suppress(FileNotFoundError):
        path.unlink()
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _written_beside(path: Path, content: bytes) -> str:
    # mkstemp makes the file 0600, whatever the umask says.
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return name
