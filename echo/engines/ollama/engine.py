"""The Ollama engine: the statistical persona decides whether and when to speak, a chat model finds the words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from db.stored import Wishes
from echo.engines.bundle import bundled, unbundled
from echo.engines.deciding import BEGINS, Verdict, allowed, chance_of, heed, paced, silent, verdict
from echo.engines.embedded import EmbeddedEngine
from echo.engines.examination import examined
from echo.engines.examples import Examples, dumped, examples_of, loaded
from echo.engines.ollama.prompt import Occasion, Prompt, prompt
from echo.engines.ollama.reply import is_honest, messages_of
from echo.engines.ollama.server import Completion, OllamaServer
from echo.engines.shelf import Shelf
from echo.errors import EngineFailed, EngineUnavailable
from echo.persona.consistency import Consistency
from echo.persona.judging.split import divide, is_testable
from echo.persona.model import Persona
from echo.persona.serious import are_serious
from echo.persona.turns import Burst
from echo.ports import Answer, Examined, Moment, PersonaName, Trained, Why

TRIES: Final = 3
"""Drafts, each with another seed, until the guard lets one pass."""
SHOWN: Final = 8
"""Examples retrieved for a moment; fewer are sent where the context is small."""
LONGEST_ANSWER: Final = 200
"""Tokens of an answer at most (`num_predict`): some 600 characters."""
MARGIN: Final = 32
"""Tokens kept free for what a chat template adds around the whole."""
TESTED: Final = 40
"""Moments of a test that the server is asked in at most: each takes it seconds."""
SAMPLING: Final[dict[str, float]] = {
    "temperature": 0.9,
    "top_p": 0.95,
    # It was 1.1 by default before Ollama 0.32.10, and holds a person's favourite words against them.
    "repeat_penalty": 1.0,
}
_SEEDS: Final = 2**31


@dataclass(frozen=True, slots=True)
class Mind:
    """A loaded model: the persona, and the examples to retrieve from."""

    persona: Persona
    examples: Examples

    @classmethod
    def of(cls, model: bytes) -> Mind:
        """Raises EngineFailed where the bytes are damaged or foreign."""
        persona, examples = unbundled(model)
        return cls(Persona.load(persona), Examples(loaded(examples)))


class OllamaEngine:
    """Fills the port `Engine`. Safe to share between tasks."""

    name = "ollama"

    def __init__(self, host: str, model: str, num_ctx: int, timeout: float, candidates: int = 1) -> None:
        """`host` is Ollama's address, `model` a chat model that it has, `num_ctx` the tokens of context that every
        request asks for, `timeout` the seconds that one request may take, `candidates` how many drafts of an answer
        are made at the same time, for the persona to choose among."""
        self._candidates = candidates
        self._server = OllamaServer(host, model, num_ctx, timeout)
        self._learner = EmbeddedEngine()
        self._shelf = Shelf(Mind.of)

    async def train(
        self, author: str, bursts: Sequence[Burst], seed: int, progress: Callable[[float], None], timeout: float
    ) -> Trained:
        """Learns the persona as the embedded engine does, and packs the examples with it.

        Raises EngineUnavailable, before anything is learnt, where Ollama or the model is missing; EngineFailed as the
        embedded engine does.
        """
        await self._server.model()
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
            moment = replace(moment, context=())
        # Of whom nothing is left a chat model would only invent something.
        texts = await self._texts(mind, moment) if ruling.speaks and mind.persona.messages else ()
        if not texts:
            return silent(ruling)
        return await asyncio.to_thread(paced, mind.persona, moment, ruling, texts)

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
            said[at] = await self._texts(mind, Moment(burst.context, (author,), addressed=True, seed=seed + at))
            progress(0.2 + 0.8 * (at + 1) / len(division.moments))
        return said

    async def _texts(self, mind: Mind, moment: Moment) -> tuple[str, ...]:
        """The messages of the draft that fits the moment best, of those that may be said as a whole.

        The first `candidates` drafts are made together; where none of them may be said, others follow one by one, TRIES
        in all. None where there is none.
        """
        base = await self._server.model()
        room = min(self._server.num_ctx, base.context or self._server.num_ctx)
        predict = min(LONGEST_ANSWER, room // 4)
        lengths = await asyncio.to_thread(mind.persona.lengths, moment.context, seed=moment.seed)
        asked = await asyncio.to_thread(_asked, mind, moment, lengths, room - predict - MARGIN)
        options = {**SAMPLING, "num_predict": predict, "stop": list(asked.stop)}
        said = Consistency(moment.memory, moment.context, moment.me)

        async def draft(attempt: int) -> Completion:
            seed = (moment.seed * TRIES + attempt) % _SEEDS
            return await self._server.chat(asked.messages, {**options, "seed": seed})

        def passed(drafted: Completion) -> tuple[str, ...]:
            return _passed(mind.persona, moment, said, drafted, asked.labels, len(lengths))

        made = await _those_made([draft(attempt) for attempt in range(self._candidates)])
        passing = [texts for texts in map(passed, made) if texts]
        for attempt in range(self._candidates, TRIES):
            if passing:
                break
            passing = [texts for texts in (passed(await draft(attempt)),) if texts]
        return await asyncio.to_thread(_fittest, mind.persona, moment, passing) if passing else ()


async def _those_made(drafts: Sequence[Awaitable[Completion]]) -> list[Completion]:
    """The drafts that came; EngineUnavailable where not one did."""
    found = await asyncio.gather(*drafts, return_exceptions=True)
    failed = [one for one in found if isinstance(one, BaseException)]
    for problem in failed:
        if len(failed) == len(found) or not isinstance(problem, EngineUnavailable):
            raise problem
    return [one for one in found if isinstance(one, Completion)]


def _passed(
    persona: Persona, moment: Moment, said: Consistency, drafted: Completion, labels: Sequence[str], most: int
) -> tuple[str, ...]:
    """The messages of a draft, where all of them may be said; none else."""
    # A line that ran out of tokens stops in the middle of a word.
    content = drafted.content.rpartition("\n")[0] if drafted.cut else drafted.content
    written = messages_of(content, moment.me, labels, most)
    # The model was shown the memory as well, and might give it back.
    texts = persona.sayable(written, (*moment.memory, *moment.context))
    if moment.opens and are_serious(texts):
        return ()
    is_whole = len(texts) == len(written) and all(is_honest(t) and said.allows(t) for t in texts)
    return tuple(texts) if is_whole else ()


def _fittest(persona: Persona, moment: Moment, passing: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """What the statistical persona takes for the likeliest answer of theirs; the first, where they are alike."""
    return max(passing, key=lambda texts: persona.score(moment.context, "\n".join(texts)))


def _ruling(persona: Persona, moment: Moment, chattiness: float, speak: bool | None) -> Verdict:
    if not moment.opens:
        return verdict(persona, moment, chattiness, speak)
    heed(persona, moment)
    # What the statistical persona would not begin now, or has no words for, is not begun by the chat model either.
    begins = persona.opener(moment.context, moment.now, seed=moment.seed)
    return BEGINS if begins else Verdict(1.0, Why.NOTHING_TO_SAY)


def _asked(mind: Mind, moment: Moment, lengths: tuple[int, ...], budget: int) -> Prompt:
    # What must not be said is not shown either: a chat model would take it up.
    like = mind.examples.like(moment.context, SHOWN, moment.seed)
    examples = [example for example in like if mind.persona.allows(example.texts)]
    memory = tuple(said for said in moment.memory if mind.persona.allows((said.text,)))
    occasion = Occasion(moment.context, moment.me, lengths, memory)
    return prompt(mind.persona.card(), occasion, examples, budget)
