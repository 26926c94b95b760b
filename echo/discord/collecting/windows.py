"""Which pages to ask for the context of messages that a search has found: where most of them lie close together first.

Pure: it is told what is known, says what to ask, and is told what came.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from echo.discord.snowflakes import COUNTER_BITS
from echo.persona.turns import CONTEXT_AGE

PAGE = 100
"""Messages: the most that Discord gives in one answer."""
ENOUGH = PAGE // 2
"""Messages of any kind after which what stands before a message is known well enough, though less than the wanted
context is among them: somebody talks to themselves, or a bot to nobody."""
FIRST_SPAN = 2 * 3600 * 1000
"""Milliseconds that a page is taken to reach back until one was seen. On a real chat of 300,000 messages, anything
between half an hour and four hours gives nearly the same."""


@dataclass(frozen=True, slots=True)
class Window:
    """A page to ask for: the PAGE messages of a channel before the id `before`."""

    channel_id: int
    before: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A message on a page. `counts`: it is somebody else's words, and so counts as context."""

    message_id: int
    own: bool
    counts: bool


@dataclass(slots=True)
class _Channel:
    """The bare messages of a channel, oldest first, and the page that is the best to ask, if that is known.

    `spans`: how far back its pages reached, in milliseconds.
    """

    bare: list[int]
    spans: list[float] = field(default_factory=list)
    is_out: bool = False
    best: tuple[int, int] | None = None


class Windows:
    """Chooses pages so that as many messages as possible get what stood before them, within `requests` pages.

    `own` has each channel's messages of the author, and which of them are bare. Each page begins with a bare message
    and is chosen by how many others are likely on it: those that follow within the time that a page reaches back.
    Among equals the newest comes first. Context is the `window` newest messages of others, at most CONTEXT_AGE older.
    """

    def __init__(self, own: Mapping[int, Sequence[tuple[int, bool]]], window: int, requests: int) -> None:
        self._window = window
        self._channels = {
            channel_id: _Channel(sorted({message_id for message_id, is_bare in messages if is_bare}))
            for channel_id, messages in own.items()
        }
        self._spans: list[float] = []
        self.left = max(0, requests)

    @property
    def bare(self) -> int:
        """How many messages may yet get their context."""
        return sum(len(channel.bare) for channel in self._channels.values())

    @property
    def is_over(self) -> bool:
        """Whether nothing is out and nothing is to be asked any more."""
        return not any(channel.is_out or (self.left and channel.bare) for channel in self._channels.values())

    def next(self) -> Window | None:
        """The page to ask now; a channel has one out at a time. None: there is none now, or none any more."""
        ready = [key for key, channel in self._channels.items() if channel.bare and not channel.is_out]
        if not self.left or not ready:
            return None
        chosen = max(ready, key=lambda key: (self._best(self._channels[key]), key))
        channel = self._channels[chosen]
        self.left -= 1
        channel.is_out = True
        return Window(chosen, self._best(channel)[1] + 1)

    def took(self, window: Window, page: Sequence[Seen]) -> frozenset[int]:
        """A page came (newest first): the author's messages on it that have their context there, or ENOUGH messages."""
        channel = self._channels[window.channel_id]
        channel.is_out, channel.best = False, None
        is_beginning = len(page) < PAGE
        settled = frozenset(self._settled(page, is_beginning))
        oldest = 0 if is_beginning else page[-1].message_id
        standing = {seen.message_id for seen in page}
        # What a page should hold and does not is gone, or can't be had this way: it must not be asked for ever.
        channel.bare = [
            one
            for one in channel.bare
            if one >= window.before or one < oldest or (one in standing and one not in settled)
        ]
        if not is_beginning:
            reach = page[PAGE - 1 - min(self._window, ENOUGH)].message_id
            span = float(max(1, _milliseconds(page[0].message_id) - _milliseconds(reach)))
            channel.spans.append(span)
            self._spans.append(span)
        return settled

    def again(self, window: Window) -> None:
        """The request came to nothing, and the page may be asked for again."""
        self._channels[window.channel_id].is_out = False

    def lost(self, channel_id: int) -> None:
        """The channel can't be read (any more): nothing of it is asked for."""
        channel = self._channels[channel_id]
        channel.is_out, channel.bare = False, []

    def _settled(self, page: Sequence[Seen], is_beginning: bool) -> list[int]:
        older, found = 0, []
        too_old = CONTEXT_AGE * 1000
        for place in range(len(page) - 1, -1, -1):
            one = page[place]
            age = _milliseconds(one.message_id) - _milliseconds(page[-1].message_id)
            is_whole = is_beginning or older >= self._window or age > too_old
            if one.own and (is_whole or len(page) - 1 - place >= ENOUGH):
                found.append(one.message_id)
            older += one.counts
        return found

    def _best(self, channel: _Channel) -> tuple[int, int]:
        """How many bare messages the best page of a channel is likely to hold, and the newest of them."""
        if channel.best is None:
            channel.best = _richest(channel.bare, median(channel.spans or self._spans or (FIRST_SPAN,)))
        return channel.best


def _richest(ids: Sequence[int], span: float) -> tuple[int, int]:
    """How many of the ids (ascending) lie at most `span` milliseconds before one of them at most, and the newest such.

    More than a page holds are no more than a page.
    """
    best, low = (0, 0), 0
    for place, one in enumerate(ids):
        earliest = _milliseconds(one) - span
        low = bisect_left(ids, earliest, lo=low, hi=place, key=_milliseconds)
        best = max(best, (min(place - low + 1, PAGE), one))
    return best


def _milliseconds(snowflake: int) -> int:
    return snowflake >> COUNTER_BITS
