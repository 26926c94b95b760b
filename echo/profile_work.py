"""What profiles ask for: the question, notices, collecting, training, forgetting."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from db.corpus import Corpus
from db.datasets import Datasets
from db.errors import StorageError
from db.models import Models, TrainingRun
from db.outbox import OutboxRow
from db.sources import Sources
from echo.amending import Amending
from echo.corpus.dataset import put_dataset, taught
from echo.corpus.selecting import Selected
from echo.erasing import Erasing
from echo.errors import EchoError, EngineFailed, EngineUnavailable, NotPassed, ServiceUnavailable
from echo.perusing import select
from echo.ports import ChannelGone, Chat, CollectPort, Engine
from echo.scoring import Scoring
from echo.settings import Settings
from echo.versions import LearntVersion, Versions, model_name
from states import events as ev
from states.board import Board, Progress
from states.effects import (
    Amend,
    Announce,
    AskConsent,
    Collect,
    DropVersions,
    Effect,
    Forget,
    Publish,
    Remind,
    Rest,
    Train,
)
from states.model import Deadline, MachineKey, ProfileSnapshot, Snapshot
from states.terms import Purpose

log = logging.getLogger(__name__)

Trained: TypeAlias = ev.TrainingFinished | ev.TrainingFailed | ev.VersionRejected
"""What may come of a training."""
ANNOUNCE_TRIES = 3
TRAINING_SHARES = 100
"""Training tells its progress in hundredths."""


class Sessions(Protocol):
    """Takes a profile's sessions offline and waits until its other work has ended."""

    async def __call__(self, profile: ProfileSnapshot) -> None: ...


class FineTunes(Protocol):
    """Gives a version weights of its own (`echo.fine_tuning.FineTuning`)."""

    async def tuned(self, version: LearntVersion) -> tuple[bool, str]:
        """Fine-tune and test it. Whether its weights are to speak, and a sentence where they are not."""


@dataclass(frozen=True, slots=True)
class ProfileWork:
    """The adapters that a profile's effects are done with; `let_go` drops what is kept in memory of a profile."""

    board: Board
    chat: Chat
    collector: CollectPort
    corpus: Corpus
    datasets: Datasets
    engine: Engine
    models: Models
    sources: Sources
    scoring: Scoring
    amending: Amending
    fine_tuning: FineTunes | None
    versions: Versions
    keep_to_terms: Callable[[ProfileSnapshot], Awaitable[int]]
    erasing: Erasing
    settings: Settings
    clock: Callable[[], datetime]
    end_sessions: Sessions
    let_go: Callable[[int], None]
    collecting: asyncio.Semaphore
    training: asyncio.Semaphore

    def works(self) -> dict[type[Effect], Callable[[OutboxRow, Snapshot], Awaitable[ev.Event | None]]]:
        """What does which effect."""
        return {
            AskConsent: self.ask_consent,
            Rest: self.rest,
            Remind: self.remind,
            Announce: self.announce,
            Collect: self.collect,
            Train: self.train,
            Amend: self.amending.amend,
            Publish: self.versions.publish,
            DropVersions: self.versions.drop,
            Forget: self.forget,
        }

    async def ask_consent(self, row: OutboxRow, snapshot: Snapshot) -> ev.Event:
        """Put the question; the nonce makes a repeated try find the first one."""
        assert isinstance(snapshot, ProfileSnapshot) and isinstance(row.effect, AskConsent)
        try:
            message_id = await self.chat.ask_consent(snapshot, _nonce(snapshot), row.effect.standing)
        except ServiceUnavailable as error:
            return ev.ConsentNotPosted(self.clock(), str(error), transient=True)
        except (ChannelGone, EchoError) as error:
            return ev.ConsentNotPosted(self.clock(), str(error), transient=False)
        return ev.ConsentPosted(self.clock(), message_id)

    async def rest(self, row: OutboxRow, snapshot: Snapshot) -> None:
        """Keep no model in memory that may not be used."""
        assert isinstance(snapshot, ProfileSnapshot)
        self.let_go(snapshot.id)
        for version in range(snapshot.made + 2):
            self.engine.release(model_name(snapshot.id, version))

    async def remind(self, row: OutboxRow, snapshot: Snapshot) -> None:
        """Tell the subject that their consent ends soon. What can't be told is a pity, not a failure."""
        assert isinstance(snapshot, ProfileSnapshot)
        try:
            await self.chat.remind(snapshot, nonce=f"remind-{row.id}")
        except (ServiceUnavailable, ChannelGone, EchoError) as error:
            log.info("The person of %s could not be reminded: %s", row.key, error)

    async def announce(self, row: OutboxRow, snapshot: Snapshot) -> None:
        """Tell the channel. What can't be told is a pity, not a failure of the profile."""
        assert isinstance(row.effect, Announce)
        for attempt in range(ANNOUNCE_TRIES):
            profile = self.board.profiles[row.key.id]
            try:
                await self.chat.announce(profile, row.effect.notice, nonce=f"tell-{row.id}")
                return
            except ServiceUnavailable as error:
                log.info("A notice of %s has to wait: %s", row.key, error)
                await asyncio.sleep(2.0**attempt)
            except (ChannelGone, EchoError) as error:
                log.info("A notice of %s could not be given: %s", row.key, error)
                return

    async def collect(self, row: OutboxRow, snapshot: Snapshot) -> ev.Event:
        """Read from the stored cursors on."""
        assert isinstance(snapshot, ProfileSnapshot)

        async with self.collecting:
            try:
                await self.keep_to_terms(snapshot)
                await self.versions.retire(snapshot)
                found = await self.collector.collect(snapshot, functools.partial(self.board.advance, row.key))
            except (ServiceUnavailable, StorageError) as error:
                return ev.CollectionFailed(self.clock(), str(error), transient=True)
            except (ChannelGone, EchoError) as error:
                return ev.CollectionFailed(self.clock(), str(error), transient=False)
        return ev.CollectionFinished(
            self.clock(), found.messages, self.settings.min_messages, found.places, found.failed
        )

    async def train(self, row: OutboxRow, snapshot: Snapshot) -> ev.Event:
        """Make the next model of the corpus, store it under the profile's key, and note how that went."""
        assert isinstance(snapshot, ProfileSnapshot) and isinstance(row.effect, Train)
        version = row.effect.version
        async with self.training:
            began = self.clock()
            event: Trained
            try:
                async with self.amending.learning(snapshot.id):
                    event = await self._learn(snapshot, version)
            except NotPassed as refused:
                event = ev.VersionRejected(self.clock(), version, str(refused))
            except (EngineUnavailable, StorageError) as error:
                event = ev.TrainingFailed(self.clock(), str(error), transient=True)
            except EchoError as error:
                event = ev.TrainingFailed(self.clock(), str(error), transient=False)
            await self._note_run(snapshot.id, version, began, event)
        return event

    async def _learn(self, profile: ProfileSnapshot, version: int) -> ev.TrainingFinished:
        self._show_training(profile.key, 0.0)
        await self.keep_to_terms(profile)
        name = self.chat.names_of(profile)[0]
        selected = await select(self.corpus, profile.id, self.settings.max_messages_per_analysis)
        await self._note_sources(profile.id, version, selected)
        found = await asyncio.to_thread(taught, selected, name)
        await put_dataset(self.datasets, profile.id, found.dataset)
        trained = await self.engine.train(
            name,
            found.bursts,
            seed=profile.id * 1000 + version,
            progress=lambda share: self._show_training(profile.key, share),
            timeout=float(self.settings.model_training_timeout),
            base=profile.base,
            examples=profile.terms.allows(Purpose.EXAMPLES),
        )
        tuned, note = False, ""
        if self.fine_tuning is None:
            await self.scoring.test(profile, version, name, found.bursts)
        else:
            names = self.chat.names_of(profile)
            learnt = LearntVersion(profile, version, names, selected, found.bursts, trained.blob)
            tuned, note = await self.fine_tuning.tuned(learnt)
        path = await self.models.save(profile.id, version, trained.blob, keep=profile.kept_versions)
        seconds = round(trained.seconds, 3)
        return ev.TrainingFinished(self.clock(), path, version, trained.messages, seconds, tuned=tuned, note=note)

    async def _note_sources(self, profile_id: int, version: int, selected: Selected) -> None:
        """Before anything is made of it: where it stood decides where it may be recalled."""
        channels = {row.message_id: row.channel_id for row in selected.rows}
        await self.sources.add(profile_id, channels)
        await self.sources.note_version(profile_id, version, channels.values())

    async def _note_run(self, profile_id: int, version: int, began: datetime, event: Trained) -> None:
        if isinstance(event, ev.TrainingFinished):
            run = TrainingRun(profile_id, version, event.messages, event.seconds, began, "finished")
        else:
            run = TrainingRun(profile_id, version, 0, (event.at - began).total_seconds(), began, event.reason)
        try:
            await self.models.note_run(run)
        except StorageError as error:
            log.warning("How a training went could not be noted: %s", error)

    async def forget(self, row: OutboxRow, snapshot: Snapshot) -> ev.Event:
        """Sessions offline, other work ended, then the erasure, key first."""
        assert isinstance(snapshot, ProfileSnapshot)
        try:
            await self.end_sessions(snapshot)
            self.let_go(snapshot.id)
            for version in range(snapshot.made + 2):
                self.engine.release(model_name(snapshot.id, version))
            self.scoring.take_down(snapshot.id)
            # The machine tries it again until it is done.
            rows = await self.erasing.erase(snapshot)
        except (StorageError, ServiceUnavailable, EngineFailed) as error:
            return ev.ForgettingFailed(self.clock(), str(error))
        return ev.EverythingForgotten(self.clock(), rows)

    def _show_training(self, key: MachineKey, share: float) -> None:
        done = round(TRAINING_SHARES * min(1.0, max(0.0, share)))
        self.board.advance(key, Progress("training", done, TRAINING_SHARES, "%"))


def _nonce(profile: ProfileSnapshot) -> str:
    """The same for every try to put one question, and another one for the next."""
    due = profile.due.get(Deadline.CONSENT.value)
    return f"ask-{profile.id}-{due.timestamp() if due else 0:.0f}"
