"""Drafts of an answer: asked for with different seeds, passed by the guard, ranked by the statistical persona."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from echo.engines.examples import Example
from echo.engines.ollama.anchoring import Beginnings
from echo.engines.ollama.candidates import Candidates, Limits
from echo.engines.ollama.counting import Counting, least
from echo.engines.ollama.failures import ContextExceeded
from echo.engines.ollama.leisure import Deadline, Load, leisure
from echo.engines.ollama.mind import Mind
from echo.engines.ollama.prompt import Occasion, Prompt, Rooms, prompt, window
from echo.engines.ollama.reply import messages_of
from echo.engines.ollama.retrieval import Embed, Retrieval
from echo.engines.ollama.system import system_text, told_to
from echo.engines.ollama.telling import Completion
from echo.persona.consistency import Consistency
from echo.persona.model import Persona
from echo.persona.serious import are_serious
from echo.persona.turns import Utterance
from echo.ports import Moment
from states.objections import Objection

STEADY: Final = 6
"""Examples that stand before the talk and stay there; fewer are shown where the context is small."""
FRESH: Final = 4
"""Examples for this very moment, which are read anew with every turn."""
LONGEST_ANSWER: Final = 200
"""Tokens of an answer at most (`num_predict`): some 600 characters."""
FITTINGS: Final = 3
"""Times that a prompt which turned out too long is made shorter."""
SHORTENED: Final = "Ollama left out some of what it was sent: raise ollama_num_ctx."
MARGIN: Final = 32
"""Tokens kept free for what a chat template adds around the whole."""
SAMPLING: Final[dict[str, float]] = {
    "temperature": 0.9,
    "top_p": 0.95,
    # It was 1.1 by default before Ollama 0.32.10, and holds a person's favourite words against them.
    "repeat_penalty": 1.0,
}
_SEEDS: Final = 2**31
_EACH: Final = 16
"""Seeds of one moment."""
_FAR: Final = 1.6
"""Above this many real tokens for each one counted, a system text of the usual length takes too much."""


@dataclass(frozen=True, slots=True)
class Route:
    """How a persona's drafts are asked for.

    `base` is the base model it speaks by and `room` the tokens of its context. `chat(messages, options)` asks for one
    draft; it waits for a slot, and adds the model's name, `num_ctx` and `think`. `stored` is the system text that the
    model has stored, None where it has none. `begun`: since when that answer has been in the making, by the clock of
    Drafting; None: from now on.
    """

    base: str
    room: int
    chat: Callable[[Sequence[Mapping[str, str]], Mapping[str, Any]], Awaitable[Completion]]
    stored: str | None = None
    begun: float | None = None


@dataclass(frozen=True, slots=True)
class Drafted:
    """What came of drafting: the messages to say (none where no draft may be said), and what it took.

    Of `drafts` that were made so many were rejected for each of `objections`. Times in seconds, as in
    `db.stored.AnswerMeasured`.
    """

    texts: tuple[str, ...]
    drafts: int = 0
    objections: tuple[tuple[str, int], ...] = ()
    wait: float = 0.0
    first_token: float | None = None
    seconds: float = 0.0
    tokens: int = 0
    token_seconds: float = 0.0
    prompt_tokens: int = 0

    @property
    def rejected(self) -> int:
        """How many drafts were rejected, whatever the reason."""
        return sum(count for _, count in self.objections)


class Drafting:
    """Makes drafts. Safe to share between tasks of one event loop."""

    def __init__(
        self,
        candidates: int = 1,
        parallel: int = 1,
        embed: Embed | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """At most `candidates` drafts of an answer are made for the persona to choose among, `parallel` at the same
        time. `embed` asks an embedding model, which then finds the examples; `clock` gives seconds."""
        self._candidates, self._parallel = candidates, parallel
        self._clock = clock
        self._retrieval = Retrieval(embed, clock)
        self._counting = Counting()
        self._beginnings = Beginnings()
        self._load = Load()

    def forget(self, profile_id: int) -> None:
        """Keep nothing of a profile that is forgotten."""
        self._retrieval.forget(profile_id)

    async def drafted(self, mind: Mind, moment: Moment, route: Route) -> Drafted:
        """The draft that fits the moment best, of those that may be said as a whole, in the time that the person's own
        delay leaves. Raises EngineUnavailable where none could be made."""
        began = self._clock() if route.begun is None else route.begun
        lengths = await asyncio.to_thread(mind.persona.lengths, moment.context, seed=moment.seed)
        left = await asyncio.to_thread(leisure, mind.persona, moment, lengths[0] if lengths else 0)
        limits = Limits(route.base, self._candidates, self._parallel, Deadline(self._clock, began + left))
        found = await self._found(mind, moment, lengths, route, limits)
        texts = await asyncio.to_thread(fittest, mind.persona, moment.context, found.passing) if found.passing else ()
        return _told(texts, found, self._clock() - began)

    async def _found(
        self, mind: Mind, moment: Moment, lengths: tuple[int, ...], route: Route, limits: Limits
    ) -> Candidates:
        """The drafts of an answer; a prompt that turns out too long is made shorter up to FITTINGS times."""
        for fitting in range(FITTINGS, -1, -1):
            found = await self._candidates_for(mind, moment, lengths, route, limits)
            try:
                await found.gather()
                break
            except ContextExceeded:
                self._counting.exceeded(route.base)
                if not fitting:
                    raise
        return found

    async def _candidates_for(
        self, mind: Mind, moment: Moment, lengths: tuple[int, ...], route: Route, limits: Limits
    ) -> Candidates:
        predict = min(LONGEST_ANSWER, route.room // 4)
        asked = await self._asked(mind, moment, lengths, route, predict)
        options = {**SAMPLING, "num_predict": predict, "stop": list(asked.stop)}
        said = Consistency(moment.memory, moment.context, moment.me)
        smallest = least(asked.messages)
        told, objections = told_to(mind.persona), Counter[str]()
        # The model was shown all of that, and might give it back.
        heard = (*moment.memory, *moment.earlier, *moment.context)

        async def ask(number: int) -> Completion:
            made = await route.chat(asked.messages, {**options, "seed": (moment.seed * _EACH + number) % _SEEDS})
            self._counting.learn(route.base, asked.tokens, made.prompt_tokens)
            if 0 < made.prompt_tokens < smallest:
                raise ContextExceeded(SHORTENED)
            return made

        def judge(made: Completion) -> tuple[str, ...]:
            # A line that ran out of tokens stops in the middle of a word.
            content = made.content.rpartition("\n")[0] if made.cut else made.content
            written = messages_of(content, moment.me, asked.labels, len(lengths))
            texts, objection = mind.persona.checked(written, heard, told)
            if objection is None and not _fits(texts, moment, said):
                objection = Objection.OTHER
            if objection is not None:
                objections[objection] += 1
            return () if objection is not None else tuple(texts)

        return Candidates(ask, judge, limits, self._load, objections)

    async def _asked(self, mind: Mind, moment: Moment, lengths: tuple[int, ...], route: Route, predict: int) -> Prompt:
        """The prompt, in as many tokens as the base is known to have room for."""
        factor = self._counting.factor(route.base)
        budget = int((route.room - predict - MARGIN) / factor)
        # Where the base takes far more tokens than we count, the system text has to be a shorter one.
        system = system_text(mind.persona.card(), route.room if factor <= _FAR else int(route.room / factor))
        rooms = Rooms.of(system, budget)
        shown = window((*moment.earlier, *moment.context), rooms, self._beginnings)
        # What must not be said is not shown either: a chat model would take it up.
        may = mind.persona.allows
        steady, fresh = await self._examples(mind, moment) if moment.examples else ([], [])
        memory = tuple(said for said in moment.memory if may((said.text,)))
        wishes = (*moment.wishes.topics, *moment.wishes.phrases)
        occasion = Occasion(moment.me, lengths, memory, moment.now, wishes)
        return prompt(system, shown, occasion, steady, fresh, rooms, stored=system == route.stored)

    async def _examples(self, mind: Mind, moment: Moment) -> tuple[list[Example], list[Example]]:
        """The examples that stay before the talk, and those for this moment, without what is unwished."""
        may = mind.persona.allows
        steady = [one for one in mind.examples.steady(STEADY) if may(_words_of(one))]
        owner = moment.persona.profile_id if moment.persona is not None else 0
        like = await self._retrieval.like(mind, moment.context, FRESH, moment.seed, owner)
        return steady, [one for one in like if may(_words_of(one)) and one not in steady]


def _words_of(example: Example) -> tuple[str, ...]:
    """All that showing it would show: their own earlier words are among what they answered."""
    return (*(one.text for one in example.context), *example.texts)


def _told(texts: tuple[str, ...], found: Candidates, seconds: float) -> Drafted:
    first = found.made[0]
    return Drafted(
        texts,
        drafts=len(found.made),
        objections=tuple(found.objections.items()),
        wait=first.wait + first.load_seconds,
        first_token=first.first_token,
        seconds=seconds,
        tokens=sum(one.tokens for one in found.made),
        token_seconds=sum(one.token_seconds for one in found.made),
        prompt_tokens=first.prompt_tokens,
    )


def _fits(texts: Sequence[str], moment: Moment, said: Consistency) -> bool:
    """Whether there is anything, which contradicts nothing that was said, and begins nothing serious."""
    if not texts or (moment.opens and are_serious(texts)):
        return False
    return all(map(said.allows, texts))


def fittest(persona: Persona, context: Sequence[Utterance], passing: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """What the statistical persona takes for the likeliest answer of theirs, leaned by how people found what the echo
    said before; the first, where they are alike."""
    return max(passing, key=lambda texts: persona.preference(context, "\n".join(texts)))
