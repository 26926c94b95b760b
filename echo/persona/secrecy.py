"""What an echo must not learn: data that identifies or opens something, and words that only one person ever used."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from echo.persona.names import LAST, OTHER
from echo.persona.placeholders import PLACEHOLDER
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
_SUSPECT: Final = re.compile(
    r"\d{3}|\d\D\d\D\d|@|://|www\.|[./]\w+/|[0-9a-f]{16}|(?:sk|pk|gh[pousr]|xox[abpr]|AKIA|eyJ)[-_]|[\w-]{20}|:", re.I
)
"""A quick look: without any of these there is nothing that the slow patterns could find."""
INVITE: Final = re.compile(r"(?:discord(?:app)?\.(?:gg|com/invite)|dsc\.gg|t\.me)/\S+", re.IGNORECASE)
_OPAQUE: Final = re.compile(r"[?#=@&%]|[\w-]{24,}|\d{7,}")


def veiled(text: str) -> str:
    """The text with addresses, numbers, keys, invites and placeholders replaced by VEIL; ordinary links stay."""
    text = text.replace(VEIL, " ")
    if "[" in text or "@" in text:
        text = PLACEHOLDER.sub(VEIL, text)
    if not _SUSPECT.search(text):
        return text
    text = INVITE.sub(VEIL, text)
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


class Familiar:
    """Words that are no secret because others use them, or words that they are plainly made from.

    `known` are the words that others use. A word is kin to them if it is one of them with another ending, two of them
    written together, or one of them with a slip of one letter.
    """

    def __init__(self, known: Iterable[str]) -> None:
        self._known = frozenset(known)
        long = [w for w in self._known if len(w) > STEM]
        self._stems = frozenset(w[:-cut] for w in long for cut in range(1, ENDING + 1) if len(w) - cut >= STEM)
        self._slips = frozenset(slip for w in long if len(w) <= 14 for slip in _without_one(w))

    def __contains__(self, word: str) -> bool:
        if word in self._known or word in self._stems:
            return True
        parts = [part for part in re.split(r"[-_'’]", word) if part]
        if len(parts) > 1:
            return all(len(part) < STEM or part in self for part in parts)
        return self._inflected(word) or self._compound(word) or self._slipped(word)

    def _inflected(self, word: str) -> bool:
        return any(word[:-cut] in self._known for cut in range(1, ENDING + 1) if len(word) - cut >= STEM)

    def _compound(self, word: str) -> bool:
        return any(word[:i] in self._known and word[i:] in self._known for i in range(STEM, len(word) - STEM + 1))

    def _slipped(self, word: str) -> bool:
        if len(word) <= STEM or len(word) > 15:
            return False
        return word in self._slips or any(slip in self._known or slip in self._slips for slip in _without_one(word))


STEM: Final = 4
"""Letters that a stem has at least."""
ENDING: Final = 4
"""Letters that an ending has at most."""


def _without_one(word: str) -> list[str]:
    return [word[:i] + word[i + 1 :] for i in range(len(word))]


class Known(Protocol):
    """Words that are no secret."""

    def __contains__(self, word: str, /) -> bool: ...


class Private:
    """Finds the pieces that only the subject ever used, and in few frames: names, passwords, places.

    A word that others use too gives nothing away. A word of one's own (a typo, a pet word) stands in many different
    surroundings; a secret stands in the few sentences that tell it.
    """

    def __init__(self, familiar: Known, links: Callable[[str], int], enough: int) -> None:
        self._familiar, self._links, self._enough = familiar, links, enough
        self._judged: dict[str, bool] = {}
        self._left: dict[str, set[str]] = {}
        self._right: dict[str, set[str]] = {}
        self._days: dict[str, set[int]] = {}

    def see(self, pieces: Sequence[str], day: int) -> None:
        """Counts the frames of one message's pieces; `day` is the day it was written on."""
        bare = [piece.strip().lower() for piece in pieces]
        for i, word in enumerate(bare):
            if self._doubtful(word):
                self._left.setdefault(word, set()).add(bare[i - 1] if i else "")
                self._right.setdefault(word, set()).add(bare[i + 1] if i + 1 < len(bare) else "")
                self._days.setdefault(word, set()).add(day)

    def hidden(self, every: Iterable[str]) -> frozenset[str]:
        """Which of the pieces must never be generated."""
        return frozenset(p for p in every if VEIL in p or (not _slight(p.strip()) and self._secret(p.strip().lower())))

    def _secret(self, bare: str) -> bool:
        if not self._doubtful(bare):
            return False
        if any(c.isdigit() for c in bare) or LINK.match(bare):
            return True
        frames = min(len(self._left.get(bare, ())), len(self._right.get(bare, ())))
        return frames < FRAMES or len(self._days.get(bare, ())) < HABIT_DAYS

    def _doubtful(self, bare: str) -> bool:
        known = self._judged.get(bare)
        if known is None:
            known = self._judged[bare] = self._judge(bare)
        return known

    def _judge(self, bare: str) -> bool:
        if LAST in bare or OTHER in bare or EMOJI_NAME.fullmatch(bare) or not any(c.isalnum() for c in bare):
            return False
        if LINK.match(bare):
            return self._links(bare) < self._enough
        if len(bare) < 2 or (bare.isdigit() and len(bare) < 4) or stretched(bare):
            return False
        return bare not in self._familiar


_STRETCH: Final = re.compile(r"(\w)\1{2,}")


def _slight(piece: str) -> bool:
    """Whether a piece is too short for a secret, and no name: up to four small letters."""
    return len(piece) <= 4 and piece.isalpha() and piece.islower() and piece.isascii()


def stretched(word: str) -> bool:
    """Whether a word is one that people drag out, such as `hmmmm`: its few letters hold no secret."""
    return bool(_STRETCH.search(word)) and len(set(word)) <= 4
