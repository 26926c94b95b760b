"""Whether a conversation that was to be begun may still be, at the moment at which it would be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from db.connection import Database
from db.keys import Keyring
from db.models import Models
from db.sources import Sources
from echo.beginning import Beginning
from echo.engines.embedded import EmbeddedEngine
from echo.held_models import HeldModels
from echo.recall import Recall
from states.board import Board
from states.model import Allowance, ProfileSnapshot, ProfileState, SessionSnapshot, SessionState
from states.terms_in_force import TermsInForce
from tests.support.clock import HandClock
from tests.support.listening import AllRead


def an_opening(now: datetime) -> SessionSnapshot:
    return SessionSnapshot(5, 3, SessionState.COMPOSING, 1, 10, 40, 30, now, opens=True, opening=True, since=now)


@pytest.mark.parametrize(
    ("hours", "change", "is_held_back"),
    [
        (0, lambda session: session, False),
        (7, lambda session: session, True),
        (7, lambda session: replace(session, part=1), False),
        (7, lambda session: replace(session, opening=False), False),
    ],
    ids=["at its hour", "hours later", "half said already", "an answer"],
)
def test_what_was_to_be_begun_hours_ago_is_begun_no_more(
    tmp_path: Path, hours: float, change: Callable[[SessionSnapshot], SessionSnapshot], is_held_back: bool
) -> None:
    board, clock, database = Board(), HandClock(), Database(tmp_path / "echo.db")
    now = clock()
    allowed = frozenset({Allowance.OPENERS})
    board.show(
        ProfileSnapshot(
            1, 4, ProfileState.READY, 10, 20, 20, 40, now, now, model_path="models/1-1.model", allows=allowed
        )
    )
    engine = EmbeddedEngine()
    keyring = Keyring(database, bytes(32))
    held = HeldModels(board, Models(database, keyring, tmp_path), engine.release)
    recall = Recall(held, Sources(database, keyring), engine, AllRead(), TermsInForce())
    beginning = Beginning(board, engine, recall, 2, clock)
    session = change(an_opening(now))
    clock.move(timedelta(hours=hours).total_seconds())
    assert beginning.holds_back(session) is is_held_back
