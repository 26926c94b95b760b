"""What people are told of an echo where it talks: that it is a bot, of whom, with whose consent. Pure."""

from __future__ import annotations

from typing import Final

from echo.discord.consent import plain

MARK: Final = "-# ⓘ "
"""What Echo's own small notices begin with: small text, and a sign by which they are never taken for an echo's."""
HELLO: Final = (
    "**{name} (echo)** is online in this channel now: a bot that writes the way {name} writes, with their consent. It "
    "answers when it is mentioned, answered or called by name, and sometimes unasked; `/echo offline` takes it out "
    "again. Put ❓ under something that it says to be told more."
)
FIRST_CONTACT: Final = (
    MARK + "**{person}**, you are about to be answered by **{name} (echo)** for the first time: a bot that writes the "
    "way {name} writes, with {name}'s consent. Put ❓ under something that it says to be told more, privately."
)
BEGUN: Final = "The notice that it is online stands in this channel."


def hello(name: str) -> str:
    """What a channel is told when an echo comes online there. `name` is escaped already."""
    return HELLO.format(name=name)


def first_contact(name: str, person: str) -> str:
    """What somebody is told before an echo answers them for the first time; nobody is pinged by it."""
    return FIRST_CONTACT.format(name=name, person=plain(person))


def is_notice(text: str) -> bool:
    """Whether a message of Echo's says something for Echo itself, not for an echo."""
    return text.startswith(MARK)
