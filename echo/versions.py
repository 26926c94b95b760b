"""The versions of a profile's model: publishing the one that speaks, and removing those that may not any more."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from db.errors import KeyDestroyed, NothingStored, StorageError
from db.models import Models
from db.outbox import OutboxRow
from db.tuning import TuningFiles
from db.uploads import PERSONA, Upload, Uploads
from db.wishes import WishBook
from echo.corpus.selecting import Selected
from echo.errors import EngineFailed, EngineUnavailable, NoPermission
from echo.persona.turns import Burst
from echo.ports import Engine, PersonaName
from echo.reach import Reach
from states.board import Board
from states.effects import Publish
from states.model import ProfileSnapshot, ProfileState, Snapshot
from states.terms import Purpose

log = logging.getLogger(__name__)

SERVED: Final = "ollama"
"""The engine that publishes personas on servers of models."""
WHEREVER: Final = "the address in ollama_host"
RETRY_FIRST: Final = 5.0
RETRY_MOST: Final = 900.0
"""Seconds before the second try, and before a later one at most; each wait is twice the one before."""


def model_name(profile_id: int, version: int) -> str:
    """Under what name an engine may keep a loaded model."""
    return f"{profile_id}-{version}"


def persona_of(profile: ProfileSnapshot) -> PersonaName:
    """Who speaks for a profile as it stands."""
    tuned = profile.tuned and may_weigh(profile)
    return PersonaName(profile.server_id, profile.id, profile.model_version, profile.base, tuned)


def may_weigh(profile: ProfileSnapshot) -> bool:
    """Whether its subject lets weights be trained on their messages, and so lets them speak."""
    return profile.terms.allows(Purpose.FINE_TUNING)


def _by_weights(profile: ProfileSnapshot) -> set[int]:
    """The versions that are kept to speak by weights of their own."""
    if not may_weigh(profile):
        return set()
    weights = ((profile.model_version, profile.tuned), (profile.previous, profile.previous_tuned))
    return {version for version, is_tuned in weights if is_tuned and version is not None}


@dataclass(frozen=True, slots=True)
class LearntVersion:
    """A version that was learnt from `selected` and `bursts` as `model`, and is neither tested nor kept yet.

    `names` are those of the subject, the shown one first.
    """

    profile: ProfileSnapshot
    number: int
    names: tuple[str, ...]
    selected: Selected
    bursts: Sequence[Burst]
    model: bytes

    @property
    def persona(self) -> PersonaName:
        """Who is to speak, by weights of its own."""
        profile = self.profile
        return PersonaName(profile.server_id, profile.id, self.number, profile.base, tuned=True)


@dataclass(frozen=True, slots=True)
class Versions:
    """The adapters for it. What fails is tried again ever later, as long as its machine wants it; `pause` waits."""

    board: Board
    engine: Engine
    models: Models
    uploads: Uploads
    tuning: TuningFiles
    reach: Reach
    wishes: WishBook
    let_go: Callable[[int], None]
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def publish(self, row: OutboxRow, snapshot: Snapshot) -> None:
        """Make on the server of models, where there is one, what the version that speaks needs."""
        assert isinstance(row.effect, Publish)
        await self._until_done(row, f"model {row.key.id}", self._publish)

    async def renew(self, profile_id: int) -> None:
        """Bring what is published in line with another card. Where that fails now the next answer does it."""
        profile = self.board.profiles.get(profile_id)
        if profile is None or not profile.can_speak:
            return
        try:
            await self._publish(profile)
        except (EngineFailed, EngineUnavailable, StorageError) as problem:
            log.info("The card of profile %d is renewed with its next answer: %s", profile_id, problem)

    async def retire(self, profile: ProfileSnapshot) -> None:
        """Remove weights that may not speak any more, from everywhere; what can't be reached now goes with the next
        publishing. Raises StorageError."""
        if may_weigh(profile):
            return
        try:
            await self._erase_retired(profile)
        except (EngineFailed, EngineUnavailable) as problem:
            log.info("The weights of profile %d are removed later: %s", profile.id, problem)

    async def drop(self, row: OutboxRow, snapshot: Snapshot) -> None:
        """Remove, here and on the server of models, what may not speak any more."""
        await self._until_done(row, f"old models {row.key.id}", self._drop)

    async def _publish(self, profile: ProfileSnapshot) -> None:
        if (now := self._speaking(profile)) is None:
            return
        try:
            await self.reach.check(profile.id)
            await self._erase_retired(now)
            if self.engine.name == SERVED:
                # Known from before it is there, so that also an Echo with another engine knows that it may be.
                await self.uploads.note(Upload(now.id, 0, WHEREVER, PERSONA))
            # Last, so that it is the newest: who began earlier and waited longer must not end with an older card.
            model = await self.models.load(profile.id, profile.model_version)
            wishes = await self.wishes.of(profile.id)
        except (NoPermission, NothingStored, KeyDestroyed) as problem:
            # Whoever would speak is told of it then; trying again would not help.
            log.warning("The model of profile %d is not published: %s", profile.id, problem)
            return
        if (now := self._speaking(profile)) is not None:
            await self.engine.publish(persona_of(now), model, wishes)

    def _speaking(self, profile: ProfileSnapshot) -> ProfileSnapshot | None:
        """The profile as it is now; None where meanwhile another version speaks, or nobody any more."""
        now = self.board.profiles[profile.id]
        return now if now.can_speak and now.model_version == profile.model_version else None

    async def _drop(self, profile: ProfileSnapshot) -> None:
        kept = profile.kept_versions
        self.let_go(profile.id)
        for version in set(range(profile.made + 1)) - kept:
            self.engine.release(model_name(profile.id, version))
        await self.models.remove_superseded(profile.id, profile.made, kept)
        await self._keep_only(profile, kept)

    async def remove(self, profile: ProfileSnapshot) -> None:
        """Remove all of a persona's versions from every server of models, and make sure that nothing is left there.

        Raises EngineUnavailable where that can't be made sure, StorageError.
        """
        await self.engine.unpublish(profile.server_id, profile.id)
        await self._erase_files(profile.id, frozenset())

    async def _erase_retired(self, profile: ProfileSnapshot) -> None:
        """Remove weights by which a version spoke once, and must not any more, from every server."""
        untuned = profile.kept_versions - _by_weights(profile)
        retired = untuned.intersection(one.version for one in await self.uploads.of(profile.id))
        if retired:
            await self._keep_only(profile, profile.kept_versions - retired)

    async def _keep_only(self, profile: ProfileSnapshot, kept: Collection[int]) -> None:
        # The next one may be there already, for its test.
        learns = profile.state is ProfileState.TRAINING and not profile.paused
        stays = {*kept, *({profile.made + 1} if learns else ())}
        await self.tuning.remove_superseded(profile.id, profile.made, _by_weights(profile) & stays)
        await self.engine.unpublish(profile.server_id, profile.id, keep=stays)
        await self._erase_files(profile.id, stays)

    async def _erase_files(self, profile_id: int, kept: Collection[int]) -> None:
        for upload in await self.uploads.of(profile_id):
            if upload.version in kept or (upload.digest == PERSONA and kept):
                continue
            # That all personas are gone was just seen to by the engine that knows the servers.
            if upload.digest != PERSONA or self.engine.name != SERVED:
                await self.engine.erase_file(upload.host, upload.digest)
            await self.uploads.gone(upload)

    async def _until_done(
        self, row: OutboxRow, condition: str, act: Callable[[ProfileSnapshot], Awaitable[None]]
    ) -> None:
        try:
            for tries in itertools.count():
                try:
                    await act(self.board.profiles[row.key.id])
                    return
                except (EngineFailed, EngineUnavailable, StorageError) as error:
                    self.board.set_condition(condition, str(error))
                    log.info("%s of %s is tried again: %s", type(row.effect).__name__, row.key, error)
                await self.pause(min(RETRY_MOST, RETRY_FIRST * 2.0 ** min(tries, 16)))
        finally:
            self.board.set_condition(condition, None)
