"""What somebody without the key does to a database or its files is found, and what Echo does itself is not."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from db.audit_check import check
from db.audit_check import head as head_of
from db.connection import Database
from db.corpus import Corpus
from db.datasets import Datasets
from db.generations import Generations
from db.keys import Keyring
from db.manifest import begin, compare, end
from db.memories import Memories, Remembered
from db.models import Models
from db.quizzes import Quizzes
from db.steps import Steps
from db.stored import Wishes
from db.tuning import Part, TuningFiles
from db.verifying import NOT_SEALED, SEALED, Verifier
from db.wishes import WishBook
from states.events import CollectionFinished, TrainingFinished
from states.model import ProfileSnapshot, SessionSnapshot
from tests.db.conftest import MASTER_KEY
from tests.support.clock import HandClock
from tests.support.files import overwrite
from tests.support.snapshots import NOON, a_moment, agreed, birth, covered, following, messages, session_birth

TRIGGERS = ("audit_is_appended", "audit_is_not_changed", "audit_is_kept", "audit_cut_goes_forward", "audit_cut_is_kept")


@dataclass(frozen=True, slots=True)
class Kept:
    """A data folder."""

    home: Path
    head: bytes | None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[tuple[Database, Keyring]]:
        async with Database(self.home / "echo.db") as database:
            keyring = Keyring(database, MASTER_KEY)
            await keyring.open()
            yield database, keyring

    async def faults(self) -> list[str]:
        """All that is found, and the same twice: looking changes nothing."""
        found = []
        async with self.opened() as (database, keyring):
            house = await keyring.house()
            for _ in range(2):
                faults = [one async for one in Verifier(database, keyring, self.home).faults()]
                faults += (await check(database, house, self.head)).faults
                async with database.read() as connection:
                    faults += await compare(connection, house, self.home)
                found.append(faults)
        assert found[0] == found[1]
        return found[0]

    async def run(self, *statements: str) -> None:
        """What somebody does who knows SQLite, but not the key."""
        async with Database(self.home / "echo.db") as database, database.write() as connection:
            for statement in (*(f"DROP TRIGGER {name}" for name in TRIGGERS), *statements):
                await connection.execute(statement)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """A folder with a profile that holds something of everything, left in order."""
    return asyncio.run(_left_in_order(tmp_path_factory.mktemp("kept")))


async def _left_in_order(home: Path) -> Kept:
    kept, clock = Kept(home, None), HandClock()
    async with kept.opened() as (database, keyring):
        house = await keyring.house()
        assert await begin(database, house, kept.home, clock()) == []
        steps = Steps(database, keyring)
        profile, session = await _talked(steps)
        await Corpus(database, keyring, clock).store(profile, messages(40), covered(40))
        await Datasets(database, keyring, clock).put_dataset(profile.id, "train", [(1, b"one"), (1, b"two")])
        drafts = Generations(database, keyring)
        said = await drafts.draft(session, 1, ["Hello there."], 1.0, 1.0, [], 0.5, "asked", "embedded", NOON)
        await drafts.mark_said(said, 0, 900, NOON)
        await Memories(database, keyring, clock).add(session, [Remembered(901, 1.0, "Ada", "Good morning", True)])
        assert await Quizzes(database, keyring, clock).put_moments(profile.id, 1, [a_moment(1, 2, 3)])
        await WishBook(database, keyring, clock).put(profile.id, Wishes(topics=("herons",)))
        await Models(database, keyring, kept.home).save(profile.id, 1, b"a model")
        await TuningFiles(database, keyring, kept.home).put(profile.id, 1, Part.ADAPTER, b"an adapter")
        await end(database, house, kept.home, clock())
        head = await head_of(database, house)
    return Kept(kept.home, head)


async def _talked(steps: Steps) -> tuple[ProfileSnapshot, SessionSnapshot]:
    """A ready profile, and a session of it."""
    at = (await steps.record(birth())).snapshot
    at = (await steps.record(agreed(at))).snapshot
    for event in (
        CollectionFinished(NOON, 1200, 300),
        TrainingFinished(NOON, "models/1-1.model", 1, 1200, 1.0),
    ):
        at = (await steps.record(following(at, event))).snapshot
    assert isinstance(at, ProfileSnapshot)
    session = (await steps.record(session_birth(at))).snapshot
    assert isinstance(session, SessionSnapshot)
    return at, session


@pytest.fixture
def kept(base: Kept, tmp_path: Path) -> Kept:
    shutil.copytree(base.home, tmp_path / "kept")
    return Kept(tmp_path / "kept", base.head)


async def test_what_echo_left_itself_has_no_fault(kept: Kept) -> None:
    assert await kept.faults() == []


CHANGED = {
    "a changed text": ("UPDATE user_messages SET message_content = zeroblob(60) WHERE message_id = 3", "message 3"),
    "a cut text": (
        "UPDATE user_messages SET message_content = substr(message_content, 1, 20) WHERE message_id = 3",
        "1 of 40 rows of user_messages do not open: message 3",
    ),
    "texts that changed places": (
        "UPDATE user_messages SET message_id = -1 WHERE message_id = 3; "
        "UPDATE user_messages SET message_id = 3 WHERE message_id = 4; "
        "UPDATE user_messages SET message_id = 4 WHERE message_id = -1",
        "2 of 40 rows of user_messages do not open: message 4; message 3",
    ),
    "another author": ("UPDATE user_messages SET user_id = 5 WHERE message_id = 3", "message 3"),
    "rows deleted": ("DELETE FROM user_messages WHERE message_id > 30", "40 rows then, 30 now"),
    "a flag changed": ("UPDATE user_messages SET own = 0 WHERE message_id = 3", "user_messages was changed"),
    "a draft": ("UPDATE generations SET turn = 2", "1 of 1 rows of generations do not open: id 1"),
    "a memory": ("UPDATE memories SET session_id = session_id, message_id = 7", "of memories do not open: message 7"),
    "a moment": ("UPDATE quiz_moments SET version = 9", "of quiz_moments do not open: id 1"),
    "examples": ("UPDATE datasets SET part = part + 7", "of datasets do not open: split train, part"),
    "wishes": ("UPDATE wishes SET content = zeroblob(40)", "of wishes do not open: profile 1"),
    "another consent": ("UPDATE echo_profiles SET approved = 1 - approved", "of echo_profiles do not open: id 1"),
    "another state": ("UPDATE echo_profiles SET training_status = 'collecting'", "of echo_profiles do not open: id 1"),
    "no terms": ("UPDATE echo_profiles SET terms = NULL", "What the subject of profile 1 agreed to was taken away"),
    "a journal with a gap": ("DELETE FROM journal WHERE version = 2", "The profile 1 is not at the step"),
    "an audit line changed": ("UPDATE audit SET actor_id = 9 WHERE id = 3", "Line 3 was changed"),
    "an audit line gone": ("DELETE FROM audit WHERE id IN (3, 4)", "Lines 3 to 4 are missing"),
    "the audit's end gone": ("DELETE FROM audit WHERE id > 3", "At the end: Lines 4 to "),
    "an audit cut by hand": (
        "INSERT INTO audit_cut SELECT 1, id, mac, at, zeroblob(64) FROM audit WHERE id = 2; "
        "DELETE FROM audit WHERE id <= 2",
        "lines up to 2 were cut off is not signed",
    ),
    "all of the audit gone": ("DELETE FROM audit; DELETE FROM meta WHERE name = 'audit head'", "the last one is 0"),
    "a profile's key gone": ("DELETE FROM profile_keys", "40 of 40 rows of user_messages do not open"),
}


@pytest.mark.parametrize("what", CHANGED)
async def test_what_somebody_else_did_to_the_database_is_found(what: str, kept: Kept) -> None:
    statements, sentence = CHANGED[what]
    await kept.run("PRAGMA defer_foreign_keys = ON", *statements.split(";"))
    assert sentence in "\n".join(await kept.faults())


async def test_an_older_text_of_the_same_message_is_found_where_it_was_put_back(kept: Kept) -> None:
    query = "SELECT hex(message_content) FROM user_messages WHERE message_id = 3"
    async with kept.opened() as (database, keyring):
        house = await keyring.house()
        await begin(database, house, kept.home, NOON)
        async with database.read() as connection:
            ((older,),) = [tuple(row) for row in await connection.execute_fetchall(query)]
        edited = replace(messages(3)[2], text="What stands there now.")
        assert await Corpus(database, keyring, HandClock()).amend(edited, 1)
        await end(database, house, kept.home, NOON)
    await kept.run(f"UPDATE user_messages SET message_content = x'{older}' WHERE message_id = 3")
    (fault,) = [one for one in await kept.faults() if "user_messages" in one]
    assert "user_messages was changed by somebody else since Echo last stopped: 40 rows then, 40 now" in fault


async def test_a_profile_that_was_put_back_to_an_older_step_is_found_though_echo_did_not_stop(kept: Kept) -> None:
    async with kept.opened() as (database, keyring):
        await begin(database, await keyring.house(), kept.home, NOON)
        profiles, _ = await Steps(database, keyring).load()
    await kept.run(
        f"UPDATE echo_profiles SET version = {profiles[0].version - 2}",
        f"DELETE FROM journal WHERE machine_kind = 'profile' AND version > {profiles[0].version - 2}",
    )
    assert "of echo_profiles do not open: id 1" in "\n".join(await kept.faults())


@pytest.mark.parametrize("name", ["models/1-1.model", "tuning/1-1.adapter"])
async def test_a_file_that_was_changed_moved_or_taken_away_is_found(name: str, kept: Kept) -> None:
    path = kept.home / name
    overwrite(path, 70, b"\x00\x01\x02")
    assert f"The file {name} does not open." in await kept.faults()
    other = path.with_name(path.name.replace("-1", "-4"))
    path.rename(other)
    found = await kept.faults()
    assert f"{name} is gone since Echo last stopped." in found
    assert f"The file {other.relative_to(kept.home)} does not open." in found


async def test_every_column_of_bytes_is_verified_or_named_as_no_ciphertext(database: Database) -> None:
    async with database.read() as connection:
        tables = [
            row[0] for row in await connection.execute_fetchall("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        found = {
            (table, column["name"])
            for table in tables
            for column in await connection.execute_fetchall(f"PRAGMA table_info({table})")
            if column["type"] == "BLOB"
        }
    assert found == {(one.table, one.column) for one in SEALED} | NOT_SEALED


async def test_after_a_start_nothing_is_compared_until_echo_stops_in_order(kept: Kept) -> None:
    async with kept.opened() as (database, keyring):
        house = await keyring.house()
        assert await begin(database, house, kept.home, NOON) == []
        async with database.write() as connection:
            await connection.execute("DELETE FROM generations")
    assert [one for one in await kept.faults() if "generations" in one] == []
    async with kept.opened() as (database, keyring):
        house = await keyring.house()
        await end(database, house, kept.home, NOON)
        async with database.write() as connection:
            await connection.execute("DELETE FROM memories")
        # The next start tells of it at once.
        (fault,) = await begin(database, house, kept.home, NOON)
    assert re.fullmatch(r"memories was changed by somebody else since Echo last stopped: 1 rows then, 0 now\.", fault)
