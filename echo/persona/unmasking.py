"""What a reader sees of a text: without invisible signs, with look-alike letters read as what they look like. Pure.

Source of the look-alikes: the most used of Unicode Technical Standard 39, "Unicode Security Mechanisms", confusables.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from echo.persona.tokens import WORD

_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\U000e0000-\U000e0fff]"
)
_LOOKALIKES: Final = str.maketrans(
    "авекмнорстухіјѕԁһӏԛԝɡαβεικνορτυχγı" + "АВЕКМНОРСТУХІЈЅΑΒΕΙΚΝΟΡΤΥΧΗΜΖ",
    "abekmhopctyxijsdhlqwgabeikvoptuxyi" + "ABEKMHOPCTYXIJSABEIKNOPTYXHMZ",
)
_BORROWED: Final = re.compile("[\u0131\u0261\u0370-\u03ff\u0400-\u052f]")
"""Letters of the scripts that hold look-alikes."""
_LATIN: Final = re.compile("[A-Za-z]")
_MARKS: Final = re.compile("[\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u064b-\u0652]")
"""Accents and points that people leave out without changing the word."""
_INNER: Final = re.compile("['’_]")
_ASCII: Final = re.compile("[a-z0-9]+")


def unmasked(text: str) -> str:
    """The text as it is read: compatible forms (full width, mathematical letters) made plain, invisible signs dropped,
    and in a text with Latin letters the look-alikes from other scripts made Latin."""
    if text.isascii():
        return text
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    if _BORROWED.search(text) and _LATIN.search(text):
        text = text.translate(_LOOKALIKES)
    return text


def bare_words(text: str) -> list[str]:
    """The words of a text, so that two which differ only in case, accents, width, invisible signs, look-alike letters
    or the signs between them are the same; of scripts without spaces, characters."""
    if text.isascii():
        return _ASCII.findall(text.lower())
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKD", text))
    text = _MARKS.sub("", text).translate(_LOOKALIKES)
    return [part for word in WORD.findall(text.casefold()) for part in _INNER.split(word) if part]
