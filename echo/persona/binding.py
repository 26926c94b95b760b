"""In what ways a message would bind its person, or tell of their life. Pure."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """In what way a message would bind somebody, or claim what only they can know."""

    PROMISE = "promise"
    APPOINTMENT = "appointment"
    AGREEMENT = "agreement"
    WHEREABOUTS = "whereabouts"
    PAYMENT = "payment"
    ACT = "act"
