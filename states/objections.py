"""Why a draft must not be said. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Objection(StrEnum):
    """What the guard objects to; drafts that were rejected are counted by it."""

    FORM = "form"
    """Nothing at all, or more than fits in a message."""
    QUOTE = "quote"
    """A span of the corpus, whoever wrote it."""
    OTHERS = "others"
    """What somebody just said."""
    REPEAT = "repeat"
    """What the echo itself just said."""
    SECRET = "secret"
    """Data of a kind that is scrubbed, or a word that is known from few messages alone."""
    MENTION = "mention"
    LINK = "link"
    """A link or an invitation."""
    CLAIM = "claim"
    """A commitment in the person's name; acts, whereabouts, appointments of theirs."""
    DENIAL = "denial"
    """That it is human, or no bot."""
    PROMPT = "prompt"
    """What the engine was told, or a role's mark."""
    HIDDEN = "hidden"
    """What a reader has to decode."""
    HARM = "harm"
    """A threat, or urging somebody to hurt themselves."""
    WISH = "wish"
    """What its person does not wish to be said."""
    OTHER = "other"
    """What is no matter of the guard: a contradiction, say, or a draft that broke off."""


SENTENCES: Final = {
    Objection.FORM: "It is empty or too long.",
    Objection.QUOTE: "It repeats what somebody wrote word for word.",
    Objection.OTHERS: "It repeats what somebody just said.",
    Objection.REPEAT: "It repeats itself.",
    Objection.SECRET: "It holds data that identifies or opens something.",
    Objection.MENTION: "It mentions somebody.",
    Objection.LINK: "It holds a link that is not allowed.",
    Objection.CLAIM: "It claims or promises something in its person's name.",
    Objection.DENIAL: "It denies being a bot.",
    Objection.PROMPT: "It tells what its engine was told.",
    Objection.HIDDEN: "It holds something that is to be decoded.",
    Objection.HARM: "It urges somebody to harm.",
    Objection.WISH: "Its person does not wish that to be said.",
    Objection.OTHER: "It does not fit what was said.",
}
"""Each objection as a person reads it."""
