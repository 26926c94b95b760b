"""Messages: stored once, with their cursor, as ciphertext; read back whole and in order."""

from __future__ import annotations

import asyncio
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.connection import Database
from db.corpus import CONTEXT_REACH, PAGE, Corpus
from db.errors import KeyDestroyed, Tampered
from db.keys import Keyring
from db.steps import Steps
from db.stored import Provenance, StoredMessage, Verified
from states.model import ProfileSnapshot
from tests.db.conftest import MASTER_KEY
from tests.support.clock import HandClock
from tests.support.snapshots import ASKER, CHANNEL, IDS, SENTENCES, birth, covered, messages
from tests.support.stored_steps import steps_of

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
    provenance=st.sampled_from(Provenance),
    cut=st.booleans(),
    bare=st.booleans(),
    scrubbed=st.dictionaries(st.sampled_from(["email", "phone", "iban"]), st.integers(1, 9), max_size=3),
)


def by_age(message: StoredMessage) -> tuple[float, int]:
    return message.ts, message.message_id


@settings(max_examples=25, deadline=None)
@given(st.lists(MESSAGES, unique_by=lambda message: message.message_id, max_size=12))
def test_every_message_comes_back_as_it_was_stored(rows: list[StoredMessage]) -> None:
    async def there_and_back(path: Path) -> list[StoredMessage]:
        async with Database(path) as database:
            keyring = Keyring(database, MASTER_KEY)
            corpus = Corpus(database, keyring, HandClock())
            born = (await steps_of(database, MASTER_KEY).record(birth())).snapshot
            assert isinstance(born, ProfileSnapshot)
            await corpus.store(born, rows)
            assert await corpus.verify(born.id) == Verified(len(rows), await corpus.count(born.id), ())
            assert [row async for page in corpus.stream(born.id) for row in page] == sorted(rows, key=by_age)
            return await corpus.read(born.id, 100)

    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(there_and_back(Path(folder) / "echo.sqlite3"))
    spoken = [by_age(row) for row in rows if row.own and row.text]
    assert found == [row for row in sorted(rows, key=by_age) if spoken and (not row.own or by_age(row) >= min(spoken))]


async def test_a_message_is_never_stored_twice(corpus: Corpus, profile: ProfileSnapshot) -> None:
    assert await corpus.store(profile, messages(20)) == 20
    assert await corpus.store(profile, messages(30, first_id=10)) == 19
    assert await corpus.store(profile, messages(39)) == 0
    assert await corpus.count(profile.id) == 39
    assert await corpus.read(profile.id, 100) == messages(39)


@pytest.mark.parametrize("count", [1, 9, 10, 99, 100, 111, 2 * PAGE + 234])
async def test_any_number_of_messages_is_stored_whole_at_once(
    count: int, corpus: Corpus, profile: ProfileSnapshot
) -> None:
    assert await corpus.store(profile, [*messages(count), *messages(count)]) == count
    assert await corpus.read(profile.id, 2 * count) == messages(count)


async def test_only_the_subjects_own_messages_count(corpus: Corpus, profile: ProfileSnapshot) -> None:
    seen = [replace(row, text="", cut=True) for row in messages(3, first_id=50)]
    some = [*messages(5), *messages(7, first_id=100, own=False), *seen]
    assert await corpus.store(profile, some) == 5
    assert await corpus.store(profile, [*some, *messages(1, first_id=300), *messages(1, 400, own=False)]) == 1
    assert await corpus.count(profile.id) == 6


async def test_what_nobody_can_see_is_read_with_the_rest_but_is_none_of_the_newest(
    corpus: Corpus, profile: ProfileSnapshot
) -> None:
    rows = [replace(row, text="", cut=True) if number % 2 else row for number, row in enumerate(messages(10))]
    await corpus.store(profile, rows)
    assert await corpus.read(profile.id, 2) == rows[6:]


async def test_a_bare_message_that_comes_again_with_what_stood_before_it_is_bare_no_more(
    corpus: Corpus, profile: ProfileSnapshot
) -> None:
    bare = [replace(row, bare=True, provenance=Provenance.SEARCH) for row in messages(4)]
    await corpus.store(profile, bare)
    assert await corpus.own_ids(profile) == {CHANNEL: [(4, True), (3, True), (2, True), (1, True)]}
    again = [bare[0], replace(bare[1], bare=False, provenance=Provenance.HISTORY, text="Changed meanwhile.")]
    assert await corpus.store(profile, again) == 0
    expected = [bare[0], replace(bare[1], bare=False, provenance=Provenance.HISTORY), *bare[2:]]
    assert await corpus.read(profile.id, 9) == expected
    assert await corpus.store(profile, bare) == 0
    assert await corpus.read(profile.id, 9) == expected


async def test_a_stream_gives_everything_in_pages_from_the_oldest_on(corpus: Corpus, profile: ProfileSnapshot) -> None:
    old = [replace(row, ts=-5.0 + row.ts / 1e12) for row in messages(3, first_id=90_000, own=False)]
    rows = messages(2 * PAGE - 3)
    await corpus.store(profile, [*rows, *old])
    pages = [page async for page in corpus.stream(profile.id)]
    assert [len(page) for page in pages] == [PAGE, PAGE]
    assert [row for page in pages for row in page] == [*old, *rows]


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
    await corpus.store(profile, [*own, *others])
    assert await corpus.read(profile.id, 3) == [others[1], own[7], own[8], others[2], own[9]]


async def test_a_corpus_of_several_pages_is_read_whole_even_where_all_share_one_time(
    corpus: Corpus, profile: ProfileSnapshot
) -> None:
    rows = [replace(row, ts=5.0) for row in messages(2 * PAGE + 7)]
    await corpus.store(profile, rows[::-1])
    assert await corpus.read(profile.id, 10 * PAGE) == rows
    assert await corpus.read(profile.id, PAGE + 3) == rows[-PAGE - 3 :]


async def test_two_profiles_keep_the_same_message_apart(corpus: Corpus, steps: Steps, profile: ProfileSnapshot) -> None:
    other = (await steps.record(birth(user_id=ASKER))).snapshot
    assert isinstance(other, ProfileSnapshot)
    await corpus.store(profile, messages(3))
    await corpus.store(other, messages(4))
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
    await corpus.store(profile, messages(5))
    async with database.write() as connection:
        await connection.execute(change)
    with pytest.raises(Tampered, match="was changed or moved since Echo wrote it: put back a copy") as told:
        await corpus.read(profile.id, 100)
    assert not any(sentence in str(told.value) for sentence in SENTENCES)


async def test_verifying_opens_every_row_and_names_the_broken_ones(
    corpus: Corpus, profile: ProfileSnapshot, database: Database
) -> None:
    unseen = [replace(row, text="", cut=True) for row in messages(3, first_id=3 * PAGE)]
    await corpus.store(profile, [*messages(2 * PAGE), *messages(5, first_id=4 * PAGE, own=False), *unseen])
    whole = Verified(2 * PAGE + 8, 2 * PAGE, ())
    assert await corpus.verify(profile.id) == whole
    async with database.write() as connection:
        await connection.execute("UPDATE user_messages SET message_content = x'00' WHERE message_id = 5")
        await connection.execute(f"UPDATE user_messages SET channel_id = 1 WHERE message_id = {2 * PAGE}")
    assert await corpus.verify(profile.id) == replace(whole, broken=(5, 2 * PAGE))


async def test_rows_that_an_older_echo_sealed_still_open(
    corpus: Corpus, keyring: Keyring, profile: ProfileSnapshot, database: Database
) -> None:
    (message,) = messages(1)
    await corpus.store(profile, [message])
    cipher = await keyring.key_for(profile.id)
    place = ("message", profile.id, message.server_id, message.user_id, message.channel_id, message.message_id)
    older = json.dumps(["Older words.", "Ottilie Vane", 7]).encode()
    async with database.write() as connection:
        await connection.execute("UPDATE user_messages SET message_content = ?", (cipher.seal(older, *place),))
    expected = replace(message, text="Older words.", author="Ottilie Vane", reply_to=7)
    assert await corpus.read(profile.id, 1) == [expected]


async def test_nothing_is_stored_for_a_profile_that_was_forgotten_meanwhile(
    corpus: Corpus, profile: ProfileSnapshot, database: Database, clock: HandClock
) -> None:
    await corpus.store(profile, messages(3))
    # After a new start: while this storing opens the key, its destruction lines up before the transaction that stores.
    keyring = Keyring(database, MASTER_KEY)
    anew = Corpus(database, keyring, clock)
    outcome, _ = await asyncio.gather(
        anew.store(profile, messages(500, first_id=10), covered(1)),
        keyring.destroy(profile.id),
        return_exceptions=True,
    )
    assert isinstance(outcome, KeyDestroyed)
    assert await anew.count(profile.id) == 3
    assert await anew.ranges(profile.id) == {}
    for attempt in (anew.store(profile, messages(3, first_id=2000)), anew.read(profile.id, 10)):
        with pytest.raises(KeyDestroyed):
            await attempt


async def test_other_tasks_go_on_while_a_corpus_is_read(corpus: Corpus, steps: Steps, profile: ProfileSnapshot) -> None:
    await corpus.store(profile, messages(10 * PAGE))
    reading = asyncio.create_task(corpus.read(profile.id, 10 * PAGE))
    recorded = 0
    while not reading.done():
        await steps.record(birth(user_id=1000 + recorded))
        recorded += 1
    assert len(await reading) == 10 * PAGE
    # One recording would end even where the reading held everything up from its beginning to its end.
    assert recorded > 1


async def test_nothing_of_who_became_unseen_since_it_was_read_is_stored(
    corpus: Corpus, profile: ProfileSnapshot
) -> None:
    rows = [replace(row, own=False, user_id=70 + number % 2) for number, row in enumerate(messages(6))]
    corpus.is_unseen = lambda server_id, user_id: (server_id, user_id) == (profile.server_id, 70)
    await corpus.store(profile, rows)
    stored = [row.user_id async for page in corpus.stream(profile.id) for row in page]
    assert stored == [71, 71, 71]
