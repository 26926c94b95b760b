"""The command line: exit codes, and one sentence for every mistake."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import aiohttp
import pytest

from echo.cli import EXIT_CODES, main
from echo.corpus.written import Written
from echo.lock import only_one
from tests.support import commands
from tests.support.running import export

ROOT = Path(__file__).resolve().parents[1]


def environ(home: Path, **more: str) -> dict[str, str]:
    """An environment in which nothing of this machine's settings is left."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "ECHO_DATA_DIR": str(home), **more}


async def run(home: Path, *arguments: str, **more: str) -> tuple[int, str, str]:
    """Run a command in a process of its own, which needs not import anything any more; exit code, output, errors."""
    return await commands.run(home, *arguments, environ=environ(home, **more))


async def started(home: Path, *arguments: str, **more: str) -> tuple[int, str, str]:
    """Run `python -m echo` to its end, as from a shell; exit code, output, errors."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "echo",
        *arguments,
        cwd=home,
        env=environ(home, **more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, err = await child.communicate()
    assert child.returncode is not None
    return child.returncode, out.decode(), err.decode()


def told(err: str) -> str:
    """The one sentence on standard error, which has no traceback and no log."""
    lines = [line for line in err.splitlines() if line.startswith("echo-bot:")]
    assert len(lines) == 1 and "Traceback" not in err, err
    assert lines[0].endswith((".", "?"))
    return lines[0]


@asynccontextmanager
async def headless(home: Path, *arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A headless Echo and its address."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "echo",
        "sandbox",
        "--headless",
        "--port",
        "0",
        *arguments,
        cwd=home,
        env=environ(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert child.stdout is not None
        async with asyncio.timeout(60):
            line = await child.stdout.readline()
        yield child, str(json.loads(line)["address"])
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()


def dump(home: Path) -> str:
    """Everything in the one database under a folder."""
    (path,) = home.rglob("echo.db")
    with closing(sqlite3.connect(path)) as connection:
        return "\n".join(connection.iterdump())


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    """A small export."""
    rows = [Written(("ana", "ben")[i % 2], "talk", 1_700_000_000.0 + 40 * i, f"line {i} it is") for i in range(120)]
    return export(tmp_path / "chat.jsonl", rows)


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    shown = capsys.readouterr().out
    assert ended.value.code == 0
    assert all(command in shown for command in ("run", "sandbox", "config", "rehearse", "--from", "--headless"))


def test_a_wrong_argument_is_one_sentence_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["fly"])
    assert ended.value.code == 2
    assert "fly" in told(capsys.readouterr().err)
    with pytest.raises(SystemExit):
        main(["rehearse", "--fly"])
    assert "--fly" in told(capsys.readouterr().err)


async def test_every_way_to_stop_gives_its_exit_code(tmp_path: Path, chat: Path) -> None:
    for number, code in ((signal.SIGTERM, 0), (signal.SIGINT, 130)):
        async with headless(tmp_path, "--from", str(chat)) as (child, _):
            child.send_signal(number)
            assert await child.wait() == code
            assert code in EXIT_CODES


async def test_the_sandbox_is_there_for_scripts_and_on_loopback_only(tmp_path: Path, chat: Path) -> None:
    async with headless(tmp_path, "--from", str(chat)) as (_, address), aiohttp.ClientSession() as session:
        assert address.startswith("http://127.0.0.1:")
        async with session.get(f"{address}/sandbox/people") as answer:
            assert {person["name"] for person in await answer.json()} == {"ana", "ben"}
        body = {"author": "ana", "channel": "talk", "command": "echo help", "options": {}}
        async with session.post(f"{address}/sandbox/commands", json=body) as answer:
            responses = (await answer.json())["responses"]
        assert "/echo create" in responses[0]["content"]


async def test_a_second_echo_on_the_same_data_is_refused_with_75(tmp_path: Path) -> None:
    with only_one(tmp_path / "sandbox-1"):
        code, _, err = await run(tmp_path, "sandbox", "--headless")
    assert code == 75 and "stop it first" in told(err)


async def test_a_data_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    code, _, err = await run(tmp_path, "sandbox", "--headless", ECHO_DATA_DIR=str(blocked))
    assert code == 2 and str(blocked) in told(err)


async def test_a_port_that_is_taken_is_named(tmp_path: Path, chat: Path) -> None:
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        code, _, err = await run(tmp_path, "sandbox", "--headless", "--from", str(chat), "--port", str(port))
    assert code == 2 and str(port) in told(err)


@pytest.mark.parametrize(
    "content", [b"", b"{not json", b'{"author": 3}\n', b"\xff\xfe\x00"], ids=["empty", "broken", "wrong types", "bytes"]
)
async def test_an_export_that_cannot_be_read_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(content)
    code, _, err = await run(tmp_path, "sandbox", "--headless", "--from", str(path))
    assert code == 2 and "bad.jsonl" in told(err)


async def test_an_export_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    code, _, err = await started(tmp_path, "--headless", "--from", "nowhere.jsonl")
    assert code == 2 and "nowhere.jsonl" in told(err)


async def test_a_wrong_master_key_is_told_before_anything_is_written(tmp_path: Path, chat: Path) -> None:
    async with headless(tmp_path, "--from", str(chat)) as (child, _):
        child.terminate()
        await child.wait()
    before = dump(tmp_path)
    code, _, err = await run(tmp_path, "--headless", "--from", str(chat), ECHO_MASTER_KEY="ab" * 32)
    assert code == 2 and "ECHO_MASTER_KEY" in told(err)
    assert before == dump(tmp_path) and "key_check" in before


@pytest.mark.parametrize("how", ["locked", "corrupt"])
async def test_a_database_that_cannot_be_used_is_one_sentence(tmp_path: Path, how: str) -> None:
    home = tmp_path / "sandbox-1"
    home.mkdir()
    path = home / "echo.db"
    with closing(sqlite3.connect(path)) as other:
        if how == "locked":
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
        else:
            path.write_bytes(b"no database at all" * 100)
        code, _, err = await run(tmp_path, "sandbox", "--headless")
    assert code == 2 and str(path) in told(err)


async def test_a_setting_that_is_unknown_is_told_with_the_nearest_known_one(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"echo": {"data_retention_day": 3}}')
    code, _, err = await run(tmp_path, "config")
    assert code == 2 and "data_retention_days" in told(err)


async def test_a_token_that_discord_refuses_is_told_with_the_remedy(tmp_path: Path, chat: Path) -> None:
    async with headless(tmp_path, "--from", str(chat)) as (_, address):
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "tests.support.child",
            f"{address}/api/v10",
            cwd=tmp_path,
            env=environ(tmp_path / "other", DISCORD_TOKEN="not.the.token"),
            stderr=subprocess.PIPE,
        )
        _, err = await child.communicate()
    assert child.returncode == 2 and "DISCORD_TOKEN" in told(err.decode())


def test_what_breaks_a_command_unforeseen_is_told_without_its_words() -> None:
    secret = "the moth is in the teapot"
    code = (
        "import sys; from echo.cli import main; sys.argv = ['echo-bot', 'config']; main()\n"
        f"raise RuntimeError('{secret}'.upper())"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 1 and "RuntimeError" in ended.stderr
    assert "it broke in a way that nobody foresaw; please report this" in ended.stderr
    assert secret.upper() not in ended.stderr
