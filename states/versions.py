"""Guards and emitters of the profile's rows that are about its model: which version speaks, and what amends it."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from states import effects as do
from states import events as ev
from states.draft import Draft, Trigger
from states.model import NO_DEADLINES, Deadline, ProfileSnapshot
from states.policy import Refused

RETIRED = "Much of what the fine-tuned model learnt was withdrawn: the echo speaks by its prompt until it is renewed."
HOPELESS_AFTER = 8
"""Tries after which even a passing failure is told as one that needs a person."""


class VersionDraft(Draft[ProfileSnapshot]):
    """One step of a profile in the making, as far as its model goes."""

    # guards

    def has_model(self, data: Trigger) -> bool:
        """It could speak already."""
        return self.snapshot.model_path is not None

    def is_stale(self, data: Trigger) -> bool:
        """What it learned from was edited or deleted since."""
        return self.snapshot.stale > 0

    def is_amending_due(self, data: Trigger) -> bool:
        """There is something that the model is to be amended by."""
        return self.is_due(data, Deadline.AMEND)

    def may_amend(self, data: Trigger) -> bool:
        """There is a model, and it is not being amended already."""
        return self.has_model(data) and not self.snapshot.amending

    def is_this_model(self, data: Trigger) -> bool:
        """The model is still the one that was amended."""
        amended = cast(ev.ModelAmended, data.args[0])
        is_it = self.snapshot.amending and amended.version == self.snapshot.model_version
        return is_it or self.no(Refused.STALE)

    def is_next_version(self, data: Trigger) -> bool:
        """The model is the one that was asked for."""
        trained = cast(ev.TrainingFinished, data.args[0])
        return trained.version == self.snapshot.made + 1 or self.no(Refused.STALE)

    def has_previous(self, data: Trigger) -> bool:
        """An earlier version is kept."""
        return self.snapshot.previous is not None or self.no(Refused.NO_PREVIOUS)

    def is_other_base(self, data: Trigger) -> bool:
        """It speaks by another model than the one chosen; a fine-tuned one is always another."""
        chosen = cast(ev.BaseChosen, data.args[0])
        return self.snapshot.tuned or chosen.base != self.snapshot.base or self.no(Refused.SAME_BASE)

    # emitters

    def ask_training(self, data: Trigger) -> None:
        """Queue the making of the next model, from the corpus as it will be by then."""
        self.set_due(retry=None)
        self.set(reason=None, stale=0, unlearned=0)
        self.ask(do.Train(self.snapshot.made + 1))

    def note_model(self, data: Trigger) -> None:
        """The new model is the one that speaks."""
        trained = cast(ev.TrainingFinished, data.args[0])
        self.keep_previous()
        self.set(model_path=trained.model_path, model_version=trained.version, tuned=trained.tuned)
        self.set(made=trained.version, withdrawn=self.snapshot.stale, reason=trained.note or None, tries=0)
        self.set(paused=False)
        if self.has_too_much_withdrawn():
            self.set(tuned=False, reason=RETIRED)
        self.end_amending()

    def keep_previous(self) -> None:
        """Keep the version that spoke, unless it has learnt from what was withdrawn since."""
        speaking = self.snapshot
        if speaking.model_path is not None and not speaking.withdrawn:
            self.set(previous=speaking.model_version, previous_path=speaking.model_path, previous_tuned=speaking.tuned)
        else:
            self.forget_previous()

    def forget_previous(self) -> None:
        """Keep no version to go back to."""
        self.set(previous=None, previous_path=None, previous_tuned=False)

    def drop_previous(self, data: Trigger) -> None:
        """Remove the version before as soon as anything was withdrawn: it may have learnt it, and nothing amends it."""
        change = cast(ev.CorpusChanged, data.args[0])
        if self.snapshot.previous is not None and change.edited + change.removed:
            self.forget_previous()
            self.drop_versions(data)

    def retire_weights(self, data: Trigger) -> None:
        """Speak by the prompt alone once too much was withdrawn: weights can't be amended, only made anew."""
        if self.has_too_much_withdrawn():
            self.set(tuned=False, reason=RETIRED)
            self.publish(data)

    def has_too_much_withdrawn(self) -> bool:
        """It speaks by weights that learnt more of what was withdrawn than they may."""
        known = self.now("messages") + self.now("withdrawn")
        return bool(self.now("tuned") and self.now("withdrawn") > self.policy.retire_share * known)

    def learn_nothing(self, data: Trigger) -> None:
        """The model that was being made is given up: what the one that speaks does not know is told again."""
        self.set(stale=self.snapshot.withdrawn)

    def drop_versions(self, data: Trigger) -> None:
        """Queue the removal of the versions that may not speak any more."""
        self.ask(do.DropVersions())

    def publish(self, data: Trigger) -> None:
        """Have a server of models know the version that speaks, as it is now."""
        self.ask(do.Publish(self.now("model_version"), self.now("base"), self.now("tuned")))

    def note_rejected(self, data: Trigger) -> None:
        """The model that spoke speaks on; the sentence says why, and what that one does not know is told again."""
        rejected = cast(ev.VersionRejected, data.args[0])
        self.set(made=rejected.version, reason=rejected.reason, tries=0, stale=self.snapshot.withdrawn)

    def note_none_yet(self, data: Trigger) -> None:
        """There is no model that could speak instead."""
        self.set(made=cast(ev.VersionRejected, data.args[0]).version)
        self.note_reason(data)

    def roll_back(self, data: Trigger) -> None:
        """The two versions change places."""
        was = self.snapshot
        assert was.previous is not None
        self.set(model_version=was.previous, model_path=was.previous_path, tuned=was.previous_tuned, reason=None)
        self.set(previous=was.model_version, previous_path=was.model_path, previous_tuned=was.tuned)
        self.end_amending()
        self.catch_up(data)

    def choose_base(self, data: Trigger) -> None:
        """Speak by this model from now on. What was fine-tuned was so on another: it waits for the next training."""
        self.set(base=cast(ev.BaseChosen, data.args[0]).base, tuned=False, previous_tuned=False)

    def unlearn(self, data: Trigger) -> None:
        """Be silent: what is gone from Discord must not be said on, and there is nothing to learn anew from."""
        self.set(model_path=None, stale=0, unlearned=0, withdrawn=0)
        self.forget_previous()
        self.end_amending()

    def drop_model(self, data: Trigger) -> None:
        """There is no model and no corpus any more."""
        self.set(model_path=None, messages=0, due=NO_DEADLINES, tries=0, paused=False, stale=0, unlearned=0)
        self.set(amending=False, amend_tries=0, withdrawn=0)
        self.forget_previous()

    def schedule_amending(self, data: Trigger) -> None:
        """Amend the model: at once where something was withdrawn, later where there is more; never put off."""
        change = cast(ev.CorpusChanged, data.args[0])
        if change.edited or change.removed:
            self.set_amending_due(change.at + self.policy.amend_soon)
        elif change.added:
            self.set_amending_due(change.at + self.policy.amend_later)

    def catch_up(self, data: Trigger) -> None:
        """Amend a new model by what changed while it was learnt."""
        if self.now("stale") or self.now("unlearned"):
            self.set_amending_due(data.args[0].at + self.policy.amend_soon)

    def set_amending_due(self, wanted: datetime) -> None:
        """Amend by then, or sooner where that is due already."""
        due = self.now("due").get(Deadline.AMEND)
        if due is None or wanted < due:
            self.set_due(amend=wanted)

    def ask_amending(self, data: Trigger) -> None:
        """Queue the amendment, from what has changed by then."""
        self.set(amending=True)
        self.set_due(amend=None)
        self.ask(do.Amend(self.snapshot.model_version))

    def put_off_amending(self, data: Trigger) -> None:
        """One amendment at a time, and none without a model."""
        later = data.args[0].at + self.policy.amend_soon
        self.set_due(amend=later if self.snapshot.amending else None)

    def note_amended(self, data: Trigger) -> None:
        """The model knows what had changed when the amendment began."""
        self.set(amending=False, amend_tries=0)

    def amend_again(self, data: Trigger) -> None:
        """Try it again after a while; in the end the renewal does what the amendments could not."""
        tries = self.snapshot.amend_tries
        self.set(amending=False, amend_tries=tries + 1)
        if tries < HOPELESS_AFTER:
            self.set_amending_due(data.args[0].at + self.policy.backoff(self.snapshot.key, tries))

    def end_amending(self) -> None:
        """The model that was to be amended is not the one that speaks any more."""
        self.set(amending=False, amend_tries=0)
        self.set_due(amend=None)
