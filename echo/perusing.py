"""Going through a whole corpus page by page, in threads, so that neither memory nor the event loop feels its size."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from db.stored import PlaceResult, StoredMessage
from echo.corpus.report import CorpusReport, Known, Tally
from echo.corpus.selecting import Keeping, Selected, Weighing


class Pages(Protocol):
    """What streams a corpus."""

    def stream(self, profile_id: int) -> AsyncIterator[list[StoredMessage]]:
        """Everything, in pages, oldest first."""


class Reported(Pages, Protocol):
    """What a report is made of."""

    async def places(self, profile_id: int) -> dict[int, PlaceResult]:
        """What came of each place, by channel."""


async def select(corpus: Pages, profile_id: int, most: int) -> Selected:
    """At most `most` of the subject's messages and what stood before them; everything where that is not more.

    Raises what reading the corpus raises.
    """
    weighed = Weighing()
    rows: list[StoredMessage] = []
    async for page in corpus.stream(profile_id):
        await asyncio.to_thread(weighed.add, page)
        if weighed.own > most:
            rows.clear()
        else:
            rows.extend(page)
    if weighed.own <= most:
        return Selected(rows)
    chosen = await asyncio.to_thread(weighed.choose, most)
    keeping = Keeping(chosen, weighed.replied(chosen))
    async for page in corpus.stream(profile_id):
        rows.extend(keeping.add(page))
    return Selected(rows, chosen, weighed.gaps())


async def report_of(corpus: Reported, profile_id: int) -> CorpusReport:
    """Reads a corpus twice. Raises what reading it raises."""
    known = Known()
    async for page in corpus.stream(profile_id):
        await asyncio.to_thread(known.add, page)
    tally = Tally(known)
    async for page in corpus.stream(profile_id):
        await asyncio.to_thread(tally.add, page)
    return tally.report((await corpus.places(profile_id)).values())
