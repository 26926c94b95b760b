"""Which form an export has, and its messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from echo.corpus.written import Written

from .chat_exporter import read_chat_export
from .data_package import is_data_package, read_data_package
from .jsonl import read_jsonl
from .limits import DEFAULT, Limits, refused
from .sources import Meter, Source, open_file
from .trees import ZIP_MAGIC, Folder, Tree, open_archive

_KNOWN = (
    "give a JSON Lines file with author, channel, ts and text, a DiscordChatExporter JSON file (or a folder of them), "
    "or a Discord data package (folder or ZIP)"
)
_HEAD = 4096
_CHAT_EXPORT = re.compile(r'\s*\{\s*"(?:(?:guild|channel|dateRange)"\s*:\s*\{|(?:exportedAt|messages|messageCount)")')
"""How the exporter's files begin, whatever the order of their fields. In a JSON Lines row `channel` is a text."""


def read_export(path: Path, *, limits: Limits = DEFAULT) -> Iterator[Written]:
    """The messages of an export of any known form, in the order of its files; memory stays flat.

    Raises ImportRefused, in one sentence that names file and place and never quotes a message, where the export is
    empty, cut off, damaged, hostile, larger than `limits`, or of no known form. It is raised while iterating, so
    whoever stores messages has to be able to take them back.
    """
    count = 0
    for count, written in enumerate(_messages(path, Meter(limits)), 1):
        if count > limits.messages:
            raise refused(str(path), f"it holds more than {limits.messages:,} messages", "import a part of it")
        yield written
    if not count:
        raise refused(str(path), "there is no message of a person in it", _KNOWN)


def read_all(path: Path, *, limits: Limits = DEFAULT) -> list[Written]:
    """The messages of an export, oldest first, those that several of its files hold only once. Raises ImportRefused
    as `read_export` does, and then nothing of it is kept."""
    seen: set[tuple[str, str]] = set()
    kept: list[Written] = []
    for written in read_export(path, limits=limits):
        if written.key is not None:
            if (written.channel, written.key) in seen:
                continue
            seen.add((written.channel, written.key))
        kept.append(written)
    return sorted(kept, key=lambda written: written.ts)


def _messages(path: Path, meter: Meter) -> Iterator[Written]:
    if path.is_dir():
        yield from _from_tree(Folder(path, meter))
        return
    if path.exists() and not path.is_file():
        raise refused(str(path), "it is neither a file nor a folder", _KNOWN)
    with ExitStack() as closing:
        source = closing.enter_context(open_file(path, meter))
        head = source.head(_HEAD)
        if head.startswith(ZIP_MAGIC):
            yield from _from_tree(closing.enter_context(open_archive(path, meter)))
        else:
            yield from _from_file(source, head)


def _from_file(source: Source, head: bytes) -> Iterator[Written]:
    start = head.decode("utf-8-sig", "replace")
    if not start.strip():
        raise refused(source.name, "it is empty", "export it again")
    if _CHAT_EXPORT.match(start):
        yield from read_chat_export(source)
    elif start.lstrip().startswith("{"):
        yield from read_jsonl(source)
    else:
        raise refused(source.name, "it is of no known form", _KNOWN)


def _from_tree(tree: Tree) -> Iterator[Written]:
    if is_data_package(tree):
        yield from read_data_package(tree)
        return
    exports = [name for name in tree.names if name.lower().endswith(".json")]
    if not exports:
        raise refused(tree.name, "no file in it is of a known form", _KNOWN)
    for name in exports:
        with tree.open(name) as source:
            yield from read_chat_export(source)
