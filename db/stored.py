"""What the corpus holds, as values: messages, how far places were read, and what came of reading them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

NOTHING_COUNTED: Mapping[str, int] = MappingProxyType({})


class Provenance(StrEnum):
    """How a message came into the corpus."""

    HISTORY = "history"
    SEARCH = "search"
    LIVE = "live"
    DATA_PACKAGE = "data_package"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a subject wishes of their echo. `struck`: keys of the card's lines that it is not to be like.

    `topics` are words that it speaks of neither asked nor unasked, `phrases` what it never says, both as they were
    typed.
    """

    struck: frozenset[str] = frozenset()
    topics: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()


NO_WISHES = Wishes()


@dataclass(frozen=True, slots=True)
class Mark:
    """A message that an echo said, and how people found it: -1 (not like its person) to 1. It stood in `channel_id` (0:
    nobody knows)."""

    text: str = field(repr=False)
    weight: float
    channel_id: int = 0


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """One message. `user_id` and `author` are who wrote it; `own`: that is the subject. `ts`: epoch seconds, UTC.

    `cut`: something that Echo can't see (a picture, a recording, a link's card) stands with the text or in its place,
    so that what follows must not be taken for an answer to what stands before; only such a message may have no text.
    `bare`: what stood before it is not known, so that it is neither an answer nor an opening; own messages only.
    `scrubbed` counts what was replaced by placeholders, by kind. `packaged`: the person's own data package holds this
    very text, however it came here first.
    """

    message_id: int
    user_id: int
    server_id: int
    channel_id: int
    ts: float
    text: str
    author: str
    own: bool
    reply_to: int | None = None
    provenance: Provenance = Provenance.HISTORY
    cut: bool = False
    bare: bool = False
    scrubbed: Mapping[str, int] = field(default_factory=lambda: NOTHING_COUNTED)
    packaged: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Range:
    """A part of a place that was read: all with before_id <= id < top_id. `before_id` 0 is the place's beginning."""

    top_id: int
    before_id: int


class Outcome(StrEnum):
    """What came of one place."""

    READING = "reading"
    READ = "read"
    SKIPPED = "skipped"
    CLOSED = "closed"
    GONE = "gone"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PlaceResult:
    """What came of reading one channel or thread.

    `reason` is a sentence where it was not read whole. Of `seen` messages in `pages` requests the subject's `kept`
    were kept; `dropped` counts by kind those that are not words of anybody.
    """

    channel_id: int
    outcome: Outcome
    reason: str | None = None
    pages: int = 0
    seen: int = 0
    kept: int = 0
    dropped: Mapping[str, int] = field(default_factory=lambda: NOTHING_COUNTED)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far one place is read after a batch: all of its ranges (they replace the stored ones), and its result.

    The search for an author, which goes through a whole server, has the server's id for its place.
    """

    channel_id: int
    ranges: tuple[Range, ...]
    result: PlaceResult | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """How a collecting goes about it, kept until it is finished.

    `method` is "search" or "walk"; nothing from `upper_id` on is read; `requests` are expected (0: nobody knows),
    `made` were made.
    """

    method: str
    upper_id: int
    requests: int
    made: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """That a profile's corpus holds a message, without its text."""

    profile_id: int
    server_id: int
    channel_id: int
    message_id: int
    user_id: int
    own: bool


@dataclass(frozen=True, slots=True)
class Month:
    """How many messages a corpus holds of one channel and month (`month` as yyyy-mm, UTC)."""

    channel_id: int
    month: str
    provenance: Provenance
    own: int
    others: int


@dataclass(frozen=True, slots=True)
class Verified:
    """That every row of a corpus was opened: how many there are, how many of them the subject's own words.

    `broken` are the ids of the messages that do not open.
    """

    rows: int
    own: int
    broken: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class QuizMoment:
    """A held-out moment: what the subject really wrote then, and what an echo said there that did not know it.

    `at` is when they wrote (epoch seconds, UTC); `context` what stood before, oldest first, as author and text, both
    as they are stored. `message_ids` name the messages of `context`, then those of `real`, in order (0: one has none).
    """

    channel_id: int
    at: float
    context: tuple[tuple[str, str], ...]
    real: tuple[str, ...]
    echo: tuple[str, ...]
    message_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AnswerMeasured:
    """What one answer of an engine took, without any of its text; all times in seconds, `at` since the epoch, UTC.

    `outcome` is "answered", "silent" (nothing passed the guard), "stood_in" (the embedded engine answered instead of a
    server that failed) or "failed"; `failure` is then the kind of the failure, else "". `drafts` were made, of which
    the guard `rejected` so many; `objections` counts why. `wait` went by in queues and loading, `first_token` until the
    first draft's first word; `tokens` of all drafts were made in `token_seconds`, `prompt_tokens` are the first
    draft's, of which `evaluated` (None: unknown) were not in the server's cache.
    """

    profile_id: int
    version: int
    at: float
    host: str
    base: str
    outcome: str
    drafts: int = 0
    rejected: int = 0
    wait: float = 0.0
    first_token: float | None = None
    seconds: float = 0.0
    tokens: int = 0
    token_seconds: float = 0.0
    prompt_tokens: int = 0
    evaluated: int | None = None
    failure: str = ""
    objections: tuple[tuple[str, int], ...] = ()
