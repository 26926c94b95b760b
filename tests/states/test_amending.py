"""Amending: a model follows what its subject writes, edits and deletes, long before it is learnt anew."""

from __future__ import annotations

from states import effects as do
from states import events as ev
from states.decide import Refusal, Step, decide
from states.model import ProfileSnapshot, ProfileState
from states.versions import HOPELESS_AFTER
from tests.states.test_profile import AGREED, NOW, POLICY, after, asked, made
from tests.support.snapshots import due_soon


def fired(snapshot: ProfileSnapshot) -> Step:
    """The step of the alarm for an amendment."""
    due = snapshot.due["amend"]
    step = decide(snapshot, ev.TimerFired(due, "amend", due), POLICY)
    assert isinstance(step, Step)
    return step


def amending(snapshot: ProfileSnapshot) -> ProfileSnapshot:
    now = fired(snapshot).after
    assert isinstance(now, ProfileSnapshot)
    return now


def test_what_was_deleted_is_taken_out_of_the_model_within_seconds_and_what_is_new_joins_in_minutes() -> None:
    grown = after(made(), ev.CorpusChanged(NOW, 81, 1, 0, 0))
    assert grown.due["amend"] == NOW + POLICY.amend_later
    changed = after(grown, ev.CorpusChanged(NOW, 80, 0, 0, 1))
    assert changed.due["amend"] == NOW + POLICY.amend_soon
    step = fired(changed)
    assert step.effects == (do.Amend(1),)
    assert isinstance(step.after, ProfileSnapshot) and step.after.amending and "amend" not in step.after.due
    assert do.still_wanted(do.Amend(1), step.after)
    done = after(step.after, ev.ModelAmended(NOW, 1, 2))
    assert not done.amending and due_soon(done) == {"refresh": NOW + POLICY.refresh_soon}
    assert not do.still_wanted(do.Amend(1), done)


def test_one_amendment_waits_at_a_time() -> None:
    busy = amending(after(made(), ev.CorpusChanged(NOW, 79, 0, 0, 1)))
    more = after(busy, ev.CorpusChanged(NOW, 78, 0, 0, 1))
    again = fired(more)
    assert again.effects == () and isinstance(again.after, ProfileSnapshot) and again.after.due["amend"] > NOW
    assert fired(after(again.after, ev.ModelAmended(NOW, 1, 1))).effects == (do.Amend(1),)


def test_an_amendment_that_fails_is_tried_again_ever_later_and_then_left_to_the_renewal() -> None:
    snapshot, waits = after(made(), ev.CorpusChanged(NOW, 79, 0, 0, 1)), []
    refresh = snapshot.due["refresh"]
    while "amend" in snapshot.due:
        snapshot = after(amending(snapshot), ev.AmendingFailed(NOW, 1, "The disk is full."))
        assert snapshot.state is ProfileState.READY and snapshot.can_speak and snapshot.reason is None
        assert snapshot.due["refresh"] == refresh, "it never holds up the renewal"
        waits.append(snapshot.due.get("amend", NOW) - NOW)
    assert len(waits) == HOPELESS_AFTER + 1 and waits[0] < waits[1] < waits[2]
    assert after(snapshot, ev.CorpusChanged(NOW, 78, 0, 0, 1)).due["amend"] == NOW + POLICY.amend_soon


def test_the_model_that_speaks_is_amended_while_the_next_is_learnt_and_then_that_one() -> None:
    renewing = after(made(), ev.RefreshAsked(NOW, 0), ev.CollectionFinished(NOW, 80, 50))
    changed = after(renewing, ev.CorpusChanged(NOW, 79, 0, 0, 1))
    busy = amending(changed)
    assert busy.state is ProfileState.TRAINING and do.still_wanted(do.Amend(1), busy)
    renewed = after(busy, ev.TrainingFinished(NOW, "m2", 2, 80, 1.0))
    assert not renewed.amending and not do.still_wanted(do.Amend(1), renewed)
    assert isinstance(decide(renewed, ev.ModelAmended(NOW, 1, 1), POLICY), Refusal)
    assert fired(renewed).effects == (do.Amend(2),)
    assert "amend" not in after(renewing, ev.TrainingFinished(NOW, "m2", 2, 80, 1.0)).due


def test_without_a_model_nothing_is_amended() -> None:
    first = after(asked(), AGREED, ev.CorpusChanged(NOW, 79, 0, 0, 1))
    assert due_soon(first) == {}
    silent = after(
        made(), ev.CorpusChanged(NOW, 3, 0, 0, 77), ev.RefreshAsked(NOW, 0), ev.CollectionFinished(NOW, 3, 50)
    )
    assert due_soon(silent) == {} and not silent.amending
    forgotten = after(amending(after(made(), ev.CorpusChanged(NOW, 79, 0, 0, 1))), ev.ForgetAsked(NOW, 20, "wish"))
    assert forgotten.due == {} and not do.still_wanted(do.Amend(1), forgotten)
