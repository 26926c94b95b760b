"""Fine-tuning a version: what may be learnt, learning it, bringing it to the server of models, and its test."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import Final, Protocol

from db.errors import StorageError
from db.uploads import Upload, Uploads
from echo.engines.ollama.failures import Busy, NotSupported, OllamaFailure, Unreachable
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
from states.terms import Purpose

log = logging.getLogger(__name__)

_NOT_TUNED: Final = "It speaks by its prompt alone, as it was not fine-tuned: {problem}"
NOT_AGREED: Final = (
    "its person has not agreed that a language model is trained on their messages; /echo consent change lets them."
)
TRIES: Final = 3
"""Tries of a training after which what a server refuses, breaks off or takes too long for is not tried again."""


class Server(Protocol):
    """The server of models, as far as weights go (`echo.engines.ollama.engine.OllamaEngine`)."""

    async def text_of(self, persona: PersonaName, model: bytes) -> str:
        """The system text that goes with the persona."""

    async def require_room_for(self, publisher: Publisher) -> None:
        """See to it, before anything is learnt, that the model can be made, and that the servers take such."""

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
        except StorageError:
            raise
        except EchoError as problem:
            if isinstance(problem, EngineUnavailable) and may_pass(problem, profile.tries):
                raise
            log.warning("Version %d of profile %d is not fine-tuned: %s", persona.version, profile.id, problem)
            await self._take_back(profile, persona)
            await self.scoring.test(profile, persona.version, version.names[0], version.bursts)
            return False, _NOT_TUNED.format(problem=problem)
        try:
            await self._weigh(version, persona)
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
        if not version.profile.terms.allows(Purpose.FINE_TUNING):
            raise NotWorthIt(NOT_AGREED)
        # Weights are made of what they wrote, and go to where the engine is.
        await self.scoring.reach.check(version.profile.id)
        lacking = missing()
        if lacking is not None:
            raise NotWorthIt(lacking)
        lesson = await asyncio.to_thread(self._lesson, version)
        key = version.profile.key

        def told(progress: Progress) -> None:
            self.board.advance(key, progress)

        seed = persona.profile_id * 1000 + persona.version
        # By the base's context, also when a try before this one has left weights of another on the server: what was
        # learnt with one text is not taken up again with another.
        text = await self.server.text_of(replace(persona, tuned=False), version.model)
        await self.server.require_room_for(self.publisher)
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

    async def _weigh(self, version: LearntVersion, persona: PersonaName) -> None:
        """Compare, as Scoring does; where the server has failed at it for good, that tells against the weights."""
        try:
            await self.scoring.compare(version.profile, persona, version.names[0], version.bursts)
        except EngineUnavailable as problem:
            if may_pass(problem, version.profile.tries):
                raise
            raise NotWorthIt(f"The fine-tuned model could not be tested: {problem}") from problem

    async def _take_back(self, profile: ProfileSnapshot, persona: PersonaName) -> None:
        """Have the server keep nothing of weights that are not to speak.

        What a server that is away keeps goes later: by what the machine asks for once the version is settled.
        """
        sent = [upload for upload in await self.uploads.of(profile.id) if upload.version == persona.version]
        if not sent:
            return
        try:
            await self.engine.unpublish(profile.server_id, profile.id, keep=profile.kept_versions)
            for upload in sent:
                await self.engine.erase_file(upload.host, upload.digest)
                await self.uploads.gone(upload)
        except EngineUnavailable as problem:
            log.info("The weights of version %d of profile %d go later: %s", persona.version, profile.id, problem)


def may_pass(problem: EngineUnavailable, tries: int) -> bool:
    """Whether the same is to be tried again, after so many tries."""
    if isinstance(problem, NotSupported):
        return False
    lasts = isinstance(problem, OllamaFailure) and not isinstance(problem, Unreachable | Busy)
    return tries < TRIES or not lasts
