"""A real database file, a keyring and what stands on them, for each test anew."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db.amendments import Amendments
from db.connection import Database
from db.corpus import Corpus
from db.datasets import Datasets
from db.erasure import Erasure
from db.generations import Generations
from db.keys import Keyring
from db.models import Models
from db.outbox import Outbox
from db.quizzes import Quizzes
from db.steps import Steps
from db.tuning import TuningFiles
from db.wishes import WishBook
from states.model import ProfileSnapshot
from tests.support.clock import HandClock
from tests.support.snapshots import birth
from tests.support.stored_steps import steps_of

MASTER_KEY = bytes(range(32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "echo.sqlite3"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    async with Database(path, patience=0.05) as database:
        yield database


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def keyring(database: Database) -> Keyring:
    keyring = Keyring(database, MASTER_KEY)
    await keyring.open()
    return keyring


@pytest.fixture
def steps(database: Database) -> Steps:
    return steps_of(database, MASTER_KEY)


@pytest.fixture
def outbox(database: Database) -> Outbox:
    return Outbox(database)


@pytest.fixture
def corpus(database: Database, keyring: Keyring, clock: HandClock) -> Corpus:
    return Corpus(database, keyring, clock)


@pytest.fixture
def datasets(database: Database, keyring: Keyring, clock: HandClock) -> Datasets:
    return Datasets(database, keyring, clock)


@pytest.fixture
def amendments(database: Database) -> Amendments:
    return Amendments(database)


@pytest.fixture
def quizzes(database: Database, keyring: Keyring, clock: HandClock) -> Quizzes:
    return Quizzes(database, keyring, clock)


@pytest.fixture
def generations(database: Database, keyring: Keyring) -> Generations:
    return Generations(database, keyring)


@pytest.fixture
def models(database: Database, keyring: Keyring, path: Path) -> Models:
    return Models(database, keyring, path.parent)


@pytest.fixture
def tuning(database: Database, keyring: Keyring, path: Path) -> TuningFiles:
    return TuningFiles(database, keyring, path.parent)


@pytest.fixture
def wishes(database: Database, keyring: Keyring, clock: HandClock) -> WishBook:
    return WishBook(database, keyring, clock)


@pytest.fixture
def erasure(database: Database, keyring: Keyring, models: Models, tuning: TuningFiles, clock: HandClock) -> Erasure:
    return Erasure(database, keyring, models, tuning, clock)


@pytest.fixture
async def profile(steps: Steps) -> ProfileSnapshot:
    """A profile that is just born."""
    recorded = await steps.record(birth())
    assert isinstance(recorded.snapshot, ProfileSnapshot)
    return recorded.snapshot
