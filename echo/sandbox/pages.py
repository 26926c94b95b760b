"""Pages of history as JSON text, cheaply: a walk should wait for the bot that reads, not for the sandbox that writes.

Imported lines are written into a form that the payload code itself made once for their author and channel; messages
that somebody has touched are written once, and again only after something in the world has changed.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from json.encoder import encode_basestring

from echo.sandbox import payloads
from echo.sandbox.answers import spelt
from echo.sandbox.history import REPLY, History, Message, Row
from echo.sandbox.snowflakes import LARGEST, time_text_of, timestamp_of
from echo.sandbox.talk import Talk

_ID, _ANSWERED = LARGEST, LARGEST - 1
"""Ids that no message has, which stand in a form for those of the lines to come."""
_CONTENT = secrets.token_hex(16)
"""What stands in a form for the content: nothing that an author's name could hold."""
_NO_MESSAGE = '"referenced_message":null'


_Key = tuple[int, int, bool, bool]
"""(channel id, author id, whether it is a reply, whether with the message that it answers)"""


class Pages:
    """Writes messages of a world that the bot sees with their content."""

    def __init__(self, world: Talk) -> None:
        self._world = world
        self._version = -1
        self._forms: dict[_Key, tuple[str, ...]] = {}

    def text(self, history: History, places: Iterable[int]) -> bytes:
        """The messages at these places of the history, as a JSON list."""
        if self._version != self._world.version:
            self._version = self._world.version
            self._forms.clear()
        texts = (self._any(history, history.row(place)) for place in places)
        return f"[{','.join(texts)}]".encode("utf-8", "replace")

    def _any(self, history: History, row: Row | Message) -> str:
        return self._touched(history, row) if isinstance(row, Message) else self._line(history, row, referenced=True)

    def _touched(self, history: History, message: Message) -> str:
        known = history.texts.get(message.id)
        if known is not None and known[0] == self._world.version:
            return known[1]
        text = spelt(payloads.message(self._world, message))
        history.texts[message.id] = (self._world.version, text)
        return text

    def _line(self, history: History, row: Row, *, referenced: bool) -> str:
        number, author, content, reply_to = row
        key = (history.channel_id, author, reply_to != 0, referenced)
        parts = self._forms.get(key) or self._form(key)
        begun = f"{parts[0]}{number}{parts[1]}{encode_basestring(content)}{parts[2]}{time_text_of(number)}{parts[3]}"
        if not reply_to:
            return begun
        if not referenced:
            return f"{begun}{reply_to}{parts[4]}"
        return f"{begun}{reply_to}{parts[4]}{self._answered(history, reply_to)}{parts[5]}"

    def _answered(self, history: History, message_id: int) -> str:
        place = history.place(message_id)
        if place is None:
            return "null"
        row = history.row(place)
        if isinstance(row, Message):
            return spelt(payloads.message(self._world, row, referenced=False))
        return self._line(history, row, referenced=False)

    def _form(self, key: _Key) -> tuple[str, ...]:
        """The text between what differs: id, content, time; in a reply also the answered message's id and, where it is
        referenced, that message."""
        channel_id, author, reply, referenced = key
        like = Message(_ID, channel_id, author, _CONTENT)
        if reply:
            like.kind, like.reply_to = REPLY, _ANSWERED
        rest = spelt(payloads.message(self._world, like, referenced=referenced))
        differing = [str(_ID), f'"{_CONTENT}"', payloads.time_text(timestamp_of(_ID))]
        differing += [str(_ANSWERED)] * reply + [_NO_MESSAGE] * (reply and referenced)
        parts = []
        for one in differing:
            before, rest = rest.split(one, 1)
            parts.append(before)
        if reply and referenced:
            parts[-1] += _NO_MESSAGE.removesuffix("null")
        self._forms[key] = (*parts, rest)
        return self._forms[key]
