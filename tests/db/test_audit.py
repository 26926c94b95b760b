"""The audit: what gets into it, that it is only appended to, and that whatever was done to it shows."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest

from db.audit import Act, Audit, Line
from db.connection import Database
from db.errors import StorageError
from db.keys import Keyring
from db.steps import Steps
from states.events import EverythingForgotten, ForgetAsked, RetryAsked
from states.model import ProfileSnapshot
from tests.support.clock import HandClock
from tests.support.snapshots import ASKER, CHANNEL, NOON, SERVER, SUBJECT, agreed, birth, following, session_birth


@pytest.fixture
async def audit(database: Database, keyring: Keyring, clock: HandClock) -> Audit:
    await keyring.house()
    return Audit(database, keyring, clock)


async def lines(audit: Audit) -> list[Line]:
    return [line async for line in audit.lines()]


async def test_consents_erasures_and_what_is_done_to_an_echo_are_kept_with_their_step(
    steps: Steps, audit: Audit
) -> None:
    profile = (await steps.record(birth())).snapshot
    profile = (await steps.record(agreed(profile))).snapshot
    assert isinstance(profile, ProfileSnapshot)
    ready = replace(profile, reason="It stands still.")
    await steps.record(following(ready, RetryAsked(NOON, 0)))
    await steps.record(session_birth(profile))
    forgetting = following(replace(profile, version=3), ForgetAsked(NOON, SUBJECT, "They asked for it."))
    await steps.record(forgetting)
    await steps.record(following(forgetting.after, EverythingForgotten(NOON, 7)))
    kept = await lines(audit)
    assert [(line.act, line.by) for line in kept] == [
        ("asked", ASKER),
        ("consent_given", SUBJECT),
        ("operator", 0),
        ("online", ASKER),
        ("forgetting_asked", SUBJECT),
        ("erased", 0),
    ]
    assert {(line.server_id, line.profile_id) for line in kept} == {(SERVER, 1)}
    assert [line.id for line in kept] == [1, 2, 3, 4, 5, 6]
    of_profile, of_session = {"machine": "profile"}, {"machine": "session"}
    assert dict(kept[1].facts) == of_profile | {"version": 2, "text_version": 1, "text_hash": "0f" * 32}
    assert dict(kept[2].facts) == of_profile | {"version": 3, "what": "RetryAsked"}
    assert dict(kept[3].facts) == of_session | {"version": 1, "channel_id": CHANNEL}
    assert dict(kept[5].facts) == of_profile | {"version": 5, "rows": 7}


async def test_a_step_that_is_not_recorded_leaves_no_act(steps: Steps, audit: Audit) -> None:
    await steps.record(birth())
    with pytest.raises(StorageError):
        await steps.record(birth())
    assert len(await lines(audit)) == 1


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit SET actor_id = 5 WHERE id = 1",
        "DELETE FROM audit WHERE id = 2",
        "DELETE FROM audit",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE id = 1",
        "INSERT INTO audit SELECT 7, at, act, actor_id, server_id, profile_id, facts, mac FROM audit WHERE id = 1",
        "UPDATE audit_cut SET upto = 0",
        "DELETE FROM audit_cut",
    ],
)
async def test_nothing_of_it_can_be_changed_or_deleted(
    tampering: str, audit: Audit, database: Database, clock: HandClock
) -> None:
    await audit.note(Act.ACCESSED, by=SUBJECT, what="card")
    clock.move(86_400)
    await audit.note(Act.ACCESSED, by=SUBJECT, what="card")
    await audit.cut(clock() - timedelta(hours=1))
    await audit.note(Act.ACCESSED, by=SUBJECT, what="card")
    kept = await lines(audit)
    connection = sqlite3.connect(database.path)
    with pytest.raises(sqlite3.IntegrityError, match="the audit is only"):
        connection.execute(tampering.replace("id = 1", "id = 2"))
    connection.close()
    assert await lines(audit) == kept
    assert [line.id for line in kept] == [2, 3, 4]
