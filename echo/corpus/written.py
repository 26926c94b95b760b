"""What somebody wrote, free of where it came from: the one shape that all importers give and the sandbox takes."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Mark(StrEnum):
    """What stands with a message's text or in its place, as far as its source tells."""

    ATTACHMENT = "attachment"
    EMBED = "embed"
    STICKER = "sticker"
    POLL = "poll"
    FORWARD = "forward"
    SYSTEM = "system"
    """Discord's own news, such as that somebody joined."""
    BOT = "bot"
    """Written by a program."""


NO_MARKS: frozenset[Mark] = frozenset()


class Written(NamedTuple):
    """One message as an export or the invented world has it.

    `ts` is in seconds since the epoch, UTC. `key` is the source's own id of the message, if it has one; `reply_to`
    is the `key` of the message that this one answers. `parent` names the channel that holds the thread `channel`;
    None where `channel` is a channel of its own. `author_id`, `channel_id` and `server_id` are the source's own ids,
    where it has them. `direct`: it stands in a private conversation. `mentions` has the ids and names of the people
    that the text mentions.

    A named tuple, as imports make millions, each in a quarter of a frozen dataclass's time.
    """

    author: str
    channel: str
    ts: float
    text: str
    key: str | None = None
    reply_to: str | None = None
    parent: str | None = None
    author_id: str | None = None
    channel_id: str | None = None
    server_id: str | None = None
    direct: bool = False
    marks: frozenset[Mark] = NO_MARKS
    mentions: tuple[tuple[int, str], ...] = ()

    @property
    def is_speech(self) -> bool:
        """Whether it is a person's and has text."""
        return bool(self.text.strip()) and Mark.SYSTEM not in self.marks and Mark.BOT not in self.marks
