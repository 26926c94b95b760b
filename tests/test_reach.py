"""What goes to an engine on another computer, and what does not."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from db.connection import Database
from db.consents import Consents
from db.corpus import Corpus
from db.keys import Keyring
from db.quizzes import Quizzes
from db.scorecards import Scorecards
from echo.discord.notices import stays_here
from echo.reach import Reach
from echo.scoring import Scoring
from echo.settings import Settings
from states.board import Board
from states.model import ProfileSnapshot
from tests.persona.talk import talk
from tests.support.clock import HandClock
from tests.support.ollama import ollama_at_loopback
from tests.support.ollama_hosts import engine_at
from tests.support.snapshots import birth


@pytest.mark.parametrize("stays", [True, False])
async def test_a_model_is_not_tested_by_an_engine_elsewhere_for_whom_agreed_that_nothing_leaves(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, stays: bool
) -> None:
    clock = HandClock()
    profile = birth().after
    assert isinstance(profile, ProfileSnapshot)
    async with Database(tmp_path / "echo.db") as database, ollama_at_loopback() as server:
        keyring = Keyring(database, bytes(32))
        corpus, quizzes = Corpus(database, keyring, clock), Quizzes(database, keyring, clock)
        engine = engine_at(server.address)
        reach, settings = Reach(Consents(database, keyring), stays), Settings(data_dir=tmp_path, scorecard_moments=2)
        scoring = Scoring(Board(), corpus, Scorecards(database), quizzes, engine, reach, settings, clock)
        with caplog.at_level(logging.WARNING):
            await scoring.test(profile, 1, "Wren", talk(300))
        assert bool(server.chats) is stays
    assert ("agreed that nothing leaves" in caplog.text) is not stays


@pytest.mark.parametrize(
    ("engine", "hosts", "stays"),
    [
        ("embedded", "http://10.0.0.2:11434", True),
        ("ollama", "http://127.0.0.1:11434, http://localhost:11435, http://[::1]:11436", True),
        ("ollama", "http://127.0.0.1:11434, http://10.0.0.2:11434", False),
    ],
)
def test_what_is_read_stays_here_only_where_every_server_is_here(engine: str, hosts: str, stays: bool) -> None:
    assert stays_here(Settings.model_validate({"engine": engine, "ollama_host": hosts})) is stays
