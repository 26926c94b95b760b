"""What was said in a session: kept sealed, within bounds, and let go."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from db.connection import Database
from db.erasure import Erasure
from db.errors import KeyDestroyed, Tampered
from db.keys import Keyring
from db.memories import BYTES, MOST, Memories, Remembered
from db.retention import Retention
from db.steps import Steps
from db.turns import Decided, Turns
from states.model import ProfileSnapshot, SessionSnapshot
from tests.support.clock import HandClock
from tests.support.files import everything_in
from tests.support.snapshots import CHANNEL, NOON, SENTENCES, session_birth


@pytest.fixture
def memories(database: Database, keyring: Keyring, clock: HandClock) -> Memories:
    return Memories(database, keyring, clock)


@pytest.fixture
async def session(steps: Steps, profile: ProfileSnapshot) -> SessionSnapshot:
    recorded = await steps.record(session_birth(profile))
    assert isinstance(recorded.snapshot, SessionSnapshot)
    return recorded.snapshot


def said(number: int, text: str = "", own: bool = True) -> Remembered:
    return Remembered(number, NOON.timestamp() + number, "Ottilie Vane", text or SENTENCES[number % 3], own)


async def count(database: Database) -> int:
    async with database.read() as connection:
        rows = await connection.execute_fetchall("SELECT COUNT(*), COALESCE(SUM(LENGTH(content)), 0) FROM memories")
        return int(next(iter(rows))[0])


async def test_what_was_said_comes_back_in_order_and_once(memories: Memories, session: SessionSnapshot) -> None:
    await memories.add(session, [said(2), said(3, own=False)])
    await memories.add(session, [said(1, own=False), replace(said(2), text="something else")])
    assert await memories.of(session) == [said(1, own=False), said(2), said(3, own=False)]
    assert await memories.of(replace(session, id=99)) == []


async def test_no_word_of_it_lies_in_the_clear(
    path: Path, memories: Memories, session: SessionSnapshot, database: Database
) -> None:
    await memories.add(session, [said(number) for number in range(3)])
    await database.compact()
    found = everything_in(path.parent)
    words = {word for sentence in SENTENCES for word in sentence.encode().split() if len(word) > 5}
    assert not any(word in found for word in (*words, b"Ottilie"))


async def test_only_the_newest_are_kept_by_number_and_by_size(
    memories: Memories, session: SessionSnapshot, database: Database
) -> None:
    await memories.add(session, [said(number) for number in range(MOST + 30)])
    kept = await memories.of(session)
    assert [one.message_id for one in kept] == list(range(30, MOST + 30))
    for number in range(1000, 1040):
        await memories.add(session, [said(number, "x" * 2000)])
    kept = await memories.of(session)
    assert kept[-1].message_id == 1039
    assert BYTES - 3000 < sum(len(one.text) for one in kept) < BYTES


async def test_a_row_that_was_moved_or_changed_does_not_open(
    memories: Memories, session: SessionSnapshot, database: Database
) -> None:
    await memories.add(session, [said(1), said(2)])
    async with database.write() as connection:
        await connection.execute("UPDATE memories SET message_id = 3 WHERE message_id = 2")
    with pytest.raises(Tampered):
        await memories.of(session)


async def test_deleted_messages_and_channels_are_forgotten_in_every_session(
    memories: Memories, session: SessionSnapshot, steps: Steps, profile: ProfileSnapshot
) -> None:
    other = (await steps.record(session_birth(profile, channel_id=CHANNEL + 1))).snapshot
    assert isinstance(other, SessionSnapshot)
    await memories.add(session, [said(1), said(2)])
    await memories.add(other, [said(3), said(4)])
    assert await memories.remove([2, 3, 77]) == 2
    assert await memories.of(session) == [said(1)] and await memories.of(other) == [said(4)]
    assert await memories.remove_places([other.channel_id, 5]) == 1
    assert await memories.of(session) == [said(1)] and await memories.of(other) == []


async def test_what_is_too_old_is_dropped_and_the_rest_stays(
    memories: Memories, session: SessionSnapshot, clock: HandClock, retention: Retention
) -> None:
    await memories.add(session, [said(1)])
    clock.move(86400)
    await memories.add(session, [said(2)])
    assert (await retention.sweep({"messages": NOON})).total == 0
    assert (await retention.sweep({"messages": NOON + timedelta(hours=1)})).total == 1
    assert await memories.of(session) == [said(2)]


async def test_forgetting_erases_it_at_once_and_nothing_joins_afterwards(
    memories: Memories, session: SessionSnapshot, erasure: Erasure, database: Database, profile: ProfileSnapshot
) -> None:
    await memories.add(session, [said(number) for number in range(5)])
    turns = Turns(database)
    await turns.decide(CHANNEL, 5, Decided(profile.id, 0.5, "wanted"), NOON)
    assert await erasure.erase(profile.id) >= 5
    assert await count(database) == 0
    assert await turns.of(CHANNEL, 5) == Decided(None, 0.0, "wanted"), "that it was decided stays, not for whom"
    with pytest.raises(KeyDestroyed):
        await memories.add(session, [said(9)])
    assert await memories.of(session) == []
    assert await count(database) == 0
