"""One Echo to a data folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from echo.errors import AlreadyRunning, ConfigError


def _make(folder: Path) -> None:
    """Make a folder for its owner alone, with those above it: `mkdir` would leave these open to everybody."""
    for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
        missing.mkdir(exist_ok=True, mode=0o700)


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Hold the data folder (made if need be, mode 0700) while inside.

    Raises AlreadyRunning when another process holds it, ConfigError when it cannot be made or written. The lock goes
    with the process, however that ends.
    """
    handle = _opened(data_dir, "echo.lock")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise AlreadyRunning(
            f"Another Echo is running on {data_dir}: stop it first, or give this one its own data_dir."
        ) from error
    try:
        yield
    finally:
        os.close(handle)


@contextmanager
def keys_alone(data_dir: Path) -> Iterator[None]:
    """Nobody else reads the master key or makes a new database by it while inside; raises as `only_one` does."""
    with _keys(data_dir, fcntl.LOCK_EX):
        yield


@contextmanager
def keys_shared(data_dir: Path) -> Iterator[None]:
    """Nobody changes the master key while inside; raises as `only_one` does."""
    with _keys(data_dir, fcntl.LOCK_SH):
        yield


@contextmanager
def _keys(data_dir: Path, how: int) -> Iterator[None]:
    handle = _opened(data_dir, "keys.lock")
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise AlreadyRunning(
            f"An Echo is starting on {data_dir}, or its master key is being changed: try again in a moment."
        ) from error
    try:
        yield
    finally:
        os.close(handle)


def _opened(folder: Path, name: str) -> int:
    try:
        _make(folder)
        return os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigError(
            f"The data folder {folder} cannot be used ({error.strerror}): set data_dir to one that can."
        ) from error
