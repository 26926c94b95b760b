"""The invented world that the sandbox starts with: one server, six people, two years of talk.

Everything is made up and made from a seed: `invent(7)` is the same list everywhere and always. The scripts in
`scenes/` hold the conversations, `pools.txt` the words that vary, `manners/` each person's own phrases.
"""

from __future__ import annotations

from random import Random

from echo.corpus.written import Written

from .chronicle import Chronicle
from .people import GUILD_NAME, PEOPLE, Person

__all__ = ["GUILD_NAME", "PEOPLE", "Person", "invent"]


def invent(seed: int, until: float | None = None) -> list[Written]:
    """About 6,000 messages from 2024-06-14 to 2026-06-14, oldest first, the same ones for the same `seed`.

    `until` (seconds since the epoch, UTC) leaves out what was written at that moment or later. Authors are the names
    of PEOPLE; the thread `the-lapwing` has its channel as `parent`.
    """
    told = Chronicle(Random(seed)).tell()
    return told if until is None else [written for written in told if written.ts < until]
