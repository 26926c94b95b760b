"""The mark of an echo's words: signs that nobody sees, by which programs know that a program wrote them. Pure.

`docs/mark.md` describes it for whoever wants to recognise it. All of its signs are "default ignorable" in the Unicode
Character Database (property Default_Ignorable_Code_Point), so that nothing shows them, and none is white space, so that
nothing that trims a text takes them off; no normal form changes them.
"""

from __future__ import annotations

import re
from typing import Final

MARK: Final = "\u2063\u2062\u2064\u2063"
"""INVISIBLE SEPARATOR, INVISIBLE TIMES, INVISIBLE PLUS, INVISIBLE SEPARATOR: a run that no formula has."""
LONGEST: Final = 2000
"""Characters: the most that Discord takes in a message."""
_SIGNS: Final = re.compile("[\u2061-\u2064]")


def is_marked(text: str) -> bool:
    """Whether a program wrote a text for an echo, of this or any other installation; something may stand behind."""
    return MARK in text


def unmarked(text: str) -> str:
    """A text without the mark, and without anything of it that is left."""
    return text if text.isascii() else _SIGNS.sub("", text)


def marked(text: str, most: int = LONGEST) -> str:
    """A text with the mark at its end, once, of at most `most` characters: what is too long is cut, never the mark."""
    return unmarked(text)[: most - len(MARK)] + MARK
