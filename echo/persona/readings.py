"""What a text says to those who know how to read it: backwards, in another alphabet's order, in base64. Pure.

A chat model does what it is asked, and it may be asked to spell what it must not say.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Iterator
from typing import Final

from echo.persona.unmasking import bare_words, unmasked

SPELT: Final = 6
"""Single letters or digits in a row from which on something is spelled."""
LEGIBLE: Final = 6
"""Plain characters from which on something was packed."""
JOINED: Final = 30
"""Letters of a word from which on it is several ones written together."""
UNSEEN: Final = 3
"""Invisible signs from which on something is hidden in them."""
_PACKED: Final = re.compile(r"(?<![\w/.+-])[A-Za-z0-9+/_-]{8,}={0,2}(?![\w/=])")
_MIXED: Final = re.compile(r"[a-z].*[A-Z]|[0-9].*[A-Za-z]|[A-Za-z].*[0-9]|=$")
"""Letters in one case alone are a word."""
_HEX: Final = re.compile(r"(?<!\w)(?:0x)?(?:[0-9a-f]{2}[\s:,]?){8,}(?!\w)", re.IGNORECASE)
_CODED: Final = re.compile(
    r"(?:\b[01]{7,8}\b\s*){3,}|(?:(?<!\S)[.\-–—·•_]{1,6}(?!\S)[\s/|]*){6,}|(?:\\[ux]\{?[0-9a-f]{2,6}\}?){4,}"
    r"|(?:%[0-9a-f]{2}){4,}|(?:&#x?[0-9a-f]{2,6};){3,}|(?:\b(?:3[2-9]|[4-9]\d|1[01]\d|12[0-6])\b[\s,]+){7,}",
    re.IGNORECASE,
)
"""Runs of bits, Morse signs, escapes, percent signs, entities, codes of letters."""
_UNSEEN: Final = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\u3164\ufeff"
    "\uffa0\U000e0000-\U000e0fff]"
)
_SPELLED: Final = re.compile(rf"(?<!\w)(?:[^\W_][^\w\n]{{1,3}}){{{SPELT - 1},}}[^\W_](?!\w)")
_LONG: Final = re.compile(rf"[^\W\d_]{{{JOINED},}}")
_LEET: Final = str.maketrans("013457@$!|", "oieastasil")
_BETWEEN: Final = re.compile(r"(?<=[^\W\d_])[._/|*+~,;:=\-]+(?=[^\W\d_])")


def is_hidden(text: str) -> bool:
    """Whether a reader would have to decode a part of the text."""
    if len(_UNSEEN.findall(text)) >= UNSEEN:
        return True
    if _CODED.search(text) or _SPELLED.search(text):
        return True
    if any(len(set(found.group(0).lower())) >= 10 for found in _LONG.finditer(text)):
        return True
    return any(True for _ in _unpacked(text))


def readings(text: str) -> Iterator[str]:
    """What the text may be read as besides what it is: other than that, in small letters; none of them twice."""
    plain = unmasked(text).lower()
    seen = {text, plain}
    for one in (
        plain[::-1],
        " ".join(word[::-1] for word in plain.split()),
        codecs.encode(plain, "rot13"),
        plain.translate(_LEET),
        _BETWEEN.sub(" ", plain),
        *_unpacked(text),
    ):
        if one not in seen:
            seen.add(one)
            yield one


def letters(text: str) -> str:
    """The letters and digits of the text alone, as `bare_words` has them."""
    return "".join(bare_words(text))


def shifted(text: str) -> Iterator[str]:
    """Small Latin letters moved on by 1 to 25 places, as Caesar did."""
    alphabet = "abcdefghijklmnopqrstuvwxyz"
    for by in range(1, 26):
        yield text.translate(str.maketrans(alphabet, alphabet[by:] + alphabet[:by]))


def _unpacked(text: str) -> Iterator[str]:
    """What stands in base64 or in hex, where that is words."""
    for found in _PACKED.finditer(text):
        if not _MIXED.search(found.group(0)):
            continue
        packed = found.group(0).rstrip("=").replace("-", "+").replace("_", "/")
        try:
            data = base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
        except (binascii.Error, ValueError):
            continue
        yield from _legible(data)
    for found in _HEX.finditer(text):
        digits = re.sub(r"[\s:,]|^0x", "", found.group(0))
        if len(digits) % 2 == 0:
            yield from _legible(bytes.fromhex(digits))


def _legible(data: bytes) -> Iterator[str]:
    try:
        read = data.decode("utf-8")
    except UnicodeDecodeError:
        return
    if len(read) >= LEGIBLE and read.isascii() and read.isprintable():
        yield read
