"""A real database file, a keyring and what stands on them, for each test anew."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db.amendments import Amendments, note
from db.audit import Audit
from db.changes import Change, Changes
from db.connection import Database
from db.corpus import Corpus
from db.datasets import Datasets
from db.erasure import Erasure
from db.generations import Generations
from db.keys import Keyring
from db.memories import Memories, Remembered
from db.models import Models
from db.outbox import Outbox
from db.quizzes import Quizzes
from db.retention import Retention
from db.steps import Steps
from db.stored import Plan
from db.tuning import TuningFiles
from db.wishes import WishBook
from states.events import AllowanceGiven, CollectionFinished, TrainingFinished
from states.model import Allowance, ProfileSnapshot, SessionSnapshot
from tests.support.clock import HandClock
from tests.support.snapshots import (
    NOON,
    SENTENCES,
    SUBJECT,
    agreed,
    birth,
    covered,
    following,
    messages,
    session_birth,
)
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


@pytest.fixture
def retention(database: Database, keyring: Keyring, models: Models, tuning: TuningFiles, clock: HandClock) -> Retention:
    return Retention(database, models, tuning, Audit(database, keyring, clock))


@pytest.fixture
async def talked(
    database: Database,
    steps: Steps,
    corpus: Corpus,
    datasets: Datasets,
    generations: Generations,
    models: Models,
    keyring: Keyring,
    clock: HandClock,
    profile: ProfileSnapshot,
) -> ProfileSnapshot:
    """A ready profile with a corpus, a dataset, a model and a session that has said something."""
    await corpus.store(profile, messages(1200), covered(1200))
    await corpus.put_plan(profile.id, Plan("walk", 1_000_000, 12))
    await Changes(database).note(profile.id, Change(added=5))
    await datasets.put_dataset(profile.id, "train", [(2, " ".join(SENTENCES).encode())] * 3)
    path = await models.save(profile.id, 1, " ".join(SENTENCES).encode() * 100)
    now = (await steps.record(agreed(profile))).snapshot
    now = (await steps.record(following(now, CollectionFinished(NOON, 1200, 100)))).snapshot
    now = (await steps.record(following(now, TrainingFinished(NOON, path, 1, 1200, 2.5)))).snapshot
    async with database.write() as connection:
        await note(connection, [(profile.id, 7)])
    now = (await steps.record(following(now, AllowanceGiven(NOON, SUBJECT, Allowance.QUIZ, 1, "0f" * 32)))).snapshot
    session = (await steps.record(session_birth(profile))).snapshot
    assert isinstance(now, ProfileSnapshot) and isinstance(session, SessionSnapshot)
    for turn in (1, 2):
        said = await generations.draft(session, turn, SENTENCES, 1, 1, (1, 1), 1, "addressed", "1-1", NOON)
        await generations.mark_said(said, 0, 77, NOON)
    remembered = [Remembered(number, 1.0, "Barnaby Quill", SENTENCES[number], own=False) for number in range(3)]
    await Memories(database, keyring, clock).add(session, remembered)
    return now
