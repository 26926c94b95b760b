"""The steps of a session that hears a message and answers it: what machines do most often."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from states.decide import Step, decide
from states.events import DraftMade, Event, MessageHeard, PartSaid, TimerFired
from states.model import Deadline, SessionSnapshot
from tests.support.snapshots import NOON, POLICY

EVENTS: Final = 5
"""Heard, thought, time to speak, said, cooled."""


def answer(session: SessionSnapshot, number: int) -> Iterator[Step]:
    """The steps from listening to listening again; `number` makes their times and ids new."""
    for event_number in range(EVENTS):
        step = decide(session, event_of(session, event_number, number), POLICY)
        assert isinstance(step, Step), step
        assert isinstance(step.after, SessionSnapshot)
        session = step.after
        yield step


def event_of(session: SessionSnapshot, event_number: int, number: int) -> Event:
    """The event that the session gets next in its answer `number`."""
    now = NOON + timedelta(minutes=number, seconds=event_number)
    match event_number:
        case 0:
            return MessageHeard(now, number + 1, 33, True, True)
        case 1:
            return DraftMade(now, session.turn, number + 1, 2.0, 1.0, ())
        case 2:
            return TimerFired(now, Deadline.SPEAK, session.due[Deadline.SPEAK])
        case 3:
            return PartSaid(now, session.generation_id or 0, 0, number + 2)
        case _:
            return TimerFired(now, Deadline.COOL, session.due[Deadline.COOL])
