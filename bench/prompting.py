"""How much of a prompt Ollama has to evaluate again at each turn: Echo's prompts against a naive one of the same parts.

A conversation of invented people is held again, turn by turn, with the loopback Ollama in Ollama's place: it counts
tokens and keeps the prefix cache of each slot as llama-server does, so these are counts, the same in every round.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import Final

import ollama

from bench.figures import Figure, Scale
from echo.corpus.conversations import bursts_of
from echo.corpus.written import Written
from echo.engines.bundle import bundled
from echo.engines.examples import dumped, examples_of
from echo.engines.ollama.mind import Mind
from echo.floor import LOOKED_BACK
from echo.persona.model import Persona
from echo.persona.turns import CONTEXT_LENGTH, Utterance
from echo.ports import Moment
from echo.sandbox.invented import invent
from tests.support.ollama import MODEL, Chat, Seen, ollama_at_loopback
from tests.support.ollama_hosts import engine_at
from tests.support.ollama_prompts import rendered, tokens_of

WHO: Final = "Mara"
CHANNEL: Final = "general"
TURNS: Final = 60
EXAMPLES: Final = 8
"""Shown in the naive prompt."""
BUDGET: Final = 3800
"""Tokens of the naive prompt at most: what Echo's may have of a context of 4,096 beside the answer."""
LIVELY: Final = 60.0
"""Seconds between two messages of the lively conversation."""


@dataclass(frozen=True)
class Turn:
    """One of hers: the messages before it, oldest first, and what she wrote."""

    before: tuple[Utterance, ...]
    said: str


async def measure(scale: Scale, folder: Path) -> list[Figure]:
    """The share of prompt tokens evaluated again per turn, and their number, for a lively and for a slow talk."""
    written = [one for one in invent(1) if one.is_speech and one.channel == CHANNEL]
    held = scale.of(1200, 400)
    rest = written[-held:]
    bursts = bursts_of(written[-scale.of(len(written), 4 * held) : -held], WHO)
    model = bundled(Persona.fit(bursts, WHO, seed=1).dump(), dumped(examples_of(bursts)))
    figures: list[Figure] = []
    for name, talk in (("a lively talk", _squeezed(rest)), ("a slow talk", rest)):
        turns = _turns(talk)[-scale.of(TURNS, 12) :]
        ours, theirs = await _echos(model, turns), await _naive(model, turns)
        count = f"{len(turns)} turns of {name} of invented people, one slot; the first is not counted"
        shares = [_share(side) for side in (ours, theirs)]
        each = [_each(side) for side in (ours, theirs)]
        against = "a naive prompt: card, day, people and fitting examples above the newest messages"
        figures += [
            _figure(f"prompt evaluated again in {name}", "%", shares, against, scale, count),
            _figure(
                f"tokens evaluated a turn in {name}", "tokens", each, "the naive prompt", scale, _sizes(ours, theirs)
            ),
        ]
    return figures


def _figure(name: str, unit: str, values: Sequence[float], against: str, scale: Scale, note: str) -> Figure:
    ours, theirs = ((value,) * scale.runs for value in values)
    return Figure(name, unit, ours, against, theirs, note)


def _share(side: Sequence[Seen]) -> float:
    return 100.0 * sum(seen.evaluated for seen in side) / sum(seen.tokens for seen in side)


def _each(side: Sequence[Seen]) -> float:
    return sum(seen.evaluated for seen in side) / len(side)


def _sizes(ours: Sequence[Seen], theirs: Sequence[Seen]) -> str:
    whole = [sum(seen.tokens for seen in side) / len(side) for side in (ours, theirs)]
    return f"of {whole[0]:,.0f} tokens a prompt, {whole[1]:,.0f} in the naive one"


def _squeezed(written: Sequence[Written]) -> list[Written]:
    return [one._replace(ts=written[0].ts + LIVELY * at) for at, one in enumerate(written)]


def _turns(written: Sequence[Written]) -> list[Turn]:
    said = [Utterance(one.author, one.ts, one.text, one.author == WHO) for one in written]
    turns: list[Turn] = []
    for at in range(LOOKED_BACK, len(said)):
        if said[at].own and not said[at - 1].own:
            texts = (one.text for one in takewhile(lambda one: one.own, said[at:]))
            turns.append(Turn(tuple(said[at - LOOKED_BACK : at]), "\n".join(texts)))
    return turns


async def _echos(model: bytes, turns: Sequence[Turn]) -> list[Seen]:
    """What the model saw at each turn but the first of Echo's; of several drafts of one turn the first."""
    first: list[int] = []
    async with ollama_at_loopback() as server:
        engine = engine_at(server.address)
        for at, turn in enumerate(turns):
            first.append(len(server.seen))
            server.writes = _writing(turn)
            context, earlier = turn.before[-CONTEXT_LENGTH:], turn.before[:-CONTEXT_LENGTH]
            moment = Moment(context, (WHO,), addressed=True, seed=at, now=context[-1].ts, earlier=earlier)
            await engine.answer(model, "1-1", moment, 1.0)
    return [server.seen[at] for at in first[1:]]


async def _naive(model: bytes, turns: Sequence[Turn]) -> list[Seen]:
    """The same for naive prompts, without any engine."""
    mind = Mind.of(model)
    async with ollama_at_loopback() as server, ollama.AsyncClient(server.address, trust_env=False) as client:
        for at, turn in enumerate(turns):
            server.writes = _writing(turn)
            options = {"seed": at, "num_ctx": 4096, "num_predict": 200}
            await client.chat(MODEL, _plain_prompt(mind, turn, at), options=options)
    return server.seen[1:]


def _writing(turn: Turn) -> Callable[[Chat], str]:
    return lambda chat: turn.said


def _plain_prompt(mind: Mind, turn: Turn, seed: int) -> list[dict[str, str]]:
    """Who they are, the day, who is there and examples for this moment as system text, then the newest messages."""
    context = turn.before[-CONTEXT_LENGTH:]
    present = ", ".join(dict.fromkeys(one.author for one in context if not one.own))
    day = f"{datetime.fromtimestamp(context[-1].ts, UTC):%A, %d %B %Y}"
    examples = [
        "\n".join(
            [*(f"{one.author}: {one.text}" for one in example.context), *(f"{WHO}: {text}" for text in example.texts)]
        )
        for example in mind.examples.like(context, EXAMPLES, seed)
    ]
    card = "\n".join(f"- {line.text}" for line in mind.persona.card())
    system = f"You are {WHO}. How you write:\n{card}\nToday is {day}. With you are {present}. Examples:\n\n"
    messages = [{"role": "system", "content": system + "\n\n".join(examples)}]
    for one in turn.before:
        own = {"role": "assistant", "content": one.text}
        messages.append(own if one.own else {"role": "user", "content": _line(one)})
    while len(tokens_of(rendered(messages))) > BUDGET:
        del messages[1]
    return messages


def _line(one: Utterance) -> str:
    return f"{one.author}: {one.text}"
