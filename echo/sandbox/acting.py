"""Who acts in the sandbox, where and on which message: what all acts of its people begin with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from echo.sandbox import presses
from echo.sandbox.options import NotPossible, find_person
from echo.sandbox.permissions import Permission
from echo.sandbox.records import DM, Channel, Message, User
from echo.sandbox.views import with_mentions
from echo.sandbox.world import World

LONGEST_MESSAGE: Final = 2000


class Acting:
    """Finds people and things for those who act. Everything raises `NotPossible`, one clear sentence."""

    def __init__(self, world: World, now: Callable[[], float]) -> None:
        """`now` is in seconds since the epoch, UTC."""
        self._world = world
        self._now = now

    def _person(self, author: object) -> User:
        who = find_person(self._world, author)
        if who.bot:
            raise NotPossible(f"{who.display_name} is a bot and acts for itself.")
        return who

    def _seeing(self, author: object, place: Channel) -> User:
        who = self._account(author) if place.kind == DM else self._person(author)
        if not self._world.may(place.id, who.id, Permission.VIEW_CHANNEL):
            raise NotPossible(f"{who.display_name} can't see #{place.name}.")
        return who

    def _account(self, author: object) -> User:
        """Somebody who need not be in the server (any more): for what happens between them and the bot."""
        who = self._world.find_user(str(author))
        if who is None or who.bot:
            raise NotPossible(f"Nobody is called “{str(author)[:40]}”.")
        return who

    def _find_message(self, number: int) -> Message:
        found = (self._world.message(channel_id, number) for channel_id in self._world.channels)
        message = next((one for one in found if one is not None), None)
        if message is None:
            raise NotPossible(f"There is no message {number}.")
        return message

    def _needing(self, author: object, place: Channel, wanted: Permission) -> User:
        """Who sees the place and has these permissions in it."""
        who = self._seeing(author, place)
        if not self._world.may(place.id, who.id, wanted):
            needs = (wanted.name or "").replace("_", " ").title()
            raise NotPossible(f"{who.display_name} may not do that in #{place.name}: it takes {needs}.")
        return who

    def _message_seen(self, author: object, message_id: object) -> tuple[User, Channel, Message]:
        """Who acts, and the message that they act on with its channel, which they must see."""
        message = self._find_message(presses.message_id(message_id))
        place = self._world.channels[message.channel_id]
        return self._seeing(author, place), place, message

    def _text(self, content: object) -> str:
        """A message's text as Discord's client would send it: with mentions for @ and a name."""
        if not isinstance(content, str) or not content.strip():
            raise NotPossible("A message needs some text in its content.")
        text = with_mentions(self._world, content)
        if len(text) > LONGEST_MESSAGE:
            raise NotPossible(f"A message has at most {LONGEST_MESSAGE} characters, and this one has {len(text)}.")
        return text
