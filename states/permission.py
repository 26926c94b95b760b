"""Guards and emitters of the profile's rows that are about its two keys: the subject's consent, a manager's approval.

Where a key is taken out, or a consent ends, the profile awaits consent again: nothing is read, learnt or said, and what
there is stays, encrypted, until both keys are in again or the question ends.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

from states import effects as do
from states import events as ev
from states.draft import Trigger
from states.model import NO_DEADLINES, Deadline, ProfileSnapshot
from states.policy import Refused
from states.terms import Terms
from states.versions import VersionDraft

REVOKED = "The person took their consent back."
DISALLOWED = "Somebody who manages this server does not allow it any more."
CHANGED = "The person chose other terms."
ENDED = "The consent ended."
NOBODY = "Nobody answered the question in time."
NOT_RENEWED = "Its two keys were not both in again in time."


class ConsentDraft(VersionDraft):
    """One step of a profile in the making, as far as its two keys go."""

    # guards

    def is_subject(self, data: Trigger) -> bool:
        """Only the subject's own press counts."""
        given = cast(ev.ConsentGiven, data.args[0])
        return given.by == self.snapshot.user_id or self.no(Refused.NOT_THE_SUBJECT)

    def is_same_question(self, data: Trigger) -> bool:
        """The same up to the same day: an older message must never stand for a wider question."""
        again = cast(ev.AskedAgain, data.args[0])
        return again.cutoff == self.snapshot.cutoff or self.no(Refused.OTHER_DATE)

    def has_question(self, data: Trigger) -> bool:
        """The question was put; one that was not is still being put."""
        return self.snapshot.consent_message_id is not None or self.no(Refused.NOT_NOW)

    def is_consent_due(self, data: Trigger) -> bool:
        """The question has stood open, or a key has been out, for too long."""
        return self.is_due(data, Deadline.CONSENT)

    def is_within_question(self, data: Trigger) -> bool:
        """The subject may narrow what was asked for, not widen it."""
        cutoff = cast(ev.ConsentGiven, data.args[0]).cutoff
        return cutoff is None or cutoff <= self.snapshot.cutoff or self.no(Refused.WIDER_DATE)

    def is_another_answer(self, data: Trigger) -> bool:
        """A yes to the same that comes again changes nothing."""
        given = cast(ev.ConsentGiven, data.args[0])
        same = self.snapshot.agreed and (given.terms, given.cutoff or self.snapshot.cutoff) == (
            self.snapshot.terms,
            self.snapshot.cutoff,
        )
        return not same or self.no(Refused.ALREADY_AGREED)

    def is_renewal(self, data: Trigger) -> bool:
        """What is agreed to goes no further than what holds, is learnt from as it was, and said where it was."""
        given = cast(ev.ConsentGiven, data.args[0])
        return renews(self.snapshot, given.terms, given.cutoff) or self.no(Refused.NOT_NOW)

    def manager_agrees(self, data: Trigger) -> bool:
        """The manager's key is in for as much as this, or whoever does this holds that one too."""
        given = cast(ev.ConsentGiven, data.args[0])
        return given.approves or (self.snapshot.approved and not self.goes_further(given))

    def goes_further(self, given: ev.ConsentGiven) -> bool:
        """Whether this is more than what held last: a manager allowed no more than that."""
        return self.snapshot.expires is not None and given.terms.exceeds(self.snapshot.terms)

    def has_agreed(self, data: Trigger) -> bool:
        """The subject's key is in."""
        return self.snapshot.agreed or self.no(Refused.NOT_AGREED)

    def is_approved(self, data: Trigger) -> bool:
        """The manager's key is in."""
        return self.snapshot.approved or self.no(Refused.NOT_APPROVED)

    def is_not_approved(self, data: Trigger) -> bool:
        """A press that comes again changes nothing."""
        return not self.snapshot.approved or self.no(Refused.ALREADY_APPROVED)

    def asker_approves(self, data: Trigger) -> bool:
        """Whoever asks manages the server."""
        return cast(ev.AskedAgain, data.args[0]).approves

    def is_open(self, data: Trigger) -> bool:
        """It was not taken back, so that whoever is to answer should find it."""
        return self.snapshot.expires is None or self.snapshot.agreed or self.no(Refused.NOT_NOW)

    def was_answered(self, data: Trigger) -> bool:
        """The subject agreed once."""
        return self.snapshot.expires is not None

    def is_expiry_due(self, data: Trigger) -> bool:
        """The consent ends now."""
        return self.is_due(data, Deadline.EXPIRY)

    def is_reminder_due(self, data: Trigger) -> bool:
        """The consent ends soon."""
        return self.is_due(data, Deadline.REMINDER)

    def has_no_end(self, data: Trigger) -> bool:
        """It was agreed to before consents had an end."""
        return self.snapshot.expires is None or self.no(Refused.NOT_NOW)

    # emitters

    def note_question(self, data: Trigger) -> None:
        """Remember which message asks."""
        posted = cast(ev.ConsentPosted, data.args[0])
        self.set(consent_message_id=posted.message_id, reason=None, tries=0)
        self.set_due(retry=None)

    def ask_consent(self, data: Trigger) -> None:
        """Try once more to put the question."""
        self.set_due(retry=None)
        self.ask(do.AskConsent())

    def look_for_question(self, data: Trigger) -> None:
        """Put the question again if it is gone; nobody may have seen it, and nothing else would bring it back."""
        self.ask(do.AskConsent(self.snapshot.consent_message_id))
        self.set(consent_message_id=None)

    def ask_again(self, data: Trigger) -> None:
        """Put the question where it was asked for last; the time to answer begins anew."""
        again = cast(ev.AskedAgain, data.args[0])
        there = again.channel_id == self.snapshot.channel_id
        self.ask(do.AskConsent(self.snapshot.consent_message_id if there else None))
        self.set(asker_id=again.asker_id, channel_id=again.channel_id, consent_message_id=None, reason=None, tries=0)
        self.set(approved=self.snapshot.approved or again.approves)
        self.set_due(consent=again.at + self.policy.consent_expiry, retry=None)

    def record_consent(self, data: Trigger) -> None:
        """Keep the answer with its terms, in the step's own transaction. It holds from now on."""
        given = cast(ev.ConsentGiven, data.args[0])
        cutoff = given.cutoff or self.snapshot.cutoff
        self.note_where_pressed(data)
        approved = given.approves or (self.snapshot.approved and not self.goes_further(given))
        self.set(agreed=True, approved=approved, reason=None)
        self.set(terms=given.terms, cutoff=cutoff, expires=given.at + timedelta(days=given.terms.days))
        shown = (given.text_version, given.text_hash, given.terms, cutoff, given.context, given.retention)
        self.ask(do.RecordConsent(given.by, given.at, *shown))

    def note_decline(self, data: Trigger) -> None:
        """Keep that the subject said no."""
        self.note_where_pressed(data)
        self.set(reason="The person asked said no.")

    def note_where_pressed(self, data: Trigger) -> None:
        """Whoever is quick answers before it is known where the question stands: then it stands where they pressed."""
        pressed = cast(ev.ConsentDeclined, data.args[0]).message_id
        if pressed and self.snapshot.consent_message_id is None:
            self.set(consent_message_id=pressed)

    def note_unanswered(self, data: Trigger) -> None:
        """Keep that nobody answered, or that a key stayed out."""
        self.set(reason=NOBODY if self.snapshot.expires is None else NOT_RENEWED)

    def unlearn_withheld(self, data: Trigger) -> None:
        """A model that learnt from what may not be read or learnt from any more is not used again."""
        given = cast(ev.ConsentGiven, data.args[0])
        earlier = given.cutoff is not None and given.cutoff < self.snapshot.cutoff
        if self.snapshot.model_path is not None and (earlier or given.terms.withholds(self.snapshot.terms)):
            self.unlearn(data)

    def begin_reading(self, data: Trigger) -> None:
        """Both keys are in: read, from where the reading stood."""
        self.set_due(consent=None, retry=None)
        self.set(reason=None, tries=0, paused=False)
        self.set_end(data)
        if self.now("model_path") is not None:
            # What was deleted while it rested must not be said on until it is learnt anew.
            self.set_amending_due(data.args[0].at)
        self.ask(do.Announce(do.Notice.COLLECTING))
        self.ask(do.Collect())

    def set_end(self, data: Trigger) -> None:
        """Set when the consent ends, and when its person is reminded of that."""
        at = data.args[0].at
        expires = self.now("expires") or at + timedelta(days=self.snapshot.terms.days)
        lead = min(self.policy.remind_before, (expires - at) / 2)
        self.set(expires=expires)
        self.set_due(expiry=expires, reminder=expires - lead)

    def approve(self, data: Trigger) -> None:
        """The manager's key is in."""
        self.set(approved=True)

    def note_approval(self, data: Trigger) -> None:
        """The manager's key is in; the question may stand where they pressed."""
        given = cast(ev.ApprovalGiven, data.args[0])
        if given.message_id and self.snapshot.consent_message_id is None:
            self.set(consent_message_id=given.message_id)
        self.set(approved=True)

    def take_consent_back(self, data: Trigger) -> None:
        """The subject's key is out."""
        self.end_consent(data, REVOKED)

    def end_by_time(self, data: Trigger) -> None:
        """The subject's key is out: its time is over."""
        self.end_consent(data, ENDED)

    def end_outdated(self, data: Trigger) -> None:
        """The subject's key is out: they agreed to something else than what is done."""
        self.end_consent(data, cast(ev.ConsentOutdated, data.args[0]).reason)

    def end_for_other_terms(self, data: Trigger) -> None:
        """What held ends. A manager allowed no more than that, so that their key is out where more is wanted."""
        chosen = cast(ev.TermsChosen, data.args[0])
        self.end_consent(data, CHANGED)
        if chosen.terms.exceeds(self.snapshot.terms) and not chosen.approves:
            self.set(approved=False)

    def end_consent(self, data: Trigger, reason: str) -> None:
        """The subject's key is out, for this reason."""
        self.set(agreed=False, expires=data.args[0].at, reason=reason)
        self.ask(do.EndConsent(data.args[0].at))

    def withdraw_approval(self, data: Trigger) -> None:
        """The manager's key is out."""
        self.set(approved=False, reason=DISALLOWED)

    def rest(self, data: Trigger) -> None:
        """Nothing is due any more but the end of the question, nothing allowed besides, and nothing being made."""
        if not self.snapshot.has_consent:
            return
        at = data.args[0].at
        for allowance in sorted(self.snapshot.allows):
            self.ask(do.WithdrawAllowance(allowance, at))
        self.set(due=NO_DEADLINES, allows=frozenset(), tries=0, paused=False)
        self.end_amending()
        self.set_due(consent=at + self.policy.consent_expiry)
        self.ask(do.Rest())

    def announce_waiting(self, data: Trigger) -> None:
        """Have the message that asked say which key is missing."""
        self.ask(do.Announce(do.Notice.WAITING))

    def put_question(self, data: Trigger) -> None:
        """Ask the subject anew, in a message of its own."""
        self.set(consent_message_id=None)
        self.ask(do.AskConsent())

    def remind(self, data: Trigger) -> None:
        """Tell the subject once that their consent ends soon."""
        self.set_due(reminder=None)
        self.ask(do.Remind())


def renews(holds: ProfileSnapshot, terms: Terms, cutoff: datetime | None) -> bool:
    """Whether `terms` up to `cutoff` (None: the same) go no further than what holds, and change neither what is learnt
    from nor where it is said: then nothing has to end for them."""
    same = terms.speaks == holds.terms.speaks and cutoff in (None, holds.cutoff)
    return same and not terms.exceeds(holds.terms) and not terms.withholds(holds.terms)
