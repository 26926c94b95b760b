"""How a message is written, whatever it is about: its view without topic words, and the marks of a habit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from echo.persona.tokens import EMOJI, EMOTICON, LAUGH, LINK, MENTION, WORD, words

FREQUENT: Final = 150
"""Words of everybody's that stay as they are in the view; the others are shown by their shape."""
SHAPE: Final = 8
"""Letters of a word's shape at most."""
_UPPER: Final = re.compile(r"[A-Z]")
_STRETCH: Final = re.compile(r"(\w)\1\1")


def frequent_words(texts: Iterable[str]) -> frozenset[str]:
    """The words that most messages share, in whatever language."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(set(words(text)))
    return frozenset(word for word, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:FREQUENT])


def view(text: str, frequent: frozenset[str]) -> str:
    """The message with every word that isn't frequent replaced by its shape, so that no topic tells who wrote it."""
    text = LINK.sub("\x04", MENTION.sub("@", text))

    def shape(found: re.Match[str]) -> str:
        word = found.group(0)
        if word.lower() in frequent:
            return word
        return "".join("X" if c.isupper() else "9" if c.isdigit() else "x" for c in word[:SHAPE])

    return f"\x02{WORD.sub(shape, text)}\x03"


MARKS: Final = (
    "ends with a full stop", "ends with a question mark", "ends with an exclamation mark", "ends with dots", "comma",
    "question mark", "exclamation mark", "semicolon or colon", "dash", "brackets", "quotation mark", "apostrophe",
    "emoticon", "emoji", "begins with a capital", "all in small letters", "a word in capitals", "link", "digit",
    "laughter", "letters dragged out", "one word", "several lines", "code",
)  # fmt: skip
"""What `marks` looks at, in order."""


def marks(text: str) -> tuple[bool, ...]:
    """Which MARKS a message has."""
    bare = text.strip()
    letters = [c for c in bare if c.isalpha()]
    listed = words(bare)
    return (
        bare.endswith((".", "。")) and not bare.endswith(".."),
        bare.endswith(("?", "？", "؟")),
        bare.endswith(("!", "！")),
        bare.endswith(("..", "…")),
        any(c in bare for c in ",،、，"),
        any(c in bare for c in "?？؟"),
        any(c in bare for c in "!！"),
        ";" in bare or ": " in bare,
        " - " in bare or "—" in bare or "--" in bare,
        "(" in bare,
        any(c in bare for c in '"“”«»'),
        any(c in bare for c in "'’"),
        EMOTICON.search(bare) is not None,
        EMOJI.search(bare) is not None,
        bool(letters) and letters[0].isupper(),
        bool(letters) and all(c.islower() for c in letters),
        any(len(word) >= 3 and word.isupper() for word in bare.split()),
        LINK.search(bare) is not None,
        any(c.isdigit() for c in bare),
        LAUGH.search(bare) is not None,
        _STRETCH.search(bare) is not None,
        len(listed) == 1,
        "\n" in bare,
        "`" in bare,
    )
