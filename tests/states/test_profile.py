"""What a profile does, sentence by sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from states import effects as do
from states import events as ev
from states.decide import Refusal, Step, begin_profile, decide
from states.model import OPEN_END, Allowance, MachineKey, MachineKind, ProfileSnapshot, ProfileState
from states.policy import Policy, Refused
from states.terms import DEFAULT_TERMS
from states.versions import HOPELESS_AFTER
from tests.support.snapshots import due_soon

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
POLICY = Policy(consent_expiry=timedelta(hours=2), retry_first=5, retry_most=60)


def asked() -> ProfileSnapshot:
    step = begin_profile(ev.EchoAsked(NOW, 10, 20, 30, 40, NOW, approves=True), POLICY)
    assert isinstance(step.after, ProfileSnapshot)
    return step.after


def after(snapshot: ProfileSnapshot, *events: ev.Event) -> ProfileSnapshot:
    for event in events:
        step = decide(snapshot, event, POLICY)
        assert isinstance(step, Step), step
        assert isinstance(step.after, ProfileSnapshot)
        snapshot = step.after
    return snapshot


AGREED = ev.ConsentGiven(NOW, 20, 1, "hash")


def test_a_profile_begins_with_a_question_that_expires() -> None:
    step = begin_profile(ev.EchoAsked(NOW, 10, 20, 30, 40, NOW, approves=True), POLICY)
    assert step.effects == (do.AskConsent(),)
    assert step.after.due == {"consent": NOW + timedelta(hours=2)}


def test_nothing_is_collected_before_the_subject_agrees() -> None:
    for event in (ev.RetryAsked(NOW, 0), ev.CollectionFinished(NOW, 900, 1), ev.RefreshAsked(NOW, 0)):
        assert isinstance(decide(asked(), event, POLICY), Refusal)


def test_asking_again_puts_the_same_question_anew_but_never_a_wider_one() -> None:
    later = NOW + timedelta(hours=1)
    standing = after(asked(), ev.ConsentPosted(NOW, 900))
    again = decide(standing, ev.AskedAgain(later, 31, 41, NOW), POLICY)
    assert isinstance(again, Step) and again.effects == (do.AskConsent(None),), "in another channel"
    assert isinstance(again.after, ProfileSnapshot)
    assert (again.after.consent_message_id, again.after.channel_id) == (None, 41)
    assert again.after.due == {"consent": later + timedelta(hours=2)}
    here = decide(standing, ev.AskedAgain(later, 31, standing.channel_id, NOW), POLICY)
    assert isinstance(here, Step) and here.effects == (do.AskConsent(900),)
    wider = decide(standing, ev.AskedAgain(later, 31, 41, NOW + timedelta(days=1)), POLICY)
    assert isinstance(wider, Refusal) and wider.why is Refused.OTHER_DATE


def test_only_the_subjects_own_press_counts() -> None:
    for event in (ev.ConsentGiven(NOW, 30, 1, "hash"), ev.ConsentDeclined(NOW, 30)):
        refusal = decide(asked(), event, POLICY)
        assert isinstance(refusal, Refusal) and refusal.why is Refused.NOT_THE_SUBJECT


def test_agreeing_is_recorded_with_the_text_and_starts_the_reading() -> None:
    step = decide(asked(), AGREED, POLICY)
    assert isinstance(step, Step) and step.after.state is ProfileState.COLLECTING
    assert do.RecordConsent(20, NOW, 1, "hash", DEFAULT_TERMS, NOW) in step.effects and do.Collect() in step.effects
    assert due_soon(after(asked(), AGREED)) == {}


def test_declining_and_ignoring_both_end_the_matter() -> None:
    expiry = asked().due["consent"]
    for event in (ev.ConsentDeclined(NOW, 20), ev.TimerFired(expiry, "consent", expiry)):
        step = decide(asked(), event, POLICY)
        assert isinstance(step, Step) and step.after.state is ProfileState.FORGETTING
        assert [type(effect) for effect in step.effects] == [do.RecordErasure, do.Forget]


def test_too_few_messages_say_how_many_more_are_needed() -> None:
    stuck = after(asked(), AGREED, ev.CollectionFinished(NOW, 12, 50))
    assert stuck.state is ProfileState.COLLECTING and due_soon(stuck) == {}
    assert stuck.reason is not None and "38 more" in stuck.reason
    again = decide(stuck, ev.RetryAsked(NOW, 0), POLICY)
    assert isinstance(again, Step) and do.Collect() in again.effects and again.after.reason is None


def test_too_few_messages_are_told_with_a_remedy_that_fits() -> None:
    few = ev.CollectionFinished(NOW, 12, 50)
    dated = str(after(asked(), AGREED, few).reason)
    assert "before the cut-off" in dated and "a later date" in dated and "/echo import" in dated
    step = begin_profile(ev.EchoAsked(NOW, 10, 20, 30, 40, OPEN_END, approves=True), POLICY)
    assert isinstance(step.after, ProfileSnapshot)
    open_ended = str(after(step.after, AGREED, few).reason)
    assert "Only 12 messages could be read" in open_ended and "date" not in open_ended


def test_a_passing_failure_is_tried_again_later_and_later_and_then_needs_a_person() -> None:
    profile, waits = after(asked(), AGREED), []
    while True:
        profile = after(profile, ev.CollectionFailed(NOW, "Discord is away.", transient=True))
        if not due_soon(profile):
            break
        waits.append((profile.due["retry"] - NOW).total_seconds())
        profile = after(profile, ev.TimerFired(profile.due["retry"], "retry", profile.due["retry"]))
    assert waits[:4] == sorted(waits[:4]) and waits[0] < 7 and 60 <= waits[-1] <= 75
    assert len(waits) == HOPELESS_AFTER
    assert profile.state is ProfileState.COLLECTING and profile.reason == "Discord is away."


def test_a_retry_is_refused_while_the_work_is_under_way() -> None:
    refusal = decide(after(asked(), AGREED), ev.RetryAsked(NOW, 0), POLICY)
    assert isinstance(refusal, Refusal)


def test_only_the_next_version_of_the_model_makes_it_ready() -> None:
    training = after(asked(), AGREED, ev.CollectionFinished(NOW, 80, 50))
    assert training.state is ProfileState.TRAINING
    assert isinstance(decide(training, ev.TrainingFinished(NOW, "m", 5, 80, 1.0), POLICY), Refusal)
    ready = after(training, ev.TrainingFinished(NOW, "m", 1, 80, 1.0))
    assert (ready.state, ready.model_path, ready.model_version) == (ProfileState.READY, "m", 1)


def test_what_was_forgotten_stays_forgotten() -> None:
    gone = after(asked(), ev.ForgetAsked(NOW, 20, "wish"), ev.EverythingForgotten(NOW, 5))
    assert gone.state is ProfileState.FORGOTTEN and gone.model_path is None
    refusal = decide(gone, AGREED, POLICY)
    assert isinstance(refusal, Refusal) and refusal.why is Refused.FORGOTTEN


def test_forgetting_that_failed_is_tried_again_without_end() -> None:
    going = after(asked(), ev.ForgetAsked(NOW, 20, "wish"))
    for _ in range(20):
        going = after(going, ev.ForgettingFailed(NOW, "The disk is full."))
        assert "retry" in going.due


def test_a_queued_effect_is_wanted_only_while_its_machine_asks_for_it() -> None:
    training = after(asked(), AGREED, ev.CollectionFinished(NOW, 80, 50))
    assert do.still_wanted(do.Train(1), training)
    assert not do.still_wanted(do.Train(2), training)
    assert not do.still_wanted(do.Collect(), training)
    assert not do.still_wanted(do.Train(1), after(training, ev.ForgetAsked(NOW, 20, "wish")))


@given(st.integers(0, 60), st.integers(1, 10**6))
def test_waits_between_tries_stay_within_their_bounds(tries: int, machine: int) -> None:
    wait = POLICY.backoff(MachineKey(MachineKind.PROFILE, machine), tries).total_seconds()
    assert 5 <= wait <= 60 * 1.25


def test_a_paused_collecting_rests_until_it_is_resumed_or_tried_again() -> None:
    collecting = after(asked(), AGREED)
    waiting = after(collecting, ev.CollectionFailed(NOW, "Discord is away.", transient=True))
    for profile in (collecting, waiting):
        paused = after(profile, ev.PauseAsked(NOW, 0))
        assert paused.paused and due_soon(paused) == {} and not do.still_wanted(do.Collect(), paused)
        assert isinstance(decide(paused, ev.PauseAsked(NOW, 0), POLICY), Refusal)
        assert due_soon(after(paused, ev.CollectionFailed(NOW, "Cut short.", transient=True))) == {}, (
            "what came too late"
        )
        for event in (ev.ResumeAsked(NOW, 0), ev.RetryAsked(NOW, 0)):
            resumed = decide(paused, event, POLICY)
            assert isinstance(resumed, Step) and do.Collect() in resumed.effects
            assert isinstance(resumed.after, ProfileSnapshot) and not resumed.after.paused
    assert isinstance(decide(collecting, ev.ResumeAsked(NOW, 0), POLICY), Refusal)


def test_a_collecting_that_ends_just_when_it_is_paused_has_ended() -> None:
    done = after(asked(), AGREED, ev.PauseAsked(NOW, 0), ev.CollectionFinished(NOW, 80, 50))
    assert done.state is ProfileState.TRAINING and not done.paused and done.reason is None


def test_a_cancelled_collecting_leaves_the_echo_as_it_was() -> None:
    first = after(asked(), AGREED, ev.CancelAsked(NOW, 0))
    assert first.state is ProfileState.COLLECTING and first.paused and "cancelled" in str(first.reason)
    assert isinstance(decide(first, ev.CancelAsked(NOW, 0), POLICY), Refusal)
    again = after(made(), ev.RefreshAsked(NOW, 0), ev.CancelAsked(NOW, 0))
    assert again.state is ProfileState.READY and again.can_speak and not again.paused


def test_a_cancelled_learning_waits_to_be_retried_or_leaves_the_echo_as_it_was() -> None:
    learning = after(asked(), AGREED, ev.CollectionFinished(NOW, 80, 50))
    cancelled = decide(learning, ev.CancelAsked(NOW, 0), POLICY)
    assert isinstance(cancelled, Step) and do.DropVersions() in cancelled.effects, "what was made for the test goes"
    first = after(learning, ev.CancelAsked(NOW, 0))
    assert first.state is ProfileState.TRAINING and first.paused and "Learning was cancelled" in str(first.reason)
    assert not do.still_wanted(do.Train(1), first)
    assert after(first, ev.TrainingFailed(NOW, "too late", transient=True)) == replace(first, version=first.version + 1)
    retried = decide(first, ev.RetryAsked(NOW, 0), POLICY)
    assert isinstance(retried, Step) and retried.effects == (do.Train(1),)
    renewing = after(made(), ev.CorpusChanged(NOW, 79, 0, 0, 1), ev.RefreshAsked(NOW, 0))
    learning = after(renewing, ev.CollectionFinished(NOW, 79, 50))
    cancelled = decide(learning, ev.CancelAsked(NOW, 0), POLICY)
    assert isinstance(cancelled, Step) and do.DropVersions() in cancelled.effects
    kept = after(learning, ev.CancelAsked(NOW, 0))
    assert kept.state is ProfileState.READY and kept.can_speak and kept.stale == 1
    assert kept.due["refresh"] == NOW + POLICY.refresh_soon, "what it must not know is still to be unlearnt"


def tuned(messages: int = 1000) -> ProfileSnapshot:
    found = ev.CollectionFinished(NOW, messages, 50)
    return after(asked(), AGREED, found, ev.TrainingFinished(NOW, "m", 1, messages, 1.0, tuned=True))


def test_weights_are_renewed_on_their_day_or_when_enough_is_new() -> None:
    weeks = POLICY.refresh_weights
    assert weeks is not None and tuned().due["refresh"] == NOW + weeks
    few = after(tuned(), ev.CorpusChanged(NOW, 1001, POLICY.refresh_messages - 1, 0, 0))
    assert few.due["refresh"] == NOW + weeks
    many = after(few, ev.CorpusChanged(NOW, 1002, 1, 0, 0))
    assert many.due["refresh"] == NOW + POLICY.refresh_later
    assert "refresh" not in made().due, "what has no weights is amended"


def test_weights_that_learnt_much_of_what_was_withdrawn_are_retired_until_they_are_made_anew() -> None:
    little = after(tuned(), ev.CorpusChanged(NOW, 950, 0, 0, 50))
    assert little.tuned and little.due["refresh"] == NOW + POLICY.refresh_soon
    step = decide(little, ev.CorpusChanged(NOW, 949, 0, 0, 1), POLICY)
    assert isinstance(step, Step) and isinstance(step.after, ProfileSnapshot)
    assert not step.after.tuned and step.after.can_speak and "withdrawn" in str(step.after.reason)
    assert do.Publish(1, "", tuned=False) in step.effects
    assert do.still_wanted(do.Publish(1, "", tuned=False), step.after)


def test_weights_do_not_begin_to_speak_when_much_of_what_they_learnt_was_withdrawn_meanwhile() -> None:
    found = ev.CollectionFinished(NOW, 1000, 50)
    for withdrawn, speaks_by_them in ((50, True), (51, False)):
        gone = ev.CorpusChanged(NOW, 1000 - withdrawn, 0, 0, withdrawn)
        finished = ev.TrainingFinished(NOW, "m", 1, 1000, 1.0, tuned=True)
        step = decide(after(asked(), AGREED, found, gone), finished, POLICY)
        assert isinstance(step, Step) and isinstance(step.after, ProfileSnapshot)
        assert step.after.tuned is speaks_by_them and step.after.can_speak
        assert do.Publish(1, "", tuned=speaks_by_them) in step.effects
        assert ("withdrawn" in str(step.after.reason)) is not speaks_by_them


def made() -> ProfileSnapshot:
    return after(asked(), AGREED, ev.CollectionFinished(NOW, 80, 50), ev.TrainingFinished(NOW, "m", 1, 80, 1.0))


def test_an_echo_that_is_renewed_goes_on_speaking_and_tells_nobody() -> None:
    renewing = after(made(), ev.RefreshAsked(NOW, 0))
    assert renewing.state is ProfileState.COLLECTING and renewing.can_speak
    training = after(renewing, ev.CollectionFinished(NOW, 90, 50))
    renewed = decide(training, ev.TrainingFinished(NOW, "m2", 2, 90, 1.0), POLICY)
    assert isinstance(renewed, Step) and do.Announce(do.Notice.RENEWED) in renewed.effects
    assert do.Announce(do.Notice.READY) not in renewed.effects


def test_what_was_deleted_or_edited_makes_the_echo_stale_and_renews_it_soon() -> None:
    changed = after(made(), ev.CorpusChanged(NOW, 79, 0, 1, 2))
    assert (changed.messages, changed.stale, changed.due["refresh"]) == (79, 3, NOW + POLICY.refresh_soon)
    later = NOW + timedelta(minutes=5)
    again = after(changed, ev.CorpusChanged(later, 78, 0, 0, 1))
    assert again.due == changed.due, "never put off"
    due = again.due["refresh"]
    renewing = after(again, ev.TimerFired(due, "refresh", due))
    assert renewing.state is ProfileState.COLLECTING and due_soon(renewing).keys() == {"amend"}
    learning = after(renewing, ev.CollectionFinished(due, 78, 50))
    assert (learning.stale, learning.unlearned) == (0, 0), "what is learned from now on is known"
    during = after(learning, ev.CorpusChanged(due, 77, 0, 0, 1), ev.TrainingFinished(due, "m2", 2, 78, 1.0))
    assert during.stale == 1 and during.due["refresh"] == due + POLICY.refresh_soon


@pytest.mark.parametrize(
    "end", [ev.CollectionFinished(NOW, 3, 50), ev.CollectionFailed(NOW, "There is nothing to read.", transient=False)]
)
def test_an_echo_whose_person_deleted_nearly_everything_is_silent(end: ev.Event) -> None:
    renewing = after(made(), ev.CorpusChanged(NOW, 3, 0, 0, 77), ev.RefreshAsked(NOW, 0))
    left = after(renewing, end)
    assert renewing.can_speak and not left.can_speak and left.model_path is None and left.reason
    again = after(
        left, ev.RetryAsked(NOW, 0), ev.CollectionFinished(NOW, 60, 50), ev.TrainingFinished(NOW, "m2", 2, 60, 1)
    )
    assert again.can_speak and again.model_version == 2


def test_an_echo_that_finds_too_little_anew_but_lost_nothing_speaks_on() -> None:
    left = after(made(), ev.RefreshAsked(NOW, 0), ev.CollectionFinished(NOW, 3, 50))
    assert left.can_speak and left.reason


def test_a_renewal_that_is_cancelled_comes_again_while_the_echo_knows_what_is_gone() -> None:
    stale = after(made(), ev.CorpusChanged(NOW, 79, 0, 0, 1), ev.RefreshAsked(NOW, 0), ev.CancelAsked(NOW, 0))
    assert stale.state is ProfileState.READY and stale.due["refresh"] == NOW + POLICY.refresh_soon


def test_what_was_written_since_renews_the_echo_later() -> None:
    grown = after(made(), ev.CorpusChanged(NOW, 81, 4, 0, 0))
    assert grown.unlearned == 4 and grown.due["refresh"] == NOW + POLICY.refresh_later
    sooner = after(grown, ev.CorpusChanged(NOW, 80, 0, 0, 1))
    assert sooner.due["refresh"] == NOW + POLICY.refresh_soon


ALLOWED = ev.AllowanceGiven(NOW, 20, Allowance.QUIZ, 1, "hash")


def test_nothing_is_allowed_before_the_subject_says_so_themselves() -> None:
    assert made().allows == frozenset()
    refusal = decide(made(), ev.AllowanceGiven(NOW, 30, Allowance.QUIZ, 1, "hash"), POLICY)
    assert isinstance(refusal, Refusal) and refusal.why is Refused.NOT_THE_SUBJECT
    step = decide(made(), ALLOWED, POLICY)
    assert isinstance(step, Step) and step.effects == (do.RecordAllowance(20, Allowance.QUIZ, NOW, 1, "hash"),)
    assert isinstance(step.after, ProfileSnapshot) and step.after.allows == {Allowance.QUIZ}


def test_before_the_consent_nothing_more_can_be_allowed() -> None:
    refusal = decide(asked(), ALLOWED, POLICY)
    assert isinstance(refusal, Refusal) and refusal.why is Refused.NOT_NOW


def test_an_allowance_is_given_once_and_taken_back_at_once_by_the_subject_alone() -> None:
    allowed = after(made(), ALLOWED, ev.AllowanceGiven(NOW, 20, Allowance.OPENERS, 1, "hash"))
    again = decide(allowed, ALLOWED, POLICY)
    assert isinstance(again, Refusal) and again.why is Refused.ALREADY_ALLOWED
    other = decide(allowed, ev.AllowanceWithdrawn(NOW, 30, Allowance.QUIZ), POLICY)
    assert isinstance(other, Refusal) and other.why is Refused.NOT_THE_SUBJECT
    step = decide(allowed, ev.AllowanceWithdrawn(NOW, 20, Allowance.QUIZ), POLICY)
    assert isinstance(step, Step) and step.effects == (do.WithdrawAllowance(Allowance.QUIZ, NOW),)
    assert isinstance(step.after, ProfileSnapshot) and step.after.allows == {Allowance.OPENERS}
    twice = decide(step.after, ev.AllowanceWithdrawn(NOW, 20, Allowance.QUIZ), POLICY)
    assert isinstance(twice, Refusal) and twice.why is Refused.NOT_ALLOWED


def test_what_is_allowed_outlives_a_renewal_and_ends_with_forgetting() -> None:
    renewed = after(after(made(), ALLOWED), ev.RefreshAsked(NOW, 0))
    assert renewed.allows == {Allowance.QUIZ}
    assert after(renewed, ev.ForgetAsked(NOW, 20, "wish")).allows == frozenset()
