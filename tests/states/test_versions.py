"""Versions of a model: which one speaks, which one is kept to go back to, and by which base model."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from states import effects as do
from states import events as ev
from states.decide import Refusal, Step, begin_profile, decide
from states.effects import QUEUED
from states.model import ProfileSnapshot, ProfileState
from states.policy import Refused
from tests.states.test_profile import AGREED, NOW, POLICY, after, asked, made

RENEWED = (ev.RefreshAsked(NOW, 0), ev.CollectionFinished(NOW, 90, 50))


def trained(version: int, tuned: bool = False, note: str = "") -> ev.TrainingFinished:
    return ev.TrainingFinished(NOW, f"models/1-{version}.model", version, 90, 1.0, tuned, note)


def step(snapshot: ProfileSnapshot, event: ev.Event) -> Step:
    taken = decide(snapshot, event, POLICY)
    assert isinstance(taken, Step), taken
    return taken


def refused(snapshot: ProfileSnapshot, event: ev.Event) -> Refused:
    refusal = decide(snapshot, event, POLICY)
    assert isinstance(refusal, Refusal), refusal
    return refusal.why


def second() -> ProfileSnapshot:
    """Version 2 speaks and version 1 is kept."""
    return after(made(), *RENEWED, trained(2))


def test_the_version_before_is_kept_and_those_before_that_are_dropped() -> None:
    two = second()
    assert (two.model_version, two.previous, two.previous_path, two.made) == (2, 1, "m", 2)
    taken = step(after(two, *RENEWED), trained(3, tuned=True))
    three = taken.after
    assert isinstance(three, ProfileSnapshot) and three.kept_versions == {2, 3} and three.tuned
    assert {do.DropVersions(), do.Publish(3, "", tuned=True)} < set(taken.effects)


def test_a_rollback_swaps_the_two_and_is_taken_back_the_same_way() -> None:
    two = replace(second(), tuned=True)
    taken = step(two, ev.RollbackAsked(NOW, 0))
    back = taken.after
    assert isinstance(back, ProfileSnapshot) and taken.effects == (do.Publish(1, "", tuned=False),)
    assert (back.model_version, back.model_path, back.tuned) == (1, "m", False)
    assert (back.previous, back.previous_path, back.previous_tuned) == (2, "models/1-2.model", True)
    again = after(back, ev.RollbackAsked(NOW, 0))
    assert replace(again, version=two.version) == two
    assert not do.still_wanted(do.Publish(2, "", tuned=True), back) and do.still_wanted(taken.effects[0], back)


def test_a_number_that_was_rolled_back_or_rejected_is_never_used_again() -> None:
    back = after(second(), ev.RollbackAsked(NOW, 0))
    learning = step(after(back, RENEWED[0]), RENEWED[1])
    assert do.Train(3) in learning.effects
    renewing = after(back, *RENEWED)
    assert refused(renewing, trained(2)) is Refused.STALE
    rejected = after(renewing, ev.VersionRejected(NOW, 3, "It copied."))
    assert (rejected.made, rejected.model_version, rejected.previous) == (3, 1, 2)
    assert do.still_wanted(do.Train(4), after(rejected, *RENEWED))


def test_without_a_version_before_there_is_nothing_to_go_back_to() -> None:
    assert refused(made(), ev.RollbackAsked(NOW, 0)) is Refused.NO_PREVIOUS
    assert refused(after(second(), RENEWED[0]), ev.RollbackAsked(NOW, 0)) is Refused.NOT_NOW


@pytest.mark.parametrize("change", [ev.CorpusChanged(NOW, 79, 0, 0, 1), ev.CorpusChanged(NOW, 80, 0, 1, 0)])
@pytest.mark.parametrize("first", [(), RENEWED[:1], RENEWED], ids=["ready", "collecting", "training"])
def test_what_is_withdrawn_drops_the_version_before_at_once(change: ev.CorpusChanged, first: tuple[ev.Event]) -> None:
    taken = step(after(second(), *first), change)
    left = taken.after
    assert isinstance(left, ProfileSnapshot) and left.previous is None and left.previous_path is None
    assert taken.effects == (do.DropVersions(),) and left.kept_versions == {2}


def test_what_was_withdrawn_while_a_version_spoke_keeps_it_from_being_kept() -> None:
    during = after(made(), *RENEWED, ev.CorpusChanged(NOW, 79, 0, 0, 1), trained(2))
    assert during.previous is None and during.withdrawn == 1, "the new one may have read it as well"
    later = after(during, *RENEWED, trained(3))
    assert later.previous is None and later.withdrawn == 0
    assert after(later, *RENEWED, trained(4)).previous == 3


def test_what_joins_drops_nothing() -> None:
    grown = after(second(), ev.CorpusChanged(NOW, 91, 1, 0, 0))
    assert grown.previous == 1 and grown.withdrawn == 0
    back = after(grown, ev.RollbackAsked(NOW, 0))
    assert back.due["amend"] == NOW + POLICY.amend_soon, "the version that speaks again does not know it"


def test_a_renewal_that_does_not_pass_leaves_the_older_version_speaking_and_says_why() -> None:
    renewing = after(made(), ev.CorpusChanged(NOW, 79, 0, 0, 1), *RENEWED)
    taken = step(renewing, ev.VersionRejected(NOW, 2, "It copied."))
    kept = taken.after
    assert isinstance(kept, ProfileSnapshot) and kept.can_speak and kept.state is ProfileState.READY
    assert (kept.model_version, kept.made, kept.reason, kept.stale) == (1, 2, "It copied.", 1)
    assert taken.effects == (do.DropVersions(),) and "refresh" not in kept.due, "not again before anything is new"
    assert after(kept, *RENEWED, trained(3)).reason is None


def test_a_first_version_that_does_not_pass_stands_still() -> None:
    learning = after(asked(), AGREED, ev.CollectionFinished(NOW, 80, 50))
    taken = step(learning, ev.VersionRejected(NOW, 1, "It copied."))
    left = taken.after
    assert isinstance(left, ProfileSnapshot) and left.state is ProfileState.TRAINING and not left.can_speak
    assert left.reason == "It copied." and taken.effects == (do.DropVersions(), do.Announce(do.Notice.STUCK))
    assert do.Train(2) in step(left, ev.RetryAsked(NOW, 0)).effects


def test_a_note_is_shown_though_nothing_is_wrong() -> None:
    noted = after(made(), *RENEWED, trained(2, note="The fine-tuned model was no better."))
    assert noted.state is ProfileState.READY and noted.reason == "The fine-tuned model was no better."
    assert after(noted, ev.RollbackAsked(NOW, 0)).reason is None


def test_a_chosen_base_is_what_the_echo_speaks_by_without_its_own_model() -> None:
    tuned = replace(second(), tuned=True, previous_tuned=True)
    taken = step(tuned, ev.BaseChosen(NOW, 0, "gemma3:1b"))
    chosen = taken.after
    assert isinstance(chosen, ProfileSnapshot) and (chosen.base, chosen.tuned) == ("gemma3:1b", False)
    assert not chosen.previous_tuned and taken.effects == (do.Publish(2, "gemma3:1b", tuned=False),)
    assert refused(chosen, ev.BaseChosen(NOW, 0, "gemma3:1b")) is Refused.SAME_BASE
    assert after(chosen, ev.BaseChosen(NOW, 0, "")).base == ""
    assert isinstance(decide(tuned, ev.BaseChosen(NOW, 0, ""), POLICY), Step), "its own model is another one"


def test_a_base_can_be_chosen_before_there_is_a_model_and_none_after_forgetting() -> None:
    assert step(asked(), ev.BaseChosen(NOW, 0, "gemma3:1b")).effects == ()
    born = begin_profile(ev.EchoAsked(NOW, 10, 20, 30, 40, NOW, "gemma3:1b", approves=True), POLICY).after
    assert isinstance(born, ProfileSnapshot) and born.base == "gemma3:1b"
    forgetting = after(made(), ev.ForgetAsked(NOW, 20, "wish"))
    assert refused(forgetting, ev.BaseChosen(NOW, 0, "gemma3:1b")) is Refused.FORGOTTEN
    assert not do.still_wanted(do.DropVersions(), forgetting)


def test_what_an_amendment_took_out_is_taken_out_of_the_persona_too() -> None:
    amending = replace(made(), amending=True)
    assert step(amending, ev.ModelAmended(NOW, 1, 2)).effects == (do.Publish(1, "", tuned=False),)


def test_forgetting_leaves_no_version_to_go_back_to() -> None:
    gone = after(second(), ev.ForgetAsked(NOW, 20, "wish"), ev.EverythingForgotten(NOW, 5))
    assert gone.kept_versions == frozenset() and gone.previous_path is None


def test_every_effect_says_whether_it_is_still_wanted_of_a_profile() -> None:
    for kind in QUEUED:
        filled = {f.name: {"int": 2, "str": "", "bool": False}.get(str(f.type)) for f in dataclasses.fields(kind)}
        assert do.still_wanted(kind(**filled), second()) in (True, False)


EVENTS = st.sampled_from(
    [
        *(ev.RollbackAsked(NOW, 0), ev.BaseChosen(NOW, 0, "other"), *RENEWED, ev.CancelAsked(NOW, 0)),
        *(ev.CorpusChanged(NOW, 79, 0, 0, 1), ev.CorpusChanged(NOW, 91, 1, 0, 0)),
        *(ev.TrainingFailed(NOW, "It broke.", transient=True), "trained", "tuned", "rejected"),
    ]
)


@given(st.lists(EVENTS, max_size=30))
def test_whatever_happens_what_is_kept_knows_nothing_that_was_withdrawn(happened: list[ev.Event | str]) -> None:
    profile, used = made(), {1}
    for one in happened:
        event = (
            {
                "trained": trained(profile.made + 1),
                "tuned": trained(profile.made + 1, tuned=True),
                "rejected": ev.VersionRejected(NOW, profile.made + 1, "It copied."),
            }.get(one, one)
            if isinstance(one, str)
            else one
        )
        assert isinstance(event, ev.Event)
        taken = decide(profile, event, POLICY)
        if isinstance(taken, Step):
            assert isinstance(taken.after, ProfileSnapshot)
            profile = taken.after
        used |= {profile.model_version}
        assert profile.previous is None or not profile.withdrawn
        assert profile.previous != profile.model_version and (profile.previous is None) == (
            profile.previous_path is None
        )
        assert max(used) <= profile.made and profile.can_speak
