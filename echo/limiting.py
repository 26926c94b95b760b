"""Holds commands, answers, sessions and collections to the limits of the settings, by the clock that is handed in."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from echo.discord.dates import show_span
from echo.errors import LimitReached
from echo.limit_settings import LimitSettings
from echo.persona.tokens import pieces
from echo.ports import Heard
from states.board import Board
from states.events import OnlineAsked
from states.limits import Over, Scope, Sliding, Who, over_of
from states.model import SessionSnapshot
from states.policy import Refused

TELLABLE: Final = 120
"""Seconds up to which they alone say how long that is."""
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

_COMMANDS: Final = {
    Scope.USER: "You have asked Echo for as much as one may in a minute ({most}): again in {wait} s.",
    Scope.CHANNEL: "In this channel Echo was asked for as much as it may be in a minute ({most}): again in {wait} s.",
    Scope.SERVER: "In this server Echo was asked for as much as it may be in a minute ({most}): again in {wait} s.",
}
_COLLECTIONS: Final = {
    Scope.USER: "You have asked for as many echoes as one may in a day ({most}): again in {wait} s.",
    Scope.CHANNEL: "In this channel as many echoes were asked for as may be in a day ({most}): again in {wait} s.",
    Scope.SERVER: "In this server as many echoes were asked for as may be in a day ({most}): again in {wait} s.",
}
_SAID: Final = {
    Scope.USER: "To this person echoes have said as much as they may in an hour ({most} {what}): again in {wait} s.",
    Scope.CHANNEL: "Here echoes have said as much as they may in an hour ({most} {what}): again in {wait} s.",
    Scope.SERVER: "In this server echoes have said as much as they may in an hour ({most} {what}): again in {wait} s.",
}


class Limiting:
    """Each method raises LimitReached with what is to be told, and how long it lasts."""

    def __init__(self, settings: LimitSettings, board: Board, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._board = board
        self._clock = clock
        self._commands = Sliding(settings.most("commands"), MINUTE)
        self._replies = Sliding(settings.most("replies"), HOUR)
        self._tokens = Sliding(settings.most("tokens"), HOUR)

    def command(self, user_id: int, channel_id: int, server_id: int) -> None:
        """Count a command or press (`server_id` 0: in direct messages)."""
        who = {Scope.USER: user_id, Scope.CHANNEL: channel_id, Scope.SERVER: server_id}
        over = self._commands.take(self._clock(), who if server_id else {Scope.USER: user_id})
        if over is not None:
            raise LimitReached(told(_COMMANDS[over.scope], over))

    def collection(self, user_id: int, channel_id: int, server_id: int) -> None:
        """Look how many echoes were asked for of late; the rows of those are what counts, also after a restart."""
        asked = [p for p in self._board.profiles.values() if p.server_id == server_id]
        times = {
            Scope.USER: [p.created_at for p in asked if p.asker_id == user_id],
            Scope.CHANNEL: [p.created_at for p in asked if p.channel_id == channel_id],
            Scope.SERVER: [p.created_at for p in asked],
        }
        most = self._settings.most("collections")
        found = (over_of(self._clock(), times[scope], most[scope], DAY, scope) for scope in Scope)
        over = max((one for one in found if one is not None), key=lambda one: one.wait, default=None)
        if over is not None:
            raise LimitReached(told(_COLLECTIONS[over.scope], over))

    def reply(self, session: SessionSnapshot, heard: Sequence[Heard]) -> None:
        """Count an answer of a session's echo before it is made: `heard` has the message that it answers."""
        who, now = _who(session, heard), self._clock()
        kinds = ((self._tokens, "words and signs"), (self._replies, "answers"))
        found = [(over, what) for sliding, what in kinds if (over := sliding.over(now, who)) is not None]
        if found:
            # The one that holds longest, so that what is told of "again" is true.
            over, what = max(found, key=lambda one: one[0].wait)
            raise LimitReached(told(_SAID[over.scope].replace("{what}", what), over))
        self._replies.spend(now, who, 1)

    def spoken(self, session: SessionSnapshot, heard: Sequence[Heard], texts: Sequence[str]) -> None:
        """Count what the answer came to; it is said though it may pass a limit."""
        self._tokens.spend(self._clock(), _who(session, heard), sum(len(pieces(text)) for text in texts))

    def bar(self, asked: OnlineAsked) -> Refused | None:
        """Why no further echo comes online in this channel, or at this user's word; the operator may bring any."""
        online = self._board.sessions_online(asked.server_id)
        here = sum(one.channel_id == asked.channel_id for one in online)
        if here >= self._settings.sessions_per_channel:
            return Refused.CHANNEL_LIMIT
        own = sum(one.started_by == asked.by for one in online)
        return Refused.USER_LIMIT if asked.by and own >= self._settings.sessions_per_user else None


def told(sentence: str, over: Over) -> str:
    """The sentence with how many there may be, and the whole seconds after which the next one may."""
    wait = max(1, math.ceil(over.wait.total_seconds()))
    said = sentence.format(most=f"{over.most:,}", wait=wait)
    # Nobody divides by 3,600 in their head.
    return said if wait <= TELLABLE else f"{said.removesuffix('.')} (about {show_span(over.wait)})."


def _who(session: SessionSnapshot, heard: Sequence[Heard]) -> Who:
    """Whom an answer counts for: the human who is answered, if it is one."""
    who = {Scope.CHANNEL: session.channel_id, Scope.SERVER: session.server_id}
    human = next((one for one in heard if one.message_id == session.heard_id and one.human), None)
    if human is not None and not session.opening:
        who[Scope.USER] = human.author_id
    return who
