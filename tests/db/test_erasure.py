"""Nothing that anybody wrote can be found in the files; and what is erased is gone."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from db.allowances import Allowances
from db.amendments import note
from db.changes import Change, Changes
from db.connection import Database
from db.consents import Consents
from db.corpus import Corpus
from db.datasets import Datasets
from db.erasure import BATCH, Erasure, Swept
from db.errors import DatabaseLocked, KeyDestroyed
from db.generations import Generations
from db.held import ERASED, STAYING
from db.journal import Journal
from db.keys import Keyring
from db.memories import Memories, Remembered
from db.models import Models
from db.outbox import Outbox
from db.steps import Steps
from db.stored import Outcome, PlaceResult, Plan
from states.events import (
    AllowanceGiven,
    CollectionFailed,
    CollectionFinished,
    ConsentPosted,
    EverythingForgotten,
    ForgetAsked,
    RefreshAsked,
    TrainingFinished,
)
from states.model import Allowance, ProfileSnapshot, SessionSnapshot
from tests.db.conftest import MASTER_KEY
from tests.support.clock import HandClock
from tests.support.files import everything_in, files_in
from tests.support.processes import another_program
from tests.support.snapshots import (
    ASKER,
    CHANNEL,
    NOON,
    SENTENCES,
    SUBJECT,
    agreed,
    birth,
    covered,
    following,
    messages,
    session_birth,
)
from tests.support.stored_steps import steps_of

DAY = 86400.0
ALL = NOON + timedelta(days=3650)
NONE = NOON - timedelta(days=3650)
OF_TEXT = ("user_messages", "generations", "generation_parts", "datasets", "memories")
OF_COLLECTING = ("collection_ranges", "collection_places", "collection_plans", "corpus_changes", "amendments")


@pytest.fixture
async def talked(
    database: Database,
    steps: Steps,
    corpus: Corpus,
    datasets: Datasets,
    generations: Generations,
    models: Models,
    keyring: Keyring,
    clock: HandClock,
    profile: ProfileSnapshot,
) -> ProfileSnapshot:
    """A ready profile with a corpus, a dataset, a model and a session that has said something."""
    await corpus.store(profile, messages(1200), covered(1200))
    await corpus.put_plan(profile.id, Plan("walk", 1_000_000, 12))
    await Changes(database).note(profile.id, Change(added=5))
    await datasets.put_dataset(profile.id, "train", [(2, " ".join(SENTENCES).encode())] * 3)
    path = await models.save(profile.id, 1, " ".join(SENTENCES).encode() * 100)
    now = (await steps.record(agreed(profile))).snapshot
    now = (await steps.record(following(now, CollectionFinished(NOON, 1200, 100)))).snapshot
    now = (await steps.record(following(now, TrainingFinished(NOON, path, 1, 1200, 2.5)))).snapshot
    async with database.write() as connection:
        await note(connection, [(profile.id, 7)])
    now = (await steps.record(following(now, AllowanceGiven(NOON, SUBJECT, Allowance.QUIZ, 1, "0f" * 32)))).snapshot
    session = (await steps.record(session_birth(profile))).snapshot
    assert isinstance(now, ProfileSnapshot) and isinstance(session, SessionSnapshot)
    for turn in (1, 2):
        said = await generations.draft(session, turn, SENTENCES, 1, 1, (1, 1), 1, "addressed", "1-1", NOON)
        await generations.mark_said(said, 0, 77, NOON)
    remembered = [Remembered(number, 1.0, "Barnaby Quill", SENTENCES[number], own=False) for number in range(3)]
    await Memories(database, keyring, clock).add(session, remembered)
    return now


def no_words_in(folder: Path) -> bool:
    """Whether no file holds any word that only the messages, drafts and authors' names hold."""
    found = everything_in(folder)
    words = {word for sentence in SENTENCES for word in sentence.encode().split() if len(word) > 5}
    return not any(word in found for word in (*words, b"Ottilie", b"Barnaby"))


async def test_no_sentence_lies_in_the_clear_in_any_file_while_echo_runs_or_after(
    path: Path, profile: ProfileSnapshot, talked: ProfileSnapshot, database: Database
) -> None:
    files = {file.name for file in files_in(path.parent)}
    assert files == {path.name, f"{path.name}-wal", f"{path.name}-shm", "1-1.model"}
    found = everything_in(path.parent)
    assert b"awaiting_consent" in found and b"addressed" in found
    assert no_words_in(path.parent)
    await database.compact()
    assert no_words_in(path.parent)


async def test_erasing_leaves_no_text_no_key_and_no_model_but_the_profile_and_its_history(
    path: Path, talked: ProfileSnapshot, database: Database, keyring: Keyring, erasure: Erasure, corpus: Corpus
) -> None:
    async with database.read() as connection:
        keys = [row[0] for row in await connection.execute_fetchall("SELECT wrapped_key FROM profile_keys")]
        texts = [row[0] for row in await connection.execute_fetchall("SELECT message_content FROM user_messages")]
    await database.compact()
    before = everything_in(path.parent)
    assert keys[0] in before and all(text in before for text in texts)
    assert await erasure.erase(talked.id) == 1 + 1200 + 2 + 3 + 5 + 3
    after = everything_in(path.parent)
    assert keys[0] not in after
    assert not any(text in after for text in texts)
    assert [file.name for file in files_in(path.parent) if file.suffix == ".model"] == []
    for table in (*OF_TEXT, *OF_COLLECTING, "training_runs"):
        async with database.read() as connection:
            assert list(await connection.execute_fetchall(f"SELECT * FROM {table}")) == []
    with pytest.raises(KeyDestroyed):
        await corpus.read(talked.id, 1)
    assert (await steps_of(database, MASTER_KEY).load())[0] == [talked]
    assert len(await Journal(database).of(talked.key)) == talked.version
    assert len(await Consents(database, keyring).of(talked.id)) == 1


async def test_every_table_that_holds_anything_of_a_profile_is_known_to_erasing(database: Database) -> None:
    query = (
        "SELECT tables.name FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns "
        "WHERE tables.type = 'table' AND columns.name = 'profile_id'"
    )
    async with database.read() as connection:
        found = {row[0] for row in await connection.execute_fetchall(query)}
    # Whoever adds a table says in db/held.py what becomes of it when somebody is forgotten.
    assert found == {*ERASED, *STAYING} and not set(ERASED) & set(STAYING)


async def test_what_hangs_on_rows_that_are_erased_goes_with_them(database: Database) -> None:
    async with database.read() as connection:
        named = await connection.execute_fetchall("SELECT name FROM sqlite_master WHERE type = 'table'")
        tables = [row[0] for row in named]
        hanging = [
            (table, row["table"], row["on_delete"])
            for table in tables
            for row in await connection.execute_fetchall(f"PRAGMA foreign_key_list({table})")
            if row["table"] in ERASED
        ]
    assert hanging and all(table in ERASED or on_delete == "CASCADE" for table, _, on_delete in hanging)


async def test_erasing_one_profile_leaves_the_others(
    talked: ProfileSnapshot, steps: Steps, corpus: Corpus, models: Models, erasure: Erasure
) -> None:
    other = (await steps.record(birth(user_id=ASKER))).snapshot
    assert isinstance(other, ProfileSnapshot)
    await corpus.store(other, messages(30))
    await models.save(other.id, 1, b"blob")
    await erasure.erase(talked.id)
    assert await corpus.read(other.id, 100) == messages(30)
    assert await models.load(other.id, 1) == b"blob"


async def test_erasing_that_was_broken_off_has_destroyed_the_key_and_goes_on_where_it_stopped(
    talked: ProfileSnapshot, erasure: Erasure, database: Database, keyring: Keyring
) -> None:
    erasing = asyncio.create_task(erasure.erase(talked.id))
    loop = asyncio.get_running_loop()

    def break_off_at(sql: str) -> None:
        if sql.startswith("DELETE FROM user_messages"):
            loop.call_soon_threadsafe(erasing.cancel)

    async with database.write() as connection:
        await connection.set_trace_callback(break_off_at)
    await asyncio.gather(erasing, return_exceptions=True)
    assert erasing.cancelled()
    async with database.write() as connection:
        await connection.set_trace_callback(lambda sql: None)
    with pytest.raises(KeyDestroyed):
        await keyring.key_for(talked.id)
    assert await erasure.erase(talked.id) > 500
    assert await erasure.erase(talked.id) == 0


async def test_erasing_a_locked_database_says_so_and_can_be_tried_again(
    path: Path, talked: ProfileSnapshot, erasure: Erasure
) -> None:
    with another_program(path, "BEGIN IMMEDIATE"), pytest.raises(DatabaseLocked, match="locked by another program"):
        await erasure.erase(talked.id)
    assert await erasure.erase(talked.id) > 1200


async def test_collecting_that_goes_on_while_a_profile_is_erased_leaves_nothing(
    talked: ProfileSnapshot, corpus: Corpus, datasets: Datasets, erasure: Erasure
) -> None:
    late = [messages(400, first_id=5000 + 400 * page) for page in range(6)]
    await asyncio.gather(
        *(corpus.store(talked, page, covered(1)) for page in late),
        erasure.erase(talked.id),
        return_exceptions=True,
    )
    assert await corpus.count(talked.id) == 0
    assert (await corpus.ranges(talked.id), await corpus.places(talked.id)) == ({}, {})
    for late_word in (
        corpus.put_plan(talked.id, Plan("walk", 9, 9)),
        corpus.note_places(talked.id, [PlaceResult(CHANNEL, Outcome.CLOSED)]),
        datasets.put_dataset(talked.id, "test", [(1, b"late")]),
    ):
        with pytest.raises(KeyDestroyed):
            await late_word


async def test_other_steps_get_their_turn_while_much_is_erased(
    talked: ProfileSnapshot, corpus: Corpus, steps: Steps, erasure: Erasure
) -> None:
    await corpus.store(talked, messages(6000, first_id=5000))
    erasing = asyncio.create_task(erasure.erase(talked.id))
    recorded = 0
    while not erasing.done():
        await steps.record(birth(user_id=1000 + recorded))
        recorded += 1
    await erasing
    # One would be recorded even where everything waited for the end.
    assert recorded > 1


async def test_a_sweep_erases_what_was_learnt_from_and_is_too_old(
    talked: ProfileSnapshot, corpus: Corpus, clock: HandClock, erasure: Erasure, generations: Generations
) -> None:
    clock.move(5 * DAY)
    await corpus.store(talked, messages(10, first_id=9000))
    assert await erasure.sweep(NONE, NONE) == Swept(0, 0, 0, 0, 0, 0, 0)
    swept = await erasure.sweep(NOON + timedelta(days=1), NONE)
    assert (swept.messages, swept.generations, swept.datasets, swept.journal, swept.models) == (1200, 2, 3, 0, 0)
    assert await corpus.read(talked.id, 99) == messages(10, first_id=9000)
    assert await generations.latest(talked.id, 9) == []
    # So that a refresh reads the channels anew, instead of finding that all was read.
    assert await corpus.ranges(talked.id) == {}


async def test_a_sweep_goes_by_when_a_message_was_stored_first_not_by_when_it_came_again_or_was_edited(
    talked: ProfileSnapshot, corpus: Corpus, clock: HandClock, erasure: Erasure
) -> None:
    clock.move(5 * DAY)
    await corpus.store(talked, messages(600))
    for message in messages(10):
        assert await corpus.amend(message, talked.id)
    assert (await erasure.sweep(NOON + timedelta(days=1), NONE)).messages == 1200


async def test_a_sweep_leaves_the_ranges_of_a_profile_that_loses_nothing(
    talked: ProfileSnapshot, corpus: Corpus, steps: Steps, erasure: Erasure, clock: HandClock
) -> None:
    clock.move(5 * DAY)
    other = (await steps.record(birth(user_id=ASKER))).snapshot
    assert isinstance(other, ProfileSnapshot)
    await corpus.store(other, messages(5), covered(5))
    await erasure.sweep(NOON + timedelta(days=1), NONE)
    assert (await corpus.ranges(talked.id), len(await corpus.ranges(other.id))) == ({}, 1)


async def test_a_sweep_keeps_what_is_still_to_be_learnt_from(
    talked: ProfileSnapshot, corpus: Corpus, steps: Steps, erasure: Erasure, datasets: Datasets
) -> None:
    await steps.record(following(talked, RefreshAsked(NOON, 0)))
    assert (await erasure.sweep(ALL, NONE)).messages == 0
    assert await corpus.count(talked.id) == 1200
    assert len(await corpus.ranges(talked.id)) == 1
    assert await datasets.examples(talked.id) == {"train": 6}


async def test_what_a_profile_that_stands_still_has_read_is_not_kept_for_ever(
    talked: ProfileSnapshot, corpus: Corpus, steps: Steps, erasure: Erasure
) -> None:
    refreshed = await steps.record(following(talked, RefreshAsked(NOON, 0)))
    await steps.record(following(refreshed.snapshot, CollectionFailed(NOON, "Nothing may be read.", transient=False)))
    assert (await erasure.sweep(ALL, NONE)).messages == 1200
    assert await corpus.ranges(talked.id) == {}, "so that a retry reads the channels anew"


async def test_a_refresh_that_begins_during_a_sweep_keeps_the_rest_and_reads_the_channels_anew(
    talked: ProfileSnapshot, corpus: Corpus, steps: Steps, erasure: Erasure, database: Database
) -> None:
    loop, begun = asyncio.get_running_loop(), asyncio.Event()

    def begin_at(sql: str) -> None:
        if sql.startswith("DELETE FROM user_messages"):
            loop.call_soon_threadsafe(begun.set)

    async def refresh() -> None:
        await begun.wait()
        await steps.record(following(talked, RefreshAsked(NOON, 0)))

    async with database.write() as connection:
        await connection.set_trace_callback(begin_at)
    swept, _ = await asyncio.gather(erasure.sweep(ALL, NONE), refresh())
    assert swept.messages == BATCH
    assert await corpus.count(talked.id) == 1200 - BATCH
    assert await corpus.ranges(talked.id) == {}


async def test_a_sweep_keeps_the_model_that_speaks(talked: ProfileSnapshot, models: Models, erasure: Erasure) -> None:
    await erasure.sweep(ALL, ALL)
    assert len(await models.load(talked.id, 1)) > 100


async def test_a_sweep_drops_old_history_but_nothing_that_is_still_to_be_done(
    steps: Steps, profile: ProfileSnapshot, outbox: Outbox, erasure: Erasure, database: Database
) -> None:
    await steps.record(following(profile, ConsentPosted(NOON, 9)), settles=1)
    await steps.record(birth(user_id=5))
    swept = await erasure.sweep(NONE, ALL)
    assert (swept.journal, swept.outbox) == (3, 1)
    assert await Journal(database).latest(9) == []
    assert [row.id for row in await outbox.pending()] == [2]


async def test_a_forgotten_profile_goes_with_its_history(
    talked: ProfileSnapshot, steps: Steps, outbox: Outbox, erasure: Erasure, database: Database, keyring: Keyring
) -> None:
    forgetting = await steps.record(following(talked, ForgetAsked(NOON, ASKER, "No more.")))
    rows = await erasure.erase(talked.id)
    forgotten = await steps.record(following(forgetting.snapshot, EverythingForgotten(NOON, rows)))
    assert (await erasure.sweep(ALL, ALL)).profiles == 0, "its last notice is not given yet"
    for row in await outbox.pending():
        await outbox.settle(row.id)
    assert (await erasure.sweep(ALL, NONE)).profiles == 1
    assert await steps.load() == ([], [])
    assert await Consents(database, keyring).of(talked.id) == [] == await Allowances(database).of(talked.id)
    assert (await steps.record(birth())).snapshot.id > forgotten.snapshot.id
