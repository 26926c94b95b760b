"""A fine-tuned model must beat the prompt alone and the impostors, or it does not speak."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.connection import Database
from db.consents import Consents
from db.corpus import Corpus
from db.keys import Keyring
from db.quizzes import Quizzes
from db.scorecards import Scorecards
from db.uploads import Uploads
from echo.comparing import COMPARED, not_worth_it
from echo.engines.embedded import EmbeddedEngine
from echo.engines.ollama.failures import BrokeOff, Busy, NotSupported, Refused, Unreachable
from echo.errors import EngineUnavailable, NotPassed, NotWorthIt
from echo.fine_tuning import TRIES, FineTuning, may_pass
from echo.ports import Examined, PersonaName
from echo.reach import Reach
from echo.scoring import Scoring
from echo.settings import Settings
from echo.versions import LearntVersion
from states.board import Board
from states.model import ProfileSnapshot
from states.scores import Axis, AxisKey, Better
from states.terms import Purpose, Terms
from tests.support.clock import HandClock
from tests.support.snapshots import birth
from tests.support.stored_steps import steps_of


def examined(*figures: float) -> Examined:
    """A test that measured as many axes, each from 0 (an impostor) to 1 (the person)."""
    axes = tuple(Axis(key, figure, 1.0, 0.0, Better.HIGHER) for key, figure in zip(COMPARED, figures, strict=False))
    return Examined(axes, None, "", 40, 1.0)


def test_a_fine_tuned_model_that_is_more_like_them_may_speak() -> None:
    assert not_worth_it(examined(0.9, 0.8, 0.7, 0.6, 0.9), examined(0.8, 0.8, 0.6, 0.6, 0.9)) is None


def test_one_that_is_no_gain_is_told_with_both_figures() -> None:
    sentence = not_worth_it(examined(0.5, 0.5, 0.5, 0.5), examined(0.7, 0.7, 0.7, 0.7))
    assert sentence is not None and "50%" in sentence and "70%" in sentence


def test_one_that_is_only_as_good_does_not_take_the_place() -> None:
    assert not_worth_it(examined(*[0.6] * 7), examined(*[0.6] * 7)) is not None


def test_one_that_is_no_better_than_an_impostor_never_may() -> None:
    sentence = not_worth_it(examined(0.0, 0.0, 0.0, 0.0), examined(0.0, 0.0, 0.0, 0.0))
    assert sentence is not None and "impostor" in sentence


def test_too_few_common_axes_are_no_proof() -> None:
    sentence = not_worth_it(examined(0.9, 0.9, 0.9), examined(0.1, 0.1, 0.1, 0.1))
    assert sentence is not None and "too few" in sentence


def test_what_the_statistical_model_decides_for_both_counts_for_neither() -> None:
    pace = Axis(AxisKey.DELAY, 1.0, 1.0, 0.0, Better.HIGHER)
    ours, theirs = examined(0.6, 0.6, 0.6, 0.6), examined(0.5, 0.5, 0.5, 0.5)
    worse = Examined((*ours.axes, Axis(AxisKey.DELAY, 0.0, 1.0, 0.0, Better.HIGHER)), None, "", 40, 1.0)
    assert not_worth_it(worse, Examined((*theirs.axes, pace), None, "", 40, 1.0)) is None


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=4, max_size=7))
def test_never_do_both_beat_each_other(pairs: list[tuple[float, float]]) -> None:
    ours, theirs = examined(*(a for a, _ in pairs)), examined(*(b for _, b in pairs))
    assert not (not_worth_it(ours, theirs) is None and not_worth_it(theirs, ours) is None)


class Answering(EmbeddedEngine):
    """An engine whose fine-tuned model and whose prompt come to these in their tests."""

    def __init__(self, tuned: Examined | None, prompted: Examined) -> None:
        super().__init__()
        self._found = {True: tuned, False: prompted}

    async def examine(self, *args: object, tuned: PersonaName | None = None, **more: object) -> Examined:
        found = self._found[tuned is not None]
        if found is None:
            raise EngineUnavailable("Ollama does not answer.")
        return found


PERSONA = PersonaName(1, 1, 1, tuned=True)
GOOD, FAIR = examined(*[0.9] * 7), examined(*[0.5] * 7)


@asynccontextmanager
async def compared(
    home: Path, tuned: Examined | None, prompted: Examined, **settings: Any
) -> AsyncIterator[tuple[Scoring, ProfileSnapshot]]:
    """Scoring with a profile that a model was tuned for."""
    clock = HandClock()
    async with Database(home / "echo.db") as database:
        keyring = Keyring(database, bytes(32))
        await keyring.open()
        profile = (await steps_of(database).record(birth())).snapshot
        assert isinstance(profile, ProfileSnapshot)
        store = (Corpus(database, keyring, clock), Scorecards(database), Quizzes(database, keyring, clock))
        reach = Reach(Consents(database, keyring), stays=True)
        yield Scoring(Board(), *store, Answering(tuned, prompted), reach, Settings(**settings), clock), profile


async def test_the_card_of_a_fine_tuned_model_that_won_is_kept(tmp_path: Path) -> None:
    async with compared(tmp_path, GOOD, FAIR) as (scoring, profile):
        await scoring.compare(profile, PERSONA, "Wren", [])
        (card,) = scoring.board.scores[profile.id]
    assert card.passed and card.axes == GOOD.axes


async def test_where_the_prompt_alone_is_better_its_card_is_kept_and_the_reason_told(tmp_path: Path) -> None:
    async with compared(tmp_path, FAIR, GOOD) as (scoring, profile):
        with pytest.raises(NotWorthIt, match=r"50%.* the prompt alone 90%"):
            await scoring.compare(profile, PERSONA, "Wren", [])
        (card,) = scoring.board.scores[profile.id]
    assert card.passed and card.axes == GOOD.axes


async def test_weights_that_recite_never_speak_however_alike_they_are(tmp_path: Path) -> None:
    async with compared(tmp_path, replace(GOOD, copied=3), FAIR) as (scoring, profile):
        with pytest.raises(NotWorthIt, match="word for word"):
            await scoring.compare(profile, PERSONA, "Wren", [])


async def test_weights_that_were_not_tested_do_not_speak(tmp_path: Path) -> None:
    async with compared(tmp_path / "away", None, GOOD) as (scoring, profile):
        with pytest.raises(EngineUnavailable, match="Ollama does not answer"):
            await scoring.compare(profile, PERSONA, "Wren", [])
        assert not scoring.board.scores.get(profile.id)
    async with compared(tmp_path / "off", GOOD, FAIR, scorecard_moments=0) as (scoring, profile):
        with pytest.raises(NotWorthIt, match="set scorecard_moments"):
            await scoring.compare(profile, PERSONA, "Wren", [])


async def test_without_the_persons_yes_to_it_no_weights_are_made_and_the_note_says_why(tmp_path: Path) -> None:
    async with compared(tmp_path, None, FAIR) as (scoring, profile), Database(tmp_path / "other.db") as database:
        kept = replace(profile, terms=Terms(purposes=frozenset({Purpose.STATISTICS})))
        uploads = Uploads(database, HandClock())
        # Of all else it takes to make weights there is nothing here: nothing of it may be asked for.
        nothing: Any = None
        tuning = FineTuning(
            *(scoring.board, scoring.engine, nothing, nothing, nothing, scoring, uploads, Settings().training)
        )
        tuned, note = await tuning.tuned(LearntVersion(kept, 1, ("Wren",), nothing, [], b""))
        assert not tuned and "has not agreed that a language model is trained on their messages" in note


async def test_where_neither_may_speak_the_version_has_not_passed(tmp_path: Path) -> None:
    async with compared(tmp_path, replace(GOOD, leaked=1), replace(FAIR, copied=2)) as (scoring, profile):
        with pytest.raises(NotPassed, match="word for word"):
            await scoring.compare(profile, PERSONA, "Wren", [])
        (card,) = scoring.board.scores[profile.id]
    assert not card.passed


def test_what_a_server_can_not_do_is_not_asked_of_it_for_ever() -> None:
    assert may_pass(Unreachable("away"), 7) and may_pass(Busy("busy"), 7) and may_pass(EngineUnavailable("none"), 7)
    assert not may_pass(NotSupported("too old"), 0)
    assert may_pass(Refused("no room"), TRIES - 1) and not may_pass(Refused("no room"), TRIES)
    assert not may_pass(BrokeOff("it died of these weights"), TRIES)
