"""`echo-bot stats`, as an operator runs it: on the data folder of an Echo that runs, or of one that does not."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from db.feedback import SaidMessage
from db.stored import AnswerMeasured
from echo import stats_cli
from echo.cli import parser
from echo.config import load
from echo.lock import only_one
from states.feedback import Rater, Verdict
from tests.support.clock import HandClock
from tests.support.measured import measured
from tests.support.snapshots import NOON, SERVER, SUBJECT
from tests.test_cli import environ, told
from tests.test_corpus_cli import KEY, agreed, echo_bot, opened


async def thumbs(home: Path) -> None:
    """Two members and the subject have said what they think of two versions."""
    async with opened(home) as store:
        for version, (user_id, rater, verdict) in enumerate(
            ((5, Rater.MEMBER, Verdict.LIKE), (6, Rater.SUBJECT, Verdict.UNLIKE)), 1
        ):
            await store.feedback.give(SaidMessage(900 + version, 1, 40, version, "so it is"), user_id, rater, verdict)


async def keep(home: Path, *answers: AnswerMeasured) -> None:
    async with opened(home) as store:
        await store.measures.add(answers)


def stats(home: Path, *arguments: str) -> str:
    """What is said at noon, in this process."""
    options = parser().parse_args(["stats", *arguments])
    environ = {"ECHO_DATA_DIR": str(home), "ECHO_MASTER_KEY": KEY.hex()}
    said: list[str] = []
    assert stats_cli.run(options, load(None, environ=environ), said.append, HandClock(NOON)) == 0
    return "\n".join(said)


async def test_what_answers_took_is_told_while_an_echo_runs(tmp_path: Path) -> None:
    await agreed(tmp_path)
    with only_one(tmp_path):
        code, out, err = await echo_bot(tmp_path, "stats", "--json")
    assert (code, err) == (0, "")
    told_of = json.loads(out)
    (profile,) = told_of["profiles"]
    assert (profile["user"], profile["asked"], profile["seconds"], told_of["hosts"]) == (str(SUBJECT), 0, None, [])


async def test_what_people_think_of_each_version_is_told(tmp_path: Path) -> None:
    await agreed(tmp_path)
    await thumbs(tmp_path)
    text = await here(tmp_path)
    assert "thumbs, v1   1 up, 0 down" in text and "thumbs, v2   0 up, 0 down; its person: 1 not like them" in text
    [first, second] = json.loads(await here(tmp_path, "--json"))["profiles"][0]["thumbs"]
    assert (first["version"], first["likes"], second["version"], second["unlike"]) == (1, 1, 2, 1)


async def test_json_has_every_figure_of_the_hours_asked_for(tmp_path: Path) -> None:
    await agreed(tmp_path)
    await keep(
        tmp_path,
        measured(1),
        measured(1, 60, outcome="failed", failure="busy", first_token=None, wait=9.0),
        measured(1, 7200, drafts=9),
    )
    found: dict[str, Any] = json.loads(await here(tmp_path, "--json", "--since", "1.5"))
    assert (found["since"], found["until"]) == ("2026-06-15T10:30:00+00:00", "2026-06-15T12:00:00+00:00")
    assert found["hosts"] == [
        {"host": "http://127.0.0.1:11434", "base": "llama3.2:3b", "answers": 2, "failures": 1},
    ]
    assert found["profiles"] == [
        {
            "profile": 1,
            "user": str(SUBJECT),
            "server": str(SERVER),
            "state": "ready",
            "asked": 2,
            "outcomes": {"answered": 1, "failed": 1},
            "failures": {"busy": 1},
            "first_token": {"p50": 0.5, "p95": 0.5},
            "seconds": {"p50": 3.0, "p95": 3.0},
            "wait": {"p50": 0.25, "p95": 0.25},
            "tokens": 120,
            "tokens_per_second": 30.0,
            "drafts": 8,
            "drafts_per_answer": 4.0,
            "rejected": 2,
            "objections": {},
            "rejected_share": 0.25,
            "prompt_tokens": 2000,
            "evaluated": 200,
            "thumbs": [],
            "evaluated_share": 0.1,
        }
    ]


async def test_the_table_is_for_people(tmp_path: Path) -> None:
    await agreed(tmp_path)
    await agreed(tmp_path, user_id=SUBJECT + 1)
    await keep(
        tmp_path,
        measured(1),
        measured(1, outcome="stood_in", failure="busy"),
        measured(1, outcome="failed", failure="busy"),
    )
    out = await here(tmp_path)
    for line in (
        "What was asked of the echoes in the last 24 hours:",
        f"Profile 1: user {SUBJECT} in server {SERVER}, ready",
        "  answers      1 of 3; silent 0, by the embedded engine instead 1, failed 1",
        "  failures     busy 2",
        "  first word   0.50 s median, 0.50 s at the 95th percentile",
        "  waiting      0.25 s median, 0.25 s at the 95th percentile",
        "  speed        30.0 tokens/s",
        "  drafts       4.0 an answer, 25% rejected by the guard",
        "  prompts      10% of their tokens evaluated, the rest cached",
        "  answers      none",
        "  http://127.0.0.1:11434 llama3.2:3b: 3 asked, 2 failed",
    ):
        assert line in out.splitlines(), out
    assert "Profile 1:" not in await here(tmp_path, "--profile", "2", "--since", "1")


async def here(home: Path, *arguments: str) -> str:
    return await asyncio.to_thread(stats, home, *arguments)


async def test_who_reads_no_further_is_no_crash(tmp_path: Path) -> None:
    await agreed(tmp_path)
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "ignore", "-m", "echo", "stats"),
            env=environ(tmp_path, ECHO_MASTER_KEY=KEY.hex()),
            stdout=closed,
            stderr=asyncio.subprocess.PIPE,
        )
        _, err = await child.communicate()
    assert (child.returncode, err) == (0, b"")


@pytest.mark.parametrize("hours", ["0", "-3", "nan", "inf", "soon", "1e9"])
def test_hours_that_are_none_are_told_in_one_sentence(hours: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["stats", f"--since={hours}"])
    assert ended.value.code == 2
    assert f"the hours are a number above 0 and up to 87660, not {hours!r}" in told(capsys.readouterr().err)


async def test_without_a_database_or_such_a_profile_one_sentence_says_so(tmp_path: Path) -> None:
    code, _, err = await echo_bot(tmp_path, "stats")
    assert code == 2 and "There is no database of Echo's in" in told(err)
    await agreed(tmp_path)
    code, _, err = await echo_bot(tmp_path, "stats", "--profile", "7")
    assert code == 2 and "No such echo" in told(err)
