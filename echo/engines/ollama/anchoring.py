"""Where the talk of a prompt begins: there again at the next turns, so that the server's cache of it holds.

A window of the newest lines that slides by one with each new line changes the whole prompt every time. Here it begins
at a line where a prompt began before, as long as that is near enough; then it leaps, to few lines, and grows again.
Digests of those lines are held in memory alone: after a restart everything has to be evaluated anyway.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from echo.persona.turns import CONTEXT_AGE, CONTEXT_LENGTH, REPLY_WITHIN, Utterance

FARTHEST: Final = 40
"""Lines of the talk at most."""
NEAREST: Final = CONTEXT_LENGTH
"""Lines that are shown at least, where there are so many and there is room for more."""
NEAREST_SHARE: Final = 0.5
"""Of the lines that there is room for: what is shown at least, where room is short."""
REMEMBERED: Final = 2048
"""Beginnings at most; those used last. All echoes in a channel share theirs."""


class Beginnings:
    """Remembers where prompts began. For the tasks of one event loop."""

    def __init__(self) -> None:
        self._used: OrderedDict[bytes, None] = OrderedDict()

    def of(self, said: Sequence[Utterance], costs: Sequence[int], room: int) -> int:
        """Where the shown talk begins in `said` (oldest first), whose lines cost so many tokens each, to fit in `room`.

        It is len(said) where not even the newest line fits. Lines more than CONTEXT_AGE older than the newest are no
        part of it. Where none of the lines that may be the first was one before, it is the first of a conversation, or
        else the last one, so that the most lines can follow.
        """
        first, is_tight = _first(said, costs, room)
        fit = len(said) - first
        if not fit:
            return first
        least = min(NEAREST, max(1, round(fit * NEAREST_SHARE)) if is_tight else fit)
        last = len(said) - least
        known = (at for at in range(first, last + 1) if _digest(said[at]) in self._used)
        # In the nearer half, or it would soon have to leap again.
        begun = (at for at in range((first + last) // 2, last + 1) if _follows_pause(said, at))
        at = next(known, None)
        if at is None:
            at = next(begun, last)
        self._remember(said[at])
        return at

    def _remember(self, one: Utterance) -> None:
        self._used[_digest(one)] = None
        self._used.move_to_end(_digest(one))
        while len(self._used) > REMEMBERED:
            self._used.popitem(last=False)


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


def _digest(one: Utterance) -> bytes:
    line = f"{one.ts}/{one.author}/{one.text}"
    return blake2b(line.encode("utf-8", "surrogatepass"), digest_size=8, person=b"beginning").digest()
