"""Drafts of an answer: asked for with different seeds, passed by the guard, ranked by the statistical persona."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from echo.engines.ollama.mind import Mind
from echo.engines.ollama.prompt import Occasion, Prompt, prompt
from echo.engines.ollama.reply import is_honest, messages_of
from echo.engines.ollama.telling import Completion
from echo.errors import EngineUnavailable
from echo.persona.consistency import Consistency
from echo.persona.model import Persona
from echo.persona.serious import are_serious
from echo.ports import Moment

TRIES: Final = 3
"""Drafts, each with another seed, until the guard lets one pass."""
SHOWN: Final = 8
"""Examples retrieved for a moment; fewer are sent where the context is small."""
LONGEST_ANSWER: Final = 200
"""Tokens of an answer at most (`num_predict`): some 600 characters."""
MARGIN: Final = 32
"""Tokens kept free for what a chat template adds around the whole."""
SAMPLING: Final[dict[str, float]] = {
    "temperature": 0.9,
    "top_p": 0.95,
    # It was 1.1 by default before Ollama 0.32.10, and holds a person's favourite words against them.
    "repeat_penalty": 1.0,
}
_SEEDS: Final = 2**31


@dataclass(frozen=True, slots=True)
class Route:
    """How a persona's drafts are asked for.

    `base` is the base model it speaks by and `room` the tokens of its context. `chat(messages, options)` asks for one
    draft; it waits for a slot, and adds the model's name, `num_ctx` and `think`. `stored` is the system text that the
    model has stored, None where it has none.
    """

    base: str
    room: int
    chat: Callable[[Sequence[Mapping[str, str]], Mapping[str, Any]], Awaitable[Completion]]
    stored: str | None = None


@dataclass(frozen=True, slots=True)
class Drafted:
    """What came of drafting: the messages to say (none where no draft may be said), and what it took.

    Of `drafts` that were made the guard `rejected` some. Times in seconds, as in `db.stored.AnswerMeasured`.
    """

    texts: tuple[str, ...]
    drafts: int = 0
    rejected: int = 0
    wait: float = 0.0
    first_token: float | None = None
    seconds: float = 0.0
    tokens: int = 0
    token_seconds: float = 0.0
    prompt_tokens: int = 0


class Drafting:
    """Makes drafts. Safe to share between tasks."""

    def __init__(self, candidates: int = 1) -> None:
        """At most `candidates` drafts of an answer are made for the persona to choose among."""
        self._candidates = candidates

    async def drafted(self, mind: Mind, moment: Moment, route: Route) -> Drafted:
        """The draft that fits the moment best, of those that may be said as a whole.

        The first `candidates` drafts are made together; where none of them may be said, others follow one by one, TRIES
        in all. Raises EngineUnavailable where not one could be made.
        """
        predict = min(LONGEST_ANSWER, route.room // 4)
        lengths = await asyncio.to_thread(mind.persona.lengths, moment.context, seed=moment.seed)
        asked = await asyncio.to_thread(_asked, mind, moment, lengths, route.room - predict - MARGIN)
        options = {**SAMPLING, "num_predict": predict, "stop": list(asked.stop)}
        said = Consistency(moment.memory, moment.context, moment.me)

        async def draft(attempt: int) -> Completion:
            seed = (moment.seed * TRIES + attempt) % _SEEDS
            return await route.chat(asked.messages, {**options, "seed": seed})

        def passed(drafted: Completion) -> tuple[str, ...]:
            return _passed(mind.persona, moment, said, drafted, asked.labels, len(lengths))

        made = await _those_made([draft(attempt) for attempt in range(self._candidates)])
        passing = [texts for texts in map(passed, made) if texts]
        drafts = len(made)
        for attempt in range(self._candidates, TRIES):
            if passing:
                break
            passing = [texts for texts in (passed(await draft(attempt)),) if texts]
            drafts += 1
        texts = await asyncio.to_thread(_fittest, mind.persona, moment, passing) if passing else ()
        return Drafted(texts, drafts, drafts - len(passing))


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


def _asked(mind: Mind, moment: Moment, lengths: tuple[int, ...], budget: int) -> Prompt:
    # What must not be said is not shown either: a chat model would take it up.
    like = mind.examples.like(moment.context, SHOWN, moment.seed)
    examples = [example for example in like if mind.persona.allows(example.texts)]
    memory = tuple(said for said in moment.memory if mind.persona.allows((said.text,)))
    occasion = Occasion(moment.context, moment.me, lengths, memory)
    return prompt(mind.persona.card(), occasion, examples, budget)
