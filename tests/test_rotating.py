"""Another master key: everything opens by it, nothing by the old one; and killed at any moment, by exactly one."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from db.cipher import Cipher
from db.connection import Database
from db.keys import HOUSE, Keyring
from db.passphrase import derive
from db.rotation import look, opens
from echo.config import Secrets
from echo.errors import AlreadyRunning, ConfigError
from echo.lock import only_one
from echo.rotating import Kind, NewKey, is_interrupted, rotate, settle
from echo.secrets import encode_master_key, ensure_master_key
from tests.support.files import content, files_in
from tests.support.processes import child
from tests.support.rotating_child import AT, secrets_of
from tests.support.snapshots import birth
from tests.support.stored_steps import steps_of

OLD, NEW = b"o" * 32, b"n" * 32
PASSPHRASE = "seven herons on one weir"

HALF = 43
"""A moment at which one of both databases is changed."""

Order = Callable[..., tuple[int, int]]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with two databases in it, one of a sandbox, under the key OLD in its file."""
    folder = tmp_path_factory.mktemp("base")
    (folder / "sandbox-1").mkdir(mode=0o700)
    for home in (folder, folder / "sandbox-1"):
        asyncio.run(_filled(home / "echo.db"))
    key_file(folder, OLD)
    return folder


async def _filled(path: Path) -> None:
    async with Database(path) as database:
        keyring = Keyring(database, OLD)
        await keyring.open()
        sealed = (await keyring.house()).seal(b"what the house knows", "x")
        steps = steps_of(database, OLD)
        for server in (1, 2, 3):
            await steps.record(birth(server_id=server))
            await keyring.key_for(server)
        await keyring.destroy(3)
        async with database.write() as connection:
            await connection.execute("INSERT INTO meta VALUES ('sealed', ?)", (sealed,))


def key_file(folder: Path, key: bytes) -> Path:
    path = folder / "master.key"
    path.touch(0o600)
    path.write_bytes(encode_master_key(key))
    return path


@pytest.fixture
def folder(base: Path, tmp_path: Path) -> Path:
    return shutil.copytree(base, tmp_path / "data")


@pytest.fixture(scope="module")
def order() -> Iterator[Order]:
    """Has a child change keys, to be killed at a moment; its exit status, and how many moments there were."""
    with child("-m", "tests.support.rotating_child") as (process, output):
        assert process.stdin is not None
        asked = process.stdin

        def ordered(folder: Path, what: str, deadly: int = 0, **more: Any) -> tuple[int, int]:
            facts = {"folder": str(folder), "what": what, "deadly": deadly, **more}
            asked.write(json.dumps(facts) + "\n")
            asked.flush()
            status, count = output.readline().split()
            return int(status), int(count)

        yield ordered


def databases(folder: Path) -> list[Path]:
    return [folder / "echo.db", folder / "sandbox-1" / "echo.db"]


def opener(folder: Path, old: bytes = OLD, new: bytes = NEW) -> bytes:
    """The one key of the two that opens all of a folder; fails where it is not just one."""
    by = {key: [opens(path, key) for path in databases(folder)] for key in (old, new)}
    (key,) = [key for key, found in by.items() if found == [True, True]]
    assert [found for other, found in by.items() if other != key] == [[False, False]]
    for path in databases(folder):
        wrapped = look(path, key)
        assert (wrapped.house, wrapped.alive, wrapped.destroyed, wrapped.broken) == (True, 2, 1, ())
        with closing(sqlite3.connect(path)) as connection:
            meta = dict(connection.execute("SELECT name, value FROM meta").fetchall())
        assert Cipher(Cipher(key).open(meta[HOUSE], HOUSE)).open(meta["sealed"], "x") == b"what the house knows"
    return key


def new_file(key: bytes = NEW) -> dict[str, Any]:
    return {"old": OLD.hex(), "new": key.hex(), "kind": "file", "derivation": ""}


def test_a_rotation_puts_another_key_in_place_of_the_old_one_everywhere(folder: Path) -> None:
    sealed = [bytes(row) for path in databases(folder) for row in wrapped_in(path)]
    assert rotate(folder, OLD, NewKey(NEW, Kind.FILE), AT) == 2
    assert opener(folder) == NEW
    assert ensure_master_key(folder, secrets_of(folder, {})) == NEW
    left = b"".join(content(path) for path in files_in(folder))
    assert encode_master_key(OLD).strip() not in left
    # Neither free pages nor the write-ahead log hold what the old key opens.
    assert [row for row in sealed if row in left] == []
    with closing(sqlite3.connect(folder / "echo.db")) as connection:
        assert connection.execute("SELECT act FROM audit ORDER BY id DESC LIMIT 1").fetchall() == [("key_rotated",)]


def wrapped_in(path: Path) -> list[bytes]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT wrapped_key FROM profile_keys WHERE wrapped_key NOT NULL")]


def test_killed_at_any_moment_it_leaves_what_exactly_one_of_both_keys_opens(
    base: Path, tmp_path: Path, order: Order
) -> None:
    status, count = order(shutil.copytree(base, tmp_path / "whole"), "rotate", **new_file())
    assert status == 0 and count > 40
    seeded = random.Random(8).sample(range(1, count + 1), 12)
    found = set()
    for deadly in sorted({*seeded, 1, count}):
        folder = shutil.copytree(base, tmp_path / str(deadly))
        assert order(folder, "rotate", deadly, **new_file())[0] == -signal.SIGKILL
        # Whoever starts Echo next may be killed, too.
        order(folder, "settle", deadly % 17, environ={})
        settle(folder, secrets_of(folder, {}), AT)
        key = opener(folder)
        assert ensure_master_key(folder, secrets_of(folder, {})) == key
        assert not is_interrupted(folder)
        found.add(key)
        shutil.rmtree(folder)
    assert found == {OLD, NEW}


@pytest.mark.parametrize(("at_hand", "key"), [("old", OLD), ("new", NEW)])
def test_what_was_interrupted_follows_the_key_that_is_set_in_the_environment(
    at_hand: str, key: bytes, folder: Path, order: Order
) -> None:
    (folder / "master.key").unlink()
    facts = new_file() | {"kind": "environment"}
    assert order(folder, "rotate", HALF, **facts)[0] == -signal.SIGKILL
    assert is_interrupted(folder) and {opens(path, NEW) for path in databases(folder)} == {True, False}
    told = settle(folder, secrets_of(folder, {"ECHO_MASTER_KEY": key.hex()}), AT)
    assert told is not None and f"the {at_hand} key is in use" in told
    assert opener(folder) == key


@pytest.mark.parametrize("deadly", [0, HALF])
def test_from_a_file_to_a_passphrase_and_back(deadly: int, folder: Path, order: Order) -> None:
    key, derivation = derive(PASSPHRASE)
    facts = {"old": OLD.hex(), "new": key.hex(), "kind": "passphrase", "derivation": derivation.decode()}
    order(folder, "rotate", deadly, **facts)
    environ = {"ECHO_PASSPHRASE": PASSPHRASE}
    settle(folder, secrets_of(folder, environ), AT)
    assert ensure_master_key(folder, secrets_of(folder, environ)) == key == opener(folder, OLD, key)
    assert not (folder / "master.key").exists()
    for wrong in ({}, {"ECHO_PASSPHRASE": "seven herons on two weirs"}):
        with pytest.raises(ConfigError, match=r"set ECHO_PASSPHRASE"):
            ensure_master_key(folder, secrets_of(folder, wrong))
    order(folder, "rotate", deadly, **new_file(OLD) | {"old": key.hex()})
    settle(folder, secrets_of(folder, environ), AT)
    assert ensure_master_key(folder, secrets_of(folder, {})) == OLD == opener(folder, OLD, key)
    assert not (folder / "passphrase.json").exists()


def test_what_was_interrupted_stays_as_it_is_without_either_key(folder: Path, order: Order) -> None:
    order(folder, "rotate", HALF, **new_file())
    key_file(folder, b"x" * 32)
    before = {path: content(path) for path in files_in(folder) if path.suffix != ".lock"}
    with pytest.raises(ConfigError, match="neither the old nor the new key is set: set one of them"):
        settle(folder, secrets_of(folder, {}), AT)
    assert {path: content(path) for path in files_in(folder) if path.suffix != ".lock"} == before


def test_no_key_is_changed_while_an_echo_runs_on_any_of_it(folder: Path) -> None:
    for home in (folder, folder / "sandbox-1"):
        with only_one(home), pytest.raises(AlreadyRunning) as caught:
            rotate(folder, OLD, NewKey(NEW, Kind.FILE), AT)
        assert caught.value.exit_code == 75
    assert opener(folder) == OLD


def test_a_key_that_does_not_open_is_told_before_anything_is_changed(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "sandbox-1" / "echo.db")) as connection, connection:
        connection.execute("UPDATE profile_keys SET wrapped_key = zeroblob(60) WHERE profile_id = 2")
    with pytest.raises(ConfigError, match="the key of profile 2 does not open, so that the master key is left as it"):
        rotate(folder, OLD, NewKey(NEW, Kind.FILE), AT)
    with pytest.raises(ConfigError, match="does not open the database"):
        rotate(folder, b"x" * 32, NewKey(NEW, Kind.FILE), AT)
    assert not is_interrupted(folder)
    assert [opens(path, OLD) for path in databases(folder)] == [True, True]


def test_a_lost_key_is_not_replaced_by_a_new_one_beside_data(folder: Path) -> None:
    (folder / "master.key").unlink()
    with pytest.raises(ConfigError, match="master key of this data is missing"):
        ensure_master_key(folder, Secrets())
    assert not (folder / "master.key").exists()
