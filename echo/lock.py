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
    path = data_dir / "echo.lock"
    try:
        _make(data_dir)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigError(
            f"The data folder {data_dir} cannot be used ({error.strerror}): set data_dir to one that can."
        ) from error
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
