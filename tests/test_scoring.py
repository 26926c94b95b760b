"""The gate before an echo may speak, and what is kept and shown of each test."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from db.connection import Database
from db.consents import Consents
from db.corpus import Corpus
from db.keys import Keyring
from db.quizzes import Quizzes
from db.scorecards import Scorecards
from echo.engines.embedded import EmbeddedEngine
from echo.errors import EngineUnavailable
from echo.ports import Examined
from echo.reach import Reach
from echo.scoring import Scoring, barred
from echo.settings import Settings
from states.board import Board
from states.model import ProfileSnapshot, ProfileState
from states.scores import Axis, AxisKey, Better
from tests.persona.talk import rows
from tests.support.clock import HandClock
from tests.support.running import Running, running, until
from tests.support.snapshots import birth
from tests.support.stored_steps import steps_of


def examined(*axes: Axis, copied: int = 0, leaked: int = 0) -> Examined:
    return Examined(axes, None, "It does well.", 100, 1.0, copied, leaked)


def style(figure: float, ceiling: float = 0.98, floor: float = 0.04) -> Axis:
    return Axis(AxisKey.ATTRIBUTION.value, figure, ceiling, floor, Better.HIGHER)


def test_what_copies_or_leaks_may_not_speak_however_low_the_gate() -> None:
    copied = barred(examined(style(1.0), copied=3), 0.0)
    assert copied is not None and "word for word" in copied and "3 messages" in copied and "retry" in copied
    leaked = barred(examined(style(1.0), leaked=1), 0.0)
    assert leaked is not None and "1 message," in leaked


def test_a_style_that_anybody_could_have_may_not_speak() -> None:
    assert "choose another model" in str(barred(examined(style(0.06)), 0.1, by_model=True))
    reason = barred(examined(style(0.06)), 0.1)
    assert reason is not None
    assert "6 %" in reason and "4 %" in reason and "later date" in reason
    assert barred(examined(style(0.06)), 0.0) is None
    assert barred(examined(style(0.9)), 0.1) is None


def test_a_judge_that_does_not_know_the_person_either_decides_nothing() -> None:
    assert barred(examined(style(0.1, ceiling=0.3, floor=0.2)), 0.5) is None


def test_likeness_at_the_floor_on_all_axes_names_the_worst_one() -> None:
    keys = (AxisKey.LENGTH, AxisKey.TURNS, AxisKey.MARKS, AxisKey.WORDS)
    floor = [Axis(key.value, 0.6, 0.1, 0.5, Better.LOWER) for key in keys]
    reason = barred(examined(*floor), 0.1)
    assert reason is not None and "length of messages" in reason
    assert barred(examined(*floor[:3]), 0.1) is None


def test_what_could_not_be_tested_is_not_held_back() -> None:
    assert barred(examined(), 1.0) is None


async def test_a_model_is_tested_before_it_speaks_and_the_card_outlives_a_restart(tmp_path: Path) -> None:
    seen: list[str] = []
    async with running(tmp_path, rows(900), scorecard_moments=25, min_messages=20) as echo:
        echo.board.watch(lambda: seen.extend(p.what for p in echo.board.progress.values()))
        await echo.agreed("Wren", "lobby", "01.06.2026")
        profile = await echo.ready()
        (card,) = echo.board.scores[profile.id]
        assert card.version == 1 == profile.model_version and card.passed
        assert card.axis(AxisKey.LENGTH) is not None and card.moments > 0 and card.sentence
        await shows_its_report(echo)
    assert "testing" in seen
    async with running(tmp_path, tmp_path / "export.jsonl", scorecard_moments=25, min_messages=20) as echo:
        assert echo.board.scores == {profile.id: (card,)}
        await echo.command("Wren", "lobby", "echo forget")
        await until(echo.board, lambda: echo.board.profiles[profile.id].state is ProfileState.FORGOTTEN)
        assert echo.board.scores == {}


async def shows_its_report(echo: Running) -> None:
    """To the subject and to managers alone, with a picture that can be fetched."""
    answered = await echo.people.command("Wren", "lobby", "echo report", {})
    (report,) = answered["responses"]
    assert report["ephemeral"] and "version 1" in report["content"] and "█" in report["content"]
    (file,) = report["attachments"]
    assert file["filename"] == "report.png"
    async with aiohttp.ClientSession() as session, session.get(file["url"]) as got:
        assert (await got.read()).startswith(b"\x89PNG")
    other = await echo.command("Dagny", "lobby", "echo report", profile="Wren")
    assert "Only Wren and those with the permission Manage Server" in other


async def test_a_model_that_does_not_pass_stands_still_with_the_reason(tmp_path: Path) -> None:
    # The gate asks for more than anybody can reach.
    async with running(tmp_path, rows(900), scorecard_moments=25, scorecard_gate=1, min_messages=20) as echo:
        await echo.agreed("Wren", "lobby", "01.06.2026")
        profile = await until(echo.board, lambda: next((p for p in echo.board.profiles.values() if p.reason), None))
        assert profile.state is ProfileState.TRAINING and not profile.can_speak
        assert profile.reason.startswith("In its test") and profile.reason.endswith("and retry.")
        (card,) = echo.board.scores[profile.id]
        assert not card.passed and card.sentence == profile.reason
    assert await asyncio.to_thread(lambda: list(tmp_path.rglob("*.model"))) == []


class Away(EmbeddedEngine):
    """An engine whose server goes away when it comes to testing."""

    async def examine(self, *args: object, base: str = "", **more: object) -> Examined:
        raise EngineUnavailable(f"Ollama does not answer for {base}.")


async def test_a_test_that_breaks_off_costs_no_model_and_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = HandClock()
    async with Database(tmp_path / "echo.db") as database:
        keyring = Keyring(database, bytes(32))
        corpus, quizzes = Corpus(database, keyring, clock), Quizzes(database, keyring, clock)
        settings = Settings(data_dir=tmp_path)
        scoring = Scoring(
            Board(),
            corpus,
            Scorecards(database),
            quizzes,
            Away(),
            Reach(Consents(database, keyring), stays=True),
            settings,
            clock,
        )
        profile = birth().after
        assert isinstance(profile, ProfileSnapshot)
        with caplog.at_level(logging.WARNING):
            await scoring.test(replace(profile, base="qwen2.5:7b"), 1, "Wren", [])
        assert scoring.board.scores == {}
    assert "Ollama does not answer for qwen2.5:7b." in caplog.text


class Judged(EmbeddedEngine):
    """An engine whose tests come to nothing in particular."""

    async def examine(self, *args: object, **more: object) -> Examined:
        return examined()


async def test_who_is_forgotten_meanwhile_is_no_impostor_and_keeps_no_model_from_its_test(tmp_path: Path) -> None:
    clock = HandClock()
    async with Database(tmp_path / "echo.db") as database:
        keyring, steps, board = Keyring(database, bytes(32)), steps_of(database), Board()
        await keyring.open()
        tested, other = [(await steps.record(birth(user_id=user))).snapshot for user in (22, 33)]
        assert isinstance(tested, ProfileSnapshot) and isinstance(other, ProfileSnapshot)
        board.show(replace(other, state=ProfileState.READY))
        await keyring.key_for(other.id)
        await keyring.destroy(other.id)
        store = (Corpus(database, keyring, clock), Scorecards(database), Quizzes(database, keyring, clock))
        reach, settings = Reach(Consents(database, keyring), stays=True), Settings(data_dir=tmp_path)
        await Scoring(board, *store, Judged(), reach, settings, clock).test(tested, 1, "Wren", [])
        assert len(board.scores[tested.id]) == 1
