"""Whether a draft is whole: what was opened is closed, and it doesn't lead back to its own beginning."""

from __future__ import annotations

from typing import Final

from echo.persona.unmasking import bare_words

OPEN: Final = 60
"""Characters behind a bracket or quote after which nobody remembers to close it."""


def stutters(text: str) -> bool:
    """Whether two to six words stand three times in a row: phrases that lead back to their own beginning."""
    words = bare_words(text)
    for size in range(2, 7):
        same = 0
        for at, (one, again) in enumerate(zip(words, words[size:], strict=False), start=1):
            same = same + 1 if one == again else 0
            # One word over and over is laughter, or a long no.
            if same == 2 * size and len(set(words[at - size : at])) > 1:
                return True
    return False


def closed(text: str) -> str:
    """The text with a bracket or a quote that is still open closed at its end, where it was opened not long before."""
    for opening, closing in (("(", ")"), ('"', '"'), ("`", "`")):
        at = text.rfind(opening)
        if at < 0 or len(text) - at > OPEN or at == len(text) - 1 or (at and text[at - 1] in ":;=-'"):
            continue
        if closing not in text[at + 1 :] and (opening != closing or text.count(opening) % 2):
            text += closing
    return text


def sound(text: str) -> bool:
    """Whether brackets, quotes and code marks that were opened are closed: splices often lose one."""
    if text.count("`") % 2 or text.count('"') % 2:
        return False
    depth = 0
    for i, c in enumerate(text):
        if c == "(" and (i == 0 or text[i - 1] not in ":;=-'"):
            depth += 1
        elif c == ")" and depth > 0:
            depth -= 1
    return depth == 0
