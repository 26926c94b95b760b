"""What a session does, sentence by sentence, and what it never does whatever happens."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from states import effects as do
from states import events as ev
from states.decide import Refusal, Step, begin_session, decide
from states.model import SessionSnapshot, SessionState
from states.policy import Policy, Refused

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
POLICY = Policy(cooldown=2.0, max_bot_turns=3, max_restarts=2)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def online() -> SessionSnapshot:
    step = begin_session(ev.OnlineAsked(NOW, 30, 7, 10, 40, True, 0, 5), POLICY)
    assert isinstance(step, Step) and isinstance(step.after, SessionSnapshot)
    return step.after


def after(snapshot: SessionSnapshot, *events: ev.Event) -> SessionSnapshot:
    for event in events:
        step = decide(snapshot, event, POLICY)
        assert isinstance(step, Step), step
        assert isinstance(step.after, SessionSnapshot)
        snapshot = step.after
    return snapshot


def heard(message_id: int, *, at: float = 0, human: bool = True, addressed: bool = False) -> ev.MessageHeard:
    return ev.MessageHeard(NOW + seconds(at), message_id, 55, human, addressed)


def drafted(turn: int, *gaps: float, wait: float = 8.0) -> ev.DraftMade:
    return ev.DraftMade(NOW + seconds(1), turn, 100 + turn, wait, 3.0, gaps)


def fired(snapshot: SessionSnapshot, name: str) -> ev.TimerFired:
    return ev.TimerFired(snapshot.due[name], name, snapshot.due[name])


def said(snapshot: SessionSnapshot) -> ev.PartSaid:
    return ev.PartSaid(NOW + seconds(9), snapshot.generation_id or 0, snapshot.part, 900)


@pytest.mark.parametrize(("ready", "active", "why"), [(False, 0, Refused.NOT_READY), (True, 5, Refused.SESSION_LIMIT)])
def test_an_echo_that_may_not_come_online_is_told_why(ready: bool, active: int, why: Refused) -> None:
    refusal = begin_session(ev.OnlineAsked(NOW, 30, 7, 10, 40, ready, active, 5), POLICY)
    assert isinstance(refusal, Refusal) and refusal.why is why


def test_what_is_heard_is_thought_about() -> None:
    step = decide(online(), heard(5, addressed=True), POLICY)
    assert isinstance(step, Step) and step.effects == (do.Compose(1, 5),)
    assert isinstance(step.after, SessionSnapshot) and step.after.addressed


def test_an_answer_waits_types_and_is_said_once() -> None:
    waiting = after(online(), heard(5), drafted(1))
    assert waiting.due == {"type": NOW + seconds(5), "speak": NOW + seconds(8)}
    typing = after(waiting, fired(waiting, "type"))
    assert typing.typing
    speaking = decide(typing, fired(typing, "speak"), POLICY)
    assert isinstance(speaking, Step) and speaking.effects == (do.Say(101, 0),)
    assert isinstance(speaking.after, SessionSnapshot)
    done = after(speaking.after, said(speaking.after))
    assert done.state is SessionState.COOLING and not done.typing
    assert isinstance(decide(done, said(speaking.after), POLICY), Refusal)


def test_several_short_messages_make_one_answer() -> None:
    waiting = after(online(), heard(5), drafted(1, 2.5))
    first = after(waiting, fired(waiting, "speak"), said(waiting))
    assert first.state is SessionState.COMPOSING and first.due == {"speak": NOW + seconds(11.5)}
    second = after(first, fired(first, "speak"))
    assert after(second, said(second)).state is SessionState.COOLING


def test_thinking_time_counts_towards_the_wait() -> None:
    late = ev.DraftMade(NOW + seconds(20), 1, 101, 8.0, 3.0, ())
    assert after(online(), heard(5), late).due["speak"] == NOW + seconds(20)


def test_a_new_message_restarts_the_thought_and_the_old_answer_is_dropped() -> None:
    waiting = after(online(), heard(5, addressed=True), drafted(1))
    again = decide(waiting, heard(6, at=2), POLICY)
    assert isinstance(again, Step) and again.effects == (do.Compose(2, 6),)
    assert isinstance(again.after, SessionSnapshot)
    assert again.after.addressed, "who was addressed once is still waited for"
    assert again.after.since == NOW and again.after.due == {}
    assert isinstance(decide(again.after, drafted(1), POLICY), Refusal)


def test_a_busy_channel_cannot_restart_a_thought_for_ever() -> None:
    busy = after(online(), *(heard(i) for i in range(1, 8)))
    assert busy.turn == 3 and busy.pending
    assert after(busy, ev.SilenceChosen(NOW, 3)).turn == 4, "what was heard meanwhile is thought about next"


def test_an_answer_that_has_begun_is_not_restarted() -> None:
    waiting = after(online(), heard(5), drafted(1, 2.0))
    begun = after(waiting, fired(waiting, "speak"))
    still = after(begun, heard(6))
    assert still.generation_id == begun.generation_id and still.pending


def test_what_was_heard_while_cooling_is_thought_about_afterwards() -> None:
    waiting = after(online(), heard(5), drafted(1))
    cooling = after(waiting, fired(waiting, "speak"), said(waiting), heard(6, addressed=True))
    step = decide(cooling, fired(cooling, "cool"), POLICY)
    assert isinstance(step, Step) and step.effects == (do.Compose(2, 6),)


def test_bots_among_themselves_are_left_alone_after_a_few_turns() -> None:
    session = online()
    for message_id in range(1, 3):
        session = after(session, heard(message_id, human=False), ev.SilenceChosen(NOW, message_id))
    quiet = decide(session, heard(9, human=False), POLICY)
    assert isinstance(quiet, Step) and quiet.effects == ()
    human = decide(session, heard(10), POLICY)
    assert isinstance(human, Step) and human.effects != ()


def test_bots_heard_meanwhile_do_not_get_round_the_limit_of_turns() -> None:
    session = after(online(), heard(1, human=False), *(heard(i, human=False) for i in range(2, 5)))
    assert session.pending and session.bot_turns >= POLICY.max_bot_turns
    quiet = decide(session, ev.SilenceChosen(NOW, session.turn), POLICY)
    assert isinstance(quiet, Step) and quiet.effects == () and quiet.after.state is SessionState.LISTENING


def test_what_was_heard_while_a_thought_failed_is_thought_about_next() -> None:
    busy = after(online(), *(heard(i, addressed=True) for i in range(1, 8)))
    step = decide(busy, ev.DraftFailed(NOW, busy.turn, "The engine is away."), POLICY)
    assert isinstance(step, Step) and step.effects == (do.Compose(busy.turn + 1, 7),)
    assert isinstance(step.after, SessionSnapshot) and step.after.addressed and not step.after.pending
    rest = decide(step.after, ev.DraftFailed(NOW, step.after.turn, "The engine is away."), POLICY)
    assert isinstance(rest, Step) and rest.after.state is SessionState.LISTENING, "it ends once nothing waits"


def test_why_a_thought_failed_is_told_until_the_next_one_comes_to_something() -> None:
    failed = after(online(), heard(1), ev.DraftFailed(NOW, 1, "The engine is away."))
    assert failed.reason == "The engine is away."
    assert after(failed, heard(2)).reason == "The engine is away."
    assert after(failed, heard(2), drafted(2)).reason is None


def test_going_offline_leaves_nothing_to_be_said() -> None:
    waiting = after(online(), heard(5), drafted(1))
    asked = after(waiting, fired(waiting, "speak"))
    gone = after(asked, ev.OfflineAsked(NOW, 30, "asked"))
    assert gone.due == {} and gone.generation_id is None
    assert not do.still_wanted(do.Say(101, 0), gone)


def test_a_closed_channel_takes_the_echo_offline() -> None:
    waiting = after(online(), heard(5), drafted(1))
    begun = after(waiting, fired(waiting, "speak"))
    closed = after(begun, ev.SayingFailed(NOW, 101, 0, "The channel is gone.", gone=True))
    assert closed.state is SessionState.OFFLINE and closed.reason == "The channel is gone."


class AnyDay(RuleBasedStateMachine):
    """A session on which anything may befall it in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.session = online()
        self.said: list[tuple[int, int]] = []
        self.generation = 100

    def take(self, event: ev.Event) -> None:
        step = decide(self.session, event, POLICY)
        if isinstance(step, Step) and isinstance(step.after, SessionSnapshot):
            self.session = step.after
            self.said += [(e.generation_id, e.part) for e in step.effects if isinstance(e, do.Say)]

    @rule(human=st.booleans(), addressed=st.booleans())
    def somebody_speaks(self, human: bool, addressed: bool) -> None:
        self.take(ev.MessageHeard(NOW, 5, 55, human, addressed))

    @rule(back=st.integers(0, 2), parts=st.integers(0, 3))
    def a_draft_comes(self, back: int, parts: int) -> None:
        self.generation += 1
        turn = self.session.turn - back
        self.take(ev.DraftMade(NOW, turn, self.generation, 1.0, 1.0, (1.0,) * parts))

    @rule(back=st.integers(0, 2))
    def silence_is_chosen(self, back: int) -> None:
        self.take(ev.SilenceChosen(NOW, self.session.turn - back))

    @precondition(lambda self: self.session.due)
    @rule(data=st.data())
    def an_alarm_rings(self, data: st.DataObject) -> None:
        self.take(fired(self.session, data.draw(st.sampled_from(sorted(self.session.due)))))

    @rule(back=st.integers(0, 1))
    def a_part_is_said(self, back: int) -> None:
        generation = self.session.generation_id or self.generation
        self.take(ev.PartSaid(NOW, generation, self.session.part - back, 1))

    @rule(gone=st.booleans())
    def saying_fails(self, gone: bool) -> None:
        self.take(ev.SayingFailed(NOW, self.session.generation_id or 0, self.session.part, "why", gone))

    @rule()
    def it_goes_offline_and_online(self) -> None:
        self.take(ev.OfflineAsked(NOW, 1, "why"))
        self.take(ev.OnlineAsked(NOW, 30, 7, 10, 40, True, 0, 5))

    @invariant()
    def nothing_is_said_twice(self) -> None:
        assert len(self.said) == len(set(self.said))

    @invariant()
    def nothing_waits_without_a_deadline_or_work(self) -> None:
        if self.session.state is SessionState.COOLING:
            assert set(self.session.due) == {"cool"}
        if self.session.state in (SessionState.LISTENING, SessionState.OFFLINE):
            assert not self.session.due and not self.session.typing and self.session.generation_id is None


TestAnyDay = AnyDay.TestCase
TestAnyDay.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


# beginning conversations


def free_to_begin(**fields: Any) -> SessionSnapshot:
    step = begin_session(ev.OnlineAsked(NOW, 30, 7, 10, 40, True, 0, 5, opens=True), POLICY)
    assert isinstance(step, Step) and step.effects == (do.Disclose(), do.PlanOpening())
    assert isinstance(step.after, SessionSnapshot)
    return replace(step.after, **fields)


def planned(hours: float, *, begins: bool = True) -> ev.OpeningPlanned:
    return ev.OpeningPlanned(NOW, NOW + timedelta(hours=hours), begins)


def effects_of(snapshot: SessionSnapshot, event: ev.Event) -> tuple[do.Effect, ...]:
    step = decide(snapshot, event, POLICY)
    assert isinstance(step, Step), step
    return step.effects


def test_an_echo_that_no_manager_lets_begin_conversations_plans_none() -> None:
    step = begin_session(ev.OnlineAsked(NOW, 30, 7, 10, 40, True, 0, 5), POLICY)
    assert isinstance(step, Step) and step.effects == (do.Disclose(),)
    refusal = decide(step.after, planned(5), POLICY)
    assert isinstance(refusal, Refusal) and refusal.why is Refused.STALE


def test_an_echo_begins_a_conversation_when_the_hour_has_come_and_then_plans_the_next() -> None:
    waiting = after(free_to_begin(), planned(5))
    assert effects_of(waiting, fired(waiting, "open")) == (do.Compose(1),)
    thinking = after(waiting, fired(waiting, "open"))
    assert thinking.opening and thinking.state is SessionState.COMPOSING and "open" not in thinking.due
    speaking = after(thinking, drafted(1))
    saying = after(speaking, fired(speaking, "speak"))
    assert effects_of(saying, said(saying)) == (do.PlanOpening(),)
    done = after(saying, said(saying))
    assert done.opened == (NOW + seconds(9),) and not done.opening


def test_hours_that_are_no_time_to_begin_only_bring_another_look() -> None:
    waiting = after(free_to_begin(), planned(6, begins=False))
    assert set(waiting.due) == {"plan"}
    assert effects_of(waiting, fired(waiting, "plan")) == (do.PlanOpening(),)


@pytest.mark.parametrize(
    "fields", [{"bot_turns": 1}, {"opened": (NOW - timedelta(hours=3), NOW - timedelta(hours=2))}], ids=str
)
def test_an_echo_that_nobody_answered_or_that_began_enough_begins_nothing(fields: dict[str, Any]) -> None:
    waiting = after(free_to_begin(**fields), planned(5))
    assert effects_of(waiting, fired(waiting, "open")) == (do.PlanOpening(),)
    assert after(waiting, fired(waiting, "open")).state is SessionState.LISTENING


def test_an_answer_that_was_due_long_ago_is_not_given_but_what_was_begun_is_ended() -> None:
    speaking = after(online(), heard(5, addressed=True), drafted(1, 2.0))
    due = speaking.due["speak"]
    assert effects_of(speaking, ev.TimerFired(due + timedelta(hours=7), "speak", due)) == ()
    assert after(speaking, ev.TimerFired(due + timedelta(hours=7), "speak", due)).state is SessionState.LISTENING
    saying = after(speaking, ev.TimerFired(due + timedelta(minutes=2), "speak", due))
    half = after(saying, said(saying))
    due = half.due["speak"]
    assert effects_of(half, ev.TimerFired(due + timedelta(hours=7), "speak", due)) == (do.Say(101, 1),)


def test_an_hour_that_passed_while_echo_stood_still_is_no_time_to_begin() -> None:
    waiting = after(free_to_begin(), planned(5))
    due = waiting.due["open"]
    late = ev.TimerFired(due + timedelta(hours=7), "open", due)
    assert effects_of(waiting, late) == (do.PlanOpening(),)
    assert after(waiting, late).state is SessionState.LISTENING and not after(waiting, late).due
    assert after(waiting, ev.TimerFired(due + timedelta(minutes=2), "open", due)).opening


def test_yesterdays_beginnings_count_no_more() -> None:
    waiting = after(free_to_begin(opened=(NOW - timedelta(hours=23), NOW - timedelta(hours=22))), planned(5))
    assert after(waiting, fired(waiting, "open")).opening


def test_whoever_speaks_while_an_echo_thinks_of_a_beginning_is_answered_instead() -> None:
    waiting = after(free_to_begin(), planned(5))
    thinking = after(waiting, fired(waiting, "open"))
    assert effects_of(thinking, heard(5)) == (do.PlanOpening(), do.Compose(2, 5))
    assert not after(thinking, heard(5)).opening


def test_the_time_to_begin_outlasts_an_answer() -> None:
    waiting = after(free_to_begin(), planned(5))
    answering = after(waiting, heard(5), drafted(1))
    assert waiting.due["open"] == answering.due["open"]
    answering = after(answering, fired(answering, "speak"))
    assert after(answering, said(answering)).due["open"] == waiting.due["open"]


def test_offline_ends_it() -> None:
    waiting = after(free_to_begin(), planned(5))
    thinking = after(waiting, fired(waiting, "open"))
    for snapshot in (waiting, thinking):
        gone = after(snapshot, ev.OfflineAsked(NOW, 30, "why"))
        assert gone.due == {} and not gone.opens and not gone.opening
        assert effects_of(snapshot, ev.OfflineAsked(NOW, 30, "why")) == ()
