"""Mara of the invented people, learnt once for all tests that need somebody to be an echo of."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from echo.corpus.conversations import bursts_of
from echo.engines.bundle import bundled
from echo.engines.examples import dumped, examples_of
from echo.persona.model import Persona
from echo.persona.turns import Burst, Utterance
from echo.ports import Moment
from echo.sandbox.invented import invent

WHO = "Mara"
MESSAGES = 1500
"""Of the newest that all invented people wrote: enough to learn from within a second."""


def named(turns: list[Burst]) -> list[Burst]:
    """The turns with an id for each message, whoever wrote it."""
    ids: dict[tuple[float, str], int] = {}

    def of(ts: float, text: str) -> int:
        return ids.setdefault((ts, text), 1001 + len(ids))

    return [
        replace(
            turn,
            ids=tuple(of(ts, text) for ts, text in zip(turn.times, turn.texts, strict=True)),
            context_ids=tuple(of(u.ts, u.text) for u in turn.context),
        )
        for turn in turns
    ]


@cache
def bursts() -> list[Burst]:
    """Mara's turns, oldest first."""
    return named(bursts_of(invent(1)[-MESSAGES:], WHO))


@cache
def persona() -> bytes:
    """A model of hers as the embedded engine stores it."""
    return Persona.fit(bursts(), WHO, seed=1).dump()


@cache
def bundle() -> bytes:
    """A model of hers as the Ollama engine stores it."""
    return bundled(persona(), dumped(examples_of(bursts())))


def said(author: str, text: str, ts: float = 1_000_000_000.0) -> Utterance:
    """One message; Mara's are the subject's own."""
    return Utterance(author, ts, text, author == WHO)


def moment(*context: Utterance, addressed: bool = True, seed: int = 5) -> Moment:
    """A moment after these messages, by default a question to her."""
    return Moment(context or (said("Petr", "how is the boat coming along?"),), (WHO,), addressed, seed)
