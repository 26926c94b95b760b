"""What happens to a consent: it is asked for, given with its terms, approved, taken back, changed, and it ends.

Two keys must be in before anything is read or said: the subject's yes, and a manager's. Terms are no part of the
journal, which is not sealed. Everybody takes these events from `states.events`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from states.terms import DEFAULT_TERMS, Terms


@dataclass(frozen=True, slots=True)
class Event:
    """Anything that happened at `at` (aware UTC)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class AskedAgain(Event):
    """`asker_id` asked once more, up to `cutoff`, while the question stands open: it may have been deleted.

    `approves`: they manage the server.
    """

    asker_id: int
    channel_id: int
    cutoff: datetime
    approves: bool = False


@dataclass(frozen=True, slots=True)
class StartedAgain(Event):
    """Echo was away: what stands in channels may have gone meanwhile, and a consent without an end gets one."""


@dataclass(frozen=True, slots=True)
class ConsentPosted(Event):
    """The question stands in the channel as `message_id`."""

    message_id: int


@dataclass(frozen=True, slots=True)
class ConsentNotPosted(Event):
    """The question could not be put; `reason` says why. Where `transient`, trying again may help."""

    reason: str
    transient: bool


@dataclass(frozen=True, slots=True)
class ConsentGiven(Event):
    """`by` pressed *I agree to this* on the text of version `text_version`, whose SHA-256 is `text_hash`.

    The question stands as `message_id` (0: unknown). They agreed to `terms` and up to `cutoff`, which may only be
    earlier than the one that was asked for (None: that one). `approves`: they manage the server themselves. They were
    told that at most `context` messages of others before each of theirs are read, and that messages are kept for
    `retention` days (0: not known).
    """

    by: int
    text_version: int
    text_hash: str
    message_id: int = 0
    terms: Terms = DEFAULT_TERMS
    cutoff: datetime | None = None
    approves: bool = False
    context: int = 0
    retention: int = 0


@dataclass(frozen=True, slots=True)
class TermsChosen(Event):
    """`by` agrees to other `terms` than those that hold, up to `cutoff` (None: as it was): what holds ends.

    What they agree to follows as `ConsentGiven`. `approves`: they manage the server themselves.
    """

    by: int
    terms: Terms
    cutoff: datetime | None = None
    approves: bool = False


@dataclass(frozen=True, slots=True)
class ConsentDeclined(Event):
    """`by` pressed *No* on the question that stands as `message_id` (0: unknown)."""

    by: int
    message_id: int = 0


@dataclass(frozen=True, slots=True)
class ConsentRevoked(Event):
    """`by` took their consent back: the subject's key is out."""

    by: int


@dataclass(frozen=True, slots=True)
class ConsentOutdated(Event):
    """What was agreed to is not what is done any more, for `reason`: the subject's key is out, and they are asked."""

    reason: str


@dataclass(frozen=True, slots=True)
class ApprovalGiven(Event):
    """`by`, who manages the server, allows the echo in it: the manager's key. The question stands as `message_id`
    (0: unknown)."""

    by: int
    message_id: int = 0


@dataclass(frozen=True, slots=True)
class ApprovalWithdrawn(Event):
    """`by`, who manages the server (0: the operator), does not allow the echo in it any more."""

    by: int
