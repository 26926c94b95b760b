"""What an echo must not learn: data that identifies or opens something, and words that only one person ever used."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from echo.persona.names import LAST, OTHER
from echo.persona.tokens import EMOJI_NAME, LINK

VEIL: Final = "\x03"
"""Stands in a learnt message for what was taken out; an n-gram model learns nothing across it."""

_SENSITIVE: Final = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # e-mail
    r"|\+?\d[\d ().\-/]{6,}\d"  # telephone, card and account numbers
    r"|\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b"  # IPv4
    r"|\b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}\b"  # IPv6 and hardware addresses
    r"|\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){3,7}\b"  # IBAN
    r"|\b[0-9a-f]{16,}\b"  # digests and keys in hex
    r"|\b(?:sk|pk|gh[pousr]|xox[abpr]|AKIA|eyJ)[-_][\w-]{8,}"  # keys with well-known beginnings
    r"|(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{20,}",  # long runs of letters and digits
    re.IGNORECASE,
)
INVITE: Final = re.compile(r"(?:discord(?:app)?\.(?:gg|com/invite)|dsc\.gg|t\.me)/\S+", re.IGNORECASE)
_OPAQUE: Final = re.compile(r"[?#=@&%]|[\w-]{24,}|\d{7,}")


def veiled(text: str) -> str:
    """The text with addresses, numbers, keys and invites replaced by VEIL; ordinary links stay."""
    text = INVITE.sub(VEIL, text.replace(VEIL, " "))
    if not LINK.search(text):
        return _SENSITIVE.sub(VEIL, text)
    out, at = [], 0
    for link in LINK.finditer(text):
        out.append(_SENSITIVE.sub(VEIL, text[at : link.start()]))
        out.append(VEIL if _OPAQUE.search(link.group(0)) or VEIL in link.group(0) else link.group(0))
        at = link.end()
    out.append(_SENSITIVE.sub(VEIL, text[at:]))
    return "".join(out)


def sensitive(text: str) -> bool:
    """Whether a finished message holds anything that `veiled` would take out."""
    return VEIL in veiled(text)


FRAMES: Final = 6
"""Different words to the left, and to the right, that make a word of one's own a habit rather than a fact."""
HABIT_DAYS: Final = 4
"""Different days on which a habit shows."""


class Private:
    """Finds the pieces that only the subject ever used, and in few frames: names, passwords, places.

    A word that others use too gives nothing away. A word of one's own (a typo, a pet word) stands in many different
    surroundings; a secret stands in the few sentences that tell it.
    """

    def __init__(self, others: Callable[[str], int], enough: int) -> None:
        self._others = others
        self._enough = enough
        self._left: dict[str, set[str]] = {}
        self._right: dict[str, set[str]] = {}
        self._days: dict[str, set[int]] = {}

    def see(self, pieces: Sequence[str], day: int) -> None:
        """Counts the frames of one message's pieces; `day` is the day it was written on."""
        previous = ""
        for i, piece in enumerate(pieces):
            bare = piece.strip().lower()
            following = pieces[i + 1].strip().lower() if i + 1 < len(pieces) else ""
            if self._doubtful(bare):
                self._left.setdefault(bare, set()).add(previous)
                self._right.setdefault(bare, set()).add(following)
                self._days.setdefault(bare, set()).add(day)
            previous = bare

    def hidden(self, every: Iterable[str]) -> frozenset[str]:
        """Which of the pieces must never be generated."""
        return frozenset(p for p in every if VEIL in p or self._secret(p.strip().lower()))

    def _secret(self, bare: str) -> bool:
        if not self._doubtful(bare):
            return False
        if any(c.isdigit() for c in bare) or LINK.match(bare):
            return True
        frames = min(len(self._left.get(bare, ())), len(self._right.get(bare, ())))
        return frames < FRAMES or len(self._days.get(bare, ())) < HABIT_DAYS

    def _doubtful(self, bare: str) -> bool:
        if LAST in bare or OTHER in bare or EMOJI_NAME.fullmatch(bare) or not any(c.isalnum() for c in bare):
            return False
        if LINK.match(bare):
            return self._others(bare) < self._enough
        if len(bare) < 2 or (bare.isdigit() and len(bare) < 4) or stretched(bare):
            return False
        return self._others(bare) < self._enough


_STRETCH: Final = re.compile(r"(\w)\1{2,}")


def stretched(word: str) -> bool:
    """Whether a word is one that people drag out, such as `hmmmm`: its few letters hold no secret."""
    return bool(_STRETCH.search(word)) and len(set(word)) <= 4
