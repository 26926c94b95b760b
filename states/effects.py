"""What is to be done. Names are imperative; fields are ids and counts, never message text.

Queued effects become rows of the outbox in their step's transaction and must happen once though the process dies.
What `RECORDED` lists is itself written in that transaction. Timers and typing are reconciled to the
snapshot, never queued.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from states.model import Allowance, Deadline, ProfileSnapshot, ProfileState, SessionSnapshot, SessionState, Snapshot
from states.terms import DEFAULT_TERMS, Terms


class Notice(StrEnum):
    """What a channel is told about a profile."""

    COLLECTING = "collecting"
    READY = "ready"
    RENEWED = "renewed"
    STUCK = "stuck"
    WAITING = "waiting"
    """A key is missing: the subject's or a manager's."""
    FORGOTTEN = "forgotten"


@dataclass(frozen=True, slots=True)
class Effect:
    """Something to be done once the step is recorded."""


@dataclass(frozen=True, slots=True)
class RecordConsent(Effect):
    """Write the subject's answer beside the step; what they agreed to before ends with it."""

    user_id: int
    given_at: datetime
    text_version: int
    text_hash: str
    terms: Terms = DEFAULT_TERMS
    cutoff: datetime | None = None
    context: int = 0
    retention: int = 0


@dataclass(frozen=True, slots=True)
class EndConsent(Effect):
    """Write beside the step that the subject's answer does not hold any more."""

    ended_at: datetime


@dataclass(frozen=True, slots=True)
class RecordAllowance(Effect):
    """Write beside the step what the subject allows, and the text that they saw."""

    user_id: int
    allowance: Allowance
    given_at: datetime
    text_version: int
    text_hash: str


@dataclass(frozen=True, slots=True)
class WithdrawAllowance(Effect):
    """Write beside the step that the subject took it back; what was stored for it alone goes with it."""

    allowance: Allowance
    withdrawn_at: datetime


@dataclass(frozen=True, slots=True)
class RecordErasure(Effect):
    """Keep, in the step's own transaction, that all of it is to be erased, and with `posts` what the echo said, too."""

    asked_by: int
    asked_at: datetime
    posts: bool = False


@dataclass(frozen=True, slots=True)
class AskConsent(Effect):
    """Put the question to the subject in the channel, unless it stands there still as the message `standing`."""

    standing: int | None = None


@dataclass(frozen=True, slots=True)
class Rest(Effect):
    """Keep nothing of the profile in memory: it may not be used."""


@dataclass(frozen=True, slots=True)
class Remind(Effect):
    """Tell the subject that their consent ends soon."""


@dataclass(frozen=True, slots=True)
class Announce(Effect):
    """Tell the channel how the profile stands; settles the question where it still stands open."""

    notice: Notice


@dataclass(frozen=True, slots=True)
class Collect(Effect):
    """Read what the subject wrote, from the stored cursors on."""


@dataclass(frozen=True, slots=True)
class Train(Effect):
    """Make model `version` of the corpus."""

    version: int


@dataclass(frozen=True, slots=True)
class Amend(Effect):
    """Take out of model `version` what was withdrawn since it was made, and let new turns join."""

    version: int


@dataclass(frozen=True, slots=True)
class Publish(Effect):
    """Make what a server of models needs for `version` to speak by `base`, or by a model of its own where `tuned`."""

    version: int
    base: str
    tuned: bool


@dataclass(frozen=True, slots=True)
class DropVersions(Effect):
    """Remove all versions of the model but those that the snapshot keeps by then."""


@dataclass(frozen=True, slots=True)
class Forget(Effect):
    """Take the sessions offline, then erase: key first."""


@dataclass(frozen=True, slots=True)
class Disclose(Effect):
    """Tell the channel that an echo is online there, and what that is."""


@dataclass(frozen=True, slots=True)
class Compose(Effect):
    """Decide on an answer for thought `turn`, and draft it. `heard_id` is the newest message it thinks of."""

    turn: int
    heard_id: int = 0


@dataclass(frozen=True, slots=True)
class PlanOpening(Effect):
    """Find out when the echo would next begin a conversation."""


@dataclass(frozen=True, slots=True)
class Say(Effect):
    """Say message `part` (from 0) of the stored draft `generation_id`."""

    generation_id: int
    part: int


QUEUED: tuple[type[Effect], ...] = (
    *(AskConsent, Rest, Remind, Announce, Collect, Train, Amend, Publish, DropVersions, Forget),
    *(Disclose, Compose, PlanOpening, Say),
)
RECORDED: tuple[type[Effect], ...] = (
    *(RecordConsent, EndConsent, RecordAllowance, WithdrawAllowance),
    RecordErasure,
)


def still_wanted(effect: Effect, snapshot: Snapshot) -> bool:
    """Whether the machine, as it stands now, still asks for this queued effect: what it left behind is not done."""
    if isinstance(snapshot, SessionSnapshot):
        thinking = snapshot.state is SessionState.COMPOSING
        if isinstance(effect, Disclose):
            return snapshot.state.is_online
        if isinstance(effect, PlanOpening):
            return snapshot.state.is_online and snapshot.opens and not snapshot.opening
        if isinstance(effect, Compose):
            return thinking and snapshot.turn == effect.turn and snapshot.generation_id is None
        if isinstance(effect, Say):
            return thinking and (snapshot.generation_id, snapshot.part) == (effect.generation_id, effect.part)
        return False
    return _wanted_by_profile(effect, snapshot)


def _wanted_by_profile(effect: Effect, snapshot: ProfileSnapshot) -> bool:
    state = snapshot.state
    match effect:
        case AskConsent():
            return state is ProfileState.AWAITING_CONSENT and snapshot.consent_message_id is None
        case Collect():
            return state is ProfileState.COLLECTING and not snapshot.paused
        case Train(version=version):
            return state is ProfileState.TRAINING and version == snapshot.made + 1 and not snapshot.paused
        case Amend(version=version):
            return snapshot.can_speak and snapshot.amending and version == snapshot.model_version
        case Publish(version=version, base=base, tuned=tuned):
            speaks = (snapshot.model_version, snapshot.base, snapshot.tuned)
            return snapshot.can_speak and speaks == (version, base, tuned)
        case DropVersions():
            return snapshot.has_consent
        case Rest():
            return state is ProfileState.AWAITING_CONSENT
        case Remind():
            return snapshot.has_consent
        case Forget():
            return state is ProfileState.FORGETTING
        case Announce(notice=notice):
            return _is_true(notice, snapshot)
        case _:
            return False


def _is_true(notice: Notice, snapshot: ProfileSnapshot) -> bool:
    """Whether a notice still tells how the profile stands: one that is late must not overwrite a newer one."""
    at_work = snapshot.state in (ProfileState.COLLECTING, ProfileState.TRAINING)
    stands_still = snapshot.reason is not None and Deadline.RETRY not in snapshot.due
    match notice:
        case Notice.COLLECTING:
            return at_work and not stands_still
        case Notice.STUCK:
            return at_work and stands_still
        case Notice.WAITING:
            return snapshot.state is ProfileState.AWAITING_CONSENT and snapshot.expires is not None
        case Notice.READY | Notice.RENEWED:
            return snapshot.state is ProfileState.READY
        case _:
            return snapshot.state is ProfileState.FORGOTTEN
