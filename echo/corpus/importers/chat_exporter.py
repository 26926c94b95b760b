"""The JSON that DiscordChatExporter writes: one channel a file, which may be parted into several files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from echo.corpus.written import Written

from .fields import identity, moment, name, record, string
from .limits import refused
from .scanner import Scanner, elements
from .sources import Source

_TALK = frozenset({"Default", "Reply"})
"""The types of message that somebody wrote; all others are Discord's own news, or answers of bots."""


def read_chat_export(source: Source) -> Iterator[Written]:
    """What people wrote (bots and Discord itself left out), in the file's order. Raises ImportRefused naming the
    message by its number."""
    scanner = Scanner(source)
    channel: Mapping[str, object] | None = None
    found = False
    another = not scanner.empty("{", "}")
    while another:
        field = scanner.value()
        scanner.take(":")
        if field == "messages":
            if channel is None:
                raise refused(source.name, "'channel' has to come before 'messages'", "export it again")
            found = True
            yield from _messages(scanner, source.name, channel)
        else:
            value = scanner.value()
            channel = record(value, source.name) if field == "channel" else channel
        another = scanner.more("}")
    scanner.finish()
    if not found:
        raise refused(source.name, "it has no 'messages'", "export the channel again, as JSON")


def _messages(scanner: Scanner, source: str, channel: Mapping[str, object]) -> Iterator[Written]:
    called = name(channel, "name", source)
    is_thread = "Thread" in str(channel.get("type", ""))
    parent = name(channel, "category", source) if is_thread and channel.get("category") else None
    for value in elements(scanner, source):
        written = _message(record(value, scanner.where), called, parent, scanner.where)
        if written:
            yield written


def _message(row: Mapping[str, object], channel: str, parent: str | None, where: str) -> Written | None:
    author = record(row.get("author"), where)
    text, ts = string(row, "content", where), moment(row, "timestamp", where)
    if author.get("isBot") is True or string(row, "type", where) not in _TALK or not text.strip():
        return None
    reference = row.get("reference")
    return Written(
        author=name(author, "name", where),
        channel=channel,
        ts=ts,
        text=text,
        key=identity(row, "id", where),
        reply_to=identity(record(reference, where), "messageId", where) if reference is not None else None,
        parent=parent,
        author_id=identity(author, "id", where),
    )
