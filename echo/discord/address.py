"""Whether a message is meant for an echo: by mention, by answering it, or by its name. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from echo.discord.faces import LABEL

SHORTEST: Final = 2
"""Letters: a shorter name is a word too often to be looked for."""
_MENTION: Final = re.compile(r"<@!?(\d{15,20})>")
_GREETING: Final = r"(?:(?:hey|hi|hello|yo|ok|okay|so|and|but|oh)\b[\s,!]*)?"

_ENDING: Final = r"[^\w\n]*"
"""What may follow a name that ends a message: punctuation, emoji."""


def mentions(text: str) -> frozenset[int]:
    """The ids of the users whom the text itself mentions. Whom an answer pings besides is not among them."""
    return frozenset(int(found) for found in _MENTION.findall(text))


def names_echo(text: str, names: Iterable[str]) -> bool:
    """Whether the text calls somebody of these names: at its start or end, anywhere after @, or labelled an echo.

    In between, a name is mostly somebody who is talked about, not to.
    """
    pattern = _calls(tuple(_ways(names)))
    return pattern is not None and pattern.search(" ".join(text.casefold().split())) is not None


def _ways(names: Iterable[str]) -> list[str]:
    """How people with these names are called: the whole names, and the first words of those that have several."""
    ways: dict[str, None] = {}
    for name in names:
        words = name.casefold().removesuffix(LABEL).split()
        for way in (" ".join(words), words[0] if words else ""):
            if len(way.strip("_.- ")) >= SHORTEST:
                ways[way] = None
    return sorted(ways, key=len, reverse=True)


@lru_cache(maxsize=1_000)
def _calls(ways: tuple[str, ...]) -> re.Pattern[str] | None:
    if not ways:
        return None
    name = "(?:" + "|".join(re.escape(way) for way in ways) + r")(?!\w)"
    label = re.escape(LABEL.strip())
    return re.compile(rf"^{_GREETING}@?{name}|(?<!\w)@{name}|(?<!\w){name} {label}|(?<!\w){name}{_ENDING}$")
