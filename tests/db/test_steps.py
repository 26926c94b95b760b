"""Recording steps: whole or not at all, and everything comes back as it was."""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.allowances import Allowances, Allowed
from db.connection import Database
from db.consents import Agreed, Consents
from db.errors import AlreadyExists, StorageError, TwoWriters
from db.journal import Journal
from db.keys import Keyring
from db.outbox import Outbox
from db.steps import Steps
from states.effects import Announce, AskConsent, Collect, Notice, RecordAllowance, RecordConsent
from states.events import (
    AllowanceGiven,
    AllowanceWithdrawn,
    ConsentPosted,
    EverythingForgotten,
    ForgetAsked,
    OfflineAsked,
)
from states.model import Allowance, ProfileSnapshot, SessionState
from states.policy import SENTENCES, Refused
from states.terms import DEFAULT_TERMS
from tests.db.conftest import MASTER_KEY
from tests.support.snapshots import (
    ASKER,
    CHANNEL,
    CUTOFF,
    NOON,
    SUBJECT,
    agreed,
    bare_step,
    birth,
    changed_to,
    following,
    later,
    profiles,
    session_birth,
    sessions,
)
from tests.support.stored_steps import steps_of


@settings(max_examples=30, deadline=None)
@given(first=profiles(), second=profiles(), draw=st.data())
def test_every_snapshot_comes_back_as_it_was_recorded(
    first: ProfileSnapshot, second: ProfileSnapshot, draw: st.DataObject
) -> None:
    one, other = draw.draw(sessions(1)), draw.draw(sessions(1))

    async def there_and_back(path: Path) -> None:
        async with Database(path) as database:
            steps = steps_of(database, MASTER_KEY)
            born = (await steps.record(bare_step(first))).snapshot
            came = (await steps.record(bare_step(one))).snapshot
            assert await steps.load() == ([replace(first, id=1)], [replace(one, id=1)])
            became = (await steps.record(changed_to(born, second))).snapshot
            went = (await steps.record(changed_to(came, other))).snapshot
        async with Database(path) as database:
            assert await steps_of(database, MASTER_KEY).load() == ([became], [went])

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(there_and_back(Path(folder) / "echo.sqlite3"))


async def test_a_birth_gives_an_id_a_journal_line_and_the_queued_question(
    steps: Steps, outbox: Outbox, database: Database
) -> None:
    recorded = await steps.record(birth())
    assert recorded.snapshot == replace(birth().after, id=1)
    assert await Journal(database).latest(10) == [recorded.line]
    assert (recorded.line.event, recorded.line.source, recorded.line.dest) == ("EchoAsked", None, "awaiting_consent")
    assert json.loads(recorded.line.facts)["user_id"] == SUBJECT
    assert await outbox.pending() == list(recorded.outbox)
    assert [row.effect for row in recorded.outbox] == [AskConsent()]


async def test_a_step_settles_the_outbox_row_whose_event_it_is(steps: Steps, outbox: Outbox) -> None:
    born = await steps.record(birth())
    posted = following(born.snapshot, ConsentPosted(NOON, 9))
    await steps.record(posted, settles=born.outbox[0].id)
    assert await outbox.pending() == []


async def test_the_subjects_yes_is_kept_beside_its_step(
    steps: Steps, profile: ProfileSnapshot, database: Database
) -> None:
    recorded = await steps.record(agreed(profile, later(5)))
    assert [row.effect for row in recorded.outbox] == [Announce(Notice.COLLECTING), Collect()]
    [agreed_to] = await Consents(database, Keyring(database, MASTER_KEY)).of(profile.id)
    assert agreed_to == Agreed(RecordConsent(SUBJECT, later(5), 1, "0f" * 32, DEFAULT_TERMS, CUTOFF), None)


async def test_what_the_subject_allows_is_kept_with_the_text_that_they_saw_and_when_they_took_it_back(
    steps: Steps, profile: ProfileSnapshot, database: Database
) -> None:
    now = (await steps.record(agreed(profile))).snapshot
    for number, what in enumerate(Allowance):
        given = AllowanceGiven(later(number), SUBJECT, what, 1, "0f" * 32)
        now = (await steps.record(following(now, given))).snapshot
    now = (await steps.record(following(now, AllowanceWithdrawn(later(9), SUBJECT, Allowance.QUIZ)))).snapshot
    assert await steps.load() == ([now], [])
    assert isinstance(now, ProfileSnapshot) and now.allows == {Allowance.OPENERS}
    assert await Allowances(database).of(profile.id) == [
        Allowed(RecordAllowance(SUBJECT, Allowance.OPENERS, later(0), 1, "0f" * 32), None),
        Allowed(RecordAllowance(SUBJECT, Allowance.QUIZ, later(1), 1, "0f" * 32), later(9)),
    ]


async def test_a_step_from_an_older_version_means_two_writers_and_changes_nothing(
    steps: Steps, profile: ProfileSnapshot, database: Database, outbox: Outbox
) -> None:
    await steps.record(agreed(profile))
    before = await steps.load(), await Journal(database).latest(9), await outbox.pending()
    with pytest.raises(TwoWriters, match="changed by somebody else meanwhile: make sure that only one Echo"):
        await steps.record(following(profile, ForgetAsked(NOON, ASKER, "No more.")), settles=1)
    assert (await steps.load(), await Journal(database).latest(9), await outbox.pending()) == before


async def test_two_steps_from_the_same_snapshot_at_once_leave_one(steps: Steps, profile: ProfileSnapshot) -> None:
    ways = agreed(profile), following(profile, ForgetAsked(NOON, ASKER, "No more."))
    outcomes = await asyncio.gather(*(steps.record(way) for way in ways), return_exceptions=True)
    assert sorted(isinstance(outcome, TwoWriters) for outcome in outcomes) == [False, True]


async def test_a_second_living_profile_of_the_same_subject_is_refused(steps: Steps, profile: ProfileSnapshot) -> None:
    with pytest.raises(AlreadyExists, match=re.escape(SENTENCES[Refused.DUPLICATE_PROFILE])):
        await steps.record(birth())
    await steps.record(birth(server_id=12))
    assert len((await steps.load())[0]) == 2


async def test_a_subject_who_was_forgotten_may_be_asked_again(steps: Steps, profile: ProfileSnapshot) -> None:
    forgetting = await steps.record(following(profile, ForgetAsked(NOON, ASKER, "No more.")))
    with pytest.raises(AlreadyExists):
        await steps.record(birth())
    await steps.record(following(forgetting.snapshot, EverythingForgotten(NOON, 0)))
    again = await steps.record(birth())
    assert again.snapshot.id > profile.id


async def test_a_second_session_of_a_profile_in_a_channel_is_refused(steps: Steps, profile: ProfileSnapshot) -> None:
    first = await steps.record(session_birth(profile))
    await steps.record(session_birth(profile, channel_id=CHANNEL + 1))
    with pytest.raises(AlreadyExists, match=re.escape(SENTENCES[Refused.ALREADY_ONLINE])):
        await steps.record(session_birth(profile))
    await steps.record(following(first.snapshot, OfflineAsked(NOON, ASKER, "Enough.")))
    sessions = (await steps.load())[1]
    assert [s.state for s in sessions] == [SessionState.OFFLINE, SessionState.LISTENING]


async def test_is_active_says_whether_a_session_is_online(
    steps: Steps, profile: ProfileSnapshot, database: Database
) -> None:
    born = await steps.record(session_birth(profile))
    await steps.record(session_birth(profile, channel_id=CHANNEL + 1))
    await steps.record(following(born.snapshot, OfflineAsked(NOON, ASKER, "Enough.")))
    async with database.read() as connection:
        rows = await connection.execute_fetchall("SELECT is_active FROM echo_sessions ORDER BY id")
    assert [row[0] for row in rows] == [0, 1]


async def test_a_session_without_its_profile_is_refused_and_leaves_nothing(steps: Steps, database: Database) -> None:
    nobody = birth().after
    assert isinstance(nobody, ProfileSnapshot)
    orphan = session_birth(replace(nobody, id=5))
    with pytest.raises(StorageError, match="SQLITE_CONSTRAINT_FOREIGNKEY"):
        await steps.record(orphan)
    assert await steps.load() == ([], [])
    assert await Journal(database).latest(9) == []


async def test_the_journal_tells_a_machines_steps_in_order_and_the_newest_of_all(
    steps: Steps, profile: ProfileSnapshot, database: Database
) -> None:
    session = await steps.record(session_birth(profile))
    yes = await steps.record(agreed(profile))
    journal = Journal(database)
    assert [line.version for line in await journal.of(profile.key)] == [1, 2]
    assert await journal.of(session.snapshot.key) == [session.line]
    assert await journal.latest(2) == [session.line, yes.line]


@pytest.mark.parametrize("statement", ["BEGIN", "INSERT INTO echo_profiles", "INSERT INTO outbox", "COMMIT"])
async def test_a_recording_that_is_cancelled_anywhere_leaves_a_whole_step_or_none(
    statement: str, steps: Steps, database: Database
) -> None:
    task = asyncio.create_task(steps.record(birth()))
    loop = asyncio.get_running_loop()

    def cancel_at(sql: str) -> None:
        if sql.startswith(statement):
            loop.call_soon_threadsafe(task.cancel)

    async with database.write() as connection:
        await connection.set_trace_callback(cancel_at)
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    async with database.write() as connection:
        await connection.set_trace_callback(lambda sql: None)
    found, _ = await steps.load()
    journalled = {line.key.id for line in await Journal(database).latest(9)}
    queued = {row.key.id for row in await Outbox(database).pending()}
    assert {profile.id for profile in found} == journalled == queued
    assert (await steps.record(birth(user_id=99))).snapshot.version == 1
