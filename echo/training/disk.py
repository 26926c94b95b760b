"""Room on the disk, and the folders in which models lie while they are made."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from echo.errors import EngineFailed

PREFIX: Final = "making-model-"
"""How the folders' names begin: whatever is called so and is not in use was left behind by a crash."""
MARGIN: Final = 2**28
"""Bytes that are left free: the database beside it grows, too."""


class DiskTooFull(EngineFailed):
    """There is less room than a model needs; the message names both figures."""


@contextmanager
def workplace(home: Path) -> Iterator[Path]:
    """A new folder in the data folder that only its owner may enter (mode 0700), and at the end none.

    Raises EngineFailed where it can't be made.
    """
    try:
        # mkdtemp makes it 0700, whatever the umask says.
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=home))
    except OSError as error:
        raise EngineFailed(f"No folder can be made in {home} ({error.strerror}): give it back to Echo.") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(home: Path, in_use: Collection[Path] = ()) -> int:
    """Remove what a crash left behind in the data folder; how many folders. Those in use stay."""
    left = [folder for folder in home.glob(f"{PREFIX}*") if folder.is_dir() and folder not in in_use]
    for folder in left:
        shutil.rmtree(folder, ignore_errors=True)
    return sum(not folder.exists() for folder in left)


def require_room(folder: Path, size: int) -> None:
    """Raise DiskTooFull where fewer than `size` bytes and the margin are free on the folder's disk."""
    free = shutil.disk_usage(folder).free
    if free < size + MARGIN:
        home = folder.parent if folder.name.startswith(PREFIX) else folder
        raise DiskTooFull(
            f"Making the model takes {gigabytes(size + MARGIN)} of disk in {home}, where {gigabytes(free)} "
            "are free: make room, or choose a smaller base."
        )


def gigabytes(size: int) -> str:
    """Bytes, for people."""
    return f"{size / 1e9:.2f} GB"
