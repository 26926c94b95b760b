"""What lies in a data folder, opened: for serving, and for the commands that look at it without serving."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from db.allowances import Allowances
from db.amendments import Amendments
from db.audit import Audit
from db.audit_check import FILE as HEAD_FILE
from db.audit_check import head
from db.bases import ServerBases
from db.changes import Changes, Reconciliations
from db.cipher import Cipher
from db.connection import Database
from db.consents import Consents
from db.contacts import Contacts
from db.corpus import Corpus
from db.datasets import Datasets
from db.erased import Erasures
from db.erasure import Erasure
from db.errors import StorageError
from db.exports import Exports
from db.feedback import Feedback
from db.generations import Generations
from db.journal import Journal
from db.keys import Keyring
from db.manifest import begin, end
from db.measures import MeasureLog
from db.memories import Memories
from db.models import Models
from db.outbox import Outbox
from db.quizzes import Quizzes
from db.receipts import Receipts
from db.retention import Retention
from db.rotation import require_opens
from db.scorecards import Scorecards
from db.servers import Servers
from db.signing import Signer
from db.sources import Sources
from db.steps import Steps
from db.tuning import TuningFiles
from db.turns import Turns
from db.unseen import Unseen
from db.uploads import Uploads
from db.wishes import WishBook
from echo.accounting import Account, accounted
from echo.errors import ConfigError
from echo.key_files import DATABASE, put
from echo.settings import Settings
from schedules.clock import Clock
from states.policy import Policy

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Store:
    """Everything that lies in the data folder `home`, opened."""

    home: Path
    database: Database
    keyring: Keyring
    steps: Steps
    outbox: Outbox
    journal: Journal
    consents: Consents
    allowances: Allowances
    corpus: Corpus
    changes: Changes
    reconciliations: Reconciliations
    datasets: Datasets
    generations: Generations
    models: Models
    tuning: TuningFiles
    amendments: Amendments
    turns: Turns
    uploads: Uploads
    memories: Memories
    quizzes: Quizzes
    scorecards: Scorecards
    sources: Sources
    measures: MeasureLog
    wishes: WishBook
    contacts: Contacts
    feedback: Feedback
    unseen: Unseen
    bases: ServerBases
    servers: Servers
    erasure: Erasure
    erasures: Erasures
    receipts: Receipts
    exports: Exports
    retention: Retention
    audit: Audit
    account: Account
    signer: Signer
    keep_head: Callable[[], Coroutine[Any, Any, None]]


@asynccontextmanager
async def open_store(
    home: Path, master_key: bytes, clock: Clock, *, shared: bool = False, writing: bool = True
) -> AsyncIterator[Store]:
    """Open the database of a data folder, `shared` with the Echo that is running on it or not; `writing`: not just to
    be looked at.

    Raises a ConfigError with the storage's own sentence where that fails.
    """
    async with AsyncExitStack() as stack:
        try:
            # Before the database is opened, as that may already change it.
            await asyncio.to_thread(require_opens, home / DATABASE, master_key)
            database = await stack.enter_async_context(Database(home / DATABASE, shared=shared))
            keyring = Keyring(database, master_key)
            await keyring.open()
            unseen = Unseen(database, keyring)
            await unseen.load()
            house = await keyring.house()
            if writing and not shared:
                for fault in await begin(database, house, home, clock()):
                    log.warning("%s", fault)
                stack.push_async_callback(_ended, database, house, home, clock)
        except StorageError as error:
            raise ConfigError(str(error)) from error
        corpus = Corpus(database, keyring, clock)
        corpus.is_unseen = unseen.is_unseen
        models = Models(database, keyring, home)
        audit = Audit(database, keyring, clock)
        tuning = TuningFiles(database, keyring, home)
        yield Store(
            home=home,
            database=database,
            keyring=keyring,
            steps=Steps(database, keyring),
            outbox=Outbox(database),
            journal=Journal(database),
            consents=Consents(database, keyring),
            allowances=Allowances(database),
            corpus=corpus,
            changes=Changes(database),
            reconciliations=Reconciliations(database),
            datasets=Datasets(database, keyring, clock),
            generations=Generations(database, keyring),
            models=models,
            tuning=tuning,
            amendments=Amendments(database),
            turns=Turns(database),
            uploads=Uploads(database, clock),
            memories=Memories(database, keyring, clock),
            quizzes=Quizzes(database, keyring, clock),
            scorecards=Scorecards(database),
            sources=Sources(database, keyring),
            measures=MeasureLog(database),
            wishes=WishBook(database, keyring, clock),
            contacts=Contacts(database, keyring, clock),
            feedback=Feedback(database, keyring, clock),
            unseen=unseen,
            bases=ServerBases(database, clock),
            servers=Servers(database, clock),
            erasure=Erasure(database, keyring, models, tuning, clock),
            erasures=Erasures(database),
            receipts=Receipts(database, keyring),
            exports=Exports(database, clock),
            retention=Retention(database, models, tuning, audit),
            audit=audit,
            account=accounted(audit),
            signer=Signer(house),
            keep_head=partial(_keep_head, database, house, home),
        )


async def _ended(database: Database, house: Cipher, home: Path, clock: Clock) -> None:
    """Note what there is when the work ends, for the next start to compare."""
    try:
        await end(database, house, home, clock())
    except (StorageError, OSError) as error:
        log.warning("What there is could not be noted at the end: %s", error)
    await _keep_head(database, house, home)


async def _keep_head(database: Database, house: Cipher, home: Path) -> None:
    """Write beside the database how far its audit has come."""
    try:
        content = await head(database, house)
        # What the file knows must be on the disk first: in a power cut the database may lose its last transactions.
        await database.ease()
        await asyncio.to_thread(put, home / HEAD_FILE, content)
    except (StorageError, OSError) as error:
        log.warning("How far the audit has come could not be written beside the database: %s", error)


def policy_of(settings: Settings) -> Policy:
    """The numbers that decisions depend on."""
    return Policy(
        cooldown=settings.message_generation_cooldown,
        quiet=settings.quiet_seconds,
        max_bot_turns=settings.max_bot_turns,
        openers_per_day=settings.openers_per_day,
        consent_expiry=timedelta(hours=settings.consent_expiry_hours),
        remind_before=timedelta(days=settings.consent_reminder_days),
        refresh_messages=settings.training.refresh_messages,
        refresh_weights=timedelta(days=days) if (days := settings.training.refresh_days) else None,
        retire_share=settings.training.retire_share,
    )
