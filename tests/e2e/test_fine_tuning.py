"""Fine-tuning asked for: an echo comes to speak in any case, and says why its weights were not made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from db.keys import Keyring
from db.tuning import TuningFiles
from db.uploads import Uploads
from echo.corpus.selecting import Selected
from echo.errors import ConfigError
from echo.fine_tuning import FineTuning
from echo.reach import Reach
from echo.training.job import Tuning
from echo.training.making import Ingredients
from echo.training.publishing import Publisher
from echo.training_settings import TrainingSettings
from echo.versions import LearntVersion
from states.terms import ALL_PURPOSES, Terms
from tests.support.clock import HandClock
from tests.support.ollama import ollama_at_loopback
from tests.support.ollama_hosts import engine_at
from tests.support.running import running
from tests.support.settlers import gardeners
from tests.test_comparing import FAIR, compared


async def test_an_echo_whose_weights_cannot_be_made_speaks_by_its_prompt_and_says_why(tmp_path: Path) -> None:
    async with (
        ollama_at_loopback() as ollama,
        running(
            tmp_path,
            gardeners(),
            engine="ollama",
            ollama_host=ollama.address,
            training_enabled=True,
            training_base=tmp_path / "nowhere",
            training_base_gguf=tmp_path / "nowhere.gguf",
        ) as echo,
    ):
        assert "training.base has to name the folder" in echo.board.conditions["fine-tuning"], "told at the start"
        await echo.agreed("Mara", "garden", "01.06.2026")
        profile = await echo.ready()
        assert profile.can_speak and not profile.tuned
        assert profile.reason and profile.reason.startswith("It speaks by its prompt alone, as it was not fine-tuned: ")
        await echo.command("Mara", "garden", "echo online")
        await echo.tell("Petr", "garden", "Mara (echo): how is the boat coming along?")
        assert echo.said("garden")
        status = await echo.command("Mara", "garden", "echo status")
        assert "was not fine-tuned" in status


async def test_weights_without_a_server_that_speaks_by_them_or_a_base_are_refused_at_the_start(tmp_path: Path) -> None:
    for settings, said in (
        ({"engine": "embedded"}, "set engine to ollama"),
        ({"engine": "ollama"}, r"training\.base is empty: set it"),
        ({"engine": "ollama", "training_base": tmp_path}, r"training\.base_gguf is empty"),
    ):
        with pytest.raises(ConfigError, match=said):
            async with running(tmp_path, gardeners(), training_enabled=True, **settings):
                pytest.fail("It started.")


async def test_no_weights_go_to_a_server_elsewhere_that_the_person_did_not_agree_to(tmp_path: Path) -> None:
    async with ollama_at_loopback() as ollama, compared(tmp_path, None, FAIR) as (scoring, profile):
        scoring.reach = Reach(scoring.reach.consents, stays=False)
        engine, database = engine_at(ollama.address), scoring.corpus._database
        training = TrainingSettings(enabled=True, base=str(tmp_path), base_gguf=str(tmp_path / "base.gguf"))
        files = TuningFiles(database, Keyring(database, bytes(32)), tmp_path)
        tuning = FineTuning(
            *(scoring.board, engine, engine, Tuning(training, files, 60.0, HandClock())),
            *(Publisher(tmp_path, Ingredients(tmp_path / "base.gguf"), 60.0), scoring),
            *(Uploads(database, HandClock()), training),
        )
        learnt = LearntVersion(
            replace(profile, terms=Terms(purposes=ALL_PURPOSES)), 1, ("Wren",), Selected([]), [], b""
        )
        speaks, note = await tuning.tuned(learnt)
        assert not speaks and "agreed that nothing leaves this computer" in note
        assert ollama.paths == []
