"""What was said last in the channels of servers where somebody's new messages join, in memory only."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from echo.discord.snowflakes import COUNTER_BITS
from echo.persona.turns import CONTEXT_AGE

Raw = Mapping[str, Any]
"""A message as Discord's JSON has it."""

MOST: Final = 2_000
"""Channels that are remembered at a time; the quietest goes first."""
SPARE: Final = 20
"""Messages beyond twice the context that each keeps: commands and what the system says take places, but don't count."""
AGE: Final = int(CONTEXT_AGE * 1000) << COUNTER_BITS
"""How much smaller an id is whose message is too old to be context."""
_NEVER: Final = 2**63 - 1
_UNNEEDED: Final = ("member", "referenced_message", "reactions", "nonce", "mention_roles")


@dataclass(frozen=True, slots=True)
class Before:
    """What stood before a message, newest first. Everything with an id from `since` on was heard."""

    messages: tuple[Raw, ...]
    since: int

    def reaches(self, message_id: int) -> bool:
        """Whether nothing is missing that is young enough to be context of the message."""
        return self.since <= message_id - AGE


@dataclass(slots=True)
class _Ring:
    server_id: int
    since: int
    messages: deque[Raw]


class Rings:
    """The newest messages of each channel, enough for the `window` messages before any new one.

    A server's messages are kept from `begin` to `keep` without it; nothing that was said before `begin` is known.
    """

    def __init__(self, window: int) -> None:
        self._length = 2 * window + SPARE
        self._since: dict[int, int] = {}
        self._rings: OrderedDict[int, _Ring] = OrderedDict()

    def __len__(self) -> int:
        return sum(len(ring.messages) for ring in self._rings.values())

    def begin(self, server_id: int, since: int) -> None:
        """Messages of this server are heard from the id `since` on; a server that is heard already stays as it is."""
        self._since.setdefault(server_id, since)

    def end(self, server_id: int) -> None:
        """Forget what was said in a server."""
        if self._since.pop(server_id, None) is not None:
            self.keep(set(self._since))

    def keep(self, server_ids: Collection[int]) -> None:
        """Forget what was said in all other servers."""
        for gone in self._since.keys() - set(server_ids):
            del self._since[gone]
        for channel_id in [one for one, ring in self._rings.items() if ring.server_id not in self._since]:
            del self._rings[channel_id]

    def restart(self) -> None:
        """Forget everything: something may have been missed."""
        self._since.clear()
        self._rings.clear()

    def add(self, server_id: int, channel_id: int, raw: Raw) -> None:
        """Keep a new message of a server that is heard."""
        ring = self._rings.get(channel_id)
        if ring is None:
            ring = self._rings[channel_id] = _Ring(server_id, self._since[server_id], deque())
        self._rings.move_to_end(channel_id)
        ring.messages.append({name: value for name, value in raw.items() if name not in _UNNEEDED})
        if len(ring.messages) > self._length:
            ring.since = max(ring.since, _id(ring.messages.popleft()) + 1)
        while _id(ring.messages[0]) < _id(raw) - AGE:
            ring.messages.popleft()
        self._let_go(_id(raw))

    def pass_over(self, server_id: int, channel_id: int, message_id: int) -> None:
        """Keep nothing of a channel, and know that up to this message something may be missing there."""
        self._rings[channel_id] = _Ring(server_id, message_id + 1, deque())
        self._rings.move_to_end(channel_id)
        self._let_go(message_id)

    def before(self, server_id: int, channel_id: int) -> Before:
        """What is known to stand in a channel now."""
        ring = self._rings.get(channel_id)
        if ring is None:
            return Before((), self._since.get(server_id, _NEVER))
        return Before(tuple(reversed(ring.messages)), ring.since)

    def amend(self, channel_id: int, raw: Raw) -> None:
        """Take over what a message says now."""
        ring = self._rings.get(channel_id)
        for index, known in enumerate(ring.messages if ring else ()):
            if known["id"] == raw["id"] and ring is not None:
                ring.messages[index] = {**known, **{k: v for k, v in raw.items() if k not in _UNNEEDED}}

    def drop(self, channel_id: int, message_ids: Iterable[int]) -> None:
        """Forget messages that were deleted."""
        ring = self._rings.get(channel_id)
        gone = set(message_ids)
        if ring is not None and any(_id(raw) in gone for raw in ring.messages):
            ring.messages = deque(raw for raw in ring.messages if _id(raw) not in gone)

    def drop_author(self, server_id: int, user_id: int) -> None:
        """Forget what somebody wrote in a server."""
        for ring in self._rings.values():
            if ring.server_id == server_id:
                ring.messages = deque(raw for raw in ring.messages if int(raw["author"]["id"]) != user_id)

    def drop_place(self, channel_id: int) -> None:
        """Forget a channel that was deleted."""
        self._rings.pop(channel_id, None)

    def _let_go(self, now_id: int) -> None:
        """Forget channels in which nothing is young enough any more, and the quietest where there are too many."""
        while self._rings:
            channel_id, ring = next(iter(self._rings.items()))
            newest = _id(ring.messages[-1]) if ring.messages else ring.since - 1
            if newest >= now_id - AGE and len(self._rings) <= MOST:
                return
            del self._rings[channel_id]
            if newest >= now_id - AGE:
                # A new ring of that channel must not be taken for one that goes back further.
                self._since[ring.server_id] = max(self._since[ring.server_id], newest + 1)


def _id(raw: Raw) -> int:
    return int(raw["id"])
