"""The embedded engine: learning a person, and answering as them."""

from __future__ import annotations

import importlib
import importlib.util
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from bench.chats import most_active, newest_of, read, small_chat, whole_chat
from bench.figures import Figure, Scale, by_turns, quantile
from echo.corpus.conversations import bursts_of
from echo.corpus.written import Written
from echo.persona.model import Persona
from echo.persona.turns import Burst

MESSAGES: Final = 10_000
ANSWERS: Final = 300
WORDS: Final = re.compile(r"\w+")
RIVAL: Final = "markovify"


async def measure(scale: Scale, folder: Path) -> list[Figure]:
    """Seconds to learn, against counting the words of the same text; milliseconds to answer."""
    chat = scale.of(whole_chat, small_chat)(folder)
    written = read(chat)
    author = most_active(written)
    written = newest_of(written, author, scale.of(MESSAGES, 500))
    bursts = bursts_of(written, author)
    personas: list[Persona] = []

    async def fitted() -> float:
        began = time.perf_counter()
        personas[:] = [Persona.fit(bursts, author, seed=1)]
        return time.perf_counter() - began

    async def counted() -> float:
        return _counted(written)

    echo, plain = await by_turns(scale.runs, fitted, counted)
    own = sum(one.author == author for one in written)
    note = f"{own:,} messages of one person among {len(written):,} of {chat.name}"
    named = "counting the words of the same text once"
    fit = Figure(f"learning {own:,} messages", "s", echo, named, plain, note)
    return [fit, *await _answering(scale, personas[0], bursts, written, author)]


def _counted(written: Sequence[Written]) -> float:
    began = time.perf_counter()
    counts: Counter[str] = Counter()
    for one in written:
        counts.update(WORDS.findall(one.text.casefold()))
    return time.perf_counter() - began


async def _answering(
    scale: Scale, persona: Persona, bursts: Sequence[Burst], written: Sequence[Written], author: str
) -> list[Figure]:
    """p50 and p95 of one answer each, over moments in which the person really spoke."""
    moments = random.Random(1).choices([burst.context for burst in bursts if burst.context], k=scale.of(ANSWERS, 20))
    persona.reply(moments[0], seed=0)
    rival = _rival(one.text for one in written if one.author == author)
    ours = [_times([lambda m=m: persona.reply(m, seed=1) for m in moments]) for _ in range(scale.runs)]  # type: ignore[misc]
    theirs = [_times([rival] * len(moments)) for _ in range(scale.runs)] if rival else []
    note = "" if rival else f"{RIVAL} is not installed, so these stand alone"
    return [
        Figure(
            f"an answer, p{share * 100:.0f}",
            "ms",
            tuple(quantile(times, share) for times in ours),
            f"a sentence of {RIVAL}" if rival else "",
            tuple(quantile(times, share) for times in theirs),
            note,
        )
        for share in (0.5, 0.95)
    ]


def _times(calls: Sequence[Callable[[], object]]) -> list[float]:
    """Milliseconds of each call."""
    found: list[float] = []
    for call in calls:
        began = time.perf_counter()
        call()
        found.append((time.perf_counter() - began) * 1000)
    return found


def _rival(texts: Iterable[str]) -> Callable[[], object] | None:
    """What makes one sentence of markovify's, which knows nothing of the conversation; None where it is missing."""
    if importlib.util.find_spec(RIVAL) is None:
        return None
    model = importlib.import_module(RIVAL).NewlineText("\n".join(texts))
    sentence: Callable[[], object] = model.make_sentence
    return sentence
