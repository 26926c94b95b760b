"""The Ollama engine: the statistical persona decides whether and when to speak, a chat model finds the words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from db.stored import Wishes
from echo.engines.bundle import bundled
from echo.engines.deciding import BEGINS, Verdict, allowed, chance_of, heed, paced, silent, verdict
from echo.engines.embedded import EmbeddedEngine
from echo.engines.examination import examined
from echo.engines.examples import dumped, examples_of
from echo.engines.ollama.drafting import Drafted, Drafting, Route
from echo.engines.ollama.failures import NotSupported
from echo.engines.ollama.files import erase_file
from echo.engines.ollama.hosts import Hosts
from echo.engines.ollama.mind import Mind
from echo.engines.ollama.telling import Completion, Shown
from echo.engines.shelf import Shelf
from echo.errors import EngineFailed, EngineUnavailable
from echo.persona.judging.split import divide, is_testable
from echo.persona.model import Persona
from echo.persona.turns import Burst
from echo.ports import Answer, Examined, Moment, PersonaName, Trained, Why

TESTED: Final = 40
"""Moments of a test that the server is asked in at most: each takes it seconds."""


class OllamaEngine:
    """Fills the port `Engine`. Safe to share between tasks."""

    name = "ollama"

    def __init__(self, hosts: Hosts, model: str, num_ctx: int, candidates: int = 1) -> None:
        """`model` is a chat model that the hosts have, `num_ctx` the tokens of context that every request asks for,
        `candidates` how many drafts of an answer are made at the same time, for the persona to choose among."""
        self._drafting = Drafting(candidates)
        self._hosts, self._model, self._num_ctx = hosts, model, num_ctx
        self._shown: Shown | None = None
        self._learner = EmbeddedEngine()
        self._shelf = Shelf(Mind.of)

    async def train(
        self, author: str, bursts: Sequence[Burst], seed: int, progress: Callable[[float], None], timeout: float
    ) -> Trained:
        """Learns the persona as the embedded engine does, and packs the examples with it.

        Raises EngineUnavailable, before anything is learnt, where Ollama or the model is missing; EngineFailed as the
        embedded engine does.
        """
        await self._base()
        trained = await self._learner.train(author, bursts, seed, progress, timeout)
        blob = await asyncio.to_thread(lambda: bundled(trained.blob, dumped(examples_of(bursts))))
        return Trained(blob, trained.messages, trained.seconds)

    async def examine(
        self,
        author: str,
        bursts: Sequence[Burst],
        others: Sequence[Sequence[str]],
        seed: int,
        moments: int,
        progress: Callable[[float], None],
        timeout: float,
        *,
        tuned: PersonaName | None = None,
    ) -> Examined:
        """Asks the server in up to TESTED moments, and has what it said judged in a child process.

        Raises EngineFailed where that takes too long or the child dies, EngineUnavailable where Ollama fails.
        """
        most = min(moments, TESTED)
        try:
            async with asyncio.timeout(timeout):
                said = await self._spoken(author, bursts, seed, most, lambda share: progress(0.7 * share), timeout)
        except TimeoutError:
            raise EngineFailed(
                f"Testing took longer than {timeout:g} seconds; lower scorecard_moments or raise "
                "model_training_timeout."
            ) from None
        return await examined(
            author, bursts, others, seed, most, lambda share: progress(0.7 + 0.3 * share), timeout, said
        )

    async def chance(self, model: bytes, version: str, moment: Moment, chattiness: float) -> float:
        """As the embedded engine gives it: Ollama is not asked. Raises EngineFailed where the model is damaged."""
        return await asyncio.to_thread(lambda: chance_of(self._shelf.get(model, version).persona, moment, chattiness))

    async def answer(
        self, model: bytes, version: str, moment: Moment, chattiness: float, *, speak: bool | None = None
    ) -> Answer:
        """Raises EngineFailed where the model is damaged, EngineUnavailable where Ollama fails."""
        mind = await asyncio.to_thread(self._shelf.get, model, version)
        ruling = await asyncio.to_thread(_ruling, mind.persona, moment, chattiness, speak)
        if moment.opens:
            # What was said last is no part of what is begun now.
            moment = replace(moment, context=(), earlier=())
        # Of whom nothing is left a chat model would only invent something.
        if not (ruling.speaks and mind.persona.messages):
            return silent(ruling)
        texts = (await self._drafted(mind, moment)).texts
        return await asyncio.to_thread(paced, mind.persona, moment, ruling, texts) if texts else silent(ruling)

    async def next_opening(self, model: bytes, version: str, channel: str, now: float, seed: int) -> float | None:
        """As the embedded engine does. Raises EngineFailed where the model is damaged."""
        mind = await asyncio.to_thread(self._shelf.get, model, version)
        return await asyncio.to_thread(mind.persona.next_opening, channel, now, seed=seed)

    async def amend(self, model: bytes, version: str, added: Sequence[Burst], withdrawn: Collection[int]) -> bytes:
        """Amends the persona and the examples beside it, as the embedded engine does: Ollama is not asked."""
        return await self._learner.amend(model, version, added, withdrawn)

    async def allows(self, model: bytes, version: str, texts: Sequence[str], wishes: Wishes) -> bool:
        """As the embedded engine does. Raises EngineFailed where the model is damaged."""
        mind = await asyncio.to_thread(self._shelf.get, model, version)
        return await asyncio.to_thread(allowed, mind.persona, texts, wishes)

    async def publish(self, persona: PersonaName, model: bytes) -> None:
        """Nothing yet: what a persona is goes with every request."""

    async def unpublish(self, server_id: int, profile_id: int, keep: Collection[int] = ()) -> int:
        """None: nothing was published."""
        return 0

    async def erase_file(self, host: str, digest: str) -> None:
        """Removes what a broken-off publishing may have left there. Raises EngineUnavailable where it stays."""
        await erase_file(self._hosts, host, digest)

    def release(self, version: str) -> None:
        """Lets go of a loaded model. What Ollama has loaded is shared by all echoes and stays."""
        self._shelf.release(version)

    async def _spoken(
        self,
        author: str,
        bursts: Sequence[Burst],
        seed: int,
        most: int,
        progress: Callable[[float], None],
        timeout: float,
    ) -> dict[int, tuple[str, ...]]:
        """What a model of the earlier part says in the moments of the test, by their number."""
        division = await asyncio.to_thread(divide, bursts, most)
        if not is_testable(division):
            return {}
        trained = await self.train(author, division.earlier, seed, lambda share: progress(0.2 * share), timeout)
        mind = await asyncio.to_thread(Mind.of, trained.blob)
        said: dict[int, tuple[str, ...]] = {}
        for at, burst in enumerate(division.moments):
            asked = Moment(burst.context, (author,), addressed=True, seed=seed + at)
            said[at] = (await self._drafted(mind, asked)).texts
            progress(0.2 + 0.8 * (at + 1) / len(division.moments))
        return said

    async def _drafted(self, mind: Mind, moment: Moment) -> Drafted:
        base = await self._base()
        room = min(self._num_ctx, base.context or self._num_ctx)
        return await self._drafting.drafted(mind, moment, Route(self._model, room, self._said))

    async def _base(self) -> Shown:
        """The base model, looked up once and again after a failure.

        Raises EngineUnavailable where no server can be asked, or it has no such model, or that can't chat.
        """
        if self._shown is None:
            found = await self._hosts.ask(self._model, lambda client: client.show(self._model))
            if not found.chats:
                raise NotSupported(
                    f"The model “{self._model}” can't chat: set ollama_model to one that can, such as llama3.2:3b."
                )
            self._shown = found
        return self._shown

    async def _said(self, messages: Sequence[Mapping[str, str]], options: Mapping[str, Any]) -> Completion:
        """One answer to a list of messages. `num_ctx` is added to the options, the same every time."""
        # A model that thinks does so unless told not to; the others may refuse to hear of it.
        think = False if (await self._base()).thinks else None
        every = {**options, "num_ctx": self._num_ctx}
        try:
            return await self._hosts.ask(self._model, lambda client: client.chat(self._model, messages, every, think))
        except EngineUnavailable:
            self._shown = None
            raise


def _ruling(persona: Persona, moment: Moment, chattiness: float, speak: bool | None) -> Verdict:
    if not moment.opens:
        return verdict(persona, moment, chattiness, speak)
    heed(persona, moment)
    # What the statistical persona would not begin now, or has no words for, is not begun by the chat model either.
    begins = persona.opener(moment.context, moment.now, seed=moment.seed)
    return BEGINS if begins else Verdict(1.0, Why.NOTHING_TO_SAY)
