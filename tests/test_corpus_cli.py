"""`echo-bot import` and `echo-bot corpus`, as an operator runs them: real processes on a real data folder."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from db.changes import Changes
from db.stored import Outcome, PlaceResult
from echo import corpus_cli
from echo.cli import EXIT_CODES, parser
from echo.config import load
from echo.errors import UsageError
from echo.lock import only_one
from echo.store import Store, open_store
from states.model import OPEN_END, Deadline, ProfileSnapshot, ProfileState
from tests.support.clock import HandClock
from tests.support.files import content, files_in, mode, put
from tests.support.snapshots import NOON, SERVER, SUBJECT, birth, changed_to
from tests.test_cli import environ, run, started, told

KEY = bytes(range(32))
DAY = datetime(2024, 5, 1, 10, tzinfo=UTC).timestamp()
TOO_FEW = "Only 3 messages before the cut-off could be read, 47 more are needed: forget this echo or retry."


@asynccontextmanager
async def opened(home: Path) -> AsyncIterator[Store]:
    """The data folder, for a test to look into."""
    async with open_store(home, KEY, HandClock(NOON)) as store:
        yield store


async def agreed(home: Path, *, user_id: int = SUBJECT, server_id: int = SERVER, **changes: Any) -> ProfileSnapshot:
    """One more profile whose subject agreed."""
    async with opened(home) as store:
        born = (await store.steps.record(birth(user_id, server_id))).snapshot
        assert isinstance(born, ProfileSnapshot)
        after = replace(born, **{"state": ProfileState.READY, "cutoff": OPEN_END, "due": {}, **changes})
        profile = (await store.steps.record(changed_to(born, after))).snapshot
        assert isinstance(profile, ProfileSnapshot)
        return profile


async def echo_bot(home: Path, *arguments: str | Path, **more: str) -> tuple[int, str, str]:
    """Run a command on the data folder; exit code, output, errors."""
    return await run(home, *map(str, arguments), **{"ECHO_MASTER_KEY": KEY.hex(), **more})


def talk(path: Path, count: int, author: str = "wren") -> Path:
    """Neutral lines without ids: the author and somebody else by turns, a minute apart."""
    rows = (
        {"author": (author, "jay")[n % 2], "channel": "hedge", "ts": DAY + 60 * n, "text": f"line {n} it is"}
        for n in range(count)
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def events(home: Path) -> list[str]:
    """The names of the journal's events, after the birth of a profile."""
    with closing(sqlite3.connect(home / "echo.db")) as connection:
        return [name for (name,) in connection.execute("SELECT event FROM journal ORDER BY id")][2:]


def stored(home: Path) -> int:
    """How many messages there are."""
    with closing(sqlite3.connect(home / "echo.db")) as connection:
        (count,) = connection.execute("SELECT COUNT(*) FROM user_messages").fetchone()
        return int(count)


async def test_an_import_is_stored_journalled_and_makes_the_echo_due_for_renewal(tmp_path: Path) -> None:
    await agreed(tmp_path)
    path = talk(tmp_path / "talk.jsonl", 120)
    code, out, err = await echo_bot(tmp_path, "import", path, "--profile", "1", "--author", "wren")
    assert (code, err) == (0, "")
    assert "Imported 60 messages of profile 1 (60 of them new), with 59 of others before them." in out
    assert "the echo learns from them by itself on " in out and "Refresh" in out
    assert events(tmp_path) == ["CorpusChanged"]
    async with opened(tmp_path) as store:
        (profile,), _ = await store.steps.load()
        assert (profile.messages, profile.unlearned) == (60, 60) and Deadline.REFRESH in profile.due
        assert await Changes(store.database).pending() == {}
    code, out, _ = await echo_bot(tmp_path, "import", path, "--user", str(SUBJECT), "--author", "wren")
    assert code == 0 and "(0 of them new)" in out and "Nothing was new" in out
    assert events(tmp_path) == ["CorpusChanged"]
    assert "line 1 it is" not in "".join(map(str, await echo_bot(tmp_path, "corpus", "stats")))


async def test_an_echo_that_had_too_few_messages_goes_on_once_there_are_enough(tmp_path: Path) -> None:
    await agreed(tmp_path, state=ProfileState.COLLECTING, messages=3, reason=TOO_FEW)
    few, enough = talk(tmp_path / "few.jsonl", 20), talk(tmp_path / "enough.jsonl", 100)
    _, out, _ = await echo_bot(tmp_path, "import", few, "--profile", "1", "--author", "wren")
    assert "has 10 messages and needs 50" in out
    _, out, _ = await echo_bot(tmp_path, "import", enough, "--profile", "1", "--author", "wren")
    assert "goes on being made" in out
    assert events(tmp_path) == ["CorpusChanged", "CorpusChanged", "RetryAsked"]
    async with opened(tmp_path) as store:
        assert [type(row.effect).__name__ for row in await store.outbox.pending()] == ["AskConsent", "Collect"]


async def test_an_export_that_is_refused_changes_nothing(tmp_path: Path) -> None:
    await agreed(tmp_path)
    path = talk(tmp_path / "talk.jsonl", 5_000)
    with path.open("a") as file:
        file.write("{this is cut off\n")
    code, _, err = await echo_bot(tmp_path, "import", path, "--profile", "1", "--author", "wren")
    assert code == 2 and "talk.jsonl, line 5001: this is not valid JSON" in told(err)
    assert stored(tmp_path) == 0 and events(tmp_path) == []
    async with opened(tmp_path) as store:
        assert await Changes(store.database).pending() == {}


async def test_an_import_that_is_killed_is_finished_by_another(tmp_path: Path) -> None:
    await agreed(tmp_path)
    path = talk(tmp_path / "talk.jsonl", 30_000)
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore", "-m", "echo", "import", str(path), "--profile", "1", "--author", "wren"),
        cwd=tmp_path,
        env=environ(tmp_path, ECHO_MASTER_KEY=KEY.hex()),
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        while not stored(tmp_path):
            await asyncio.to_thread(stored, tmp_path)
    child.kill()
    await child.communicate()
    there = stored(tmp_path)
    assert 0 < there < 29_999 and events(tmp_path) == []
    async with opened(tmp_path) as store:
        assert (await Changes(store.database).pending())[1]
    code, out, _ = await echo_bot(tmp_path, "import", path, "--profile", "1", "--author", "wren")
    assert code == 0 and "Imported 15,000 messages" in out
    assert stored(tmp_path) == 29_999
    async with opened(tmp_path) as store:
        (profile,), _ = await store.steps.load()
        assert (profile.messages, profile.unlearned) == (15_000, 15_000)


async def test_nothing_is_imported_below_a_running_echo_but_it_can_be_looked_at(tmp_path: Path) -> None:
    await agreed(tmp_path)
    path = talk(tmp_path / "talk.jsonl", 120)
    await asyncio.to_thread(here, tmp_path, "import", path, "--profile", "1", "--author", "wren")
    with only_one(tmp_path):
        code, _, err = await echo_bot(tmp_path, "import", path, "--profile", "1", "--author", "wren")
        assert code == 75 and "stop it first" in told(err)
        code, out, _ = await echo_bot(tmp_path, "corpus", "verify")
        assert code == 0 and "whole, 119 rows, 60 of the subject's own words" in out


async def test_an_older_echo_that_runs_is_not_migrated_below_its_feet(tmp_path: Path) -> None:
    await agreed(tmp_path)
    with closing(sqlite3.connect(tmp_path / "echo.db")) as connection:
        connection.execute("PRAGMA user_version = 5")
    with only_one(tmp_path):
        code, _, err = await echo_bot(tmp_path, "corpus", "stats")
    assert code == 2 and "stop that Echo, then try again" in told(err)


async def test_stats_tell_what_is_there_and_what_was_not_read(tmp_path: Path) -> None:
    profile = await agreed(tmp_path)
    path = talk(tmp_path / "talk.jsonl", 120)
    await asyncio.to_thread(here, tmp_path, "import", path, "--profile", "1", "--author", "wren")
    async with opened(tmp_path) as store:
        skipped = PlaceResult(77, Outcome.SKIPPED, "Echo may not read its history.")
        await store.corpus.note_places(profile.id, [skipped])
    code, out, _ = await echo_bot(tmp_path, "corpus", "stats", "--profile", "1")
    assert code == 0
    assert f"Profile 1: user {SUBJECT} in server {SERVER}, ready" in out
    assert "60 of the subject's (2024-05-01 to 2024-05-01), 59 of others" in out
    assert "Not read whole: channel 77, skipped: Echo may not read its history." in out
    code, out, _ = await echo_bot(tmp_path, "corpus", "stats", "--json")
    (told_of,) = json.loads(out)["profiles"]
    assert code == 0 and told_of["report"]["own"] == 60 and told_of["report"]["provenance"] == {"export": 60}
    assert told_of["places"][0]["reason"] == skipped.reason


@pytest.mark.parametrize("harm", ["a row", "a range", "a part of the dataset"])
async def test_what_is_damaged_is_told_with_an_exit_code_of_its_own(tmp_path: Path, harm: str) -> None:
    await agreed(tmp_path)
    path = talk(tmp_path / "talk.jsonl", 60)
    await asyncio.to_thread(here, tmp_path, "import", path, "--profile", "1", "--author", "wren")
    async with opened(tmp_path) as store:
        await store.datasets.put_dataset(1, "train", [(1, example("hello"))])
    assert await asyncio.to_thread(here, tmp_path, "corpus", "verify") == 0
    statement = {
        "a row": "UPDATE user_messages SET message_content = zeroblob(60) WHERE id = 7",
        "a range": "INSERT INTO collection_ranges VALUES (1, 5, 9, 1), (1, 5, 8, 2)",
        "a part of the dataset": "UPDATE datasets SET content = zeroblob(60)",
    }[harm]
    with closing(sqlite3.connect(tmp_path / "echo.db")) as connection, connection:
        connection.execute(statement)
    code, out, _ = await echo_bot(tmp_path, "corpus", "verify")
    assert code == 65 and code in EXIT_CODES
    named = {"a row": "1 of 59 messages do not open", "a range": "overlap", "a part of the dataset": "do not open"}
    assert "broken" in out and named[harm] in out and "Put back a copy" in out


def example(text: str) -> bytes:
    """One example as it is stored."""
    messages = [{"role": "user", "content": "jay: who?"}, {"role": "assistant", "content": text}]
    return json.dumps({"messages": messages, "meta": {"channel": "5", "ts": DAY, "kind": "answer"}}).encode() + b"\n"


async def test_examples_are_written_for_their_reader_alone_and_replace_nothing_unasked(tmp_path: Path) -> None:
    await agreed(tmp_path)
    out_file = tmp_path / "examples.jsonl"
    export = ("corpus", "export", "--profile", "1", "--out", out_file)
    code, _, err = await echo_bot(tmp_path, *export)
    assert code == 2 and "no examples of this kind yet" in told(err) and not out_file.exists()
    async with opened(tmp_path) as store:
        for split, text in (("train", "one"), ("validation", "two"), ("test", "three")):
            await store.datasets.put_dataset(1, split, [(1, example(text)), (1, example(text * 2))])
    code, out, _ = await echo_bot(tmp_path, *export)
    assert code == 0 and "Wrote 6 examples" in out and "in the clear" in out
    assert mode(out_file) == stat.S_IRUSR | stat.S_IWUSR
    answers = [json.loads(line)["messages"][-1]["content"] for line in content(out_file).splitlines()]
    assert answers == ["one", "oneone", "two", "twotwo", "three", "threethree"]
    before = content(out_file)
    code, _, err = await echo_bot(tmp_path, *export, "--split", "test")
    assert code == 2 and "--force" in told(err) and content(out_file) == before
    code, _, _ = await echo_bot(tmp_path, *export, "--split", "test", "--force")
    assert code == 0 and content(out_file) == example("three") + example("threethree")
    code, _, err = await echo_bot(tmp_path, *export[:-1], tmp_path / "nowhere" / "x.jsonl")
    assert code == 2 and "can't be written" in told(err)
    assert [path for path in files_in(tmp_path) if "examples" in path.name] == [out_file]


async def test_an_echo_that_is_not_clearly_named_is_asked_for(tmp_path: Path) -> None:
    await agreed(tmp_path)
    await agreed(tmp_path, server_id=12)
    await agreed(tmp_path, user_id=23, state=ProfileState.AWAITING_CONSENT)
    path = talk(tmp_path / "talk.jsonl", 4)
    both = "1 (user 22, server 11), 2 (user 22, server 12)"
    for arguments, named in (
        (("--profile", "9"), f"No such echo, or its person has not agreed to it; those who agreed: {both}"),
        (("--user", "23"), "No such echo"),
        (("--user", "22", "--server", "13"), "No such echo"),
        (("--user", "22"), f"choose with --profile among {both}"),
    ):
        with pytest.raises(UsageError) as refused:
            await asyncio.to_thread(here, tmp_path, "import", path, *arguments)
        assert named in str(refused.value)


def here(home: Path, *arguments: str | Path) -> int:
    """Run a command in this process; its exit code."""
    loaded = load(environ=environ(home, ECHO_MASTER_KEY=KEY.hex()), cwd=home)
    return corpus_cli.run(parser().parse_args(list(map(str, arguments))), loaded, lambda line: None)


async def test_a_folder_without_data_or_without_its_key_is_named(tmp_path: Path) -> None:
    path = talk(tmp_path / "talk.jsonl", 4)
    for command in (("import", path, "--profile", "1"), ("corpus", "stats"), ("corpus", "verify", "--sandbox", "7")):
        code, _, err = await echo_bot(tmp_path, *command)
        assert code == 2 and "There is no database of Echo's in" in told(err)
    assert "start that sandbox first" in told(err)
    code, _, err = await echo_bot(tmp_path, "import", "--sandbox", path, "--profile", "1")
    assert code == 2 and "the seed is a whole number" in err and "give FILE first" in told(err)
    assert not any(path.name == "echo.db" for path in files_in(tmp_path))
    await agreed(tmp_path)
    code, _, err = await started(tmp_path, "corpus", "stats")
    assert code == 2 and "master key of this data is missing" in told(err)
    assert not (tmp_path / "master.key").exists()
    code, _, err = await echo_bot(tmp_path, "corpus", "stats", ECHO_MASTER_KEY="cd" * 32)
    assert code == 2 and "ECHO_MASTER_KEY" in told(err)
    put(tmp_path / "sandbox-7" / "echo.db", b"no database at all" * 100)
    code, _, err = await echo_bot(tmp_path, "corpus", "verify", "--sandbox", "7")
    assert code == 2 and "damaged or is no database" in told(err)


async def test_the_sandboxs_data_is_reached_by_its_seed(tmp_path: Path) -> None:
    await agreed(tmp_path / "sandbox-7", user_id=24)
    code, out, _ = await echo_bot(tmp_path, "corpus", "stats", "--sandbox", "7")
    assert code == 0 and "user 24" in out
    code, out, _ = await echo_bot(tmp_path, "corpus", "stats", "--sandbox", ECHO_SANDBOX_SEED="7")
    assert code == 0 and "user 24" in out


async def test_where_nobody_agreed_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    await agreed(tmp_path, state=ProfileState.AWAITING_CONSENT)
    for what in ("stats", "verify"):
        code, _, err = await echo_bot(tmp_path, "corpus", what)
        assert code == 2 and "Nobody has agreed" in told(err)
