"""Snapshots, steps and messages to store: made up, the same at every run; and strategies for wild ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from db.stored import Coverage, Outcome, PlaceResult, QuizMoment, Range, StoredMessage
from echo.corpus.pseudonyms import People
from states.decide import Step, begin_profile, begin_session, decide
from states.events import ConsentGiven, EchoAsked, Event, OnlineAsked
from states.model import Allowance, Deadline, ProfileSnapshot, ProfileState, SessionSnapshot, SessionState, Snapshot
from states.policy import Policy

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
CUTOFF = datetime(2026, 6, 1, tzinfo=UTC)
SERVER, SUBJECT, ASKER, CHANNEL = 11, 22, 33, 44
POLICY = Policy()

SENTENCES = (
    "The heron on the weir never once looked up from the water.",
    "Somebody has to tell Ottilie that the plum cake is not for sale.",
    "We are fourteen minutes late and the ferry does not care.",
)
"""Sentences that nobody wrote, unlike anything that a database file holds by itself."""


def named(name: str) -> Callable[[ProfileSnapshot], People]:
    """Who goes by which name in a profile whose subject is called `name`: nobody else, yet."""

    def people_of(profile: ProfileSnapshot) -> People:
        people = People(profile.user_id, name, f"profile {profile.id}")
        people.learn(profile.user_id, name)
        return people

    return people_of


def asked(user_id: int = SUBJECT, server_id: int = SERVER, at: datetime = NOON) -> EchoAsked:
    """Somebody asks for an echo."""
    return EchoAsked(at, server_id, user_id, ASKER, CHANNEL, CUTOFF, approves=True)


def birth(user_id: int = SUBJECT, server_id: int = SERVER, at: datetime = NOON) -> Step:
    """The birth of a profile."""
    return begin_profile(asked(user_id, server_id, at), POLICY)


def session_birth(profile: ProfileSnapshot, channel_id: int = CHANNEL, at: datetime = NOON) -> Step:
    """The birth of a session."""
    step = begin_session(OnlineAsked(at, ASKER, profile.id, profile.server_id, channel_id, True, 0, 5), POLICY)
    assert isinstance(step, Step)
    return step


def following(snapshot: Snapshot, event: Event) -> Step:
    """The step that an event makes."""
    step = decide(snapshot, event, POLICY)
    assert isinstance(step, Step), step
    return step


def agreed(snapshot: Snapshot, at: datetime = NOON) -> Step:
    """The subject's yes."""
    return following(snapshot, ConsentGiven(at, SUBJECT, 1, "0f" * 32))


def due_soon(profile: ProfileSnapshot) -> dict[str, datetime]:
    """What is due of a profile, but the end of its consent and the reminder of that."""
    return {name: at for name, at in profile.due.items() if name not in (Deadline.EXPIRY, Deadline.REMINDER)}


def bare_step(after: Snapshot) -> Step:
    """The birth of this very snapshot, whatever it holds."""
    return Step(None, after, asked(), ())


def changed_to(before: Snapshot, after: Snapshot) -> Step:
    """A step to this very snapshot, whatever it holds."""
    return Step(before, replace(after, id=before.id, version=before.version + 1), asked(), ())


def messages(count: int, first_id: int = 1, channel_id: int = CHANNEL, own: bool = True) -> list[StoredMessage]:
    """Messages a minute apart, each with one of SENTENCES and its number."""
    return [
        StoredMessage(
            message_id=number,
            user_id=SUBJECT if own else ASKER,
            server_id=SERVER,
            channel_id=channel_id,
            ts=1_700_000_000.25 + 60 * number,
            text=f"{SENTENCES[number % len(SENTENCES)]} {number}",
            author="Ottilie Vane" if own else "Barnaby Quill",
            own=own,
            reply_to=number - 1 if number % 2 else None,
        )
        for number in range(first_id, first_id + count)
    ]


def a_moment(*ids: int, channel_id: int = CHANNEL) -> QuizMoment:
    """A moment of the messages with these ids, of which the last is what the subject wrote."""
    said = [f"{SENTENCES[one % len(SENTENCES)]} {one}" for one in ids]
    context = tuple(("Ottilie Vane", text) for text in said[:-1])
    return QuizMoment(channel_id, 1_700_000_000.25, context, (said[-1],), ("An invented answer.",), ids)


def covered(seen: int, *, down_to: int = 1, top: int = 1_000_000, channel_id: int = CHANNEL) -> Coverage:
    """A place that was read from `top` down to `down_to`, of whose `seen` messages all were kept."""
    outcome = Outcome.READING if down_to else Outcome.READ
    return Coverage(channel_id, (Range(top, down_to),), PlaceResult(channel_id, outcome, pages=1, seen=seen, kept=seen))


# ---------------------------------------------------------------- wild ones

IDS = st.integers(0, 2**63 - 1)
COUNTS = st.integers(0, 2**31)
TIMES = st.datetimes(
    datetime(2015, 1, 1), datetime(2100, 1, 1), timezones=st.timezones() | st.just(UTC), allow_imaginary=False
).map(lambda time: time.astimezone(UTC))
DUES = st.dictionaries(st.sampled_from([name.value for name in Deadline]), TIMES)
REASONS = st.none() | st.text(st.characters(codec="utf-8"), max_size=40)
SECONDS = st.floats(0, 1e9)


def profiles() -> st.SearchStrategy[ProfileSnapshot]:
    """Any profile's snapshot."""
    return st.builds(
        ProfileSnapshot,
        id=st.just(0),
        version=st.integers(1, 2**40),
        state=st.sampled_from(ProfileState),
        server_id=IDS,
        user_id=IDS,
        asker_id=IDS,
        channel_id=IDS,
        cutoff=TIMES,
        created_at=TIMES,
        consent_message_id=st.none() | IDS,
        messages=COUNTS,
        model_path=st.none() | st.just("models/1-1.model"),
        model_version=COUNTS,
        reason=REASONS,
        tries=COUNTS,
        paused=st.booleans(),
        stale=COUNTS,
        unlearned=COUNTS,
        allows=st.frozensets(st.sampled_from(Allowance)),
        base=st.sampled_from(["", "llama3.2:3b"]),
        tuned=st.booleans(),
        previous=st.none() | COUNTS,
        previous_path=st.none() | st.just("models/1-1.model"),
        previous_tuned=st.booleans(),
        made=COUNTS,
        withdrawn=COUNTS,
        due=DUES,
    )


def sessions(profile_id: int) -> st.SearchStrategy[SessionSnapshot]:
    """Any session's snapshot of a profile."""
    return st.builds(
        SessionSnapshot,
        id=st.just(0),
        version=st.integers(1, 2**40),
        state=st.sampled_from(SessionState),
        profile_id=st.just(profile_id),
        server_id=IDS,
        channel_id=IDS,
        started_by=IDS,
        started_at=TIMES,
        turn=COUNTS,
        heard_id=IDS,
        addressed=st.booleans(),
        since=st.none() | TIMES,
        restarts=COUNTS,
        generation_id=st.none() | IDS,
        part=COUNTS,
        parts=COUNTS,
        gaps=st.lists(SECONDS, max_size=5).map(tuple),
        typing=st.booleans(),
        bot_turns=COUNTS,
        pending=st.booleans(),
        reason=REASONS,
        tries=COUNTS,
        due=DUES,
    )


def later(seconds: float) -> datetime:
    """NOON and so many seconds."""
    return NOON + timedelta(seconds=seconds)
