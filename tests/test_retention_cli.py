"""`echo-bot retention`, as an operator runs it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from echo import retention_cli
from echo.cli import parser
from echo.config import load
from echo.errors import AlreadyRunning
from echo.lock import only_one
from tests.support.clock import HandClock
from tests.support.snapshots import NOON
from tests.test_corpus_cli import KEY, stored
from tests.test_forget_cli import prepare

LATER = NOON + timedelta(days=31)


def retention(home: Path, *arguments: str, **environ: str) -> str:
    """What is said a month later, in this process."""
    options = parser().parse_args(["retention", *arguments])
    settings = {"ECHO_DATA_DIR": str(home), "ECHO_MASTER_KEY": KEY.hex(), **environ}
    said: list[str] = []
    assert retention_cli.run(options, load(None, environ=settings, cwd=home), said.append, HandClock(LATER)) == 0
    return "\n".join(said)


def test_what_would_go_is_shown_while_an_echo_runs_and_goes_when_it_is_stopped(tmp_path: Path) -> None:
    prepare(tmp_path)
    with only_one(tmp_path):
        found = json.loads(retention(tmp_path, "--dry-run", "--json"))["due"]
        assert "messages" in retention(tmp_path, "--dry-run")
        with pytest.raises(AlreadyRunning, match="--dry-run") as refused:
            retention(tmp_path)
    assert refused.value.exit_code == 75
    due = {row["kind"]: row for row in found}
    assert (due["messages"]["count"], due["messages"]["oldest"]) == (20, "2026-06-15T12:00:00+00:00")
    assert due["journal"]["count"] == 0 and due["journal"]["oldest"] is None
    assert stored(tmp_path) == 20
    assert "Erased:\n  messages" in retention(tmp_path)
    assert stored(tmp_path) == 0
    assert retention(tmp_path) == "Nothing was too old."


def test_each_kind_has_its_own_time(tmp_path: Path) -> None:
    prepare(tmp_path)
    kept = json.loads(retention(tmp_path, "--json", ECHO_DATA_RETENTION_DAYS="40", ECHO_RETENTION_AUDIT="20"))
    assert kept["erased"]["messages"] == 0 and kept["erased"]["audit"] > 0
    assert stored(tmp_path) == 20
