"""What keeps others on the same computer away: of the process, and of the data folder."""

from __future__ import annotations

import ctypes
import os
import resource
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from echo.errors import ConfigError

_PR_SET_DUMPABLE: Final = 4
"""prctl(2)."""
OWN: Final = (
    *("echo.db*", "*.lock", "master.key*", "passphrase.json", "token", "audit.head"),
    *("models/*", "tuning/*", "logs/*", "making-model-*/*"),
)
"""What Echo keeps in a data folder: nothing else there is touched."""
FOLDERS: Final = ("models", "tuning", "logs")
SECRETS: Final = frozenset({"master.key", "token"})
"""Files that are refused where others may read them, as it is too late then: see `echo.secrets`."""


def harden() -> None:
    """From now on files are made for their owner alone, and nothing of this process is written to a core dump; on
    Linux other processes of the same owner can't look into it either."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # The C library is there on every Linux, and a kernel that refuses leaves the limit above.
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def make_private(data_dir: Path) -> int:
    """Take everybody else's rights to a data folder and to what Echo keeps in it away; to how many that was news.

    Raises ConfigError where that can't be done.
    """
    if not data_dir.is_dir():
        return 0
    mended = 0
    homes = [data_dir, *sorted(data_dir.glob("sandbox-*"))]
    for home in homes:
        for path in [home, *_kept(home)]:
            mended += _taken(path)
    return mended


def _kept(home: Path) -> Iterator[Path]:
    yield from (home / name for name in FOLDERS)
    for pattern in OWN:
        yield from (path for path in home.glob(pattern) if path.name not in SECRETS)


def _taken(path: Path) -> bool:
    try:
        found = path.lstat()
        # A link's own rights mean nothing, and where it leads is somebody's own decision.
        if stat.S_ISLNK(found.st_mode) or not found.st_mode & 0o077:
            return False
        path.chmod(stat.S_IMODE(found.st_mode) & 0o700)
        is_open = path.stat().st_mode & 0o077
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _refused(path, error.strerror or "no reason given") from error
    if is_open:
        raise _refused(path, "its file system keeps no such rights")
    return True


def _refused(path: Path, why: str) -> ConfigError:
    return ConfigError(
        f"Others may use {path}, and that can't be changed ({why}): make it yours alone with chmod go-rwx, or set "
        "data_dir to a folder of your own."
    )
