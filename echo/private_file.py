"""A file that only its owner may read, and that is there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from echo.errors import UsageError


@contextmanager
def writing(path: Path, *, replace: bool) -> Iterator[BinaryIO]:
    """What is written inside becomes the file at `path` (mode 0600) at the end, or nothing where it fails.

    Raises UsageError where it can't be written, or where there is a file and it is not to `replace` it.
    """
    if not replace and path.exists():
        raise _exists(path)
    try:
        # mkstemp makes the file 0600, whatever the umask says.
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise UsageError(f"{path} can't be written ({error.strerror}): choose another place with --out.") from error
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if replace:
            os.replace(name, path)
        else:
            os.link(name, path)
    except FileExistsError as error:
        raise _exists(path) from error
    except OSError as error:
        raise UsageError(f"{path} can't be written ({error.strerror}): make room or choose another place.") from error
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)


def _exists(path: Path) -> UsageError:
    return UsageError(f"There is a file {path} already: choose another name, or say --force to replace it.")
