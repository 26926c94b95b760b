"""A database of an earlier Echo: its messages still open, and what it had read need not be read again."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from db.cipher import Cipher
from db.codec import time_to_text
from db.connection import Database
from db.corpus import Corpus
from db.keys import Keyring
from db.schema import read_migrations
from db.stored import Coverage, Range, StoredMessage
from states.model import OPEN_END
from tests.db.conftest import MASTER_KEY
from tests.support.clock import HandClock
from tests.support.snapshots import ASKER, CHANNEL, CUTOFF, NOON, SERVER, SUBJECT, messages
from tests.support.stored_steps import steps_of

FIRST_VERSION = read_migrations()[:4]
DISCORD_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
EARLIER = datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)
KEY = bytes(range(100, 132))


def first_id_at(time: datetime) -> int:
    """The lowest id that something of this time can have on Discord."""
    return (time - DISCORD_EPOCH) // timedelta(milliseconds=1) << 22


def add_profile(connection: sqlite3.Connection, profile_id: int, cutoff: datetime) -> None:
    """As the first version wrote it."""
    connection.execute(
        "INSERT INTO echo_profiles VALUES (?, ?, ?, ?, '1.model', 'ready', ?, 5, ?, ?, NULL, 3, 1, NULL, 0, '{}')",
        (profile_id, SUBJECT + profile_id, SERVER, time_to_text(cutoff), time_to_text(NOON), ASKER, CHANNEL),
    )
    wrapped = Cipher(MASTER_KEY).seal(KEY, "profile key", profile_id)
    connection.execute("INSERT INTO profile_keys VALUES (?, ?)", (profile_id, wrapped))


def add_message(connection: sqlite3.Connection, profile_id: int, message: StoredMessage) -> None:
    """As the first version wrote it."""
    place = ("message", profile_id, message.server_id, message.user_id, message.channel_id, message.message_id)
    sealed = Cipher(KEY).seal(json.dumps([message.text, message.author, message.reply_to]).encode(), *place)
    connection.execute(
        "INSERT INTO user_messages VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *place[3:4],
            SERVER,
            message.channel_id,
            sealed,
            message.ts,
            message.message_id,
            profile_id,
            message.own,
            time_to_text(NOON),
        ),
    )


def add_cursor(connection: sqlite3.Connection, profile_id: int, channel_id: int, before_id: int, done: bool) -> None:
    """As the first version wrote it."""
    connection.execute(
        "INSERT INTO collection_cursors VALUES (?, ?, ?, ?, 10, 5)", (profile_id, channel_id, before_id, done)
    )


@pytest.fixture
async def older(path: Path) -> Path:
    """A database of the first version with two profiles, still without any messages."""
    async with Database(path, migrations=FIRST_VERSION):
        pass
    connection = sqlite3.connect(path)
    add_profile(connection, 1, CUTOFF)
    add_profile(connection, 2, EARLIER)
    connection.commit()
    connection.close()
    return path


async def test_messages_of_the_first_version_open_and_count(older: Path) -> None:
    rows = [*messages(7), *messages(3, first_id=50, own=False)]
    connection = sqlite3.connect(older)
    for row in rows:
        add_message(connection, 1, row)
    connection.commit()
    connection.close()
    async with Database(older) as database:
        corpus = Corpus(database, Keyring(database, MASTER_KEY), HandClock())
        (profile, _), _ = await steps_of(database, MASTER_KEY).load()
        assert await corpus.read(1, 100) == rows
        assert await corpus.count(1) == 7
        assert (await corpus.verify(1)).broken == ()
        assert await corpus.store(profile, messages(8)) == 1


async def test_the_snapshots_of_the_first_version_are_neither_paused_nor_stale(older: Path) -> None:
    async with Database(older) as database:
        (first, _), _ = await steps_of(database, MASTER_KEY).load()
    assert (first.paused, first.stale, first.unlearned, first.version, first.cutoff) == (False, 0, 0, 5, CUTOFF)


async def test_a_model_of_an_earlier_echo_is_the_highest_made_and_nothing_is_kept_of_what_it_may_have_learnt(
    path: Path,
) -> None:
    async with Database(path, migrations=read_migrations()[:14]):
        pass
    connection = sqlite3.connect(path)
    for number, (state, stale) in enumerate([("ready", 2), ("training", 0), ("awaiting_consent", 0)], start=1):
        connection.execute(
            "INSERT INTO echo_profiles (user_id, server_id, cutoff_date, training_status, created_at, version, "
            "asker_id, channel_id, messages, model_version, tries, due, stale) "
            "VALUES (?, ?, ?, ?, ?, 5, 1, 1, 9, ?, 0, '{}', ?)",
            (number, SERVER, time_to_text(CUTOFF), state, time_to_text(NOON), 3 * (state != "awaiting_consent"), stale),
        )
    connection.commit()
    connection.close()
    async with Database(path) as database:
        (ready, training, awaiting), _ = await steps_of(database, MASTER_KEY).load()
    assert (ready.made, ready.withdrawn, ready.base, ready.tuned, ready.previous) == (3, 2, "", False, None)
    assert (training.made, training.withdrawn) == (3, 1), "what was withdrawn is not known"
    assert (awaiting.made, awaiting.withdrawn) == (0, 0)


async def test_how_far_channels_were_read_becomes_ranges_below_the_cut_off(older: Path) -> None:
    first, second = first_id_at(CUTOFF), first_id_at(EARLIER)
    connection = sqlite3.connect(older)
    add_cursor(connection, 1, 10, first - 5000, done=False)
    add_cursor(connection, 1, 11, first - 5000, done=True)
    add_cursor(connection, 1, 12, first, done=False)  # nothing was read yet
    add_cursor(connection, 2, 10, 77, done=True)
    add_cursor(connection, 2, 11, 0, done=False)
    connection.commit()
    connection.close()
    async with Database(older) as database:
        corpus = Corpus(database, Keyring(database, MASTER_KEY), HandClock())
        assert await corpus.ranges(1) == {10: (Range(first, first - 5000),), 11: (Range(first, 0),)}
        ranges = await corpus.ranges(2)
    assert ranges == {10: (Range(second, 0),), 11: (Range(second, 0),)}


async def test_a_cut_off_that_is_none_still_has_an_id_that_fits(path: Path, database: Database) -> None:
    async with database.read() as connection:
        sql = "SELECT (CAST(strftime('%s', ?) AS INTEGER) * 1000 - 1420070400000) * 4194304"
        rows = list(await connection.execute_fetchall(sql, (time_to_text(OPEN_END),)))
    assert rows[0][0] == first_id_at(OPEN_END) < 2**63


async def test_a_database_of_the_first_version_goes_on_where_it_stopped(older: Path) -> None:
    connection = sqlite3.connect(older)
    top = first_id_at(CUTOFF)
    add_cursor(connection, 1, CHANNEL, top - 5000, done=False)
    connection.commit()
    connection.close()
    async with Database(older) as database:
        corpus = Corpus(database, Keyring(database, MASTER_KEY), HandClock())
        (profile, _), _ = await steps_of(database, MASTER_KEY).load()
        await corpus.store(profile, messages(3), Coverage(CHANNEL, (Range(top, 0),)))
        assert await corpus.ranges(1) == {CHANNEL: (Range(top, 0),)}
