"""Files of ciphertext: each there whole or not at all, mode 0600, and opened only where it lies."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Final

from db.cipher import Cipher
from db.errors import ModelUnreadable, NothingStored
from db.parted import opened, sealed_parts

UNFINISHED: Final = ".unfinished"


async def to_its_end(writing: Coroutine[None, None, None]) -> None:
    """A thread can't be cancelled: whoever waits for this task to end, as an erasure does, waits for the thread too."""
    task = asyncio.ensure_future(writing)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        # Its failure, too, is nobody's matter any more.
        await asyncio.gather(task, return_exceptions=True)
        raise


def write_sealed(path: Path, cipher: Cipher, blob: bytes, *place: str | int, anew: bool = True) -> None:
    """Seal `blob` and put it at `path`, bound to `place`; unless `anew`, only where a file is already.

    Raises NothingStored where there is none, ModelUnreadable where the disk fails.
    """
    unfinished: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # mkstemp makes it 0600 from the first moment on.
        handle, unfinished = tempfile.mkstemp(prefix=path.stem + "-", suffix=UNFINISHED, dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            for part in sealed_parts(cipher, blob, *place):
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        if not anew and not path.exists():
            os.unlink(unfinished)
            raise NothingStored(f"The model file {path} is gone: a newer one takes its place, or none.")
        os.replace(unfinished, path)
        _sync_folder(path.parent)
    except OSError as failure:
        if unfinished is not None:
            with suppress(OSError):
                os.unlink(unfinished)
        raise unreadable(path, failure) from failure


def read_sealed(path: Path, cipher: Cipher, *place: str | int) -> bytes:
    """What was sealed at `path`; raises NothingStored, Tampered, or ModelUnreadable where the disk fails."""
    try:
        sealed = path.read_bytes()
    except FileNotFoundError as failure:
        raise NothingStored(
            f"The model file {path} is missing: put it back, or ask for a refresh of this echo."
        ) from failure
    except OSError as failure:
        raise unreadable(path, failure) from failure
    return opened(cipher, sealed, *place)


def digest_of(path: Path) -> str:
    """The SHA-256 of a file as it lies there, in hexadecimal; raises ModelUnreadable where the disk fails."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as failure:
        raise unreadable(path, failure) from failure


def unlink(path: Path) -> bool:
    """Remove a file; whether it was there. Raises ModelUnreadable where the disk fails."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as failure:
        raise unreadable(path, failure) from failure
    return True


def unreadable(path: Path, failure: OSError) -> ModelUnreadable:
    """The sentence for a failing disk."""
    return ModelUnreadable(
        f"The model file {path} cannot be read or written ({failure.strerror}): check the disk's free space and the "
        "folder's owner, then try again."
    )


def _sync_folder(folder: Path) -> None:
    """Make the renaming itself survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
