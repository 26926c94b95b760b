"""What somebody wrote, free of where it came from: the one shape that all importers give and the sandbox takes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Written:
    """One message as an export or the invented world has it.

    `ts` is in seconds since the epoch, UTC. `key` is the source's own id of the message, if it has one; `reply_to`
    is the `key` of the message that this one answers. `parent` names the channel that holds the thread `channel`;
    None where `channel` is a channel of its own. `author_id` is the source's own id of the author, if it has one.
    """

    author: str
    channel: str
    ts: float
    text: str
    key: str | None = None
    reply_to: str | None = None
    parent: str | None = None
    author_id: str | None = None
