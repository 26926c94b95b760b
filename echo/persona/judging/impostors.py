"""Writers that aren't the person: made of what the person said, written as somebody else would write it.

Because they speak of the same things, a judge that tells them from the person goes by style alone. They stand in where
no other member of the server has agreed to an echo.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from echo.persona.tokens import EMOJI, EMOTICON, LAUGH

CHANGED: Final = 0.5
"""Share of messages that a writer must write otherwise than the person to be one of their own."""
_SIGNS: Final = re.compile(r"[.!?…,;:]+(?=\s|$)")
_ENDING: Final = re.compile(r"[\s.!?…]+$")
_APOSTROPHE: Final = re.compile(r"['’]")
_SPACES: Final = re.compile(r"[^\S\n]{2,}")


def _plain(text: str) -> str:
    for pattern in (EMOTICON, EMOJI, LAUGH):
        text = pattern.sub("", text)
    return _SPACES.sub(" ", text).strip() or "Yes"


def _tidy(text: str, at: int) -> str:
    """Whole sentences: a capital first, a full stop last, no laughter."""
    text = _plain(text)
    text = text[:1].upper() + text[1:]
    return text + "." if text[-1:].isalnum() else text


def _hushed(text: str, at: int) -> str:
    """Small letters and no signs."""
    return _SIGNS.sub("", _APOSTROPHE.sub("", text.lower())).strip() or text.lower()


def _excited(text: str, at: int) -> str:
    """Exclamation marks, and a word in capitals now and then."""
    listed = _ENDING.sub("", text).split(" ")
    if at % 2 and len(listed) > 1:
        listed[-1] = listed[-1].upper()
    return " ".join(listed) + ("!!" if at % 3 else "!!! :D")


def _trailing(text: str, at: int) -> str:
    """Everything runs out in dots."""
    return ("hm... " if at % 4 == 0 else "") + _ENDING.sub("", text.replace(", ", "... ")) + "..."


def _brief(text: str, at: int) -> str:
    """Half of the words, no signs."""
    listed = text.lower().split()
    return _SIGNS.sub("", " ".join(listed[: max(1, (len(listed) + 1) // 2)])) or text.lower()


def _wordy(text: str, at: int) -> str:
    """Says everything twice as long, with commas."""
    bare = _ENDING.sub("", text)
    return f"{bare[:1].upper()}{bare[1:]}, as I said, and {bare[:1].lower()}{bare[1:]}, to be exact."


def _dragged(text: str, at: int) -> str:
    """Drags words out and writes them short."""
    listed = [re.sub(r"(?i)\byou\b", "u", word) for word in _ENDING.sub("", text).lower().split(" ")]
    if listed[-1][-1:].isalpha():
        listed[-1] += 2 * listed[-1][-1]
    return " ".join(listed) + (" lol" if at % 3 == 0 else "")


WRITERS: Final[tuple[Callable[[str, int], str], ...]] = (
    _tidy, _hushed, _excited, _trailing, _brief, _wordy, _dragged,
)  # fmt: skip
"""The invented writers. Each gets a message and its place among the messages."""


def rewritten(texts: Sequence[str]) -> list[list[str]]:
    """The messages as each invented writer would write them, without writers who hardly differ from the person."""
    found = []
    for writer in WRITERS:
        again = [writer(text, at) for at, text in enumerate(texts)]
        changed = sum(a != b for a, b in zip(texts, again, strict=True))
        found.append(again if texts and changed >= CHANGED * len(texts) else [])
    return found
