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

from echo.corpus.written import Written

from .fields import identity, moment, name, record, string
from .limits import refused
from .scanner import Scanner, document, elements, lines
from .sources import AGAIN, Source
from .trees import Tree

_MESSAGES = re.compile(r"(?P<folder>(?:.*/)?c?(?P<id>\d{1,20}))/messages\.(?P<form>json|csv)", re.IGNORECASE)
_USER = re.compile(r"(?:[^/]+/){1,2}user\.json", re.IGNORECASE)
_INDEXED = re.compile(r"(?P<channel>.+) in (?P<server>.+)")


@dataclass(frozen=True, slots=True)
class _Channel:
    id: str
    name: str
    path: str


def is_data_package(tree: Tree) -> bool:
    """Whether the files look like a data package."""
    return any(_MESSAGES.fullmatch(path) for path in tree.names)


def read_data_package(tree: Tree) -> Iterator[Written]:
    """What the package's owner wrote, channel by channel in the package's order (mostly newest first). Raises
    ImportRefused naming the member."""
    author, author_id = _owner(tree)
    for channel in _channels(tree):
        with tree.open(channel.path) as source:
            rows = _from_csv(source) if channel.path.lower().endswith(".csv") else _from_json(source)
            for where, row in rows:
                ts, text = moment(row, "Timestamp", where), string(row, "Contents", where)
                if text.strip():
                    yield Written(author, channel.name, ts, text, identity(row, "ID", where), None, None, author_id)


def _owner(tree: Tree) -> tuple[str, str | None]:
    """Name and id of the person whose package it is."""
    path = next((path for path in tree.names if _USER.fullmatch(path)), None)
    if path is None:
        raise refused(tree.name, "the data package has no account/user.json", "keep the whole package together")
    with tree.open(path) as source:
        user = record(document(source), source.name)
        return name(user, "username", source.name), identity(user, "id", source.name)


def _channels(tree: Tree) -> list[_Channel]:
    """The channels with their names; those that share one name have a part of their id added."""
    index = _index(tree)
    found = []
    for path in tree.names:
        match = _MESSAGES.fullmatch(path)
        if match:
            found.append(_Channel(match["id"], _channel_name(tree, match["folder"], match["id"], index), path))
    shared = Counter(channel.name for channel in found)
    return [
        _Channel(channel.id, f"{channel.name}-{channel.id[-6:]}", channel.path) if shared[channel.name] > 1 else channel
        for channel in found
    ]


def _index(tree: Tree) -> Mapping[str, object]:
    """What `index.json` calls the channels, by id; some are null. Nothing if there is no index."""
    path = next((path for path in tree.names if re.fullmatch(r"(?:[^/]+/){1,2}index\.json", path, re.IGNORECASE)), None)
    if path is None:
        return {}
    with tree.open(path) as source:
        return record(document(source), source.name)


def _channel_name(tree: Tree, folder: str, channel_id: str, index: Mapping[str, object]) -> str:
    path = next((path for path in tree.names if path.lower() == f"{folder}/channel.json".lower()), None)
    if path is not None:
        with tree.open(path) as source:
            channel = record(document(source), source.name)
            if channel.get("name") is not None:
                return name(channel, "name", source.name)
    known = index.get(channel_id)
    if isinstance(known, str) and known.strip():
        match = _INDEXED.fullmatch(known)
        return name({"name": match["channel"] if match else known}, "name", f"{tree.name}, index.json")
    return f"channel-{channel_id}"


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
