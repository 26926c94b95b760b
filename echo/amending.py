"""Amending models by what was written, edited and deleted since they were learnt, within seconds and without learning
anew."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from db.amendments import Amendments
from db.corpus import Corpus
from db.errors import StorageError
from db.models import Models
from db.outbox import OutboxRow
from db.sources import Sources
from db.stored import StoredMessage
from echo.corpus.dataset import learnable
from echo.errors import EchoError
from echo.persona.turns import BURST_GAP, Burst
from echo.ports import Chat, Engine
from states import events as ev
from states.effects import Amend
from states.model import ProfileSnapshot, Snapshot

log = logging.getLogger(__name__)

JOINING: Final = 500
"""New and edited messages of the subject, the newest, that join in one amendment; others wait for the renewal."""
TURN: Final = 10 * BURST_GAP
"""Seconds after a message within which others of its turn are looked for."""


@dataclass(slots=True)
class Amending:
    """The adapters that a model is amended with; `amended` is told of profiles whose stored model is another now."""

    corpus: Corpus
    amendments: Amendments
    models: Models
    sources: Sources
    engine: Engine
    chat: Chat
    amended: Callable[[int], None]
    clock: Callable[[], datetime]
    _learning: dict[int, int] = field(default_factory=dict)
    _one: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    @asynccontextmanager
    async def learning(self, profile_id: int) -> AsyncIterator[None]:
        """Within this a model is learnt and stored: it knows all that was noted before. Raises StorageError."""
        self._learning[profile_id] = await self.amendments.newest(profile_id)
        try:
            yield
            await self.amendments.drop(profile_id, self._learning[profile_id])
        finally:
            del self._learning[profile_id]

    async def amend(self, row: OutboxRow, snapshot: Snapshot) -> ev.Event:
        """Bring the stored model to what the corpus holds now, and have it loaded anew."""
        assert isinstance(snapshot, ProfileSnapshot) and isinstance(row.effect, Amend)
        version = row.effect.version
        try:
            async with self._one:
                messages = await self._amend(snapshot, version)
        except (StorageError, EchoError) as error:
            log.warning("The model of %s is not amended yet: %s", row.key, error)
            return ev.AmendingFailed(self.clock(), version, str(error))
        return ev.ModelAmended(self.clock(), version, messages)

    async def _amend(self, profile: ProfileSnapshot, version: int) -> int:
        noted = await self.amendments.pending(profile.id)
        if noted.message_ids:
            rows = await self.corpus.rows_of(profile.id, noted.message_ids)
            turns = await self._turns(profile, rows)
            before = await self.models.load(profile.id, version)
            after = await self.engine.amend(before, f"{profile.id}-{version}", turns, noted.message_ids)
            await self.models.replace(profile.id, version, after)
            self.amended(profile.id)
            await self.sources.remove(profile.id, noted.message_ids.difference(row.message_id for row in rows))
            # A model that is just being learnt may have read less than this.
            await self.amendments.drop(profile.id, min(noted.upto, self._learning.get(profile.id, noted.upto)))
        return len(noted.message_ids)

    async def _turns(self, profile: ProfileSnapshot, rows: Sequence[StoredMessage]) -> list[Burst]:
        """The turns in which those of the messages stand that are the subject's."""
        joining = [row for row in rows if row.own and row.text][-JOINING:]
        if not joining:
            return []
        near = await self.corpus.near(profile.id, joining, TURN)
        # Known from before the model knows them, so that none of them is ever of an unknown place.
        await self.sources.add(profile.id, {row.message_id: row.channel_id for row in near})
        return await asyncio.to_thread(_holding, near, self.chat.names_of(profile)[0], joining)


def _holding(near: list[StoredMessage], subject: str, joining: list[StoredMessage]) -> list[Burst]:
    wanted = {row.message_id for row in joining}
    return [burst for burst in learnable(near, subject) if not wanted.isdisjoint(burst.ids)]
