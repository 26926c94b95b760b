"""What happened. Names are past tense; fields are ids, times, counts and sentences of ours, never message text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from states.consents import (
    ApprovalGiven,
    ApprovalWithdrawn,
    AskedAgain,
    ConsentDeclined,
    ConsentGiven,
    ConsentNotPosted,
    ConsentOutdated,
    ConsentPosted,
    ConsentRevoked,
    Event,
    StartedAgain,
    TermsChosen,
)
from states.model import Allowance

__all__ = [  # with what follows
    "ApprovalGiven",
    "ApprovalWithdrawn",
    "AskedAgain",
    "ConsentDeclined",
    "ConsentGiven",
    "ConsentNotPosted",
    "ConsentOutdated",
    "ConsentPosted",
    "ConsentRevoked",
    "Event",
    "StartedAgain",
    "TermsChosen",
]


@dataclass(frozen=True, slots=True)
class EchoAsked(Event):
    """Somebody asked for an echo of `user_id`; the birth of a profile. `base` is the server's choice, "" for none.

    `approves`: whoever asked manages the server, so that asking is the manager's key.
    """

    server_id: int
    user_id: int
    asker_id: int
    channel_id: int
    cutoff: datetime
    base: str = ""
    approves: bool = False


@dataclass(frozen=True, slots=True)
class AllowanceGiven(Event):
    """`by` pressed *I allow this* on the text of version `text_version`, whose SHA-256 is `text_hash`."""

    by: int
    allowance: Allowance
    text_version: int
    text_hash: str


@dataclass(frozen=True, slots=True)
class AllowanceWithdrawn(Event):
    """`by` pressed *Take it back*."""

    by: int
    allowance: Allowance


@dataclass(frozen=True, slots=True)
class CollectionFinished(Event):
    """`messages` of the subject are stored; `needed` is the least that training takes.

    Of `places` channels and threads that were looked into, `failed` could not be read.
    """

    messages: int
    needed: int
    places: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class CollectionFailed(Event):
    """Collecting broke off for `reason`."""

    reason: str
    transient: bool


@dataclass(frozen=True, slots=True)
class PauseAsked(Event):
    """An operator (0) or manager `by` wants collecting to rest where it stands."""

    by: int


@dataclass(frozen=True, slots=True)
class ResumeAsked(Event):
    """`by` wants collecting to go on from where it rests."""

    by: int


@dataclass(frozen=True, slots=True)
class CancelAsked(Event):
    """`by` wants collecting given up."""

    by: int


@dataclass(frozen=True, slots=True)
class CorpusChanged(Event):
    """Outside a collecting so many messages, context too, were `added`, `edited` and `removed`; `messages` are own."""

    messages: int
    added: int
    edited: int
    removed: int


@dataclass(frozen=True, slots=True)
class TrainingFinished(Event):
    """A model of `version` lies at `model_path`, learnt from `messages` messages in `seconds`.

    `tuned`: it speaks by a fine-tuned model of its own. `note` is a sentence to be shown though nothing is wrong, as
    why the fine-tuned model was not taken; "" where there is nothing to say.
    """

    model_path: str
    version: int
    messages: int
    seconds: float
    tuned: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class VersionRejected(Event):
    """Model `version` was learnt and must not speak, for `reason`."""

    version: int
    reason: str


@dataclass(frozen=True, slots=True)
class ModelAmended(Event):
    """Model `version` knows what became of `messages` messages that were written, edited or deleted since."""

    version: int
    messages: int


@dataclass(frozen=True, slots=True)
class AmendingFailed(Event):
    """Model `version` stayed as it was, for `reason`."""

    version: int
    reason: str


@dataclass(frozen=True, slots=True)
class TrainingFailed(Event):
    """Training broke off for `reason`."""

    reason: str
    transient: bool


@dataclass(frozen=True, slots=True)
class RetryAsked(Event):
    """An operator (0) or manager `by` wants what stands still tried again now."""

    by: int


@dataclass(frozen=True, slots=True)
class RefreshAsked(Event):
    """`by` wants a ready profile collected and trained anew."""

    by: int


@dataclass(frozen=True, slots=True)
class RollbackAsked(Event):
    """`by` wants the version before to speak again, and the one that speaks kept instead."""

    by: int


@dataclass(frozen=True, slots=True)
class BaseChosen(Event):
    """`by` chose the base model that the echo speaks by, "" for the one of the settings."""

    by: int
    base: str


@dataclass(frozen=True, slots=True)
class ForgetAsked(Event):
    """`by` (0: the operator) wants everything of this profile gone, for `reason`; `posts`: also what its echo said."""

    by: int
    reason: str
    posts: bool = False


@dataclass(frozen=True, slots=True)
class EverythingForgotten(Event):
    """Key, corpus, models and drafts are gone; `rows` counts what was erased."""

    rows: int


@dataclass(frozen=True, slots=True)
class ForgettingFailed(Event):
    """Something could not be erased yet."""

    reason: str


@dataclass(frozen=True, slots=True)
class OnlineAsked(Event):
    """`by` wants the echo in the channel. `ready`: it can speak; `active` of `limit` sessions are online; `halted`: all
    of the server are silenced. `opens`: it may begin conversations there, as far as its subject allows that."""

    by: int
    profile_id: int
    server_id: int
    channel_id: int
    ready: bool
    active: int
    limit: int
    opens: bool = False
    halted: bool = False


@dataclass(frozen=True, slots=True)
class OfflineAsked(Event):
    """`by` (0: the operator or Echo itself) wants the echo out of the channel, for `reason`."""

    by: int
    reason: str


@dataclass(frozen=True, slots=True)
class MessageHeard(Event):
    """Somebody else wrote in the channel. `addressed`: to the echo by mention, reply or name."""

    message_id: int
    author_id: int
    human: bool
    addressed: bool


@dataclass(frozen=True, slots=True)
class SubjectSeen(Event):
    """The person echoed wrote in the channel themselves, or began to."""


@dataclass(frozen=True, slots=True)
class DraftMade(Event):
    """Thought `turn` gave the stored draft `generation_id`. `wait` is the seconds from the first message heard to the
    first said, `typing` those of it that are spent typing, `gaps` the seconds before each later message."""

    turn: int
    generation_id: int
    wait: float
    typing: float
    gaps: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SilenceChosen(Event):
    """Thought `turn` ended in saying nothing; `why` is the reason in a word."""

    turn: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class DraftFailed(Event):
    """Thought `turn` broke off for `reason`."""

    turn: int
    reason: str


@dataclass(frozen=True, slots=True)
class OpeningPlanned(Event):
    """The echo would begin a conversation at `when`; where it wouldn't yet (`begins` is False), look again then."""

    when: datetime
    begins: bool


@dataclass(frozen=True, slots=True)
class PartSaid(Event):
    """Message `part` (from 0) of `generation_id` stands in the channel as `message_id`."""

    generation_id: int
    part: int
    message_id: int


@dataclass(frozen=True, slots=True)
class SayingFailed(Event):
    """Message `part` of `generation_id` could not be said. `gone`: the channel is closed to the echo for good."""

    generation_id: int
    part: int
    reason: str
    gone: bool


@dataclass(frozen=True, slots=True)
class TimerFired(Event):
    """The deadline `name`, which stood at `due`, is reached."""

    name: str
    due: datetime
