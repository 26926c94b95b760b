"""The schema: its names are kept, its lists equal the enums, and every older one is brought up with its rows."""

from __future__ import annotations

import re
import sqlite3
from enum import StrEnum
from pathlib import Path

import pytest

from db.connection import Database
from db.schema import Migration, pragma, read_migrations
from db.sql import FOLDER, SQL
from db.stored import Outcome, Provenance
from states.feedback import Rater, Verdict
from states.model import Allowance, MachineKind, ProfileState, SessionState
from tests.support.files import content, files_in

MIGRATIONS = read_migrations()

KEPT_NAMES = {
    "user_messages": "id user_id server_id channel_id message_content timestamp message_id",
    "echo_profiles": "id user_id server_id cutoff_date model_path training_status created_at",
    "echo_sessions": "id profile_id channel_id is_active started_at",
}


async def columns(database: Database, table: str) -> list[str]:
    async with database.read() as connection:
        rows = await connection.execute_fetchall(f"PRAGMA table_info({table})")
    return [row["name"] for row in rows]


@pytest.mark.parametrize("table", KEPT_NAMES)
async def test_the_three_tables_begin_with_the_columns_that_are_promised(table: str, database: Database) -> None:
    promised = KEPT_NAMES[table].split()
    assert (await columns(database, table))[: len(promised)] == promised


@pytest.mark.parametrize(
    ("table", "column", "enum"),
    [
        ("user_messages", "provenance", Provenance),
        ("collection_places", "outcome", Outcome),
        ("echo_profiles", "training_status", ProfileState),
        ("echo_sessions", "state", SessionState),
        ("allowances", "allowance", Allowance),
        ("feedback", "verdict", Verdict),
        ("feedback", "rater", Rater),
        ("journal", "machine_kind", MachineKind),
        ("outbox", "machine_kind", MachineKind),
    ],
)
async def test_the_lists_in_the_schema_equal_the_enums(
    table: str, column: str, enum: type[StrEnum], database: Database
) -> None:
    async with database.read() as connection:
        rows = list(await connection.execute_fetchall("SELECT sql FROM sqlite_master WHERE name = ?", (table,)))
    listed = re.search(rf"CHECK \(\s*{column} IN \(([^)]*)\)", rows[0]["sql"])
    assert listed is not None
    assert re.findall(r"'(\w+)'", listed[1]) == [member.value for member in enum]


@pytest.mark.parametrize("start", range(len(MIGRATIONS)))
async def test_every_older_schema_is_brought_up_and_keeps_its_rows(start: int, path: Path) -> None:
    async with Database(path, migrations=MIGRATIONS[:start]) as older:
        assert await user_version(older) == start
        if start:
            await fill(older)
        before = await contents(older)
    async with Database(path) as newest:
        assert await user_version(newest) == len(MIGRATIONS)
        after = await contents(newest)
        async with newest.read() as connection:
            assert list(await connection.execute_fetchall("PRAGMA foreign_key_check")) == []
            assert next(iter(await connection.execute_fetchall("PRAGMA integrity_check")))[0] == "ok"
    before.pop("collection_cursors", None)
    # A table may have got more columns since; those that it had hold what they held.
    assert {
        table: [{name: row[name] for name in rows[0]} for row in after[table]] for table, rows in before.items()
    } == before
    assert all(rows for rows in before.values())


async def test_an_upgraded_schema_is_the_same_as_a_new_one(path: Path, database: Database) -> None:
    other = path.with_name("other.sqlite3")
    async with Database(other, migrations=MIGRATIONS[:3]) as older:
        await fill(older)
    async with Database(other) as upgraded:
        assert await schema(upgraded) == await schema(database)


async def test_a_migration_that_fails_leaves_the_schema_before_it(path: Path) -> None:
    async with Database(path):
        pass
    broken = Migration(len(MIGRATIONS) + 1, "broken", "CREATE TABLE half (x TEXT); INSERT INTO nowhere VALUES (1);")
    with pytest.raises(Exception, match="SQLITE_ERROR"):
        async with Database(path, migrations=[*MIGRATIONS, broken]):
            pytest.fail("It opened.")
    async with Database(path) as database:
        assert await user_version(database) == len(MIGRATIONS)
        assert await columns(database, "half") == []


def test_a_gap_between_migrations_is_refused(tmp_path: Path) -> None:
    for name in ("0001_first.sql", "0003_third.sql"):
        (tmp_path / name).write_text("SELECT 1;")
    with pytest.raises(ValueError, match="should have number 0002"):
        read_migrations(tmp_path)


async def test_every_statement_fits_the_schema(database: Database, path: Path) -> None:
    connection = sqlite3.connect(path)
    # aiosql makes a second coroutine of every select, which gives a cursor.
    known = SQL.available_queries
    names = [
        name for name in known if name.removesuffix("_cursor") == name or name.removesuffix("_cursor") not in known
    ]
    for name in names:
        sql = getattr(SQL, name).sql
        named = dict.fromkeys(re.findall(r":(\w+)", sql))
        connection.execute(f"EXPLAIN {sql}", named or [None] * sql.count("?"))
    connection.close()
    assert len(names) == sum(content(file).count(b"-- name:") for file in files_in(FOLDER))


async def user_version(database: Database) -> int:
    async with database.read() as connection:
        return await pragma(connection, "user_version")


async def contents(database: Database) -> dict[str, list[dict[str, object]]]:
    async with database.read() as connection:
        tables = await connection.execute_fetchall(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        return {
            row["name"]: [dict(each) for each in await connection.execute_fetchall(f"SELECT * FROM {row['name']}")]
            for row in tables
        }


async def schema(database: Database) -> list[tuple[object, ...]]:
    async with database.read() as connection:
        found = await connection.execute_fetchall("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name")
    return [tuple(row) for row in found]


async def fill(database: Database) -> None:
    """One row in every table that there is, with made-up values that its columns and checks allow."""
    async with database.write() as connection:
        tables = await connection.execute_fetchall(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        await connection.execute("PRAGMA defer_foreign_keys = ON")
        for table in tables:
            info = await connection.execute_fetchall(f"PRAGMA table_info({table['name']})")
            row = {column["name"]: value_for(column["name"], column["type"]) for column in info}
            names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
            await connection.execute(f"INSERT INTO {table['name']} ({names}) VALUES ({marks})", row)


def value_for(name: str, kind: str) -> object:
    special = {
        "training_status": "ready",
        "state": "listening",
        "machine_kind": "profile",
        "provenance": "search",
        "outcome": "read",
        "method": "walk",
        "split": "train",
        "allowance": "quiz",
        "verdict": "like",
        "rater": "subject",
        "before_id": 0,
    }
    plain = {"INTEGER": 1, "REAL": 1.5, "TEXT": "{}", "BLOB": b"\x00\x01"}
    return special.get(name, plain[kind])
