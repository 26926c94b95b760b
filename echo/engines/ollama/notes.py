"""The notes in round brackets by which a prompt tells a chat model about the moment. Pure.

No line of anybody's can begin like one: a label never begins with a bracket, and the subject's own words stand in
assistant messages, or behind the mark of an example.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from echo.engines.ollama.speakers import plain

EARLIER: Final = "(earlier in this conversation)"
"""Stands above what was said before the talk."""
TALK: Final = "(this is the talk)"
"""Stands above the talk, where examples stand before it."""
OTHER_DAYS: Final = "(how you answered on other days; it shows your manner and is no part of this talk)"
"""Stands above the examples for this very moment."""
THEN: Final = "(then)"
"""Before each line that an example answers."""
YOU: Final = "(you)"
"""Before each line of an example's answer."""
LETTERS_A_WORD: Final = 5.5
"""Characters of a word with its space, about, in most languages that put spaces between words."""
PRESENT: Final = 6
"""People at most who are told to be present."""
UNSPOKEN: Final = 8
"""Topics and phrases at most that are told to be avoided."""
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
NOTE: Final = re.compile(
    r"\((?:(?:now|earlier): [^)]*|nobody has [^)]*|what was said before is not known|in the middle of a talk"
    r"|earlier in this conversation"
    r"|this is the talk|how you answered on other days[^)]*|you write as [^)]*)\)",
    re.IGNORECASE,
)
"""Any of them, as a model may repeat it."""


def direction(lengths: Sequence[int], when: str) -> str:
    """How much to write, in the same words for examples and now, so that the examples show what it means."""
    sizes = [max(1, round(n / LETTERS_A_WORD)) for n in lengths] or [8]
    words = " and ".join(f"{n} {'word' if n == 1 else 'words'}" for n in sizes)
    several = "1 message" if len(sizes) == 1 else f"{len(sizes)} messages"
    return f"({when}: {several}, about {words})"


def circumstances(me: str, now: float, present: Sequence[str], unspoken: Sequence[str]) -> str:
    """Who is to be written as, what day it is (`now` in seconds since the epoch, UTC; 0 is unknown), who is here.

    `me` and `present` are labels; `unspoken` is what the subject does not wish to be spoken of, as they typed it.
    """
    parts = [f"You write as {me}."]
    if now > 0:
        parts.append(f"Today is {day(now)}.")
    if present:
        parts.append(f"Here now: {_listed([_bare(one) for one in present[:PRESENT]])}.")
    avoided = [word for word in (_bare(one) for one in unspoken) if word]
    if avoided:
        parts.append(f"You do not speak of: {'; '.join(avoided[:UNSPOKEN])}.")
    return f"({' '.join(parts)})"


def day(now: float) -> str:
    """The date in UTC in English words, whatever the locale: "Monday, 23 November 2026"."""
    date = datetime.fromtimestamp(now, UTC)
    return f"{_WEEKDAYS[date.weekday()]}, {date.day} {_MONTHS[date.month - 1]} {date.year}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _bare(text: str) -> str:
    """On one line, and without brackets: `NOTE` must find the end of the note."""
    return plain(re.sub(r"[()]", " ", text))[:60].strip()
