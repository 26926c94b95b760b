"""Bytes of an export, counted and bounded while they are read."""

from __future__ import annotations

import gzip
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .limits import Limits, refused

DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    # How zipfile says that it can't unpack something: an unknown method, or a password.
    NotImplementedError,
    RuntimeError,
)
"""What reading broken or hostile packed data raises."""
AGAIN = "download or copy the export again"
_GZIP_MAGIC = b"\x1f\x8b"


class Stream(Protocol):
    """Whatever gives bytes."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, none at the end."""
        ...


@dataclass(slots=True)
class Meter:
    """What one import has read so far, in bytes and over all of its files."""

    limits: Limits
    read: int = 0


class Source:
    """A stream of bytes that has a name and refuses to be endless."""

    def __init__(self, name: str, stream: Stream, meter: Meter, packed: Callable[[], int] | None = None) -> None:
        """`packed` gives the bytes that the packed form took up to now, if this is one."""
        self.name = name
        self.limits = meter.limits
        self._stream, self._meter, self._packed = stream, meter, packed
        self._read = 0
        self._ahead = b""

    def head(self, size: int) -> bytes:
        """The first bytes, which stay to be read."""
        self._ahead = self.read(size)
        return self._ahead

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, none at the end. Raises ImportRefused if it is damaged, or more than the limits allow."""
        if self._ahead:
            data, self._ahead = self._ahead, b""
            return data
        try:
            data = self._stream.read(size)
        except DAMAGED as error:
            raise refused(self.name, "it is damaged or cut off and can't be unpacked", AGAIN) from error
        self._read += len(data)
        self._meter.read += len(data)
        if self._meter.read > self.limits.total:
            raise refused(self.name, f"the export is larger than {self.limits.total:,} bytes", "import a part of it")
        if self._packed and self._read > max(self.limits.ratio_floor, self.limits.ratio * self._packed()):
            what = f"it unpacks to more than {self.limits.ratio} times its size, as a zip bomb does"
            raise refused(self.name, what, "unpack it yourself if you trust it, and import the folder")
        return data

    def whole(self) -> bytes:
        """All of it. Raises ImportRefused beyond the limit for documents."""
        parts, size = [], 0
        while data := self.read(65_536):
            parts.append(data)
            size += len(data)
            if size > self.limits.document:
                raise refused(self.name, f"it is larger than {self.limits.document:,} bytes", "import a part of it")
        return b"".join(parts)


@contextmanager
def open_file(path: Path, meter: Meter, label: str) -> Iterator[Source]:
    """A file, called `label`, unpacked if it is gzip. Raises ImportRefused if it can't be opened."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise refused(label, f"it can't be opened ({error.strerror})", "check the path and its permissions") from error
    with raw:
        if raw.peek(2)[:2] == _GZIP_MAGIC:
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield Source(label, unpacked, meter, raw.tell)
        else:
            yield Source(label, raw, meter)
