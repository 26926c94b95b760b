"""Snapshots: all that Echo must remember of a profile and of a session, frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType

from states.terms import DEFAULT_TERMS, Terms

OPEN_END = datetime(2080, 1, 1, tzinfo=UTC)
"""The cut-off of a profile without one: later than anything that Discord's ids will name for decades."""
NO_DEADLINES: Mapping[str, datetime] = MappingProxyType({})


class MachineKind(StrEnum):
    """The two kinds of machine."""

    PROFILE = "profile"
    SESSION = "session"


@dataclass(frozen=True, slots=True, order=True)
class MachineKey:
    """Names one machine: its kind and the id of its row."""

    kind: MachineKind
    id: int

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


class ProfileState(StrEnum):
    """Where a profile stands; the values are those of `echo_profiles.training_status`."""

    AWAITING_CONSENT = "awaiting_consent"
    COLLECTING = "collecting"
    TRAINING = "training"
    READY = "ready"
    FORGETTING = "forgetting"
    FORGOTTEN = "forgotten"


class SessionState(StrEnum):
    """Where a session stands; ONLINE is one of LISTENING, COMPOSING and COOLING.

    COOLING is being quiet: for a moment after speaking, or, with the deadline QUIET, while its person is there.
    """

    OFFLINE = "offline"
    LISTENING = "listening"
    COMPOSING = "composing"
    COOLING = "cooling"

    @property
    def is_online(self) -> bool:
        """Whether the echo is present in its channel."""
        return self is not SessionState.OFFLINE


class Deadline(StrEnum):
    """The names of what can become due."""

    CONSENT = "consent"
    RETRY = "retry"
    TYPE = "type"
    SPEAK = "speak"
    COOL = "cool"
    QUIET = "quiet"
    REFRESH = "refresh"
    AMEND = "amend"
    OPEN = "open"
    PLAN = "plan"
    EXPIRY = "expiry"
    REMINDER = "reminder"


class Allowance(StrEnum):
    """What the subject may allow besides their consent; each is off until they say so themselves."""

    OPENERS = "openers"
    """The echo may begin conversations by itself."""
    QUIZ = "quiz"
    """Members may guess which of two answers the subject really wrote."""


@dataclass(frozen=True, slots=True)
class ProfileSnapshot:
    """One subject in one server, up to one cut-off.

    `id` is 0 until the first step is recorded; `version` counts recorded steps. All times are aware UTC. `cutoff` is
    the start of the day before which messages are read, OPEN_END where the subject set none: then what they write joins
    as they write it. `due` maps names of `Deadline` to when they fall due.
    `reason` is a sentence that says why the profile stands still or went back; it never holds message text. `paused`:
    an operator stopped its collecting. Since the corpus was last read for training, `stale` of its messages were
    edited or deleted on Discord and `unlearned` joined it. `allows` is what the subject allows beyond that.
    `amending`: the model is being amended by what changed; `amend_tries` counts how often in a row that failed.
    `base` is the base model that it speaks by on a server of models, "" the one of the settings; `tuned`: it speaks by
    a fine-tuned model of its own. Version `previous` is kept beside `model_version` for a rollback, at `previous_path`;
    None where there is none. `made` is the highest version ever made: no number is used twice. Of the messages that
    the model was learnt from, `withdrawn` were edited or deleted since, whether it was amended by that or not.
    `terms` is what the subject agreed to; two keys must be in before anything is read or said: `agreed` is the
    subject's, `approved` a manager's. The consent ends, or ended, at `expires`, None where none was ever given.
    One that had both keys and lost one awaits consent again, with all that it has.
    """

    id: int
    version: int
    state: ProfileState
    server_id: int
    user_id: int
    asker_id: int
    channel_id: int
    cutoff: datetime
    created_at: datetime
    consent_message_id: int | None = None
    messages: int = 0
    model_path: str | None = None
    model_version: int = 0
    reason: str | None = None
    tries: int = 0
    paused: bool = False
    stale: int = 0
    unlearned: int = 0
    allows: frozenset[Allowance] = frozenset()
    amending: bool = False
    amend_tries: int = 0
    base: str = ""
    tuned: bool = False
    previous: int | None = None
    previous_path: str | None = None
    previous_tuned: bool = False
    made: int = 0
    withdrawn: int = 0
    terms: Terms = DEFAULT_TERMS
    agreed: bool = False
    approved: bool = False
    expires: datetime | None = None
    due: Mapping[str, datetime] = field(default_factory=lambda: NO_DEADLINES)

    @property
    def key(self) -> MachineKey:
        """The machine's name."""
        return MachineKey(MachineKind.PROFILE, self.id)

    @property
    def is_open_ended(self) -> bool:
        """Whether the subject set no cut-off."""
        return self.cutoff >= OPEN_END

    @property
    def is_living(self) -> bool:
        """Whether it is neither forgotten nor being forgotten."""
        return self.state is ProfileState.AWAITING_CONSENT or self.has_consent

    @property
    def has_consent(self) -> bool:
        """Whether both keys are in: the subject's and a manager's."""
        return self.state in (ProfileState.COLLECTING, ProfileState.TRAINING, ProfileState.READY)

    def is_over(self, now: datetime) -> bool:
        """Whether the time of what was agreed to is over, and its end has not been told yet: Echo stood still."""
        return self.has_consent and self.expires is not None and self.expires <= now

    @property
    def can_speak(self) -> bool:
        """Whether there is a model: one that is being renewed speaks on as it was."""
        return self.has_consent and self.model_path is not None

    @property
    def kept_versions(self) -> frozenset[int]:
        """The versions of its model that may speak, now or after a rollback."""
        speaks = None if self.model_path is None else self.model_version
        return frozenset(version for version in (speaks, self.previous) if version is not None)


@dataclass(frozen=True, slots=True)
class SessionSnapshot:
    """One profile in one channel.

    `turn` counts thoughts: what an older turn brings back is stale. `heard_id` is the last message it thinks about,
    `since` when this thought began, `restarts` how often newer messages restarted it. `generation_id` names the
    stored draft of `parts` messages of which `part` were said; `gaps` are the seconds before each later one.
    `bot_turns` counts turns of bots (its own too) since a human last spoke; `pending` that something was heard while
    it could not think. `opens`: a manager lets it begin conversations; `opening`: this thought is to begin one;
    `opened` are the times of the last day at which it did.
    """

    id: int
    version: int
    state: SessionState
    profile_id: int
    server_id: int
    channel_id: int
    started_by: int
    started_at: datetime
    turn: int = 0
    heard_id: int = 0
    addressed: bool = False
    since: datetime | None = None
    restarts: int = 0
    generation_id: int | None = None
    part: int = 0
    parts: int = 0
    gaps: tuple[float, ...] = ()
    typing: bool = False
    bot_turns: int = 0
    pending: bool = False
    reason: str | None = None
    tries: int = 0
    opens: bool = False
    opening: bool = False
    opened: tuple[datetime, ...] = ()
    due: Mapping[str, datetime] = field(default_factory=lambda: NO_DEADLINES)

    @property
    def key(self) -> MachineKey:
        """The machine's name."""
        return MachineKey(MachineKind.SESSION, self.id)


Snapshot = ProfileSnapshot | SessionSnapshot
