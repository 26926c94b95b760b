"""A menu under a message, from which something is chosen. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

OFFERED: Final = 25
"""Choices: the most that one of Discord's menus holds."""
LONGEST: Final = 100
"""Characters of a choice's label, of its note, and of a menu's placeholder."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose. `chosen`: it is marked from the beginning."""

    label: str
    value: str
    note: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Menu:
    """A menu of at most OFFERED choices, of which `fewest` to `most` are taken."""

    placeholder: str
    custom_id: str
    choices: Sequence[Choice]
    fewest: int = 1
    most: int = 1


@dataclass(frozen=True, slots=True)
class ChannelMenu:
    """A menu of the server's channels, of which up to `most` are taken, or none."""

    placeholder: str
    custom_id: str
    most: int = OFFERED


def cut(text: str) -> str:
    """Text that fits a label."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
