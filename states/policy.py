"""The numbers that decisions depend on, and the sentences that refusals are told in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from states.model import MachineKey


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits and spans, from the settings. Seconds unless the name says otherwise.

    An echo is `quiet` for so long after its person wrote, or began to, where it is online.

    An echo is renewed `refresh_soon` after what it learned from was edited or deleted, `refresh_later` after more was
    written; already `amend_soon` and `amend_later` its model is amended by just that. A fine-tuned one is renewed
    `refresh_later` after `refresh_messages` more were written, or when `refresh_weights` is over (None: never), and
    its weights are retired when more than `retire_share` (0..1) of what it learned from was withdrawn. In a channel it
    begins `openers_per_day` conversations in any 24 hours at most. A question stands open for `consent_expiry`; its
    person is reminded `remind_before` their consent ends.
    """

    cooldown: float = 2.0
    quiet: float = 300.0
    max_bot_turns: int = 4
    max_restarts: int = 3
    openers_per_day: int = 2
    consent_expiry: timedelta = timedelta(hours=168)
    remind_before: timedelta = timedelta(days=14)
    retry_first: float = 5.0
    retry_most: float = 900.0
    refresh_soon: timedelta = timedelta(minutes=15)
    refresh_later: timedelta = timedelta(hours=24)
    amend_soon: timedelta = timedelta(seconds=3)
    amend_later: timedelta = timedelta(minutes=10)
    refresh_messages: int = 300
    refresh_weights: timedelta | None = timedelta(days=30)
    retire_share: float = 0.05

    def backoff(self, key: MachineKey, tries: int) -> timedelta:
        """Wait before try number `tries` + 1: capped exponential, with up to a quarter of jitter.

        The jitter is a hash of machine and try, so that a decision stays a pure function and a crowd still spreads.
        """
        wait = min(self.retry_most, self.retry_first * 2.0 ** min(tries, 16))
        digest = hashlib.blake2b(f"{key}:{tries}".encode(), digest_size=2).digest()
        return timedelta(seconds=wait * (1 + int.from_bytes(digest) / 0xFFFF / 4))


class Refused(StrEnum):
    """Why an event changed nothing."""

    NOT_NOW = "not_now"
    STALE = "stale"
    NOT_THE_SUBJECT = "not_the_subject"
    ALREADY_AGREED = "already_agreed"
    NOT_AGREED = "not_agreed"
    ALREADY_APPROVED = "already_approved"
    NOT_APPROVED = "not_approved"
    WIDER_DATE = "wider_date"
    NOT_READY = "not_ready"
    ALREADY_ONLINE = "already_online"
    ALREADY_OFFLINE = "already_offline"
    SESSION_LIMIT = "session_limit"
    DUPLICATE_PROFILE = "duplicate_profile"
    OTHER_DATE = "other_date"
    ALREADY_ALLOWED = "already_allowed"
    NOT_ALLOWED = "not_allowed"
    NO_PREVIOUS = "no_previous"
    SAME_BASE = "same_base"
    NOT_THE_SUMMONER = "not_the_summoner"
    OTHER_PLACE = "other_place"
    OTHER_HOUR = "other_hour"
    HALTED = "halted"
    USER_LIMIT = "user_limit"
    CHANNEL_LIMIT = "channel_limit"
    FORGOTTEN = "forgotten"


SENTENCES: dict[Refused, str] = {
    Refused.NOT_NOW: "That is not possible while it stands as it does; see /echo status.",
    Refused.STALE: "That was overtaken by something newer; nothing was changed.",
    Refused.NOT_THE_SUBJECT: "Only the person who is asked can answer this; your press changed nothing.",
    Refused.ALREADY_AGREED: "You have agreed to exactly this already; /echo consent show shows what holds.",
    Refused.NOT_AGREED: "There is no consent that could be taken back; /echo status shows how it stands.",
    Refused.ALREADY_APPROVED: "This echo is allowed in this server already; /echo consent revoke takes that back.",
    Refused.NOT_APPROVED: "This echo is not allowed in this server, so there was nothing to take back.",
    Refused.WIDER_DATE: "Only an earlier day than the one that was asked for can be chosen; nothing was changed.",
    Refused.NOT_READY: "This echo is not ready yet; see /echo status for how far it is.",
    Refused.ALREADY_ONLINE: "This echo is already online in this channel; /echo offline stops it.",
    Refused.ALREADY_OFFLINE: "This echo is not online in this channel; /echo online starts it.",
    Refused.SESSION_LIMIT: "This server has as many echoes online as it may; /echo offline takes one away.",
    Refused.DUPLICATE_PROFILE: "This person has an echo here already; /echo status shows it, /echo forget removes it.",
    Refused.OTHER_DATE: "There is an open question with another date already; /echo forget ends that one first.",
    Refused.ALREADY_ALLOWED: "You allow this already; /echo allow lets you take it back.",
    Refused.NOT_ALLOWED: "This is not allowed, so there was nothing to take back.",
    Refused.NO_PREVIOUS: "No earlier version of this echo is kept: there was none, or something that it may have "
    "learned from was edited or deleted since.",
    Refused.SAME_BASE: "This echo speaks by that model already; nothing was changed.",
    Refused.NOT_THE_SUMMONER: "Its person has chosen who may bring this echo online, and you are not among them; only "
    "they can change that, with /echo consent change.",
    Refused.OTHER_PLACE: "Its person does not let this echo speak in this channel: use one that they chose, or let "
    "them choose anew with /echo consent change.",
    Refused.OTHER_HOUR: "Its person does not let this echo speak at this hour: try again later, or let them choose "
    "anew with /echo consent change.",
    Refused.USER_LIMIT: "You have as many echoes online here as one person may; /echo offline takes one away.",
    Refused.CHANNEL_LIMIT: "This channel has as many echoes online as it may; /echo offline takes one away.",
    Refused.HALTED: "Every echo in this server is silenced; somebody who manages it ends that with /echo resume.",
    Refused.FORGOTTEN: "This echo is forgotten; /echo create asks for a new one.",
}
