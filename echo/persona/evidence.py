"""Which messages show a line of the card, which lines tell most, and what a line that was struck forbids. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from echo.persona.card import CardLine, edge
from echo.persona.languages import language_of
from echo.persona.tokens import words
from echo.persona.traits import TRAITS, has_capital, has_full_stop, is_lower, length_of

MENDED: Final = frozenset({"capitals", "lower", "full_stop"})
"""Traits that a text can be rid of without another one being sought."""
UNAVOIDABLE: Final = frozenset({"length", "burst", "hours"}) | MENDED
"""Traits of which one message alone shows nothing that could be avoided."""
OF_FORM: Final = frozenset(TRAITS) | {"length", "burst", "languages"}
"""Lines that tell of form alone: no words, no hours. Others than the subject may see them."""


def shows(line: CardLine, text: str) -> bool:
    """Whether a message shows the trait. Of `length` that is one of the usual length, give or take a third; of `hours`
    none, for a text has no time."""
    text = text.strip()
    if line.key in ("laughs", "abbreviations") or line.key not in _NAMING:
        trait = TRAITS.get(line.key)
        if trait is not None:
            return bool(trait[1](text))
        return line.key == "length" and abs(length_of(text) - line.figure) <= max(1.0, line.figure / 3)
    if line.key == "languages":
        return language_of(text) in line.named
    if line.key == "signs":
        return any(sign in text for sign in line.named)
    if line.key == "favourites":
        return not set(line.named).isdisjoint(words(text))
    return edge(text, 0 if line.key == "openings" else -1) in line.named


_NAMING: Final = frozenset({"languages", "signs", "favourites", "openings", "closings"})


def evidence(line: CardLine, texts: Sequence[str]) -> list[int]:
    """The indices of the messages that show the trait, in order."""
    return [i for i, text in enumerate(texts) if shows(line, text)]


def avoided(lines: Sequence[CardLine], struck: frozenset[str]) -> tuple[CardLine, ...]:
    """The struck lines that a message can be tested for: what shows one is not to be said."""
    return tuple(line for line in lines if line.key in struck and line.key not in UNAVOIDABLE)


def mended(text: str, struck: frozenset[str]) -> str:
    """The text without the struck traits of casing and ending that can simply be taken off it."""
    if "full_stop" in struck and has_full_stop(text):
        text = text.rstrip()[:-1].rstrip() or text
    if "capitals" in struck and "lower" not in struck and has_capital(text):
        at = next(i for i, c in enumerate(text) if c.isalpha())
        return text[:at] + text[at].lower() + text[at + 1 :]
    if "lower" in struck and "capitals" not in struck and is_lower(text):
        at = next(i for i, c in enumerate(text) if c.isalpha())
        return text[:at] + text[at].upper() + text[at + 1 :]
    return text


def telling(lines: Sequence[CardLine], count: int) -> list[CardLine]:
    """The lines of form that set somebody apart most: the length first, then the largest log-odds against others."""
    measured = [line for line in lines if line.key == "length"]
    compared = [line for line in lines if line.key in OF_FORM and line.is_share and line.others is not None]
    compared.sort(key=lambda line: -abs(_log_odds(line.figure) - _log_odds(line.others or 0.0)))
    plain = [line for line in lines if line.key in OF_FORM and line not in compared and line not in measured]
    return [*measured, *compared, *plain][:count]


def _log_odds(share: float) -> float:
    held = min(0.98, max(0.02, share))
    return math.log(held / (1 - held))
