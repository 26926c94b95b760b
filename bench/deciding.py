"""A decision against a bare transition of the same library."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Final

from transitions import Machine

from bench.answering import answer, event_of
from bench.figures import Figure, Scale, by_turns
from states.decide import decide, trigger_name
from states.events import Event
from states.model import SessionSnapshot, SessionState
from tests.support.snapshots import POLICY, birth, session_birth

ROUNDS: Final = 4000


async def measure(scale: Scale, folder: Path) -> list[Figure]:
    """Microseconds for each event of an answer: decided by the table, and moved through a bare machine."""
    moves = _moves()
    machine = _bare(moves)
    rounds = scale.of(ROUNDS, 200)

    async def decided() -> float:
        began = time.perf_counter()
        for _ in range(rounds):
            for before, event, _ in moves:
                decide(before, event, POLICY)
        return (time.perf_counter() - began) / rounds / len(moves) * 1e6

    async def triggered() -> float:
        model = SimpleNamespace(state=SessionState.LISTENING)
        triggers = [machine.events[trigger_name(type(event))] for _, event, _ in moves]
        began = time.perf_counter()
        for _ in range(rounds):
            for trigger in triggers:
                trigger.trigger(model)
        return (time.perf_counter() - began) / rounds / len(moves) * 1e6

    echo, plain = await by_turns(scale.runs, decided, triggered)
    return [Figure("a decision, guards and effects included", "us", echo, "a bare transitions trigger", plain)]


Move = tuple[SessionSnapshot, Event, SessionSnapshot]


def _moves() -> list[Move]:
    """An answer's snapshots and events, from listening to listening."""
    profile = birth().after
    session = session_birth(profile).after  # type: ignore[arg-type]
    assert isinstance(session, SessionSnapshot)
    after = [step.after for step in answer(session, 0)]
    snapshots = [session, *(one for one in after if isinstance(one, SessionSnapshot))]
    return [(a, event_of(a, number, 0), b) for number, (a, b) in enumerate(pairwise(snapshots))]


def _bare(moves: list[Move]) -> Machine:
    """A machine of these moves alone: no guard, no callback, nothing of Echo's."""
    machine = Machine(model=None, states=SessionState, initial=SessionState.LISTENING, auto_transitions=False)
    for before, event, after in moves:
        machine.add_transition(trigger_name(type(event)), before.state, after.state)
    return machine
