"""The JSON that DiscordChatExporter writes: one channel a file, which may be parted into several files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from echo.corpus.written import NO_MARKS, Mark, Written

from .fields import identity, moment, name, record, string
from .limits import refused
from .scanner import Scanner, elements
from .sources import Source

_TALK = frozenset({"Default", "Reply"})
"""The types of message that somebody wrote; all others are Discord's own news, or answers of bots."""
_PART = re.compile(r"(?P<base>.*?)(?: \[part (?P<number>\d{1,9})\])?\.json", re.IGNORECASE | re.DOTALL)
_BESIDE = (
    ("attachments", Mark.ATTACHMENT),
    ("embeds", Mark.EMBED),
    ("stickers", Mark.STICKER),
    ("poll", Mark.POLL),
    ("forwardedMessage", Mark.FORWARD),
)
_MOST_MENTIONS = 100
"""Discord allows no message to mention more people."""


@dataclass(frozen=True, slots=True)
class _Place:
    """What the head of a file says of all its messages."""

    channel: str
    parent: str | None
    channel_id: str | None
    server_id: str | None
    direct: bool


def in_order(path: str) -> tuple[str, int]:
    """Sorts the parts of a channel as they were written: `x.json`, `x [part 2].json`, ... `x [part 10].json`."""
    found = _PART.fullmatch(path)
    return (found["base"], int(found["number"] or 1)) if found else (path, 0)


def read_chat_export(source: Source) -> Iterator[Written]:
    """Everything that stands in the channel, bots' and Discord's own news too, in the file's order. Raises
    ImportRefused naming the message by its number."""
    scanner = Scanner(source)
    head: dict[str, object] = {}
    found = False
    another = not scanner.empty("{", "}")
    while another:
        field = scanner.value()
        scanner.take(":")
        if field == "messages":
            if "channel" not in head:
                raise refused(source.name, "'channel' has to come before 'messages'", "export it again")
            found = True
            yield from _messages(scanner, source.name, _place(head, source.name))
        else:
            value = scanner.value()
            if field in ("guild", "channel"):
                head[str(field)] = value
        another = scanner.more("}")
    scanner.finish()
    if not found:
        raise refused(source.name, "it has no 'messages'", "export the channel again, as JSON")


def _place(head: Mapping[str, object], source: str) -> _Place:
    channel, guild = record(head["channel"], source), record(head.get("guild") or {}, source)
    kind = str(channel.get("type", ""))
    server_id = identity(guild, "id", source)
    return _Place(
        channel=name(channel, "name", source),
        parent=name(channel, "category", source) if "Thread" in kind and channel.get("category") else None,
        channel_id=identity(channel, "id", source),
        server_id=server_id,
        # The exporter gives private conversations the server 0.
        direct="Direct" in kind or server_id == "0",
    )


def _messages(scanner: Scanner, source: str, place: _Place) -> Iterator[Written]:
    for value in elements(scanner, source):
        yield _message(record(value, scanner.where), place, scanner.where)


def _message(row: Mapping[str, object], place: _Place, where: str) -> Written:
    author, reference = record(row.get("author"), where), row.get("reference")
    return Written(
        author=name(author, "name", where),
        channel=place.channel,
        ts=moment(row, "timestamp", where),
        text=string(row, "content", where),
        key=identity(row, "id", where),
        reply_to=identity(record(reference, where), "messageId", where) if reference is not None else None,
        parent=place.parent,
        author_id=identity(author, "id", where),
        channel_id=place.channel_id,
        server_id=place.server_id,
        direct=place.direct,
        marks=_marks(row, author, where),
        mentions=_mentions(row, where) if row.get("mentions") else (),
    )


def _marks(row: Mapping[str, object], author: Mapping[str, object], where: str) -> frozenset[Mark]:
    marks = {mark for field, mark in _BESIDE if row.get(field)}
    if string(row, "type", where) not in _TALK:
        marks.add(Mark.SYSTEM)
    if author.get("isBot") is True:
        marks.add(Mark.BOT)
    return frozenset(marks) if marks else NO_MARKS


def _mentions(row: Mapping[str, object], where: str) -> tuple[tuple[int, str], ...]:
    """Who is mentioned, under the names that stand in the text."""
    mentioned = row["mentions"]
    if not isinstance(mentioned, list) or len(mentioned) > _MOST_MENTIONS:
        raise refused(where, f"'mentions' has to be a list of at most {_MOST_MENTIONS}", "export it again")
    found = []
    for value in mentioned:
        person = record(value, where)
        number = identity(person, "id", where)
        shown = "nickname" if person.get("nickname") else "name"
        if number is not None and number.isascii() and number.isdecimal():
            found.append((int(number), name(person, shown, where)))
    return tuple(found)
