"""The data package that Discord sends a person on request: everything they wrote themselves, by channel.

Folders' names vary with the package's age and language, so files are known by where they are: `*/index.json`,
`*/c<ID>/messages.json` (older: `.csv`; oldest: no `c`) with a `channel.json` beside it, and `*/user.json`.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from echo.corpus.written import NO_MARKS, Mark, Written

from .export import Export, Form, Part
from .fields import identity, moment, name, record, string
from .limits import refused
from .scanner import Scanner, document, elements, entries, lines
from .sources import AGAIN, Meter, Source
from .trees import Tree

_MESSAGES = re.compile(r"(?P<folder>(?:.*/)?c?(?P<id>\d{1,20}))/messages\.(?P<form>json|csv)", re.IGNORECASE)
_USER = re.compile(r"(?:[^/]+/){1,2}user\.json", re.IGNORECASE)
_INDEX = re.compile(r"(?:[^/]+/){1,2}index\.json", re.IGNORECASE)
_INDEXED = re.compile(r"(?P<channel>.+) in (?P<server>.+)")
_PRIVATE = frozenset({"1", "3", "DM", "GROUP_DM"})
"""The types of channel that are private conversations, as numbers (older packages) and by name."""
_WITH_ATTACHMENT = frozenset({Mark.ATTACHMENT})


@dataclass(frozen=True, slots=True)
class _Channel:
    part: Part
    name: str


def is_data_package(tree: Tree) -> bool:
    """Whether the files look like a data package."""
    return any(_MESSAGES.fullmatch(path) for path in tree.names)


def data_package(tree: Tree, meter: Meter) -> Export:
    """The package, with what it says of its owner and its channels; no message is read yet. Raises ImportRefused
    naming the member."""
    author, author_id = _owner(tree)
    channels = {channel.part.path: channel for channel in _channels(tree)}

    def read(part: Part) -> Iterator[Written]:
        with tree.open(part.path) as source:
            rows = _from_csv(source) if part.path.lower().endswith(".csv") else _from_json(source)
            for where, row in rows:
                yield Written(
                    author=author,
                    channel=channels[part.path].name,
                    ts=moment(row, "Timestamp", where),
                    text=string(row, "Contents", where),
                    key=identity(row, "ID", where),
                    author_id=author_id,
                    channel_id=part.channel_id,
                    server_id=part.server_id,
                    direct=part.direct is True,
                    marks=_WITH_ATTACHMENT if row.get("Attachments") else NO_MARKS,
                )

    parts = tuple(channel.part for channel in channels.values())
    return Export(Form.DATA_PACKAGE, tree.name, parts, read, meter.limits, author_id)


def _owner(tree: Tree) -> tuple[str, str | None]:
    """Name and id of the person whose package it is."""
    path = next((path for path in tree.names if _USER.fullmatch(path)), None)
    if path is None:
        raise refused(tree.name, "the data package has no account/user.json", "keep the whole package together")
    with tree.open(path) as source:
        user = record(document(source), source.name)
        return name(user, "username", source.name), identity(user, "id", source.name)


def _channels(tree: Tree) -> list[_Channel]:
    """The channels; those that share one name have a part of their id added to it."""
    index = _index(tree)
    beside = {path.lower(): path for path in tree.names}
    found: dict[str, _Channel] = {}
    for path in tree.names:
        match = _MESSAGES.fullmatch(path)
        if not match:
            continue
        if match["id"] in found:
            raise refused(tree.name, f"it has the channel {match['id']} twice", "unpack the package anew")
        found[match["id"]] = _channel(tree, path, match, beside, index)
    shared = Counter(channel.name for channel in found.values())
    return [
        _Channel(channel.part, f"{channel.name}-{number[-6:]}") if shared[channel.name] > 1 else channel
        for number, channel in found.items()
    ]


def _channel(
    tree: Tree, path: str, match: re.Match[str], beside: Mapping[str, str], index: Mapping[str, str]
) -> _Channel:
    known = beside.get(f"{match['folder']}/channel.json".lower())
    called: str | None = None
    server_id: str | None = None
    direct: bool | None = None
    if known is not None:
        with tree.open(known) as source:
            told = record(document(source), source.name)
            called = name(told, "name", source.name) if told.get("name") is not None else None
            server_id = identity(record(told.get("guild") or {}, source.name), "id", source.name)
            direct = _is_direct(told)
    part = Part(path, match["id"], server_id, direct)
    return _Channel(part, called or index.get(match["id"]) or f"channel-{match['id']}")


def _is_direct(told: Mapping[str, object]) -> bool | None:
    """Whether a channel is a private conversation; None where nothing says so or that it is none."""
    kind = str(told.get("type")).upper()
    if told.get("recipients") or kind in _PRIVATE:
        return True
    of_server = bool(told.get("guild")) or kind.isdecimal() or kind.startswith("GUILD_") or kind.endswith("_THREAD")
    return False if of_server else None


def _index(tree: Tree) -> dict[str, str]:
    """What `index.json` calls the channels, by id; of some it says null. Nothing if there is no index."""
    path = next((path for path in tree.names if _INDEX.fullmatch(path)), None)
    found: dict[str, str] = {}
    if path is None:
        return found
    with tree.open(path) as source:
        scanner = Scanner(source)
        for channel_id, known in entries(scanner):
            if isinstance(known, str) and known.strip():
                match = _INDEXED.fullmatch(known)
                found[channel_id] = name({"name": match["channel"] if match else known}, "name", source.name)
            if len(found) > source.limits.members:
                what = f"it names more than {source.limits.members:,} channels"
                raise refused(source.name, what, "leave the file out")
        scanner.finish()
    return found


def _from_json(source: Source) -> Iterator[tuple[str, Mapping[str, object]]]:
    scanner = Scanner(source)
    for value in elements(scanner, source.name):
        yield scanner.where, record(value, scanner.where)
    scanner.finish()


def _from_csv(source: Source) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Rows of a CSV file whose fields may have line breaks in quotes."""
    reader = csv.DictReader((line + "\n" for _, line in lines(source)), strict=True)
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            what = "this is not valid CSV, or a field is too long"
            raise refused(f"{source.name}, line {reader.reader.line_num}", what, AGAIN) from error
        if row is None:
            return
        yield f"{source.name}, line {reader.reader.line_num}", row
