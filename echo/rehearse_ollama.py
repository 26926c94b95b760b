"""An echo that finds its words through Ollama, rehearsed without Discord."""

from __future__ import annotations

import asyncio
import atexit
import itertools
from collections.abc import Sequence
from typing import Final

from echo.engines.bundle import unbundled
from echo.engines.ollama.engine import OllamaEngine
from echo.engines.ollama.hosts import Hosts
from echo.errors import UsageError
from echo.persona.model import Persona
from echo.persona.turns import Burst, Utterance
from echo.ports import Moment
from echo.settings import Settings

NOTHING_LEARNT: Final = 'Nothing was learnt yet, so send a line with "op": "fit" first.'
_VERSION: Final = "rehearsal-{}"


class OllamaRehearsal:
    """The Ollama engine with the server and model that the settings name. Fills `Rehearsed`."""

    def __init__(self, settings: Settings) -> None:
        hosts = Hosts(settings.ollama_addresses, settings.ollama_timeout, settings.ollama_stall)
        self._engine = OllamaEngine(hosts, settings.ollama_model, settings.ollama_num_ctx)
        self._loop = asyncio.Runner()
        # The hosts are for the tasks of one event loop, which ends with the process.
        atexit.register(self._loop.close)
        self._timeout = float(settings.model_training_timeout)
        self._author = ""
        self._model = b""
        self._version = _VERSION.format(0)
        self._fits = itertools.count(1)
        self._seeds = itertools.count()
        self._persona: Persona | None = None

    @property
    def persona(self) -> Persona:
        """What was fitted. Raises UsageError before that."""
        if self._persona is None:
            raise UsageError(NOTHING_LEARNT)
        return self._persona

    def fit(self, bursts: Sequence[Burst], author: str, seed: int) -> None:
        """See Rehearsed. Raises EngineUnavailable where Ollama or the model is missing."""
        trained = self._loop.run(self._engine.train(author, bursts, seed, lambda share: None, self._timeout))
        self._persona = Persona.load(unbundled(trained.blob)[0])
        self._engine.release(self._version)
        self._author, self._model, self._version = author, trained.blob, _VERSION.format(next(self._fits))
        self._seeds = itertools.count(seed * 1_000_003)

    def reply(self, context: Sequence[Utterance]) -> list[str]:
        """See Rehearsed. Raises EngineUnavailable where Ollama fails."""
        if self._persona is None:
            raise UsageError(NOTHING_LEARNT)
        moment = Moment(tuple(context), (self._author,), addressed=True, seed=next(self._seeds))
        return list(self._loop.run(self._engine.answer(self._model, self._version, moment, 1.0)).texts)

    def delay(self, context: Sequence[Utterance]) -> float:
        """See Rehearsed."""
        return self.persona.delay(context)

    def gaps(self, context: Sequence[Utterance], texts: Sequence[str]) -> list[float]:
        """See Rehearsed."""
        return self.persona.gaps(context, texts)

    def score(self, context: Sequence[Utterance], text: str) -> float:
        """See Rehearsed."""
        return self.persona.score(context, text)

    def wants(self, context: Sequence[Utterance]) -> float:
        """See Rehearsed."""
        return self.persona.wants(context)
