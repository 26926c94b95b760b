"""What a subject may allow besides their consent: the text of each by version, and the buttons under it. Pure.

As with the consent, a text that was ever shown is never changed: a new wording is a new version, so that the hash kept
with a yes says what was agreed to.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from echo.discord.consent import Button, Style
from states.model import Allowance

WORDINGS: Final[dict[Allowance, dict[int, str]]] = {
    Allowance.OPENERS: {
        1: (
            "**Conversations that your echo begins.** If you allow this, your echo may begin conversations by itself, "
            "with nobody having spoken to it: only in channels where somebody who manages this server has switched "
            "that on, at most {openers} times in 24 hours in each, at hours when you begin conversations yourself, and "
            "never on serious topics. It stands under your name with “(echo)” behind it and pings nobody, as always.\n"
            "You can take it back at any time with `/echo allow`; from then on it begins nothing any more."
        ),
    },
    Allowance.QUIZ: {
        1: (
            "**Who wrote this?** If you allow this, members of this server may use `/echo quiz`: they see up to ten "
            "moments of what you really wrote, each next to what your echo would have said there, and guess which is "
            "yours. Only moments from channels that everybody who can see the quiz can read themselves are shown, with "
            "a few lines of what stood before, others under made-up names. What you have deleted is not shown. Who "
            "guessed what is not kept, only how many were right; when the quiz ends, Echo takes your words out of its "
            "message again.\n"
            "You can take it back at any time with `/echo allow`: a quiz that is running ends at once, and the moments "
            "that are kept for it are erased."
        ),
    },
}
"""All that was ever shown."""
_OPENERS: Final = WORDINGS[Allowance.OPENERS]
# How often is not part of what is agreed to: whoever runs Echo may change it later.
_OPENERS[2] = _OPENERS[1].replace(
    "at most {openers} times in 24 hours in each,",
    "as often as whoever runs this bot has set (at most {openers} times in 24 hours in each at the moment),",
)
SHOWN: Final[dict[Allowance, int]] = {Allowance.OPENERS: 2, Allowance.QUIZ: 1}
"""The versions that are shown now."""
IN_STATUS: Final[dict[Allowance, str]] = {
    Allowance.OPENERS: "that the echo begins conversations",
    Allowance.QUIZ: "the quiz",
}
"""How each is called in `/echo status`."""


class Answer(StrEnum):
    """What a button says; part of its custom id."""

    YES = "yes"
    NO = "no"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class Press:
    """What a custom id says: which answer, about what in which profile, on which version of the text (0: none)."""

    answer: Answer
    profile_id: int
    allowance: Allowance
    version: int = 0


def text_hash(allowance: Allowance, version: int) -> str:
    """SHA-256 of a version's wording as UTF-8, in hexadecimal."""
    return hashlib.sha256(WORDINGS[allowance][version].encode()).hexdigest()


def explained(allowance: Allowance, openers: int) -> str:
    """What it means, for the subject. `openers`: conversations that an echo may begin in a channel in 24 hours."""
    return WORDINGS[allowance][SHOWN[allowance]].format(openers=openers)


def buttons(allowance: Allowance, profile_id: int, *, given: bool) -> tuple[Button, ...]:
    """The buttons under the text: to allow it, or to take it back where it is `given`."""
    about = f"{profile_id}:{allowance.value}"
    if given:
        return (Button("Take it back", f"echo:allow:{Answer.BACK}:{about}", Style.BAD),)
    return (
        Button("I allow this", f"echo:allow:{Answer.YES}:{about}:{SHOWN[allowance]}", Style.GOOD),
        Button("No", f"echo:allow:{Answer.NO}:{about}", Style.PLAIN),
    )


def read_press(custom_id: str) -> Press | None:
    """What a button's custom id says; None for one that is not about an allowance."""
    match custom_id.split(":"):
        case ["echo", "allow", "yes", profile, what, version] if _is_number(profile) and _is_number(version):
            answer, number = Answer.YES, int(version)
        case ["echo", "allow", ("no" | "back") as said, profile, what] if _is_number(profile):
            answer, number = Answer(said), 0
        case _:
            return None
    return Press(answer, int(profile), Allowance(what), number) if what in list(Allowance) else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 18
