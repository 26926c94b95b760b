"""Boards on which something has happened: real steps, decided by the real table."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from states.board import Board, JournalLine
from states.decide import Step, begin_profile, begin_session, decide
from states.events import (
    CollectionFailed,
    CollectionFinished,
    ConsentGiven,
    ConsentPosted,
    CorpusChanged,
    DraftMade,
    EchoAsked,
    Event,
    MessageHeard,
    OnlineAsked,
    PauseAsked,
    TimerFired,
    TrainingFinished,
)
from states.model import Deadline, ProfileSnapshot, SessionSnapshot, Snapshot
from states.policy import Policy
from tests.support.snapshots import ASKER, CHANNEL, CUTOFF, NOON, SERVER, SUBJECT

POLICY = Policy()
NAMES = {SUBJECT: "Mara", ASKER: "Petr", CHANNEL: "general", CHANNEL + 1: "workshop", SERVER: "Somewhere"}
S = TypeVar("S", ProfileSnapshot, SessionSnapshot)


def board() -> Board:
    """A board that knows what everything is called."""
    made = Board()
    made.name(NAMES)
    return made


def publish(on: Board, step: Step, number: int = 0) -> Snapshot:
    """Publish a step as the actor does once it is recorded."""
    after = replace(step.after, id=step.after.id or number, version=step.after.version + 1)
    source = step.before.state.value if step.before else None
    line = JournalLine(step.event.at, after.key, after.version, type(step.event).__name__, source, after.state, "{}")
    on.publish(replace(step, after=after), line)
    return after


def happen(on: Board, snapshot: S, event: Event) -> S:
    """Let an event happen to a machine."""
    step = decide(snapshot, event, POLICY)
    assert isinstance(step, Step), step
    after = publish(on, step)
    assert isinstance(after, type(snapshot))
    return after


def asked(on: Board, number: int = 1, user_id: int = SUBJECT, at: datetime = NOON) -> ProfileSnapshot:
    """A profile whose question is not put yet."""
    born = publish(
        on, begin_profile(EchoAsked(at, SERVER, user_id, ASKER, CHANNEL, CUTOFF, approves=True), POLICY), number
    )
    assert isinstance(born, ProfileSnapshot)
    return born


def awaiting(on: Board, number: int = 1, user_id: int = SUBJECT) -> ProfileSnapshot:
    """A profile whose subject is asked."""
    return happen(on, asked(on, number, user_id), ConsentPosted(NOON, 777))


def collecting(on: Board, number: int = 1, user_id: int = SUBJECT) -> ProfileSnapshot:
    """A profile whose subject said yes."""
    return happen(on, awaiting(on, number, user_id), ConsentGiven(NOON, user_id, 1, "0f" * 32))


def stuck(on: Board, number: int = 1) -> ProfileSnapshot:
    """A profile with too few messages."""
    return happen(on, collecting(on, number), CollectionFinished(NOON, 12, 50))


def paused(on: Board, profile: ProfileSnapshot) -> ProfileSnapshot:
    """A collecting that rests."""
    return happen(on, profile, PauseAsked(NOON, 0))


def changed(on: Board, profile: ProfileSnapshot) -> ProfileSnapshot:
    """Three messages that were learned from are gone from Discord, or read otherwise now."""
    return happen(on, profile, CorpusChanged(NOON, 1238, 0, 1, 2))


def failing(on: Board, number: int = 1) -> ProfileSnapshot:
    """A profile that collects again soon."""
    return happen(on, collecting(on, number), CollectionFailed(NOON, "Discord is out of reach.", True))


def training(on: Board, number: int = 1, user_id: int = SUBJECT) -> ProfileSnapshot:
    """A profile with 1,240 messages."""
    return happen(on, collecting(on, number, user_id), CollectionFinished(NOON, 1240, 50))


def ready(on: Board, number: int = 1, user_id: int = SUBJECT) -> ProfileSnapshot:
    """A profile that can speak."""
    return happen(on, training(on, number, user_id), TrainingFinished(NOON, "models/1.model", 1, 1240, 2.0))


def online(on: Board, profile: ProfileSnapshot, number: int = 1, channel_id: int = CHANNEL) -> SessionSnapshot:
    """A session that listens."""
    event = OnlineAsked(NOON, ASKER, profile.id, SERVER, channel_id, True, 0, 5)
    step = begin_session(event, POLICY)
    assert isinstance(step, Step)
    born = publish(on, step, number)
    assert isinstance(born, SessionSnapshot)
    return born


def composing(on: Board, session: SessionSnapshot, wait: float = 12.0) -> SessionSnapshot:
    """A session that answers `wait` seconds from NOON."""
    heard = happen(on, session, MessageHeard(NOON, 5, ASKER, True, True))
    return happen(on, heard, DraftMade(NOON, heard.turn, 1, wait, 4.0, ()))


def typing(on: Board, session: SessionSnapshot) -> SessionSnapshot:
    """The same session when it has begun to type."""
    due = session.due[Deadline.TYPE]
    return happen(on, session, TimerFired(due, Deadline.TYPE, due))
