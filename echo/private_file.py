"""A file that only its owner may read, and that is there whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from echo.errors import UsageError

_OPEN_FILES = Path("/proc/self/fd")
"""Where Linux shows a process its open files."""


@contextmanager
def writing(path: Path, *, replace: bool) -> Iterator[BinaryIO]:
    """What is written inside becomes the file at `path` (mode 0600) at the end, or nothing where it fails.

    Raises UsageError where it can't be written, or where there is a file and it is not to `replace` it.
    """
    if not replace and path.exists():
        raise _exists(path)
    try:
        handle, name = _unfinished(path)
    except OSError as error:
        raise UsageError(f"{path} can't be written ({error.strerror}): choose another place with --out.") from error
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if name is None:
                name = _named(file.fileno(), path)
        if replace:
            os.replace(name, path)
        else:
            os.link(name, path)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        raise UsageError(f"{path} can't be written ({error.strerror}): make room or choose another place.") from error
    finally:
        if name is not None:
            with suppress(FileNotFoundError):
                os.unlink(name)


def _unfinished(path: Path) -> tuple[int, str | None]:
    """A new file of mode 0600 in the folder of `path`, open: without a name where the system can make such files.

    What has no name is gone with the process, however that ends.
    """
    if (nameless := getattr(os, "O_TMPFILE", 0)) and _OPEN_FILES.is_dir():
        try:
            return os.open(path.parent, nameless | os.O_WRONLY, 0o600), None
        except OSError as error:
            # Not every file system can.
            if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL):
                raise
    # mkstemp makes the file 0600, whatever the umask says.
    return tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)


def _named(handle: int, path: Path) -> str:
    """Give a file without a name one for the moment; the name."""
    name = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        # With a folder's descriptor Python follows the link to the file itself; see linkat(2), O_TMPFILE in open(2).
        os.link(_OPEN_FILES / str(handle), name.name, dst_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(folder)
    return str(name)


def _exists(path: Path) -> UsageError:
    return UsageError(f"There is a file {path} already: choose another name, or say --force to replace it.")
