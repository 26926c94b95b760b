"""The real person comes first: what a session does when the person whose echo it is writes, or begins to."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from states import effects as do
from states import events as ev
from states.decide import Refusal, Step, decide
from states.model import Deadline, SessionSnapshot, SessionState
from states.policy import Policy
from tests.states.test_session import NOW, after, drafted, fired, heard, online, said

POLICY = Policy(cooldown=2.0, quiet=300.0)


def seen(at: float = 2) -> ev.SubjectSeen:
    return ev.SubjectSeen(NOW + timedelta(seconds=at))


def quiet_until(at: float) -> dict[str, datetime]:
    return {Deadline.QUIET.value: NOW + timedelta(seconds=at)}


THOUGHTS = {
    "listening": online(),
    "thinking": after(online(), heard(5, addressed=True)),
    "waiting": after(online(), heard(5), drafted(1, 2.5)),
    "typing": (lambda s: after(s, fired(s, "type")))(after(online(), heard(5), drafted(1))),
    "between parts": (lambda s: after(s, fired(s, "speak"), said(s)))(after(online(), heard(5), drafted(1, 2.5))),
    "speaking": (lambda s: after(s, fired(s, "speak")))(after(online(), heard(5), drafted(1, 2.5))),
}


@pytest.mark.parametrize("mind", THOUGHTS.values(), ids=THOUGHTS)
def test_whatever_an_echo_is_about_to_say_is_dropped_when_its_person_is_there(mind: SessionSnapshot) -> None:
    step = decide(mind, seen(), POLICY)
    assert isinstance(step, Step) and isinstance(step.after, SessionSnapshot)
    quiet = step.after
    assert (quiet.state, quiet.typing, quiet.generation_id, quiet.pending) == (SessionState.COOLING, False, None, False)
    assert quiet.due == quiet_until(302) and step.effects == ()
    wanted = [do.Compose(mind.turn, mind.heard_id), *(do.Say(101, part) for part in range(2))]
    assert not any(do.still_wanted(effect, quiet) for effect in wanted)
    late = (ev.DraftMade(NOW, mind.turn, 101, 1.0, 1.0, ()), ev.PartSaid(NOW, 101, mind.part, 900))
    assert all(isinstance(decide(quiet, event, POLICY), Refusal) for event in late)


def test_what_is_said_meanwhile_is_never_answered_and_what_is_said_after_it_is() -> None:
    quiet = after(online(), seen(), heard(6, at=3, addressed=True))
    assert not quiet.pending and quiet.heard_id == 6, "nor is it heard again after a restart"
    longer = after(quiet, seen(100))
    assert longer.due == quiet_until(400), "each word of theirs begins the wait anew"
    stale = ev.TimerFired(NOW, "quiet", NOW + timedelta(seconds=302))
    assert isinstance(decide(longer, stale, POLICY), Refusal)
    over = decide(longer, fired(longer, "quiet"), POLICY)
    assert isinstance(over, Step) and isinstance(over.after, SessionSnapshot) and over.effects == ()
    assert over.after.state is SessionState.LISTENING and over.after.due == {}
    assert after(over.after, heard(7)).state is SessionState.COMPOSING


def test_no_conversation_is_begun_while_they_are_there() -> None:
    opens = replace(online(), opens=True)
    quiet = after(opens, ev.OpeningPlanned(NOW, NOW + timedelta(seconds=60), True), seen())
    assert set(quiet.due) == {Deadline.OPEN, Deadline.QUIET}
    step = decide(quiet, fired(quiet, "open"), POLICY)
    assert isinstance(step, Step) and step.effects == (do.PlanOpening(),)
    assert isinstance(step.after, SessionSnapshot) and step.after.state is SessionState.COOLING


def test_an_echo_that_gives_way_can_be_taken_offline_and_is_then_not_asked_to() -> None:
    offline = after(online(), seen(), ev.OfflineAsked(NOW, 1, "why"))
    assert offline.due == {} and isinstance(decide(offline, seen(), POLICY), Refusal)
