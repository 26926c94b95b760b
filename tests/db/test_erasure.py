"""Nothing that anybody wrote can be found in the files; and what is erased is gone."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from db.connection import Database
from db.consents import Consents
from db.corpus import Corpus
from db.datasets import Datasets
from db.erasure import Erasure
from db.errors import DatabaseLocked, KeyDestroyed
from db.held import ERASED, STAYING
from db.journal import Journal
from db.keys import Keyring
from db.models import Models
from db.steps import Steps
from db.stored import Outcome, PlaceResult, Plan
from states.model import ProfileSnapshot
from tests.db.conftest import MASTER_KEY
from tests.support.files import everything_in, files_in
from tests.support.processes import another_program
from tests.support.snapshots import (
    ASKER,
    CHANNEL,
    NOON,
    SENTENCES,
    birth,
    covered,
    messages,
)
from tests.support.stored_steps import steps_of

DAY = 86400.0
ALL = NOON + timedelta(days=3650)
NONE = NOON - timedelta(days=3650)
OF_TEXT = ("user_messages", "generations", "generation_parts", "datasets", "memories")
OF_COLLECTING = ("collection_ranges", "collection_places", "collection_plans", "corpus_changes", "amendments")


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
