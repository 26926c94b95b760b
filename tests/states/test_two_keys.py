"""The two keys of a profile: with either out nothing is read, learnt or said, and what there is waits for both."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from states import effects as do
from states import events as ev
from states.decide import Refusal, Step, begin_profile, decide
from states.model import OPEN_END, Allowance, ProfileSnapshot, ProfileState
from states.policy import Refused
from states.terms import DEFAULT_TERMS, Purpose, Summoner, Terms
from tests.states.test_profile import NOW, POLICY, after, asked, made

SUBJECT, MANAGER, HASH = 20, 31, "0f" * 32
LATER = NOW + timedelta(days=1)


def question(*, approves: bool) -> ProfileSnapshot:
    """A question that stands, put by the subject or by somebody who manages the server."""
    step = begin_profile(ev.EchoAsked(NOW, 10, SUBJECT, MANAGER, 40, OPEN_END, approves=approves), POLICY)
    assert isinstance(step.after, ProfileSnapshot)
    return after(step.after, ev.ConsentPosted(NOW, 900))


def yes(
    terms: Terms = DEFAULT_TERMS, at: datetime = NOW, cutoff: datetime | None = None, **more: bool
) -> ev.ConsentGiven:
    return ev.ConsentGiven(at, SUBJECT, 7, HASH, terms=terms, cutoff=cutoff, **more)


def stepped(snapshot: ProfileSnapshot, event: ev.Event) -> Step:
    step = decide(snapshot, event, POLICY)
    assert isinstance(step, Step), step
    return step


def refused(snapshot: ProfileSnapshot, event: ev.Event) -> Refused:
    outcome = decide(snapshot, event, POLICY)
    assert isinstance(outcome, Refusal), outcome
    return outcome.why


def test_a_managers_asking_is_their_key_and_a_subjects_own_is_not() -> None:
    assert after(question(approves=True), yes()).state is ProfileState.COLLECTING
    waiting = stepped(question(approves=False), yes())
    assert isinstance(waiting.after, ProfileSnapshot) and waiting.after.state is ProfileState.AWAITING_CONSENT
    assert waiting.after.agreed and not waiting.after.approved and do.Collect() not in waiting.effects
    assert do.Announce(do.Notice.WAITING) in waiting.effects
    for key in (ev.ApprovalGiven(NOW, MANAGER), ev.AskedAgain(NOW, MANAGER, 40, OPEN_END, approves=True)):
        both = stepped(waiting.after, key)
        assert both.after.state is ProfileState.COLLECTING and do.Collect() in both.effects
    assert after(question(approves=False), yes(approves=True)).state is ProfileState.COLLECTING, (
        "who is both holds both"
    )


def test_a_managers_key_alone_reads_nothing() -> None:
    allowed = stepped(question(approves=False), ev.ApprovalGiven(NOW, MANAGER))
    assert allowed.after.state is ProfileState.AWAITING_CONSENT and allowed.effects == ()
    assert isinstance(allowed.after, ProfileSnapshot)
    assert refused(allowed.after, ev.ApprovalGiven(NOW, MANAGER)) is Refused.ALREADY_APPROVED
    assert after(allowed.after, yes()).state is ProfileState.COLLECTING


def test_what_is_agreed_to_is_recorded_whole_and_may_only_be_narrower_than_what_was_asked_for() -> None:
    terms = Terms(frozenset({1}), frozenset({2}), frozenset({Purpose.STATISTICS}), Summoner.SUBJECT, (8, 22), 30)
    step = stepped(question(approves=True), yes(terms, cutoff=NOW))
    assert do.RecordConsent(SUBJECT, NOW, 7, HASH, terms, NOW) in step.effects
    assert isinstance(step.after, ProfileSnapshot)
    assert (step.after.terms, step.after.cutoff) == (terms, NOW)
    assert step.after.expires == step.after.due["expiry"] == NOW + timedelta(days=30)
    assert step.after.due["reminder"] == NOW + timedelta(days=16)
    assert refused(asked(), yes(cutoff=LATER)) is Refused.WIDER_DATE


@pytest.mark.parametrize("state", [ProfileState.COLLECTING, ProfileState.TRAINING, ProfileState.READY])
@pytest.mark.parametrize("out", ["revoked", "withdrawn", "chosen", "outdated", "expired"])
def test_with_a_key_out_everything_rests_until_both_are_in_again(state: ProfileState, out: str) -> None:
    busy = replace(
        made(),
        state=state,
        allows=frozenset({Allowance.QUIZ}),
        amending=True,
        due={**made().due, "refresh": LATER, "amend": LATER, "retry": LATER},
    )
    end = busy.due["expiry"]
    events = {
        "revoked": ev.ConsentRevoked(LATER, SUBJECT),
        "withdrawn": ev.ApprovalWithdrawn(LATER, MANAGER),
        "chosen": ev.TermsChosen(LATER, SUBJECT, replace(DEFAULT_TERMS, summoner=Summoner.EVERYONE)),
        "outdated": ev.ConsentOutdated(LATER, "It goes elsewhere now."),
        "expired": ev.TimerFired(end, "expiry", end),
    }
    step = stepped(busy, events[out])
    rests = step.after
    assert isinstance(rests, ProfileSnapshot) and rests.state is ProfileState.AWAITING_CONSENT
    assert not rests.has_consent and not rests.can_speak and rests.model_path == busy.model_path
    assert rests.due.keys() == {"consent"} and not rests.allows and not rests.amending and rests.reason
    assert (rests.agreed, rests.approved) == {"withdrawn": (True, False), "chosen": (False, False)}.get(
        out, (False, True)
    )
    assert do.WithdrawAllowance(Allowance.QUIZ, events[out].at) in step.effects and do.Rest() in step.effects
    assert (do.EndConsent(events[out].at) in step.effects) == (out != "withdrawn")
    for work in (do.Collect(), do.Train(busy.made + 1), do.Amend(busy.model_version)):
        assert not do.still_wanted(work, rests)
    again = after(rests, *([] if rests.agreed else [yes(at=LATER)]), *([] if rests.approved else [key()]))
    assert again.state is ProfileState.COLLECTING and again.can_speak and again.due.keys() >= {"expiry", "reminder"}
    over = stepped(rests, ev.TimerFired(rests.due["consent"], "consent", rests.due["consent"]))
    assert over.after.state is ProfileState.FORGETTING and do.Forget() in over.effects


def key() -> ev.ApprovalGiven:
    return ev.ApprovalGiven(LATER, MANAGER)


def test_nobody_takes_out_a_key_that_is_not_theirs_or_not_in() -> None:
    assert refused(made(), ev.ConsentRevoked(NOW, MANAGER)) is Refused.NOT_THE_SUBJECT
    assert refused(made(), ev.TermsChosen(NOW, MANAGER, DEFAULT_TERMS)) is Refused.NOT_THE_SUBJECT
    assert refused(asked(), ev.ConsentRevoked(NOW, SUBJECT)) is Refused.NOT_AGREED
    assert refused(question(approves=False), ev.ApprovalWithdrawn(NOW, MANAGER)) is Refused.NOT_APPROVED
    waiting = after(question(approves=False), yes())
    assert refused(waiting, yes()) is Refused.ALREADY_AGREED
    taken = after(waiting, ev.ConsentRevoked(NOW, SUBJECT))
    assert taken.due == waiting.due, "the time to answer does not begin anew"
    assert after(taken, yes(at=LATER)).agreed


def test_agreeing_again_to_no_more_renews_what_holds_and_ends_nothing() -> None:
    for terms in (DEFAULT_TERMS, replace(DEFAULT_TERMS, hours=(8, 22), days=365, summoner=Summoner.SUBJECT)):
        renewed = stepped(made(), yes(terms, at=LATER))
        assert isinstance(renewed.after, ProfileSnapshot) and renewed.after.state is ProfileState.READY
        assert renewed.after.due["expiry"] == LATER + timedelta(days=terms.days)
        assert [type(one) for one in renewed.effects] == [do.RecordConsent]
    for terms in (replace(DEFAULT_TERMS, reads=frozenset({40})), replace(DEFAULT_TERMS, speaks=frozenset({40}))):
        assert refused(made(), yes(terms)) is Refused.NOT_NOW, "it must end first"


def test_a_manager_is_asked_again_just_where_more_is_chosen() -> None:
    narrow = replace(DEFAULT_TERMS, speaks=frozenset({40}))
    assert after(made(), ev.TermsChosen(NOW, SUBJECT, narrow)).approved
    narrowed = after(made(), ev.TermsChosen(NOW, SUBJECT, narrow), yes(narrow))
    assert not after(narrowed, ev.TermsChosen(NOW, SUBJECT, DEFAULT_TERMS)).approved
    assert after(narrowed, ev.TermsChosen(NOW, SUBJECT, DEFAULT_TERMS, approves=True)).approved


def test_a_model_that_learnt_from_what_is_withheld_is_not_used_again() -> None:
    withheld = (
        replace(DEFAULT_TERMS, reads=frozenset({40})),
        replace(DEFAULT_TERMS, purposes=frozenset({Purpose.EXAMPLES})),
    )
    for terms in withheld:
        again = after(made(), ev.TermsChosen(NOW, SUBJECT, terms), yes(terms))
        assert again.state is ProfileState.COLLECTING and not again.can_speak
    earlier = NOW - timedelta(days=9)
    assert not after(made(), ev.TermsChosen(NOW, SUBJECT, DEFAULT_TERMS, earlier), yes(cutoff=earlier)).can_speak


def test_its_person_is_reminded_once_and_a_consent_without_an_end_gets_one() -> None:
    ready = made()
    due = ready.due["reminder"]
    step = stepped(ready, ev.TimerFired(due, "reminder", due))
    assert step.effects == (do.Remind(),) and isinstance(step.after, ProfileSnapshot)
    assert "reminder" not in step.after.due and step.after.due["expiry"] == ready.expires
    old = replace(ready, expires=None, due={})
    begun = after(old, ev.StartedAgain(LATER))
    assert begun.expires == begun.due["expiry"] == LATER + timedelta(days=180) and begun.state is ProfileState.READY
    assert refused(begun, ev.StartedAgain(LATER)) is Refused.NOT_NOW


def test_a_question_that_cannot_be_put_anew_keeps_what_there_is() -> None:
    end = made().due["expiry"]
    rests = after(made(), ev.TimerFired(end, "expiry", end))
    assert rests.consent_message_id is None
    lost = after(rests, ev.ConsentNotPosted(end, "The channel is gone.", transient=False))
    assert lost.state is ProfileState.AWAITING_CONSENT and lost.reason == "The channel is gone."


CHANNELS = st.none() | st.frozensets(st.integers(1, 4), min_size=1)
TERMS = st.builds(
    Terms,
    CHANNELS,
    CHANNELS,
    st.frozensets(st.sampled_from(Purpose)),
    st.sampled_from(Summoner),
    st.none() | st.tuples(st.integers(0, 23), st.integers(0, 23)),
)


@settings(max_examples=100, deadline=None)
@given(TERMS, TERMS)
def test_terms_exceed_others_just_where_they_allow_something_that_those_do_not(one: Terms, other: Terms) -> None:
    def allowed(terms: Terms) -> set[tuple[str, object]]:
        order = list(Summoner)
        found: set[tuple[str, object]] = {("purpose", each) for each in terms.purposes}
        found |= {("read", place) for place in range(6) if terms.may_read(place)}
        found |= {("speak", place) for place in range(6) if terms.may_speak_in(place)}
        found |= {("hour", hour) for hour in range(24) if terms.may_speak_at(hour)}
        return found | {("summon", each) for each in order[: order.index(terms.summoner) + 1]}

    assert one.exceeds(other) == (not allowed(one) <= allowed(other))
    learnt = {each for each in allowed(other) if each[0] in ("read", "purpose")}
    assert one.withholds(other) == (not learnt <= allowed(one))
