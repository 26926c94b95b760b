"""The messages of one channel, sorted by id. Made for hundreds of thousands of imported messages: what came with the
import stays a tuple of atoms, which the garbage collector need not walk, until somebody touches it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from echo.sandbox.files import Attachment
from echo.sandbox.snowflakes import timestamp_of

Row = tuple[int, int, str, int]
"""(message id, author id, content, id of the message answered or 0)"""
PLAIN, PINNED, JOINED, THREAD_CREATED, REPLY, THREAD_STARTER = 0, 6, 7, 18, 19, 21
"""Discord's types of messages; all but PLAIN and REPLY are Discord's own."""


@dataclass(slots=True)
class Reaction:
    """One emoji under a message and who chose it, in order. `emoji_id` is None for a Unicode emoji."""

    name: str
    emoji_id: int | None = None
    users: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Message:
    """A message. `reply_to` is the id of the message of the same channel that this one answers.

    `mentions` and `mention_roles` hold the ids that were really pinged. `only_user` is set on an ephemeral message.
    `avatar` is the address of a picture that a webhook gave. `extra` is Discord JSON that goes into the payload as it
    is (an interaction's metadata, a poll, ...).
    """

    id: int
    channel_id: int
    author_id: int
    content: str
    kind: int = PLAIN
    reply_to: int | None = None
    webhook_id: int | None = None
    author_name: str | None = None
    avatar: str | None = None
    embeds: tuple[Mapping[str, Any], ...] = ()
    components: tuple[Mapping[str, Any], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    mentions: tuple[int, ...] = ()
    mention_roles: tuple[int, ...] = ()
    mention_everyone: bool = False
    flags: int = 0
    tts: bool = False
    nonce: str | int | None = None
    pinned: bool = False
    edited_at: float | None = None
    reactions: list[Reaction] = field(default_factory=list)
    only_user: int | None = None
    extra: Mapping[str, Any] | None = None

    @property
    def ts(self) -> float:
        """When it was sent, in seconds since the epoch, UTC: read off the id, as every client does."""
        return timestamp_of(self.id)


class History:
    """One channel's messages by id. Iterating goes from the oldest to the newest."""

    __slots__ = ("_by_author", "_ids", "_rows", "channel_id", "texts")

    def __init__(self, channel_id: int, rows: Iterable[Row] = ()) -> None:
        """`rows` must be sorted by id."""
        self.channel_id = channel_id
        self._rows: list[Row | Message] = list(rows)
        self._ids = [row[0] for row in self._rows if isinstance(row, tuple)]
        self._by_author: dict[int, list[int]] | None = None
        self.texts: dict[int, tuple[int, str]] = {}
        """What touched messages were last written as, with the version of the world at that time (see `pages`)."""

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[Message]:
        return (self._read(at) for at in range(len(self._ids)))

    def __contains__(self, message_id: object) -> bool:
        return isinstance(message_id, int) and self.place(message_id) is not None

    @property
    def last_id(self) -> int | None:
        """The newest message's id; None in an empty channel."""
        return self._ids[-1] if self._ids else None

    def get(self, message_id: int) -> Message | None:
        """The message itself, which the caller may change; None if there is none of this id."""
        at = self.place(message_id)
        if at is None:
            return None
        message = self._read(at)
        self._rows[at] = message
        # Whoever holds it may change it.
        self.texts.pop(message_id, None)
        return message

    def add(self, message: Message) -> None:
        """Puts a message in its place."""
        at = bisect_right(self._ids, message.id)
        self._ids.insert(at, message.id)
        self._rows.insert(at, message)
        if self._by_author is not None:
            insort(self._by_author.setdefault(message.author_id, []), message.id)

    def remove(self, message_id: int) -> Message | None:
        """Takes a message out and gives it; None if it was not there."""
        at = self.place(message_id)
        if at is None:
            return None
        message = self._read(at)
        del self._ids[at], self._rows[at]
        self.texts.pop(message_id, None)
        if self._by_author is not None:
            self._by_author[message.author_id].remove(message_id)
        return message

    def before(self, message_id: int | None, limit: int) -> list[Message]:
        """The `limit` newest messages older than this id (of all, if None), newest first."""
        return self.at(self.span(limit, before=message_id))

    def after(self, message_id: int, limit: int) -> list[Message]:
        """The `limit` oldest messages newer than this id, newest first."""
        return self.at(self.span(limit, after=message_id))

    def around(self, message_id: int, limit: int) -> list[Message]:
        """Up to `limit` messages with this id in the middle, newest first."""
        return self.at(self.span(limit, around=message_id))

    def span(
        self, limit: int, *, before: int | None = None, after: int | None = None, around: int | None = None
    ) -> range:
        """The places of the messages that `before`, `after` or `around` would give, newest first; see `row`."""
        if after is not None:
            start = bisect_right(self._ids, after)
        elif around is not None:
            start = max(bisect_left(self._ids, around) - limit // 2, 0)
        else:
            end = len(self._ids) if before is None else bisect_left(self._ids, before)
            return range(end - 1, max(end - limit, 0) - 1, -1)
        return range(min(start + limit, len(self._ids)) - 1, start - 1, -1)

    def at(self, places: Iterable[int]) -> list[Message]:
        """The messages at these places."""
        return [self._read(place) for place in places]

    def row(self, place: int) -> Row | Message:
        """What stands at this place, only to be read: as it was imported, or a message somebody has touched."""
        return self._rows[place]

    def ids(self, author_id: int | None = None) -> Sequence[int]:
        """The ids of all messages, or of one author's, oldest first. They are the history's own: only to be read."""
        return self._ids if author_id is None else self._authored().get(author_id, ())

    def peek(self, message_id: int) -> Message | None:
        """The message, only to be read: perhaps a copy. None if there is none of this id."""
        at = self.place(message_id)
        return None if at is None else self._read(at)

    def _authored(self) -> dict[int, list[int]]:
        """The ids by author, found out at the first call and kept up from then on."""
        if self._by_author is None:
            self._by_author = {}
            for row in self._rows:
                number, author = (row.id, row.author_id) if isinstance(row, Message) else row[:2]
                self._by_author.setdefault(author, []).append(number)
        return self._by_author

    def place(self, message_id: int) -> int | None:
        """The place of the message of this id; None if there is none."""
        at = bisect_left(self._ids, message_id)
        return at if at < len(self._ids) and self._ids[at] == message_id else None

    def _read(self, at: int) -> Message:
        row = self._rows[at]
        if isinstance(row, Message):
            return row
        message_id, author_id, content, reply_to = row
        kind = REPLY if reply_to else PLAIN
        return Message(message_id, self.channel_id, author_id, content, kind=kind, reply_to=reply_to or None)
