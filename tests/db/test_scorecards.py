"""Scorecards as they are kept: one for each version, and gone with the profile."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from db.connection import Database
from db.erasure import Erasure
from db.keys import Keyring
from db.models import Models
from db.scorecards import KEPT, Scorecards
from db.tuning import TuningFiles
from states.model import ProfileSnapshot
from states.scores import Axis, Better, Scorecard
from tests.db.conftest import MASTER_KEY
from tests.support.clock import HandClock
from tests.support.snapshots import NOON

CARD = Scorecard(
    version=1,
    axes=(Axis("length", 0.1, 0.05, 0.4, Better.LOWER), Axis("relevance", 0.6, 0.7, 0.5, Better.NEAR)),
    weakest="relevance",
    passed=True,
    sentence="Weakest: fits what was said.",
    moments=120,
    seconds=2.5,
    at=NOON,
)


async def test_a_card_comes_back_as_it_was_kept(database: Database, profile: ProfileSnapshot) -> None:
    cards = Scorecards(database)
    await cards.put(profile.id, CARD)
    assert await cards.of(profile.id) == (CARD,)
    assert await cards.every() == {profile.id: (CARD,)}


async def test_a_version_that_is_trained_again_replaces_its_card(database: Database, profile: ProfileSnapshot) -> None:
    cards = Scorecards(database)
    await cards.put(profile.id, replace(CARD, passed=False, weakest=None))
    await cards.put(profile.id, replace(CARD, version=2))
    await cards.put(profile.id, CARD)
    assert await cards.of(profile.id) == (CARD, replace(CARD, version=2))


async def test_the_history_is_bounded(database: Database, profile: ProfileSnapshot) -> None:
    cards = Scorecards(database)
    for version in range(1, KEPT + 4):
        await cards.put(profile.id, replace(CARD, version=version))
    assert [card.version for card in await cards.of(profile.id)] == list(range(4, KEPT + 4))


async def test_forgetting_erases_them(database: Database, profile: ProfileSnapshot, tmp_path: Path) -> None:
    cards, keyring = Scorecards(database), Keyring(database, MASTER_KEY)
    await cards.put(profile.id, CARD)
    await Erasure(
        *(database, keyring, Models(database, keyring, tmp_path), TuningFiles(database, keyring, tmp_path)), HandClock()
    ).erase(profile.id)
    assert await cards.every() == {}
