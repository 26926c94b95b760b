"""What would bind the person, or tell of their life: promises, appointments, agreements, where they are, what they did,
payments. Pure.

In English, German, French, Spanish and Czech, some in others. Patterns are read over `bare_words` joined by single
blanks, so that case, accents, apostrophes and signs don't matter: "I'll" is "i ll", "für" is "fur".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from echo.persona import commitment_phrases, phrasebook
from echo.persona.binding import Kind
from echo.persona.unmasking import bare_words

__all__ = ["TABLE", "Commitment", "Kind", "commitment", "commitment_in"]


@dataclass(frozen=True, slots=True)
class Commitment:
    """Ways to commit oneself: looked for where one of `words` is there."""

    kind: Kind
    words: frozenset[str]
    pattern: re.Pattern[str]


_CLAIMS: Final = phrasebook.read("claims")
_PARTS: Final = {**commitment_phrases.PARTS, **_CLAIMS.parts}


def _pattern(lines: str) -> re.Pattern[str]:
    """One pattern of alternatives, a line each, with the parts that are named in braces put in."""
    text = "|".join(line.strip() for line in lines.strip().splitlines())
    for name, part in (*_PARTS.items(), *_PARTS.items()):
        text = text.replace(f"{{{name}}}", part)
    return re.compile(text)


def _claims() -> list[tuple[Kind, str, str]]:
    """The rows of the phrasebook: each section is named by its language and kind, its first line lists words."""
    return [(Kind(title.split()[1]), words, "\n".join(lines)) for title, (words, *lines) in _CLAIMS.sections.items()]


TABLE: Final = tuple(
    Commitment(kind, frozenset(listed.split()), _pattern(lines))
    for kind, listed, lines in (*commitment_phrases.ROWS, *_claims())
)
_WORDS: Final = frozenset(word for one in TABLE for word in one.words)


def commitment(text: str) -> Kind | None:
    """In what way the text would bind whoever says it; None where it doesn't."""
    return commitment_in(bare_words(text))


def commitment_in(words: Sequence[str]) -> Kind | None:
    """The same of a text's `bare_words`."""
    found = _WORDS.intersection(words)
    if not found:
        return None
    joined = " ".join(words)
    return next((one.kind for one in TABLE if not one.words.isdisjoint(found) and one.pattern.search(joined)), None)
