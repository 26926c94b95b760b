"""Walking a channel backwards, purely: where it starts, what a page may hold, and which of its messages are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

from echo.discord.snowflakes import COUNTER_BITS, time_of
from echo.errors import NoPermission, ServiceUnavailable
from echo.persona.turns import CONTEXT_AGE

PAGE = 100
"""Messages: the most that Discord gives in one answer."""
PLAIN, REPLY, SLASH_ANSWER, MENU_ANSWER = 0, 19, 20, 23
"""The types of message that somebody wrote (Discord API reference, "Message Types"); the others are the system's."""
BARE_PAGE = 3
"""Messages of people without any content from which on a page is no accident."""
_SUBSTANCE = (
    "attachments",
    "embeds",
    "components",
    "sticker_items",
    "poll",
    "message_snapshots",
    "activity",
    "application",
    "call",
)

Raw = Mapping[str, Any]
"""A message as Discord's JSON has it."""


class Kind(Enum):
    """What a message is to the walk."""

    OWN = auto()
    OTHER = auto()
    NOISE = auto()
    """Nobody's words: the system's, Echo's own, or none at all. Neither kept nor counted as context."""


@dataclass(frozen=True, slots=True)
class Read:
    """One message of a page. `author` is the name that people see; `reply_to` the id of the message it answers."""

    message_id: int
    author_id: int
    author: str
    text: str
    kind: Kind
    reply_to: int | None = None

    @property
    def sent(self) -> datetime:
        """When it was sent, aware UTC, to the millisecond: read off its id, as Discord's clients do."""
        return time_of(self.message_id)


@dataclass(frozen=True, slots=True)
class Carry:
    """What one page leaves to the next, older one: `owed` messages of context for the message `answer` (0: none)."""

    owed: int = 0
    answer: int = 0


@dataclass(frozen=True, slots=True)
class Sifted:
    """What is kept of a page, newest first, and what the next page owes. `own` counts the subject's messages.

    Of the page `used` messages were looked at: all of them, unless there was no more room.
    """

    kept: tuple[Read, ...]
    own: int
    carry: Carry
    used: int


def checked(page: Sequence[Raw], channel_id: int, before: int) -> list[Raw]:
    """The page, newest first, once every message is known to be older than `before`.

    Raises ServiceUnavailable otherwise: a server or library that passes over `before` would be read for ever.
    """
    if any(int(raw["id"]) >= before for raw in page):
        raise ServiceUnavailable(
            f"Discord gave messages of channel {channel_id} that are not older than those it was asked for, "
            "so reading stopped; try again later, and update nextcord if it happens again."
        )
    return sorted(page, key=lambda raw: -int(raw["id"]))


def read(raw: Raw, subject_id: int, echo_id: int) -> Read:
    """A message of Discord's JSON. `echo_id` is Echo's own user and application id."""
    author = raw["author"]
    author_id, text = int(author["id"]), str(raw.get("content") or "")
    machine = bool(author.get("bot")) or raw.get("webhook_id") is not None
    of_echo = author_id == echo_id or str(raw.get("application_id")) == str(echo_id)
    if raw["type"] not in (PLAIN, REPLY, SLASH_ANSWER, MENU_ANSWER) or of_echo or not text.strip():
        kind = Kind.NOISE
    else:
        kind = Kind.OWN if author_id == subject_id and not machine else Kind.OTHER
    answered = (raw.get("message_reference") or {}).get("message_id") if raw["type"] == REPLY else None
    return Read(
        message_id=int(raw["id"]),
        author_id=author_id,
        author=str(author.get("global_name") or author["username"]),
        text=text,
        kind=kind,
        reply_to=None if answered is None else int(answered),
    )


def sift(page: Sequence[Read], carry: Carry, window: int, room: int | None = None) -> Sifted:
    """What is kept of a page (newest first): the subject's messages, and before each up to `window` others' messages.

    Context lies at most CONTEXT_AGE before the message that it leads to. It may begin on the next page: pass the
    `carry` of the page before (the first page: `Carry()`). `room` is how many more of the subject's messages are
    wanted (None: all); the page is left at the first that is not.
    """
    kept: list[Read] = []
    own = used = 0
    for message in page:
        if message.kind is Kind.OWN and own == room:
            carry = Carry()
            break
        used += 1
        if message.kind is Kind.OWN:
            kept.append(message)
            own += 1
            carry = Carry(window, message.message_id)
        elif carry.owed and _is_too_old(message, carry):
            carry = Carry()
        elif message.kind is Kind.OTHER and carry.owed:
            kept.append(message)
            carry = Carry(carry.owed - 1, carry.answer)
    return Sifted(tuple(kept), own, carry if carry.owed else Carry(), used)


def _is_too_old(message: Read, carry: Carry) -> bool:
    return (carry.answer >> COUNTER_BITS) - (message.message_id >> COUNTER_BITS) > CONTEXT_AGE * 1000


class Bareness:
    """Notices that Discord withholds what people write.

    Without the Message Content intent every message comes empty, save the bot's own and those that mention it. A
    person can't send a message with nothing in it, so a whole page of such means the intent.
    """

    def __init__(self, echo_id: int) -> None:
        self._echo_id = echo_id
        self._bare = self._full = 0

    def look_at(self, page: Sequence[Raw]) -> None:
        """Raises NoPermission for a whole page of messages without content."""
        bare = sum(1 for raw in page if self._counts(raw) and not _has_substance(raw))
        full = sum(1 for raw in page if self._counts(raw)) - bare
        self._bare, self._full = self._bare + bare, self._full + full
        if bare >= BARE_PAGE and not full:
            raise NoPermission(_WITHHELD)

    def conclude(self) -> None:
        """Raises NoPermission if nothing that was ever seen had content."""
        if self._bare and not self._full:
            raise NoPermission(_WITHHELD)

    def _counts(self, raw: Raw) -> bool:
        human = not raw["author"].get("bot") and raw.get("webhook_id") is None
        mentioned = any(int(who["id"]) == self._echo_id for who in raw.get("mentions", ()))
        return human and not mentioned and raw["type"] in (PLAIN, REPLY)


_WITHHELD = (
    "Discord withholds what people write: switch on the Message Content intent for this bot in Discord's developer "
    "portal (Bot, Privileged Gateway Intents), then retry."
)


def _has_substance(raw: Raw) -> bool:
    return bool(raw.get("content")) or any(raw.get(field) for field in _SUBSTANCE)
