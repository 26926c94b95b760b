"""Which form an export has, and its messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from echo.corpus.written import Written

from .chat_exporter import in_order, read_chat_export
from .data_package import data_package, is_data_package
from .export import Export, Form, Part
from .jsonl import read_jsonl
from .limits import DEFAULT, Limits, refused
from .sources import Meter, open_file
from .trees import ZIP_MAGIC, Folder, Tree, open_archive

_KNOWN = (
    "give a JSON Lines file with author, channel, ts and text, a DiscordChatExporter JSON file (or a folder of them), "
    "or a Discord data package (folder or ZIP)"
)
_HEAD = 4096
_CHAT_EXPORT = re.compile(r'\s*\{\s*"(?:(?:guild|channel|dateRange)"\s*:\s*\{|(?:exportedAt|messages|messageCount)")')
"""How the exporter's files begin, whatever the order of their fields. In a JSON Lines row `channel` is a text."""
_PACKED = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz")


@contextmanager
def open_export(path: Path | BinaryIO, *, limits: Limits = DEFAULT, label: str | None = None) -> Iterator[Export]:
    """An export of any known form, of which memory never holds more than a message and the names of its files.

    An open file, which stays open, has to be a ZIP archive: what came over the network is never put on the disk.

    Raises ImportRefused, in one sentence that names file and place and never quotes a message, where the export is
    empty, cut off, damaged, hostile, larger than `limits`, or of no known form: here, or while its messages are read.
    The sentence calls it `label` (None: by its path).
    """
    label, meter = label or (str(path) if isinstance(path, Path) else "the file"), Meter(limits)
    with ExitStack() as closing:
        if not isinstance(path, Path):
            yield _of_tree(closing.enter_context(open_archive(path, meter, label)), meter)
            return
        if path.is_dir():
            yield _of_tree(Folder(path, meter, label), meter)
            return
        if path.exists() and not path.is_file():
            raise refused(label, "it is neither a file nor a folder", _KNOWN)
        with open_file(path, meter, label) as source:
            head = source.head(_HEAD)
        if head.startswith(ZIP_MAGIC):
            yield _of_tree(closing.enter_context(open_archive(path, meter, label)), meter)
        else:
            yield _of_file(path, meter, label, head)


def read_export(path: Path, *, limits: Limits = DEFAULT) -> Iterator[Written]:
    """What people said in an export, in the order of its files.

    Raises ImportRefused as `open_export` does, also where nobody said anything. It is raised while iterating, so
    whoever stores messages has to be able to take them back.
    """
    found = False
    with open_export(path, limits=limits) as export:
        for _, written in export.messages():
            if written.is_speech:
                found = True
                yield written
    if not found:
        raise refused(str(path), "there is no message of a person in it", _KNOWN)


def read_all(path: Path, *, limits: Limits = DEFAULT) -> list[Written]:
    """What people said in an export, oldest first, once where several of its files hold it. Raises ImportRefused as
    `read_export` does, and then nothing of it is kept."""
    seen: set[tuple[str, str]] = set()
    kept: list[Written] = []
    for written in read_export(path, limits=limits):
        if written.key is not None:
            if (written.channel, written.key) in seen:
                continue
            seen.add((written.channel, written.key))
        kept.append(written)
    return sorted(kept, key=lambda written: written.ts)


def _of_file(path: Path, meter: Meter, label: str, head: bytes) -> Export:
    start = head.decode("utf-8-sig", "replace")
    if not start.strip():
        raise refused(label, "it is empty", "export it again")
    if _CHAT_EXPORT.match(start):
        form, reader = Form.CHAT_EXPORT, read_chat_export
    elif start.lstrip().startswith("{"):
        form, reader = Form.LINES, read_jsonl
    else:
        raise refused(label, "it is of no known form", _KNOWN)

    def read(part: Part) -> Iterator[Written]:
        with open_file(path, meter, label) as source:
            yield from reader(source)

    return Export(form, label, (Part(label),), read, meter.limits)


def _of_tree(tree: Tree, meter: Meter) -> Export:
    if is_data_package(tree):
        return data_package(tree, meter)
    exports = sorted((name for name in tree.names if name.lower().endswith(".json")), key=in_order)
    if not exports:
        packed = next((name for name in tree.names if name.lower().endswith(_PACKED)), None)
        if packed is not None:
            raise refused(tree.name, f"it holds another archive, {packed!r}", "unpack that one and give what is in it")
        raise refused(tree.name, "no file in it is of a known form", _KNOWN)

    def read(part: Part) -> Iterator[Written]:
        with tree.open(part.path) as source:
            yield from read_chat_export(source)

    return Export(Form.CHAT_EXPORT, tree.name, tuple(map(Part, exports)), read, meter.limits)
