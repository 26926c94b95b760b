"""What was said lately where echoes are online, in memory only; and who is told of it."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from echo.discord.address import mentions, names_echo
from echo.discord.faces import spoken_name
from echo.discord.snowflakes import snowflake_at
from echo.discord.translate import Seen
from echo.ports import Heard, Post
from states.board import Board
from states.events import MessageHeard
from states.model import ProfileSnapshot, SessionSnapshot

KEPT: Final = 50
"""Messages that are remembered of each channel."""
MISSED: Final = timedelta(minutes=5)
"""How far back Echo listens after it was away: nobody waits longer for an answer."""


class Hearing:
    """The newest messages of every channel in which an echo is online, and the telling of them to its sessions.

    `names_of` gives by what names a subject is called, the shown one first; the composition may replace it by what
    knows better than the board.
    """

    def __init__(self, board: Board, post: Post, clock: Callable[[], datetime]) -> None:
        self.names_of: Callable[[ProfileSnapshot], tuple[str, ...]] = self._names_on_board
        self._board = board
        self._post = post
        self._clock = clock
        self._rings: dict[int, deque[Heard]] = {}
        self._primed: set[int] = set()
        self._told: dict[int, deque[int]] = {}
        self._called: dict[int, OrderedDict[int, frozenset[int]]] = {}
        self._online: dict[int, list[SessionSnapshot]] = {}
        self._revision = -1
        board.watch(self._let_go)

    # what is remembered

    def recent(self, channel_id: int) -> list[Heard]:
        """What is remembered of a channel, oldest first; empty where no echo is online."""
        self._sessions_in(channel_id)
        return list(self._rings.get(channel_id, ()))

    def is_primed(self, channel_id: int) -> bool:
        """Whether what stood in the channel before the echo came online is remembered too."""
        self._sessions_in(channel_id)
        return channel_id in self._primed

    def remember(self, heard: Heard) -> None:
        """Keep a message, in its place and once, where an echo is online."""
        if self._sessions_in(heard.channel_id):
            self._keep(heard.channel_id, (heard,))

    def prime(self, channel_id: int, messages: Iterable[Heard]) -> None:
        """Keep what stood in the channel already, as read from Discord."""
        if self._sessions_in(channel_id):
            self._keep(channel_id, messages)
            self._primed.add(channel_id)

    def drop(self, channel_id: int, message_ids: Iterable[int]) -> None:
        """Forget messages that were deleted."""
        ring = self._rings.get(channel_id)
        gone = set(message_ids)
        if ring is not None and any(heard.message_id in gone for heard in ring):
            self._rings[channel_id] = deque((h for h in ring if h.message_id not in gone), KEPT)

    def amend(self, channel_id: int, message_id: int, text: str) -> None:
        """Take over the new text of an edited message."""
        ring = self._rings.get(channel_id, deque())
        for index, heard in enumerate(ring):
            if heard.message_id == message_id:
                ring[index] = replace(heard, text=text)

    def withdraw(self, server_id: int, left: Callable[[list[Heard]], list[Heard]]) -> dict[int, frozenset[int]]:
        """Remember of a server's channels only what is `left`; the ids of what is not, by channel."""
        gone = {}
        for channel_id in {one.channel_id for one in self._board.sessions_online(server_id)}:
            ring = list(self._rings.get(channel_id, ()))
            kept = left(ring)
            self._rings[channel_id] = deque(kept, KEPT)
            gone[channel_id] = frozenset(one.message_id for one in ring) - {one.message_id for one in kept}
        return gone

    # who is told

    def missable(self) -> dict[int, int]:
        """The channels where echoes are online, each with the id after which what was said may have been missed."""
        self._sessions_in(0)
        lately = self._clock() - MISSED
        return {
            channel_id: snowflake_at(max(lately, min(session.started_at for session in sessions)))
            for channel_id, sessions in self._online.items()
        }

    def hear(self, seen: Seen, echo_id: int) -> None:
        """Keep a message and tell the sessions of its channel; an echo is not told of its own words.

        `echo_id` is the id of Echo's user.
        """
        sessions = self._sessions_in(seen.heard.channel_id)
        if not sessions:
            return
        told = self._told.setdefault(seen.heard.channel_id, deque(maxlen=KEPT))
        if seen.heard.message_id in told:
            # What was caught up on may come by the gateway as well.
            return
        told.append(seen.heard.message_id)
        heard = seen.heard
        if seen.own:
            heard = replace(heard, speaker=self._speaker(seen, sessions), human=False)
        self._keep(heard.channel_id, (heard,))
        others = [session for session in sessions if heard.speaker != session.profile_id]
        called = frozenset(session.profile_id for session in others if self.is_addressed(seen, session, echo_id))
        self._note_called(heard, called)
        for session in others:
            # What it thought about before a restart comes again where messages are caught up on.
            if heard.message_id > session.heard_id:
                addressed = session.profile_id in called
                event = MessageHeard(self._clock(), heard.message_id, heard.author_id, heard.human, addressed)
                self._post(session.key, event)

    def called(self, channel_id: int, message_id: int) -> frozenset[int]:
        """The profiles whose echoes a message was meant for, as far as it was heard since Echo started."""
        noted = self._called.get(channel_id)
        return frozenset() if noted is None else noted.get(message_id, frozenset())

    def is_addressed(self, seen: Seen, session: SessionSnapshot, echo_id: int) -> bool:
        """Whether a message is meant for the echo of this session.

        A mention of the bot means every echo in the channel, an answer to an echo's message that echo.
        """
        profile = self._board.profiles.get(session.profile_id)
        if profile is None:
            return False
        names = self.names_of(profile)
        mentioned = mentions(seen.heard.text)
        if profile.user_id in mentioned or names_echo(seen.heard.text, names):
            return True
        answered = seen.to or self._speaker_of(seen.heard)
        if answered is not None or seen.to_name:
            return answered == profile.id or (answered is None and seen.to_name == spoken_name(names[0]))
        return echo_id in mentioned

    def _note_called(self, heard: Heard, called: frozenset[int]) -> None:
        noted = self._called.setdefault(heard.channel_id, OrderedDict())
        noted[heard.message_id] = called
        while len(noted) > KEPT:
            noted.popitem(last=False)

    def _speaker_of(self, heard: Heard) -> int | None:
        """Whose echo said what this message answers, as far as it is remembered."""
        ring = self._rings.get(heard.channel_id, ())
        return next((known.speaker for known in ring if known.message_id == heard.reply_to), None)

    def _speaker(self, seen: Seen, sessions: list[SessionSnapshot]) -> int | None:
        """Which profile spoke. Discord may tell of a message before it answers the request that made it: then the
        name under which it stands decides."""
        if seen.heard.speaker is not None:
            return seen.heard.speaker
        profiles = (self._board.profiles.get(session.profile_id) for session in sessions)
        present = [profile for profile in profiles if profile is not None]
        named = [p.id for p in present if seen.heard.author == spoken_name(self.names_of(p)[0])]
        if len(named) == 1:
            return named[0]
        return present[0].id if len(present) == 1 else None

    def _keep(self, channel_id: int, messages: Iterable[Heard]) -> None:
        ring = self._rings.setdefault(channel_id, deque(maxlen=KEPT))
        late = []
        for heard in messages:
            if ring and heard.message_id <= ring[-1].message_id:
                late.append(heard)
            else:
                ring.append(heard)
        if late:
            self._rings[channel_id] = self._sorted_in(ring, late)

    def _sorted_in(self, ring: deque[Heard], late: list[Heard]) -> deque[Heard]:
        kept = {heard.message_id: heard for heard in ring}
        for heard in late:
            before = kept.get(heard.message_id)
            # Whoever knows the speaker of a message knows more about it.
            if before is None or before.speaker is None:
                kept[heard.message_id] = heard
        return deque(sorted(kept.values(), key=lambda heard: heard.message_id), KEPT)

    def _sessions_in(self, channel_id: int) -> list[SessionSnapshot]:
        """The sessions that are online in a channel. What is remembered of channels without any is forgotten."""
        if self._revision != self._board.revision:
            self._revision = self._board.revision
            online: defaultdict[int, list[SessionSnapshot]] = defaultdict(list)
            for session in self._board.sessions_online():
                online[session.channel_id].append(session)
            self._online = dict(online)
            for gone in self._rings.keys() - online.keys():
                del self._rings[gone]
            for gone in self._told.keys() - online.keys():
                del self._told[gone]
                self._called.pop(gone, None)
            self._primed &= online.keys()
        return self._online.get(channel_id, [])

    def _let_go(self) -> None:
        """Forget at once, not at the next message, what was said where no echo is online any more."""
        if self._rings or self._told:
            self._sessions_in(0)

    def _names_on_board(self, profile: ProfileSnapshot) -> tuple[str, ...]:
        return (self._board.names.get(profile.user_id) or f"user {profile.user_id}",)
