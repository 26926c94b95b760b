"""Opening, reading and writing the file; and each way in which that fails, in one sentence."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from db.connection import Database
from db.corpus import Corpus
from db.errors import (
    DatabaseCorrupt,
    DatabaseForeign,
    DatabaseFull,
    DatabaseLocked,
    DatabaseTooNew,
    DatabaseUnreachable,
    StorageError,
)
from db.schema import pragma
from db.stored import StoredMessage
from states.model import ProfileSnapshot
from tests.db.conftest import MASTER_KEY
from tests.support.files import content, files_in, mode, overwrite, put, size
from tests.support.processes import another_program
from tests.support.snapshots import CHANNEL, birth, covered, messages
from tests.support.stored_steps import steps_of

PATIENCE = 60.0
"""Seconds after which a test that waits is given up: for the worst of machines, never slept."""


def is_one_sentence(error: pytest.ExceptionInfo[StorageError]) -> bool:
    text = str(error.value)
    return text.endswith(".") and "\n" not in text and ". " not in text and ":" in text


async def test_a_new_database_is_set_up_as_designed(database: Database) -> None:
    async with database.write() as connection:
        found = {
            name: (await (await connection.execute(f"PRAGMA {name}")).fetchone() or [None])[0]
            for name in ("journal_mode", "foreign_keys", "secure_delete", "auto_vacuum")
        }
        tables = list(
            await connection.execute_fetchall(
                "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            )
        )
    assert found == {"journal_mode": "wal", "foreign_keys": 1, "secure_delete": 1, "auto_vacuum": 2}
    assert len(tables) > 8
    assert [table["name"] for table in tables if not table["sql"].endswith("STRICT")] == []


async def test_only_its_owner_may_read_the_database_and_its_log(database: Database, path: Path) -> None:
    await steps_of(database, MASTER_KEY).record(birth())
    names = [path.name, f"{path.name}-shm", f"{path.name}-wal"]
    assert [(file.name, mode(file)) for file in files_in(path.parent)] == [(name, 0o600) for name in names]


async def test_a_file_that_others_could_read_is_closed_to_them(path: Path) -> None:
    put(path, b"", mode=0o644)
    async with Database(path):
        assert mode(path) == 0o600


async def test_an_error_inside_a_transaction_rolls_all_of_it_back(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.write() as connection:
            await connection.execute("INSERT INTO meta VALUES ('x', x'00')")
            _ = 1 // 0
    async with database.read() as connection:
        assert list(await connection.execute_fetchall("SELECT * FROM meta")) == []


async def test_the_reader_sees_nothing_of_a_transaction_before_its_end_and_does_not_wait(database: Database) -> None:
    async with database.write() as writer:
        await writer.execute("INSERT INTO meta VALUES ('x', x'00')")
        async with database.read() as reader:
            assert list(await reader.execute_fetchall("SELECT * FROM meta")) == []
    async with database.read() as reader:
        assert len(list(await reader.execute_fetchall("SELECT * FROM meta"))) == 1


async def test_the_reader_cannot_write(database: Database) -> None:
    with pytest.raises(DatabaseUnreachable):
        async with database.read() as reader:
            await reader.execute("DELETE FROM meta")


async def test_a_database_locked_by_another_program_is_named_in_one_sentence(path: Path) -> None:
    async with Database(path):
        pass
    with (
        another_program(path, "PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE"),
        pytest.raises(DatabaseLocked, match="locked by another program: close what else has it open") as told,
    ):
        async with Database(path, patience=0.05):
            pytest.fail("It opened.")
    assert is_one_sentence(told) and str(path) in str(told.value)


async def test_a_lock_that_comes_later_fails_the_step_and_the_next_one_goes_on(database: Database, path: Path) -> None:
    steps = steps_of(database, MASTER_KEY)
    assert await steps.load() == ([], [])
    with another_program(path, "BEGIN IMMEDIATE"):
        with pytest.raises(DatabaseLocked):
            await steps.record(birth())
        assert await steps.load() == ([], [])
    assert (await steps.record(birth())).snapshot.id == 1


async def test_a_full_disk_is_named_loses_nothing_and_goes_on_once_there_is_room(
    database: Database, corpus: Corpus, profile: ProfileSnapshot
) -> None:
    await corpus.store(profile, messages(10), covered(10))
    async with database.write() as connection:
        await connection.execute(f"PRAGMA max_page_count = {await pragma(connection, 'page_count') + 2}")
    with pytest.raises(DatabaseFull, match=r"The disk is full, .* free some space and try again") as told:
        await corpus.store(profile, messages(2000, first_id=11), covered(2010))
    assert is_one_sentence(told)
    assert await corpus.count(profile.id) == 10
    assert (await corpus.places(profile.id))[CHANNEL].seen == 10
    async with database.write() as connection:
        await connection.execute("PRAGMA max_page_count = 1000000")
    await corpus.store(profile, messages(2000, first_id=11), covered(2010))
    assert await corpus.read(profile.id, 3000) == messages(2010)


@pytest.mark.parametrize("letter", [b"This is no database, but a letter to nobody. " * 40, b"\x00" * 5000])
async def test_a_file_that_is_no_database_is_named_in_one_sentence(path: Path, letter: bytes) -> None:
    put(path, letter)
    with pytest.raises(DatabaseCorrupt, match="damaged or is no database: put back a copy, or move it away") as told:
        async with Database(path):
            pytest.fail("It opened.")
    assert is_one_sentence(told)
    assert content(path) == letter


@pytest.mark.parametrize("keep", [0.5, 0.9])
async def test_a_database_that_was_cut_off_is_named_before_it_is_used(path: Path, keep: float) -> None:
    async with Database(path):
        pass
    whole = content(path)
    put(path, whole[: int(len(whole) * keep) // 4096 * 4096])
    with pytest.raises(DatabaseCorrupt):
        async with Database(path):
            pytest.fail("It opened.")


async def test_a_database_with_a_garbled_page_is_named_before_it_is_used(path: Path) -> None:
    async with Database(path) as database:
        steps = steps_of(database, MASTER_KEY)
        for user in range(60):
            await steps.record(birth(user_id=user))
    # A page deep in the journal, which nothing that opening does by itself would come across.
    overwrite(path, content(path).rindex(b"EchoAsked") // 4096 * 4096, b"\xa5" * 64)
    with pytest.raises(DatabaseCorrupt):
        async with Database(path):
            pytest.fail("It opened.")


async def test_a_database_of_a_newer_echo_is_left_alone(path: Path) -> None:
    async with Database(path):
        pass
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    before = content(path)
    with pytest.raises(DatabaseTooNew, match=r"has schema 999, but this Echo knows only up to \d+: install") as told:
        async with Database(path):
            pytest.fail("It opened.")
    assert is_one_sentence(told)
    assert content(path) == before


async def test_a_database_of_another_program_is_left_alone(path: Path) -> None:
    put(path, b"")
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()
    before = content(path)
    with pytest.raises(DatabaseForeign, match="is a database of another program: move it away") as told:
        async with Database(path):
            pytest.fail("It opened.")
    assert is_one_sentence(told)
    assert content(path) == before


async def test_a_folder_in_place_of_the_file_is_named_in_one_sentence(path: Path) -> None:
    put(path / "a file in it", b"")
    with pytest.raises(DatabaseUnreachable, match=r"cannot be opened .*: make the file and its folder yours") as told:
        async with Database(path):
            pytest.fail("It opened.")
    assert is_one_sentence(told)


async def test_a_file_in_place_of_the_folder_is_named_in_one_sentence(tmp_path: Path) -> None:
    put(tmp_path / "data", b"a file")
    with pytest.raises(DatabaseUnreachable, match="cannot be opened"):
        async with Database(tmp_path / "data" / "echo.sqlite3"):
            pytest.fail("It opened.")


async def test_compacting_gives_free_pages_back_and_empties_the_log(
    database: Database, corpus: Corpus, profile: ProfileSnapshot, path: Path
) -> None:
    await corpus.store(profile, messages(3000))
    await database.compact()
    full = size(path)
    async with database.write() as connection:
        await connection.execute("DELETE FROM user_messages")
    await database.compact()
    assert size(path) < full / 2
    assert size(path.with_name(f"{path.name}-wal")) == 0


async def test_a_program_that_reads_meanwhile_keeps_the_log_alive_and_that_is_said(
    database: Database, profile: ProfileSnapshot, path: Path
) -> None:
    with another_program(path, "BEGIN", "SELECT * FROM echo_profiles"):
        await steps_of(database, MASTER_KEY).record(birth(user_id=5))
        with pytest.raises(DatabaseLocked, match="what was erased is not all gone yet: close it") as told:
            await database.compact()
    assert is_one_sentence(told)
    await database.compact()


async def test_whoever_is_cancelled_while_storing_is_told_once_it_is_known_what_is_stored(
    database: Database, corpus: Corpus, profile: ProfileSnapshot
) -> None:
    begun, may_go_on = threading.Event(), threading.Event()

    def hold(statement: str) -> None:
        if statement == "COMMIT":
            begun.set()
            may_go_on.wait(PATIENCE)

    may_go_on.set()
    async with database.write() as connection:
        await connection.set_trace_callback(hold)
    await corpus.store(profile, messages(1))
    begun.clear()
    may_go_on.clear()
    seen: list[StoredMessage] = []
    corpus.stored = seen.extend
    storing = asyncio.create_task(corpus.store(profile, messages(10), covered(10)))
    await asyncio.to_thread(begun.wait)
    try:
        for _ in range(2):
            storing.cancel()
            assert await asyncio.wait({storing}, timeout=0.05) == (set(), {storing}), "it is not known yet"
    finally:
        may_go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await storing
    assert (await corpus.places(profile.id))[CHANNEL].seen == await corpus.count(profile.id) == 10
    assert seen == messages(10), "so that what was deleted meanwhile is deleted again"
