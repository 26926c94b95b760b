"""The person's own past replies that fit a moment: found by an embedding model where there is one, else by words.

The examples of a loaded model are embedded once, in the background; until that is done, and whenever the server fails
or takes too long, the embedded retriever answers at once. Vectors are held in memory alone, little longer than their
model is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from time import monotonic
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from echo.engines.examples import LOOKBACK, Example
from echo.engines.ollama.mind import Mind
from echo.errors import EngineUnavailable
from echo.persona.turns import Utterance

log = logging.getLogger(__name__)

Embed = Callable[[Sequence[str]], Awaitable[list[list[float]]]]
"""Gives each text a vector, all of one length, or raises EngineUnavailable."""
Vectors = NDArray[np.float16]

BATCH: Final = 32
"""Texts in one request: a second or so without a graphics card."""
LONGEST: Final = 300
"""Characters of each message that are embedded."""
WITHIN: Final = 2.0
"""Seconds that a moment's own vector may take: somebody waits for the answer."""
AGAIN: Final = 300.0
"""Seconds after a failure before the examples are embedded anew."""
KEPT: Final = 8
"""Models whose vectors outlive them, so that an amended model only needs those of what is new."""
KEPT_FOR: Final = 1800.0
"""Seconds that they do."""


@dataclass(frozen=True, slots=True)
class _Made:
    """The vectors that were made at a time, row by row, and their texts' digests; `owner` as in Retrieval.like."""

    at: float
    owner: int
    keys: list[bytes]
    vectors: Vectors


class Retrieval:
    """Finds examples. Safe to share between tasks of one event loop."""

    def __init__(self, embed: Embed | None = None, clock: Callable[[], float] = monotonic) -> None:
        """`embed` asks the embedding model; without it everything is found by words. `clock` gives seconds."""
        self._embed = embed
        self._clock = clock
        self._vectors: WeakKeyDictionary[Mind, Vectors] = WeakKeyDictionary()
        self._failed: WeakKeyDictionary[Mind, float] = WeakKeyDictionary()
        self._made: list[_Made] = []
        self._tasks: WeakKeyDictionary[Mind, asyncio.Task[None]] = WeakKeyDictionary()
        self._owners: WeakKeyDictionary[Mind, int] = WeakKeyDictionary()

    def forget(self, owner: int) -> None:
        """Embed nothing of theirs any more, and keep nothing of what was."""
        for mind in [mind for mind, one in self._owners.items() if one == owner]:
            if mind in self._tasks:
                self._tasks.pop(mind).cancel()
            self._vectors.pop(mind, None)
            del self._owners[mind]
        self._made = [one for one in self._made if one.owner != owner]

    async def like(
        self, mind: Mind, context: Sequence[Utterance], count: int, seed: int, owner: int = 0
    ) -> list[Example]:
        """Up to `count` examples with different answers, the most like the moment last. Never fails.

        `owner` is the profile that the model is of (0: of none), for `forget`.
        """
        self._owners[mind] = owner
        vectors = self._ready(mind) if context else None
        asked = await self._asked(context) if vectors is not None else None
        if vectors is None or asked is None or vectors.shape[1:] != asked.shape:
            return await asyncio.to_thread(mind.examples.like, context, count, seed)
        return await asyncio.to_thread(_nearest, mind, vectors, asked, count)

    def _ready(self, mind: Mind) -> Vectors | None:
        """The vectors of a model's examples; where there are none yet, they are begun to be made."""
        found = self._vectors.get(mind)
        if found is not None or self._embed is None or not len(mind.examples):
            return found
        failed = self._failed.get(mind)
        is_due = failed is None or self._clock() - failed >= AGAIN
        if is_due and (mind not in self._tasks or self._tasks[mind].done()):
            self._tasks[mind] = asyncio.get_running_loop().create_task(
                self._learn(mind, self._embed), name="embedding examples"
            )
        return None

    async def _learn(self, mind: Mind, embed: Embed) -> None:
        texts = [_text(example.context) for example in mind.examples.all]
        keys = await asyncio.to_thread(lambda: [_key(text) for text in texts])
        known = self._known(keys)
        new = [at for at, key in enumerate(keys) if key not in known]
        try:
            for start in range(0, len(new), BATCH):
                part = new[start : start + BATCH]
                found = _unit(await embed([texts[at] for at in part]))
                known.update(zip((keys[at] for at in part), found, strict=True))
            self._vectors[mind] = np.stack([known[key] for key in keys])
            self._made = [*self._made[1 - KEPT :], _Made(self._clock(), self._owners[mind], keys, self._vectors[mind])]
        except (EngineUnavailable, ValueError) as problem:
            self._failed[mind] = self._clock()
            # A ValueError is of vectors that are none, and may quote them.
            why = problem if isinstance(problem, EngineUnavailable) else "what it gave are no vectors of one length"
            log.warning("Examples are found by words alone, for the embedding model failed: %s", why)

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, Vectors]:
        """The vectors of those texts that another version of the model had as well, shortly before."""
        self._made = [one for one in self._made if self._clock() - one.at < KEPT_FOR]
        wanted = set(keys)
        return {key: one.vectors[at] for one in self._made for at, key in enumerate(one.keys) if key in wanted}

    async def _asked(self, context: Sequence[Utterance]) -> Vectors | None:
        """The vector of a moment; None where there is none in time."""
        assert self._embed is not None
        try:
            async with asyncio.timeout(WITHIN):
                found = _unit(await self._embed([_text(context)]))
        except (EngineUnavailable, TimeoutError, ValueError):
            return None
        return found[0] if len(found) else None


def _text(context: Sequence[Utterance]) -> str:
    """What was said last, as it is embedded: a text must not be empty."""
    return "\n".join(one.text[:LONGEST] for one in context[-LOOKBACK:]) or " "


def _key(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12, person=b"example").digest()


def _unit(vectors: Sequence[Sequence[float]]) -> Vectors:
    """Vectors of length 1, half as exact as they came: 2 kB for a thousand numbers.

    Raises ValueError where they are no vectors of one length.
    """
    found = np.asarray(vectors, np.float32)
    if found.ndim != 2 or not np.isfinite(found).all():
        raise ValueError("no vectors")
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    return (found / np.where(lengths > 0, lengths, 1.0)).astype(np.float16)


def _nearest(mind: Mind, vectors: Vectors, asked: Vectors, count: int) -> list[Example]:
    """By the cosine; of alike ones the newest."""
    likeness = vectors.astype(np.float32) @ asked.astype(np.float32)
    order = np.lexsort((-np.arange(len(likeness)), -likeness))
    return mind.examples.chosen((int(at) for at in order), count)
