"""Fine-tuning a version: what may be learnt, learning it, bringing it to the server of models, and its test."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final, Protocol

from db.errors import StorageError
from db.uploads import Upload, Uploads
from echo.errors import EchoError, EngineUnavailable, NotPassed, NotWorthIt
from echo.persona.judging.split import divide
from echo.ports import Engine, PersonaName
from echo.scoring import Scoring
from echo.training.data import lesson_of
from echo.training.job import Tuning, missing
from echo.training.making import Adapter
from echo.training.publishing import Noted, Published, Publisher, Told
from echo.training.talk import Lesson
from echo.training_settings import TrainingSettings
from echo.versions import LearntVersion
from states.board import Board, Progress
from states.model import ProfileSnapshot

log = logging.getLogger(__name__)

_NOT_TUNED: Final = "It speaks by its prompt alone, as it was not fine-tuned: {problem}"


class Server(Protocol):
    """The server of models, as far as weights go (`echo.engines.ollama.engine.OllamaEngine`)."""

    async def text_of(self, persona: PersonaName, model: bytes) -> str:
        """The system text that goes with the persona."""

    async def bring(
        self, persona: PersonaName, text: str, adapter: Adapter, publisher: Publisher, noted: Noted, told: Told
    ) -> Published:
        """Make the persona's own model of the adapter, with that text; `noted` hears of each file before it is sent."""


@dataclass(frozen=True, slots=True)
class FineTuning:
    """The adapters that weights are made with."""

    board: Board
    engine: Engine
    server: Server
    tuning: Tuning
    publisher: Publisher
    scoring: Scoring
    uploads: Uploads
    settings: TrainingSettings

    async def tuned(self, version: LearntVersion) -> tuple[bool, str]:
        """Fine-tune and test this version. Whether its weights are to speak, and a sentence where they are not.

        The version's card is kept either way. Raises NotPassed where an earlier fine-tuned version is to speak on, or
        the prompt alone must not speak either; EngineUnavailable and StorageError, which may pass.
        """
        persona, profile = version.persona, version.profile
        try:
            await self._make(version, persona)
        except (EngineUnavailable, StorageError):
            raise
        except EchoError as problem:
            log.warning("Version %d of profile %d is not fine-tuned: %s", persona.version, profile.id, problem)
            await self.scoring.test(profile, persona.version, version.names[0], version.bursts)
            return False, _NOT_TUNED.format(problem=problem)
        try:
            await self.scoring.compare(profile, persona, version.names[0], version.bursts)
        except NotWorthIt as problem:
            await self._take_back(profile, persona)
            if profile.can_speak and profile.tuned:
                raise NotPassed(f"{problem} Version {profile.model_version} speaks on.") from problem
            return False, _NOT_TUNED.format(problem=problem)
        except NotPassed:
            await self._take_back(profile, persona)
            raise
        return True, ""

    async def _make(self, version: LearntVersion, persona: PersonaName) -> None:
        lacking = missing()
        if lacking is not None:
            raise NotWorthIt(lacking)
        lesson = await asyncio.to_thread(self._lesson, version)
        key = version.profile.key

        def told(progress: Progress) -> None:
            self.board.advance(key, progress)

        seed = persona.profile_id * 1000 + persona.version
        text = await self.server.text_of(persona, version.model)
        await self.publisher.ready()
        made = await self.tuning.tune(persona.profile_id, persona.version, lesson, told, seed=seed, system=text)

        async def noted(host: str, digest: str) -> None:
            await self.uploads.note(Upload(persona.profile_id, persona.version, host, digest))

        await self.server.bring(persona, text, made.adapter, self.publisher, noted, told)

    def _lesson(self, version: LearntVersion) -> Lesson:
        # What the model is tested on must not be learnt: a test on what is known by heart shows nothing.
        later = divide(version.bursts, 1).later
        until = later[0].ts if later else float("inf")
        permission = self.settings.discord_permission
        return lesson_of(version.selected, version.names, permission, self.settings.min_examples, until)

    async def _take_back(self, profile: ProfileSnapshot, persona: PersonaName) -> None:
        """Have the server keep nothing of weights that are not to speak."""
        await self.engine.unpublish(profile.server_id, profile.id, keep=profile.kept_versions)
        for upload in await self.uploads.of(profile.id):
            if upload.version == persona.version:
                await self.engine.erase_file(upload.host, upload.digest)
                await self.uploads.gone(upload)
