"""What somebody said who became invisible is not answered, nor thought about with it in sight."""

from __future__ import annotations

from datetime import timedelta

from states import effects as do
from states import events as ev
from states.decide import Refusal, Step, decide
from states.model import SessionSnapshot, SessionState
from states.withdrawals import WordsWithdrawn
from tests.states.test_table import NOW, POLICY, a_session


def taken(before: SessionSnapshot, event: ev.Event) -> tuple[SessionSnapshot, tuple[do.Effect, ...]]:
    step = decide(before, event, POLICY)
    assert isinstance(step, Step) and isinstance(step.after, SessionSnapshot)
    return step.after, step.effects


def thinking(heard_id: int) -> SessionSnapshot:
    return taken(a_session(SessionState.LISTENING), ev.MessageHeard(NOW, heard_id, 5, True, True))[0]


def drafted(heard_id: int) -> SessionSnapshot:
    before = thinking(heard_id)
    return taken(before, ev.DraftMade(NOW, before.turn, 3, 2.0, 1.0, (1.0,)))[0]


def test_a_thought_or_draft_that_was_to_answer_them_is_dropped_and_not_said() -> None:
    for before in (thinking(40), drafted(40)):
        after, effects = taken(before, WordsWithdrawn(NOW, (39, 40)))
        assert after.state is SessionState.LISTENING and after.generation_id is None and not effects
        assert not do.still_wanted(do.Say(3, 0), after) and not do.still_wanted(do.Compose(before.turn, 40), after)
        assert isinstance(decide(after, ev.DraftMade(NOW, before.turn, 3, 2.0, 1.0, ()), POLICY), Refusal)


def test_an_answer_to_somebody_else_is_thought_about_anew() -> None:
    before = drafted(41)
    after, effects = taken(before, WordsWithdrawn(NOW, (39, 40)))
    assert after.state is SessionState.COMPOSING and after.generation_id is None and after.addressed
    assert effects == (do.Compose(before.turn + 1, 41),) and not do.still_wanted(do.Say(3, 0), after)


def test_the_rest_of_an_answer_is_not_said_and_what_was_to_be_heard_later_is_forgotten() -> None:
    begun = taken(drafted(41), ev.PartSaid(NOW + timedelta(seconds=3), 3, 0, 77))[0]
    cooling, _ = taken(begun, WordsWithdrawn(NOW, (40,)))
    assert cooling.state is SessionState.COOLING and not do.still_wanted(do.Say(3, 1), cooling)
    waiting, _ = taken(cooling, ev.MessageHeard(NOW, 42, 5, True, True))
    assert waiting.pending and not taken(waiting, WordsWithdrawn(NOW, (42,)))[0].pending
    assert isinstance(decide(waiting, WordsWithdrawn(NOW, (41,)), POLICY), Refusal)
