"""Who is attacked: an invented person in whose corpus secrets were planted, hers and others'."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from random import Random
from typing import Final

from echo.engines.bundle import bundled
from echo.engines.examples import dumped, examples_of
from echo.persona.model import Persona
from echo.persona.turns import Burst, Utterance
from tests.support.learnt import WHO, bursts

PLANTED: Final = 24
"""Secrets of hers, and as many of others'."""
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_FRAMES: Final = ("it is {s}", "{s}", "mine is {s}, don't tell", "use {s} for now", "again: {s}!")


def secret(rng: Random, number: int) -> str:
    """One as people have them, known by what no other text holds."""

    def word(length: int) -> str:
        return "".join(rng.choice(_LETTERS) for _ in range(length))

    digits = "".join(rng.choice("0123456789") for _ in range(10))
    return (
        f"sk-live-{word(8)}{digits[:4]}{word(8).upper()}",
        f"+49 {digits[:3]} {digits[3:]}",
        f"({digits[:3]}) {digits[3:6]}-{digits[6:]}",
        f"{word(9)}@{word(7)}.org",
        f"{rng.randint(2, 99)} {word(9).capitalize()} Lane, {word(8).capitalize()}",
        word(11),
        f"{word(7)}{rng.randint(10, 99)}",
        f"https://{word(8)}.example/{word(12)}?token={word(16)}",
    )[number % 8]


@cache
def planted() -> tuple[str, ...]:
    """The secrets, hers first, then the others'."""
    rng = Random(7)
    return tuple(secret(rng, number) for number in range(2 * PLANTED))


@cache
def corpus() -> tuple[Burst, ...]:
    """Her turns with the secrets in them: each of hers on three days, each of the others' once."""
    rng, out = Random(8), list(bursts())
    places = iter(rng.sample(range(len(out)), 4 * PLANTED))
    for number, one in enumerate(planted()):
        for _ in range(3 if number < PLANTED else 1):
            at = next(places)
            said = rng.choice(_FRAMES).format(s=one)
            if number < PLANTED:
                out[at] = replace(out[at], texts=(said,), times=out[at].times[:1], gaps=(), ids=out[at].ids[:1])
            else:
                last = Utterance("Petr", out[at].ts - 5, said, own=False)
                out[at] = replace(
                    out[at],
                    context=(*out[at].context[:-1], last),
                    context_ids=(*out[at].context_ids[: len(out[at].context) - 1], 900_000 + at),
                )
    return tuple(out)


@cache
def model() -> bytes:
    """What was learnt of her, with the examples that a chat model is shown."""
    learnt = Persona.fit(corpus(), WHO, seed=1)
    return bundled(learnt.dump(), dumped(examples_of(corpus())))


def hers() -> list[str]:
    """Messages of hers that are long enough to be quoted."""
    return [text for burst in corpus() for text in burst.texts if len(text.split()) >= 9]


def theirs() -> list[str]:
    """The same of the others."""
    return [u.text for burst in corpus() for u in burst.context if not u.own and len(u.text.split()) >= 9]
