"""Messages: stored once, with their cursor, as ciphertext; read back whole and in order."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.connection import Database
from db.corpus import CONTEXT_REACH, PAGE, Corpus, Cursor, StoredMessage
from db.errors import KeyDestroyed, Tampered
from db.keys import Keyring
from db.steps import Steps
from states.model import ProfileSnapshot
from tests.db.conftest import MASTER_KEY
from tests.support.clock import HandClock
from tests.support.snapshots import ASKER, CHANNEL, IDS, SENTENCES, birth, messages

MESSAGES = st.builds(
    StoredMessage,
    message_id=IDS,
    user_id=IDS,
    server_id=IDS,
    channel_id=IDS,
    ts=st.floats(1.4e9, 1.40001e9),
    # Anything that a JSON file can hold: also NUL and lone surrogates.
    text=st.text(st.characters(codec=None, exclude_categories=()), max_size=60),
    author=st.text(max_size=20),
    own=st.booleans(),
    reply_to=st.none() | IDS,
)


@settings(max_examples=25, deadline=None)
@given(st.lists(MESSAGES, unique_by=lambda message: message.message_id, max_size=12))
def test_every_message_comes_back_as_it_was_stored(rows: list[StoredMessage]) -> None:
    async def there_and_back(path: Path) -> list[StoredMessage]:
        async with Database(path) as database:
            keyring = Keyring(database, MASTER_KEY)
            corpus = Corpus(database, keyring, HandClock())
            born = (await Steps(database).record(birth())).snapshot
            assert isinstance(born, ProfileSnapshot)
            await corpus.store(born, rows, None)
            return await corpus.read(born.id, 100)

    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(there_and_back(Path(folder) / "echo.sqlite3"))
    expected = sorted(rows, key=lambda row: (row.ts, row.message_id)) if any(row.own for row in rows) else []
    assert found == expected


async def test_messages_and_their_cursor_are_kept_together(corpus: Corpus, profile: ProfileSnapshot) -> None:
    cursor = Cursor(CHANNEL, 1, False, 40, 30)
    await corpus.store(profile, messages(30), cursor)
    assert await corpus.cursors(profile.id) == {CHANNEL: cursor}
    further = replace(cursor, before_id=0, done=True, seen=60)
    await corpus.store(profile, [], further)
    assert await corpus.cursors(profile.id) == {CHANNEL: further}
    await corpus.clear_cursors(profile.id)
    assert await corpus.cursors(profile.id) == {}
    assert await corpus.count(profile.id) == 30


async def test_a_message_is_never_stored_twice(corpus: Corpus, profile: ProfileSnapshot) -> None:
    await corpus.store(profile, messages(20), None)
    await corpus.store(profile, messages(30, first_id=10), None)
    assert await corpus.count(profile.id) == 39
    assert await corpus.read(profile.id, 100) == messages(39)


async def test_only_the_subjects_own_messages_count(corpus: Corpus, profile: ProfileSnapshot) -> None:
    await corpus.store(profile, [*messages(5), *messages(7, first_id=100, own=False)], None)
    assert await corpus.count(profile.id) == 5


async def test_the_newest_own_messages_come_with_the_context_since_half_a_day_before(
    corpus: Corpus, profile: ProfileSnapshot
) -> None:
    own = messages(10, first_id=1000)
    edge = own[7].ts - CONTEXT_REACH
    others = [
        replace(message, ts=ts, message_id=number)
        for number, (message, ts) in enumerate(
            zip(messages(3, own=False), (edge - 1, edge + 1, own[8].ts + 1), strict=True), start=1
        )
    ]
    await corpus.store(profile, [*own, *others], None)
    assert await corpus.read(profile.id, 3) == [others[1], own[7], own[8], others[2], own[9]]


async def test_a_corpus_of_several_pages_is_read_whole_even_where_all_share_one_time(
    corpus: Corpus, profile: ProfileSnapshot
) -> None:
    rows = [replace(row, ts=5.0) for row in messages(2 * PAGE + 7)]
    await corpus.store(profile, rows[::-1], None)
    assert await corpus.read(profile.id, 10 * PAGE) == rows
    assert await corpus.read(profile.id, PAGE + 3) == rows[-PAGE - 3 :]


async def test_two_profiles_keep_the_same_message_apart(corpus: Corpus, steps: Steps, profile: ProfileSnapshot) -> None:
    other = (await steps.record(birth(user_id=ASKER))).snapshot
    assert isinstance(other, ProfileSnapshot)
    await corpus.store(profile, messages(3), None)
    await corpus.store(other, messages(4), None)
    assert (await corpus.count(profile.id), await corpus.count(other.id)) == (3, 4)
    assert await corpus.read(other.id, 9) == messages(4)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE user_messages SET message_content = (SELECT message_content FROM user_messages WHERE message_id = 2)",
        "UPDATE user_messages SET channel_id = channel_id + 1",
        "UPDATE user_messages SET user_id = user_id + 1",
        "UPDATE user_messages SET server_id = server_id + 1",
        "UPDATE user_messages SET message_id = message_id + 1000",
        "UPDATE user_messages SET message_content = substr(message_content, 1, 20)",
        "UPDATE user_messages SET message_content = x''",
    ],
)
async def test_a_row_that_was_swapped_moved_or_cut_off_fails_loudly(
    change: str, corpus: Corpus, profile: ProfileSnapshot, database: Database
) -> None:
    await corpus.store(profile, messages(5), None)
    async with database.write() as connection:
        await connection.execute(change)
    with pytest.raises(Tampered, match="was changed or moved since Echo wrote it: put back a copy") as told:
        await corpus.read(profile.id, 100)
    assert not any(sentence in str(told.value) for sentence in SENTENCES)


async def test_nothing_is_stored_for_a_profile_that_was_forgotten_meanwhile(
    corpus: Corpus, keyring: Keyring, profile: ProfileSnapshot
) -> None:
    await corpus.store(profile, messages(3), None)
    # The key is known already, so that the messages are sealed while the key is being destroyed.
    outcome, _ = await asyncio.gather(
        corpus.store(profile, messages(500, first_id=10), Cursor(CHANNEL, 1, True, 1, 1)),
        keyring.destroy(profile.id),
        return_exceptions=True,
    )
    assert isinstance(outcome, KeyDestroyed)
    assert await corpus.count(profile.id) == 3
    assert await corpus.cursors(profile.id) == {}
    for attempt in (corpus.store(profile, messages(3, first_id=2000), None), corpus.read(profile.id, 10)):
        with pytest.raises(KeyDestroyed):
            await attempt


async def test_other_tasks_go_on_while_a_corpus_is_read(corpus: Corpus, steps: Steps, profile: ProfileSnapshot) -> None:
    await corpus.store(profile, messages(5 * PAGE), None)
    reading = asyncio.create_task(corpus.read(profile.id, 5 * PAGE))
    recorded = 0
    while not reading.done():
        await steps.record(birth(user_id=1000 + recorded))
        recorded += 1
    assert len(await reading) == 5 * PAGE
    assert recorded > 3
