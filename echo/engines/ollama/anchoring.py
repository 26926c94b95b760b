"""Where the talk of a prompt begins: there again at the next turns, so that the server's cache holds. Pure.

A window of the newest lines that slides by one with each new line changes the whole prompt every time. Here the
beginning is the line whose hash is least among those at which it may be, as winnowing chooses fingerprints
(Schleimer, Wilkerson and Aiken, 2003): it stays while new lines come, some fifteen on average, and nothing is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from echo.persona.turns import CONTEXT_AGE, CONTEXT_LENGTH, REPLY_WITHIN, Utterance

FARTHEST: Final = 40
"""Lines of the talk at most."""
NEAREST: Final = CONTEXT_LENGTH
"""Lines that are shown at least, where there is room for that many more."""
NEAREST_SHARE: Final = 0.5
"""Of the lines that there is room for: what is shown at least, where that is less than NEAREST."""


def beginning(said: Sequence[Utterance], costs: Sequence[int], room: int) -> int:
    """Where the shown talk begins in `said` (oldest first), whose lines cost so many tokens each, to fit in `room`.

    It is len(said) where not even the newest line fits. A line after a pause, at which a conversation began, is
    preferred. Lines more than CONTEXT_AGE older than the newest are no part of it.
    """
    first, is_tight = _first(said, costs, room)
    fit = len(said) - first
    if not fit:
        return first
    # Where the room is what bounds it, it must not begin at the first line that fits: that is another one every time.
    least = min(NEAREST, max(1, round(fit * NEAREST_SHARE)) if is_tight else fit)
    return min(range(first, len(said) - least + 1), key=lambda at: (not _follows_pause(said, at), _hash(said[at])))


def _first(said: Sequence[Utterance], costs: Sequence[int], room: int) -> tuple[int, bool]:
    """The earliest line from which all fit and count, and whether it is the room that bounds them."""
    farthest = max(0, len(said) - FARTHEST)
    for at in range(len(said), farthest, -1):
        room -= costs[at - 1]
        if room < 0:
            return at, True
        if said[-1].ts - said[at - 1].ts > CONTEXT_AGE:
            return at, False
    return farthest, False


def _follows_pause(said: Sequence[Utterance], at: int) -> bool:
    return at > 0 and said[at].ts - said[at - 1].ts > REPLY_WITHIN


def _hash(one: Utterance) -> bytes:
    line = f"{one.ts}/{one.author}/{one.text}"
    return blake2b(line.encode("utf-8", "surrogatepass"), digest_size=8, person=b"anchor").digest()
