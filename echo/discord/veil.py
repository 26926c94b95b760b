"""What echoes may hear of Discord: nothing of members who are invisible to them, not even their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, Protocol

from echo.corpus.pseudonyms import People, UnseenHere
from echo.ports import Heard

Raw = Mapping[str, Any]

_MENTION: Final = re.compile(r"<@!?(\d{1,20})>")
_ANSWERING: Final = ("message_reference", "referenced_message", "interaction", "interaction_metadata")


class Registry(Protocol):
    """Who is unseen (`db.unseen.Unseen`)."""

    @property
    def has_names(self) -> bool:
        """Whether anybody is, whose name is known."""

    def is_unseen(self, server_id: int, user_id: int) -> bool:
        """Whether a member is invisible to the echoes of a server."""

    def is_named(self, server_id: int, name: str) -> bool:
        """Whether somebody who is unseen there is called so."""


def unseen_in(registry: Registry, server_id: int) -> UnseenHere:
    """Who is unseen in one server."""
    return UnseenHere(
        lambda: registry.has_names,
        lambda user_id: registry.is_unseen(server_id, user_id),
        lambda name: registry.is_named(server_id, name),
    )


class Veil:
    """Messages on their way to where an echo hears them, without those who are unseen.

    `has_echo(server id, user id)` says whether somebody has an echo there: a subject who is unseen is not heard, but
    stays called as they are, for otherwise their own echo could not be called.
    """

    def __init__(self, registry: Registry, has_echo: Callable[[int, int], bool]) -> None:
        self._registry = registry
        self._has_echo = has_echo
        self._people: dict[int, People] = {}

    def here(self, server_id: int) -> UnseenHere:
        """Who is unseen in one server."""
        return unseen_in(self._registry, server_id)

    def hides(self, server_id: int, user_id: int) -> bool:
        """Whether nothing of this member may be heard."""
        return self._registry.is_unseen(server_id, user_id)

    def learn(self, server_id: int, user_id: int, *names: str) -> None:
        """Know, in memory, what somebody unseen is called: that is replaced in what others say."""
        if not self._has_echo(server_id, user_id):
            self._in(server_id).learn(user_id, *names)

    def forget(self, server_id: int) -> None:
        """Somebody is visible again: learn anew who is called what."""
        self._people.pop(server_id, None)

    def seen(self, raw: Raw, server_id: int) -> Raw | None:
        """What may be heard of a message of Discord's JSON; None where its author is unseen.

        Raises one of `translate.MALFORMED` for JSON of another shape than the described one.
        """
        author = raw["author"]
        if self._hides(server_id, author, raw.get("member")) and raw.get("webhook_id") is None:
            return None
        answered = raw.get("referenced_message")
        if answered and self._hides(server_id, answered["author"], None) and answered.get("webhook_id") is None:
            # Whom it answers is nobody's business any more: a plain message, as far as an echo hears.
            raw = {name: value for name, value in raw.items() if name not in _ANSWERING} | {"type": 0}
        shown = [one for one in raw.get("mentions") or () if not self._hides(server_id, one, one.get("member"))]
        text = str(raw.get("content") or "")
        return {**raw, "mentions": shown, "content": self.text(server_id, text)}

    def text(self, server_id: int, text: str) -> str:
        """A text without the names of those who are unseen."""
        if not text:
            return text
        people = self._in(server_id)

        def named(found: re.Match[str]) -> str:
            user_id = int(found[1])
            is_named = not self.hides(server_id, user_id) or self._has_echo(server_id, user_id)
            return found[0] if is_named else f"@{people.name_of(user_id)}"

        return people.renamed(_MENTION.sub(named, text) if "<@" in text else text)

    def heard(self, server_id: int, heard: Iterable[Heard]) -> list[Heard]:
        """What is left of messages that were heard before somebody became unseen."""
        return [
            replace(one, text=self.text(server_id, one.text))
            for one in heard
            if not self.hides(server_id, one.author_id) or one.author_id == 0
        ]

    def _hides(self, server_id: int, user: Raw, member: Raw | None) -> bool:
        user_id = int(user["id"])
        if not self.hides(server_id, user_id):
            return False
        names = ((member or {}).get("nick"), user.get("global_name"), user.get("username"))
        self.learn(server_id, user_id, *(str(name) for name in names if name))
        return True

    def _in(self, server_id: int) -> People:
        known = self._people.get(server_id)
        if known is None:
            known = self._people[server_id] = People(0, "", f"server {server_id}", self.here(server_id))
        return known


class _Nobody:
    """Where nobody is unseen."""

    has_names = False

    def is_unseen(self, server_id: int, user_id: int) -> bool:
        return False

    def is_named(self, server_id: int, name: str) -> bool:
        return False


def unveiled() -> Veil:
    """A veil that hides nobody."""
    return Veil(_Nobody(), lambda server_id, user_id: True)
