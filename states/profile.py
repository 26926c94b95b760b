"""Guards and emitters of the profile's rows."""

from __future__ import annotations

from typing import cast

from states import effects as do
from states import events as ev
from states.draft import Trigger
from states.model import NO_DEADLINES, Deadline, ProfileSnapshot, ProfileState
from states.permission import ConsentDraft
from states.policy import Policy, Refused
from states.versions import HOPELESS_AFTER

PAUSED = "Reading is paused; whoever runs this bot can let it go on from where it rests."
CANCELLED = "Reading was cancelled; a retry goes on from where it stood, forgetting erases what was read."
LEARNING_CANCELLED = "Learning was cancelled; a retry learns anew from what was read, forgetting erases it."


class ProfileDraft(ConsentDraft):
    """One step of a profile in the making."""

    # guards

    def is_not_allowed_yet(self, data: Trigger) -> bool:
        """A press that comes again changes nothing."""
        given = cast(ev.AllowanceGiven, data.args[0])
        return given.allowance not in self.snapshot.allows or self.no(Refused.ALREADY_ALLOWED)

    def is_allowed(self, data: Trigger) -> bool:
        """Only what is allowed can be taken back."""
        withdrawn = cast(ev.AllowanceWithdrawn, data.args[0])
        return withdrawn.allowance in self.snapshot.allows or self.no(Refused.NOT_ALLOWED)

    def corpus_is_enough(self, data: Trigger) -> bool:
        """There is enough to learn from."""
        found = cast(ev.CollectionFinished, data.args[0])
        return found.messages >= found.needed

    def may_retry(self, data: Trigger) -> bool:
        """The failure may pass by itself, and has not been going on for ever."""
        failed = cast(ev.CollectionFailed, data.args[0])
        return failed.transient and self.snapshot.tries < HOPELESS_AFTER

    def is_standing_still(self, data: Trigger) -> bool:
        """It waits for a retry or for a person, so nothing is under way that a retry would double."""
        return self.snapshot.reason is not None or self.no(Refused.NOT_NOW)

    def is_paused(self, data: Trigger) -> bool:
        """An operator stopped it."""
        return self.snapshot.paused or self.no(Refused.NOT_NOW)

    def is_under_way(self, data: Trigger) -> bool:
        """It works, or waits to try again."""
        works = self.snapshot.reason is None or Deadline.RETRY in self.snapshot.due
        return works or self.no(Refused.NOT_NOW)

    def may_cancel(self, data: Trigger) -> bool:
        """It works, or rests to go on; what stands still for another reason has nothing to give up."""
        return self.snapshot.reason == PAUSED or self.is_under_way(data)

    def is_refresh_due(self, data: Trigger) -> bool:
        """What it learned from changed, and has had time to come to rest."""
        return self.is_due(data, Deadline.REFRESH)

    # emitters

    def allow(self, data: Trigger) -> None:
        """Hold from now on what the subject allows, and keep what they were shown."""
        given = cast(ev.AllowanceGiven, data.args[0])
        self.set(allows=self.snapshot.allows | {given.allowance})
        self.ask(do.RecordAllowance(given.by, given.allowance, given.at, given.text_version, given.text_hash))

    def take_back(self, data: Trigger) -> None:
        """It is not allowed any more, at once."""
        withdrawn = cast(ev.AllowanceWithdrawn, data.args[0])
        self.set(allows=self.snapshot.allows - {withdrawn.allowance})
        self.ask(do.WithdrawAllowance(withdrawn.allowance, withdrawn.at))

    def ask_collecting(self, data: Trigger) -> None:
        """Queue the reading."""
        self.set_due(retry=None)
        self.set(reason=None)
        self.ask(do.Collect())

    def note_corpus(self, data: Trigger) -> None:
        """Keep how much was found."""
        found = cast(ev.CollectionFinished, data.args[0])
        self.set(messages=found.messages, reason=None, tries=0, paused=False)

    def note_too_few(self, data: Trigger) -> None:
        """Say how many more are needed."""
        found = cast(ev.CollectionFinished, data.args[0])
        missing = found.needed - found.messages
        is_open = self.snapshot.is_open_ended
        which, remedy = (
            ("", "") if is_open else (" before the cut-off", "forget this echo and ask for one with a later date, ")
        )
        self.set(
            reason=f"Only {found.messages} messages{which} could be read, {missing} more are needed: {remedy}"
            "add some with /echo import, or let Echo read more channels and retry."
        )

    def start_over(self, data: Trigger) -> None:
        """Forget past failures and halts."""
        self.set(tries=0, reason=None, paused=False)
        self.set_due(retry=None, refresh=None)

    def pause(self, data: Trigger) -> None:
        """Rest; what was read is kept."""
        self.set(paused=True, reason=PAUSED)
        self.set_due(retry=None)

    def cancel(self, data: Trigger) -> None:
        """Give up; what was read is kept until it is forgotten or tried again."""
        self.set(paused=True, reason=CANCELLED)
        self.set_due(retry=None)

    def cancel_training(self, data: Trigger) -> None:
        """Give up learning; there is no model that could speak meanwhile."""
        self.set(paused=True, reason=LEARNING_CANCELLED)
        self.set_due(retry=None)

    def note_change(self, data: Trigger) -> None:
        """Count what the model, or the one that is being made, does not know."""
        change = cast(ev.CorpusChanged, data.args[0])
        self.set(
            messages=change.messages,
            stale=self.snapshot.stale + change.edited + change.removed,
            withdrawn=self.snapshot.withdrawn + change.edited + change.removed,
            unlearned=self.snapshot.unlearned + change.added,
        )

    def schedule_refresh(self, data: Trigger) -> None:
        """Renew the echo: soon where it learned from what is gone, later where there is more; never put off.

        Weights take long to learn, so that they wait for enough that is new, or for the day on which they are renewed.
        """
        at, due, tuned = data.args[0].at, self.now("due").get(Deadline.REFRESH), self.now("tuned")
        wanted = None
        if self.now("stale"):
            wanted = at + self.policy.refresh_soon
        elif self.now("unlearned") >= (self.policy.refresh_messages if tuned else 1):
            wanted = at + self.policy.refresh_later
        elif tuned and self.policy.refresh_weights is not None:
            wanted = at + self.policy.refresh_weights
        if wanted is not None and (due is None or wanted < due):
            self.set_due(refresh=wanted)

    def ask_forgetting(self, data: Trigger) -> None:
        """Queue the erasure; nothing else is due or allowed any more, and both keys are out."""
        event = data.args[0]
        if self.snapshot.agreed:
            self.ask(do.EndConsent(event.at))
        self.set(due=NO_DEADLINES, allows=frozenset(), agreed=False, approved=False)
        if self.snapshot.state is not ProfileState.FORGETTING:
            posts = isinstance(event, ev.ForgetAsked) and event.posts
            self.ask(do.RecordErasure(getattr(event, "by", 0), event.at, posts))
        self.ask(do.Forget())

    def announce_ready(self, data: Trigger) -> None:
        """Tell the channel that the echo can speak."""
        self.ask(do.Announce(do.Notice.READY))

    def announce_renewed(self, data: Trigger) -> None:
        """Bring the message that asked up to date; the channel need not hear of it."""
        self.ask(do.Announce(do.Notice.RENEWED))

    def announce_stuck(self, data: Trigger) -> None:
        """Tell the channel what a person must do."""
        self.ask(do.Announce(do.Notice.STUCK))

    def announce_end(self, data: Trigger) -> None:
        """Tell the channel that it is over."""
        self.ask(do.Announce(do.Notice.FORGOTTEN))


def birth(asked: ev.EchoAsked, policy: Policy) -> tuple[ProfileSnapshot, tuple[do.Effect, ...]]:
    """The first snapshot of a profile (id 0, until it is recorded), and the question that it asks."""
    due = {Deadline.CONSENT.value: asked.at + policy.consent_expiry}
    fresh = ProfileSnapshot(
        id=0,
        version=1,
        state=ProfileState.AWAITING_CONSENT,
        server_id=asked.server_id,
        user_id=asked.user_id,
        asker_id=asked.asker_id,
        channel_id=asked.channel_id,
        cutoff=asked.cutoff,
        created_at=asked.at,
        base=asked.base,
        approved=asked.approves,
        due=due,
    )
    return fresh, (do.AskConsent(),)
