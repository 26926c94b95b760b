"""Turns of talk: what was said before, and what the subject answered. The shapes that training and talking share."""

from __future__ import annotations

from dataclasses import dataclass

BURST_GAP = 120.0
"""Seconds: messages of one author with nobody in between and gaps up to this make one burst."""
REPLY_WITHIN = 3600.0
"""Seconds: a burst that starts this soon after somebody else's message counts as an answer to it."""
CONTEXT_LENGTH = 12
"""Messages: how much of the conversation before a burst is its context."""
CONTEXT_AGE = 12 * 3600.0
"""Seconds: older messages are no context."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One message of a conversation. `ts` is in seconds since the epoch, UTC; `own` is True for the subject's words."""

    author: str
    ts: float
    text: str
    own: bool


@dataclass(frozen=True, slots=True)
class Burst:
    """One turn of the subject: 1..n messages with nobody in between.

    `context` is oldest first, every entry older than `ts`. `times[i]` is when `texts[i]` was sent (seconds since the
    epoch, UTC). `delay` is the seconds since the last message of the context, where that was somebody else's and at
    most REPLY_WITHIN old, else None. `gaps` has len(texts) - 1 entries, in seconds. `opens`: it began a conversation,
    for nobody had spoken for longer than the channel's usual pause. `ids` and `context_ids` name the messages of
    `texts` and of `context`, parallel to them, 0 where one has no id; both are empty where none has.
    """

    ts: float
    channel: str
    context: tuple[Utterance, ...]
    texts: tuple[str, ...]
    times: tuple[float, ...]
    delay: float | None
    gaps: tuple[float, ...]
    opens: bool = False
    ids: tuple[int, ...] = ()
    context_ids: tuple[int, ...] = ()
