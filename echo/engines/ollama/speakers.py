"""Text and names made safe for a prompt: nobody can write a line, a role or a control token that is not theirs.

Ollama reads control tokens such as `<|im_start|>` wherever they stand, in what people wrote too; so they are broken up.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

LONGEST_NAME: Final = 32
"""Characters; Discord's own limit for a shown name."""
NOBODY: Final = "somebody"
_JOINERS: Final = "\u200c\u200d"
"""Format characters that belong to emoji and to scripts; every other one is dropped."""
_SPACE: Final = re.compile(r"\s+")
# `<` stays in mentions, custom emoji, hearts and comparisons: no model has a control token of those forms.
_ANGLE: Final = re.compile(r"<(?!a?:\w{1,64}:\d+>)(?=[^\W\d]|[|｜/<_▁])")
_BAR: Final = re.compile(r"(?<=[|｜])>")
_BRACKET: Final = re.compile(r"\[(?=\||/?[A-Z_]{3,}\])")
_NAME_MARKS: Final = re.compile(r"[:()\[\]{}<>|\\/\"`*_~#]+")
CONTROL: Final = re.compile(r"<[|｜/]|[|｜]>|<[^\W\d][^<>:]*>|\[\||\[/?[A-Z_]{3,}\]")
"""What a control token looks like; `plain` leaves none of it."""


def flat(text: str) -> str:
    """The text on one line, without control characters; it may become empty."""
    return _SPACE.sub(" ", "".join(_kept(c) for c in text)).strip()


def plain(text: str) -> str:
    """The text on one line, without control characters and with control tokens broken up; it may become empty."""
    return _BRACKET.sub("[ ", _BAR.sub(" >", _ANGLE.sub("< ", flat(text))))


def _kept(char: str) -> str:
    kind = unicodedata.category(char)
    if kind in ("Cc", "Zl", "Zp"):
        return " "
    if kind == "Cs":
        return "\ufffd"  # half a surrogate pair can't be sent
    return "" if kind == "Cf" and char not in _JOINERS else char


def plain_name(name: str) -> str:
    """A name without anything that ends one: no colon, bracket or line break; NOBODY where nothing is left."""
    folded = unicodedata.normalize("NFKC", plain(name))
    bare = _SPACE.sub(" ", _NAME_MARKS.sub(" ", folded)).strip()
    return bare[:LONGEST_NAME].strip() or NOBODY


class Speakers:
    """Labels for those who speak in one prompt: different people never share one, and nobody has the subject's."""

    MARKS: Final = 12
    """Tokens at most of what is put behind a name: that it is not the subject's, its number, the colon."""

    def __init__(self, me: Sequence[str]) -> None:
        self.me = plain_name(me[0]) if me else NOBODY
        self._own = {plain_name(name).casefold() for name in me}
        self._labels: dict[str, str] = {}
        self._taken: set[str] = set()

    def label(self, author: str) -> str:
        """How this author's lines begin, before the colon; the same each time."""
        known = self._labels.get(author)
        if known is not None:
            return known
        name = plain_name(author)
        if name.casefold() in self._own:
            # The person themselves may well talk to their echo; a stranger may have taken their name.
            name = f"{name} (not you)"
        label, count = name, 1
        while label.casefold() in self._taken:
            count += 1
            label = f"{name} ({count})"
        self._taken.add(label.casefold())
        self._labels[author] = label
        return label

    def labels(self) -> Iterable[str]:
        """All labels that were given, the first one first."""
        return tuple(self._labels.values())
