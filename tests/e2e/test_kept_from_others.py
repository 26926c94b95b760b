"""What others on the same computer find of an Echo that runs: no open file, no word that anybody wrote, no secret."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from echo.errors import ConfigError
from echo.hardening import make_private
from echo.secrets import SECRET_VARIABLES
from tests.support.files import everything_in, files_in
from tests.test_cli import ROOT

SUBJECT, FRIEND = "Mara", "Petr"
SECRET = "a-secret-of-this-very-test"
ENVIRONMENT = {
    "ECHO_LOG_LEVEL": "DEBUG",
    "ECHO_SANDBOX_PACE_SCALE": "0",
    "ECHO_MESSAGE_GENERATION_COOLDOWN": "0",
    "ECHO_GUILD_READY_TIMEOUT": "0.05",
    "ECHO_SCORECARD_MOMENTS": "0",
    "DISCORD_TOKEN": SECRET,
    "ECHO_PASSPHRASE": f"{SECRET} of five words",
}


@dataclass
class Served:
    """An Echo in a process of its own with its sandbox, spoken to by HTTP."""

    session: aiohttp.ClientSession
    process: asyncio.subprocess.Process

    async def post(self, path: str, **body: Any) -> Any:
        async with self.session.post(f"/sandbox/{path}", json=body) as answer:
            found = await answer.json()
            assert answer.status == 200, (path, found)
            return found

    async def messages(self, channel: str = "general") -> list[dict[str, Any]]:
        async with self.session.get("/sandbox/messages", params={"channel": channel, "limit": "30"}) as answer:
            found: list[dict[str, Any]] = await answer.json()
            return found

    async def command(self, author: str, name: str, **options: str) -> list[dict[str, Any]]:
        body = {"author": author, "channel": "general", "command": name, "options": options}
        responses: list[dict[str, Any]] = (await self.post("commands", **body))["responses"]
        return responses

    async def until_learnt(self, home: Path) -> None:
        """Look again at each answer of the sandbox: commands are counted, and asking too often is refused."""
        async with asyncio.timeout(60):
            while not learnt(home):
                await self.messages()

    async def tokens(self) -> list[str]:
        """The secrets of the webhooks that the echo speaks by."""
        async with self.session.get("/sandbox/channels") as answer:
            (channel,) = [one["id"] for one in await answer.json() if one["name"] == "general"]
        headers = {"Authorization": "Bot sandbox"}
        async with self.session.get(f"/api/v10/channels/{channel}/webhooks", headers=headers) as answer:
            return [one["token"] for one in await answer.json() if one.get("token")]


def learnt(home: Path) -> bool:
    """Whether the echo can speak."""
    (path,) = home.rglob("echo.db")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return bool(connection.execute("SELECT 1 FROM echo_profiles WHERE training_status = 'ready'").fetchone())


@asynccontextmanager
async def served(home: Path, log: Path, environ: Mapping[str, str]) -> AsyncIterator[Served]:
    """`echo-bot sandbox`, where new files are for everybody unless a program says otherwise."""
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *("sh", "-c", f"umask 000; exec {sys.executable} -m echo sandbox --headless --port 0"),
            cwd=home.parent,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "ECHO_DATA_DIR": str(home), **environ},
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            address = json.loads(await process.stdout.readline())["address"]
        async with aiohttp.ClientSession(address) as session:
            yield Served(session, process)
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(60):
            await process.wait()


async def lived(echo: Served, home: Path) -> list[str]:
    """A whole way, from the question to the revocation; the secrets that the echo spoke by."""
    (question,) = await echo.command(SUBJECT, "echo create", user=SUBJECT, before="01.06.2026")
    (asked,) = (await echo.post("press", author=SUBJECT, message_id=question["message_id"], custom_id="I agree"))[
        "responses"
    ]
    await echo.post("press", author=SUBJECT, message_id=asked["message_id"], custom_id="I agree to this")
    await echo.until_learnt(home)
    assert "is online" in (await echo.command(SUBJECT, "echo online"))[0]["content"]
    said = await echo.post(
        "messages", author=FRIEND, channel="general", content=f"{SUBJECT} (echo): how is the zeppelin of {SECRET}?"
    )
    async with asyncio.timeout(60):
        while not (spoken := [one for one in await echo.messages() if one["webhook"] and one["id"] > said["id"]]):
            pass
    for emoji in ("👍", "❓"):
        await echo.post("reactions", author=FRIEND, message_id=spoken[0]["id"], emoji=emoji)
    await echo.command(FRIEND, "echo report")
    await echo.command(SUBJECT, "echo card")
    tokens = await echo.tokens()
    await echo.command(SUBJECT, "echo consent revoke")
    return tokens


async def test_a_whole_run_leaves_nothing_open_to_others_and_no_word_in_the_log(tmp_path: Path) -> None:
    home, log = tmp_path / "data", tmp_path / "log"
    for folder in (home, home / "models", home / "sandbox-1", home / "sandbox-1" / "models"):
        folder.mkdir(mode=0o755)
        folder.chmod(0o755)
    async with served(home, log, ENVIRONMENT) as echo:
        limits = (Path("/proc") / str(echo.process.pid) / "limits").read_text()
        tokens = await lived(echo, home)
        during = {path: mode_of(path) for path in [home, *home.rglob("*")]}
    after = {path: mode_of(path) for path in [home, *home.rglob("*")]}
    assert [line.split()[4:6] for line in limits.splitlines() if line.startswith("Max core")] == [["0", "0"]]
    assert {"echo.db", "echo.db-wal", "echo.lock", "keys.lock"} <= {path.name for path in during}
    assert {"audit.head", "passphrase.json", "1-1.model"} <= {path.name for path in after}
    assert {path: oct(mode) for path, mode in (during | after).items() if mode & 0o077} == {}
    logged, kept = log.read_text(), everything_in(home)
    assert "is collected from" in logged and "Others could read 4 of the files and folders" in logged
    assert [sentence for sentence in written(home) if sentence in logged] == []
    assert tokens and SECRET not in logged and SECRET.encode() not in kept
    assert [token for token in tokens if token in logged or token.encode() in kept] == []


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def written(home: Path) -> list[str]:
    """What the invented people wrote, as far as it is nobody else's sentence."""
    from tests.support.settlers import everybody

    assert files_in(home)
    return [one.text for one in everybody() if len(one.text) > 15]


GIVEN = """
import asyncio
from pathlib import Path
from echo.engines.child import child_of

async def given():
    async with child_of("echo.engines.fitting") as child:
        # Until it is what it was begun as, it has none.
        while not (given := Path(f"/proc/{child.pid}/environ").read_bytes()):
            await asyncio.sleep(0)
        print(given)

asyncio.run(given())
"""
"""Begins a child as Echo does for learning, and tells what it was given."""


def test_a_child_process_gets_no_secrets() -> None:
    secrets = dict.fromkeys((*SECRET_VARIABLES, "AWS_SECRET_ACCESS_KEY", "HF_TOKEN"), SECRET)
    done = subprocess.run(
        [sys.executable, "-c", GIVEN],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **secrets},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "PATH=" in done.stdout and SECRET not in done.stdout


def test_a_folder_that_stays_open_to_others_is_refused(tmp_path: Path) -> None:
    assert make_private(tmp_path / "nowhere") == 0
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o750)
    (tmp_path / "data" / "echo.db").touch()
    (tmp_path / "data" / "echo.db").chmod(0o640)
    (tmp_path / "data" / "somebody-elses.txt").touch()
    (tmp_path / "data" / "somebody-elses.txt").chmod(0o644)
    assert make_private(tmp_path / "data") == 2
    assert mode_of(tmp_path / "data") == 0o700 and mode_of(tmp_path / "data" / "echo.db") == 0o600
    assert mode_of(tmp_path / "data" / "somebody-elses.txt") == 0o644
    with pytest.raises(ConfigError, match=r"Others may use /proc/\d+, and that can't be changed"):
        make_private(Path("/proc") / str(os.getpid()))
