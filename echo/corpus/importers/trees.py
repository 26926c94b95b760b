"""Several files that belong together: a folder, or a ZIP archive read without unpacking it to the disk."""

from __future__ import annotations

import stat
import struct
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol

from .limits import refused
from .sources import AGAIN, DAMAGED, Meter, Source, open_file

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
"""How ZIP files begin; the second is that of an empty one."""
_ENCRYPTED = 0x1
_END, _LOCATOR, _RECORD = b"PK\x05\x06", b"PK\x06\x07", b"PK\x06\x06"
_END_FIELDS = struct.Struct("<4s4H2LH")
_END_REACH = _END_FIELDS.size + 0xFFFF
_LOCATOR_SIZE, _RECORD_SIZE = 20, 56
_IN_16_BITS, _IN_64_BITS = 0xFFFF, 0xFFFFFFFF


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

    def __init__(self, path: Path, meter: Meter, label: str) -> None:
        self.name = label
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
        with open_file(self._path / name, self._meter, f"{self.name}/{name}") as source:
            yield source


class Archive:
    """The members of a ZIP.

    Raises ImportRefused if one of them would leave the archive or stands for two, whether it is read or not.
    """

    def __init__(self, zipped: zipfile.ZipFile, meter: Meter, label: str) -> None:
        self.name = label
        self._zipped, self._meter = zipped, meter
        members = zipped.infolist()
        if len(members) > meter.limits.members:
            raise _too_many(self.name, meter)
        for member in members:
            self._refuse_strange(member)
        self._refuse_doubled(member.filename for member in members)
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

    def _refuse_doubled(self, names: Iterable[str]) -> None:
        doubled = next((name for name, count in Counter(names).items() if count > 1), None)
        if doubled is not None:
            what = f"two of its members are called {doubled!r}, so that nobody can say which one counts"
            raise refused(self.name, what, "don't trust this file")

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
def open_archive(place: Path | BinaryIO, meter: Meter, label: str) -> Iterator[Archive]:
    """The archive at a path or in an open file. Raises ImportRefused if it is none, or damaged."""
    with ExitStack() as closing:
        try:
            file = closing.enter_context(place.open("rb")) if isinstance(place, Path) else place
            _check_directory(file, meter, label)
            zipped = closing.enter_context(zipfile.ZipFile(file))
        except DAMAGED as error:
            raise refused(label, "it is no ZIP archive, or one that is damaged or cut off", AGAIN) from error
        yield Archive(zipped, meter, label)


def _check_directory(file: BinaryIO, meter: Meter, label: str) -> None:
    """Refuses an archive whose list of members would fill the memory: zipfile reads it whole, before any is counted.

    It lies between the members and the record at the end (APPNOTE.TXT 4.3.16), which has at most 65,535 bytes of
    comment after it and says how long the list is; where that is more than 32 bits hold, a larger record before it
    does (4.3.14), found by its locator (4.3.15).
    """
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_REACH))
    tail = file.read(_END_REACH)
    at = tail.rfind(_END)
    if at < 0 or at + _END_FIELDS.size > len(tail):
        raise zipfile.BadZipFile("there is no record at the end")
    members, length = _END_FIELDS.unpack_from(tail, at)[4:6]
    if length == _IN_64_BITS or members == _IN_16_BITS:
        length = size if at < _LOCATOR_SIZE else _length_in_64_bits(file, tail[at - _LOCATOR_SIZE : at], length)
    if length > meter.limits.directory:
        raise refused(label, f"its list of members is longer than {meter.limits.directory:,} bytes", "import a part")


def _length_in_64_bits(file: BinaryIO, locator: bytes, otherwise: int) -> int:
    if not locator.startswith(_LOCATOR):
        return otherwise
    file.seek(struct.unpack_from("<Q", locator, 8)[0])
    record = file.read(_RECORD_SIZE)
    if not record.startswith(_RECORD) or len(record) < _RECORD_SIZE:
        raise zipfile.BadZipFile("the larger record is not where it should be")
    return int(struct.unpack_from("<Q", record, 40)[0])


def _too_many(name: str, meter: Meter) -> Exception:
    return refused(name, f"it holds more than {meter.limits.members:,} files", "import a part of it")
