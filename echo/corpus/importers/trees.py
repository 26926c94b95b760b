"""Several files that belong together: a folder, or a ZIP archive read without unpacking it to the disk."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import Protocol

from .limits import refused
from .sources import AGAIN, DAMAGED, Meter, Source, open_file

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
"""How ZIP files begin; the second is that of an empty one."""
_ENCRYPTED = 0x1


class Tree(Protocol):
    """Files by their names, whose parts are parted by `/`."""

    name: str
    """What to call it in errors."""
    names: tuple[str, ...]
    """The files, sorted."""

    def open(self, name: str) -> AbstractContextManager[Source]:
        """The file called `name`, one of `names`."""
        ...


class Folder:
    """The regular files of a folder. Raises ImportRefused at links, and when there are too many."""

    def __init__(self, path: Path, meter: Meter) -> None:
        self.name = str(path)
        self._path, self._meter = path, meter
        self.names = tuple(sorted(self._walk()))

    def _walk(self) -> Iterator[str]:
        for count, found in enumerate(self._path.rglob("*"), 1):
            if count > self._meter.limits.members:
                raise _too_many(self.name, self._meter)
            if found.is_symlink():
                what = f"{found.relative_to(self._path).as_posix()!r} is a link, which could lead anywhere"
                raise refused(self.name, what, "put the file itself in its place")
            if found.is_file():
                yield found.relative_to(self._path).as_posix()

    @contextmanager
    def open(self, name: str) -> Iterator[Source]:
        """The file called `name`, unpacked if it is gzip."""
        with open_file(self._path / name, self._meter) as source:
            yield source


class Archive:
    """The members of a ZIP. Raises ImportRefused if one of them would leave the archive, whether it is read or not."""

    def __init__(self, path: Path, zipped: zipfile.ZipFile, meter: Meter) -> None:
        self.name = str(path)
        self._zipped, self._meter = zipped, meter
        members = zipped.infolist()
        if len(members) > meter.limits.members:
            raise _too_many(self.name, meter)
        for member in members:
            self._refuse_strange(member)
        self._members = {member.filename: member for member in members if not member.is_dir()}
        self.names = tuple(sorted(self._members))

    def _refuse_strange(self, member: zipfile.ZipInfo) -> None:
        name = member.filename
        if not name:
            raise refused(self.name, "one of its members has no name", AGAIN)
        if name.startswith(("/", "\\")) or ":" in name[:3] or ".." in PurePosixPath(name.replace("\\", "/")).parts:
            raise refused(self.name, f"member {name!r} points outside of the archive", "don't trust this file")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise refused(self.name, f"member {name!r} is a link, which could lead anywhere", "don't trust this file")

    @contextmanager
    def open(self, name: str) -> Iterator[Source]:
        """The member called `name`, unpacked as it is read."""
        member, where = self._members[name], f"{self.name}, member {name}"
        if member.flag_bits & _ENCRYPTED:
            raise refused(where, "it is locked with a password", "unpack it yourself and import the folder")
        with ExitStack() as closing:
            try:
                stream = closing.enter_context(self._zipped.open(member))
            except DAMAGED as error:
                raise refused(where, "it is damaged and can't be unpacked", AGAIN) from error
            # The size in the header may lie, but zipfile never reads more packed bytes than it says.
            yield Source(where, stream, self._meter, lambda: member.compress_size)


@contextmanager
def open_archive(path: Path, meter: Meter) -> Iterator[Archive]:
    """The archive at `path`. Raises ImportRefused if it is none, or damaged."""
    with ExitStack() as closing:
        try:
            zipped = closing.enter_context(zipfile.ZipFile(path))
        except DAMAGED as error:
            raise refused(str(path), "it is a damaged or cut off ZIP archive", AGAIN) from error
        yield Archive(path, zipped, meter)


def _too_many(name: str, meter: Meter) -> Exception:
    return refused(name, f"it holds more than {meter.limits.members:,} files", "import a part of it")
