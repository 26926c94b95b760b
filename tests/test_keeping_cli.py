"""`echo-bot key`, `echo-bot audit` and `echo-bot db`, as an operator uses them."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from db.audit import Act
from echo import keeping_cli, key_cli
from echo.app import Serving, open_echo
from echo.cli import parser
from echo.config import load
from echo.errors import AlreadyRunning, ConfigError, DamagedStored, UsageError
from echo.lock import only_one
from echo.store import open_store
from tests.support.clock import HandClock
from tests.support.files import content, files_in, mode
from tests.support.snapshots import NOON, SENTENCES, SUBJECT, agreed, birth, messages

KEY = bytes(range(32))
PASSPHRASE = "seven herons on one weir"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder with an agreed profile, some messages and a file `master.key`."""
    asyncio.run(_filled(tmp_path))
    (tmp_path / "master.key").touch(0o600)
    (tmp_path / "master.key").write_text(KEY.hex())
    return tmp_path


async def _filled(home: Path) -> None:
    async with open_store(home, KEY, HandClock(NOON)) as store:
        born = await store.steps.record(birth())
        after = (await store.steps.record(agreed(born.snapshot))).snapshot
        await store.corpus.store(after, messages(5))  # type: ignore[arg-type]
        await store.audit.note(Act.ACCESSED, by=SUBJECT, server_id=11, profile_id=1, what="card")


def echo_bot(home: Path, *arguments: str, **environ: str) -> tuple[int, str]:
    """Do what is asked; exit code and output."""
    said: list[str] = []
    options = parser().parse_args(arguments)
    loaded = load(environ=environ | {"ECHO_DATA_DIR": str(home)}, cwd=home)
    run = key_cli.run if options.command == "key" else keeping_cli.run
    code = run(options, loaded, said.append, HandClock(NOON))
    return code, "\n".join(said)


def test_the_audit_tells_who_did_what_and_nothing_that_anybody_wrote(home: Path) -> None:
    code, shown = echo_bot(home, "audit", "show")
    assert code == 0
    lines = shown.splitlines()
    assert [line.split()[3] for line in lines] == ["started", "asked", "consent_given", "accessed", "stopped"]
    assert lines[2].startswith("     3  2026-06-15 12:00:00  consent_given") and f"user {SUBJECT}" in lines[2]
    facts = json.loads(echo_bot(home, "audit", "show", "--json", "--profile", "1", "--lines", "1")[1])
    assert [(one["act"], one["by"], one["facts"]) for one in facts["acts"]] == [
        ("accessed", str(SUBJECT), {"what": "card"})
    ]
    with closing(sqlite3.connect(home / "echo.db")) as connection:
        kept = repr(connection.execute("SELECT * FROM audit").fetchall())
    assert not [sentence for sentence in SENTENCES if sentence[:20] in kept + shown]
    assert echo_bot(home, "audit", "verify") == (
        0,
        "The audit has 5 lines.\nEverything is as Echo left it, as far as that can be told.",
    )


def test_an_older_copy_of_the_database_is_told_by_the_file_beside_it(home: Path) -> None:
    older = content(home / "echo.db")
    asyncio.run(_filled_once_more(home))
    (home / "echo.db").write_bytes(older)
    code, told = echo_bot(home, "audit", "verify")
    assert code == 65
    assert "knows of line 7, and the last one is 5: the end was cut off, or an older copy" in told
    assert "an audit can't be made whole otherwise" in told and "forget" not in told


def test_a_database_that_does_not_open_is_damaged_and_no_wrong_argument(home: Path) -> None:
    (home / "echo.db").write_bytes(b"no database at all" * 400)
    with pytest.raises(DamagedStored, match="is damaged or is no database: put back a copy"):
        echo_bot(home, "db", "verify")


async def _filled_once_more(home: Path) -> None:
    async with open_store(home, KEY, HandClock(NOON)):
        pass


def test_what_was_done_to_the_data_is_told_with_exit_code_65(home: Path) -> None:
    assert echo_bot(home, "db", "verify")[0] == 0
    with closing(sqlite3.connect(home / "echo.db")) as connection, connection:
        connection.execute("UPDATE user_messages SET message_content = zeroblob(50) WHERE message_id = 2")
    code, told = echo_bot(home, "db", "verify")
    assert code == 65
    assert "1 of 5 rows of user_messages do not open: message 2." in told
    assert "Put back a copy of the data folder" in told
    assert not [sentence for sentence in SENTENCES if sentence[:20] in told]


def test_looking_changes_nothing_that_is_stored(home: Path) -> None:
    def stored() -> list[str]:
        with closing(sqlite3.connect(home / "echo.db")) as connection:
            return list(connection.iterdump())

    before = stored()
    for command in (("audit", "show"), ("audit", "verify"), ("db", "verify"), ("key", "check")):
        assert echo_bot(home, *command)[0] == 0
    assert stored() == before


def test_a_wrong_key_is_told_at_the_start_and_no_file_is_touched(home: Path) -> None:
    environ = {"ECHO_MASTER_KEY": "ab" * 32, "DISCORD_TOKEN": "a-token-of-a-test", "ECHO_NEW_MASTER_KEY": "cd" * 32}

    async def serve() -> None:
        loaded = load(environ=environ | {"ECHO_DATA_DIR": str(home)}, cwd=home)
        async with open_echo(loaded, Serving(sandbox=False), HandClock(NOON)):
            pytest.fail("It started.")

    def data() -> dict[Path, bytes]:
        # What SQLite makes for readers, and locks, hold no data.
        return {path: content(path) for path in files_in(home) if path.suffix not in (".lock", ".db-shm")}

    with closing(sqlite3.connect(home / "echo.db", isolation_level=None)) as other:
        # A write-ahead log, as a process that was killed leaves one.
        other.execute("PRAGMA wal_autocheckpoint = 0")
        other.execute("INSERT INTO meta VALUES ('one more', x'00')")
        before = data()
        assert before[home / "echo.db-wal"]
        with pytest.raises(ConfigError, match="master key does not open"):
            asyncio.run(serve())
        for command in (("audit", "show"), ("db", "verify"), ("key", "check"), ("key", "rotate")):
            with pytest.raises(ConfigError, match="master key does not open"):
                echo_bot(home, *command, **environ)
        assert data() == before


def test_keys_are_rotated_and_checked(home: Path) -> None:
    assert echo_bot(home, "key", "check") == (
        0,
        f"Master key: file {home / 'master.key'}\necho.db: opens, with the keys of 1 profiles (0 destroyed)",
    )
    code, told = echo_bot(home, "key", "rotate")
    assert code == 0 and told.startswith("The master key is changed, in 1 database. It lies in ")
    assert mode(home / "master.key") == 0o600 and content(home / "master.key") != KEY.hex().encode()
    assert echo_bot(home, "db", "verify")[0] == 0
    given = {"ECHO_NEW_PASSPHRASE": PASSPHRASE}
    assert "the passphrase opens nothing alone" in echo_bot(home, "key", "rotate", "--to", "passphrase", **given)[1]
    by_passphrase = {"ECHO_PASSPHRASE": PASSPHRASE}
    assert "a passphrase, by argon2id (iterations 3, lanes 4" in echo_bot(home, "key", "check", **by_passphrase)[1]
    environ = by_passphrase | {"ECHO_NEW_MASTER_KEY": KEY.hex()}
    assert "Set ECHO_MASTER_KEY to it" in echo_bot(home, "key", "rotate", "--to", "environment", **environ)[1]
    assert echo_bot(home, "db", "verify", ECHO_MASTER_KEY=KEY.hex())[0] == 0
    assert [line.split()[3] for line in echo_bot(home, "audit", "show", ECHO_MASTER_KEY=KEY.hex())[1].splitlines()][
        -3:
    ] == ["key_rotated"] * 3


@pytest.mark.parametrize(
    ("arguments", "environ", "sentence"),
    [
        (("--to", "environment"), {}, "must be one that you keep yourself: set ECHO_NEW_MASTER_KEY"),
        (("--to", "passphrase"), {"ECHO_NEW_PASSPHRASE": "too short"}, "too short: take one of 12 characters or more"),
        (("--to", "passphrase"), {}, "There is no new passphrase: set ECHO_NEW_PASSPHRASE, or run this on a terminal"),
        (("--key-file", "nowhere"), {}, "There is no file nowhere: give --key-file the file with the new key"),
        ((), {"ECHO_NEW_MASTER_KEY": KEY.hex()}, "is the one that is in use: give another one"),
        ((), {"ECHO_NEW_MASTER_KEY": "short"}, "ECHO_NEW_MASTER_KEY is not 32 bytes"),
        ((), {"ECHO_PASSPHRASE": PASSPHRASE}, "run echo-bot key rotate --to passphrase, or leave the passphrase away"),
        ((), {"ECHO_PASSPHRASE": PASSPHRASE, "ECHO_MASTER_KEY": KEY.hex()}, "are set: leave one of them away"),
    ],
)
def test_a_new_key_that_cannot_be_is_refused_and_nothing_is_changed(
    arguments: tuple[str, ...], environ: dict[str, str], sentence: str, home: Path
) -> None:
    before = content(home / "echo.db"), content(home / "master.key")
    with pytest.raises((UsageError, ConfigError), match=sentence):
        echo_bot(home, "key", "rotate", *arguments, **environ)
    assert (content(home / "echo.db"), content(home / "master.key")) == before


def test_no_key_is_rotated_while_echo_runs(home: Path) -> None:
    with only_one(home), pytest.raises(AlreadyRunning):
        echo_bot(home, "key", "rotate")


def test_a_passphrase_is_asked_for_on_a_terminal_and_not_shown(home: Path) -> None:
    echo_bot(home, "key", "rotate", "--to", "passphrase", ECHO_NEW_PASSPHRASE=PASSPHRASE)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "echo", "key", "check"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=os.environ | {"ECHO_DATA_DIR": str(home)},
        start_new_session=True,
        text=True,
    )
    os.close(theirs)
    shown = b""
    while b"passphrase: " not in shown:
        shown += os.read(ours, 1000)
    os.write(ours, PASSPHRASE.encode() + b"\n")
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == 0 and "echo.db: opens" in out
    assert PASSPHRASE not in out + shown.decode()
