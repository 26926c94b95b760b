"""Searches whose waiting takes no time, and what they find."""

from __future__ import annotations

from dataclasses import dataclass, field

import nextcord

from echo.discord.collecting.search import Hits, Search

END = 1 << 62
"""Above every id."""


@dataclass(slots=True)
class Pace:
    """Counts the turns that were taken and the seconds that were to be waited; waits for nothing."""

    turns: int = 0
    waits: list[float] = field(default_factory=list)

    async def take(self) -> None:
        self.turns += 1

    async def wait(self, seconds: float) -> None:
        self.waits.append(seconds)

    def at(self, client: nextcord.Client) -> Search:
        return Search(client, self.take, self.wait)


async def everything(search: Search, guild_id: int, author_id: int, max_id: int = END, min_id: int = 0) -> list[Hits]:
    """All pages. The bound must fall every time."""
    pages = [await search.page(guild_id, author_id, max_id, min_id=min_id)]
    while (following := pages[-1].following) is not None:
        assert following < max_id
        max_id = following
        pages.append(await search.page(guild_id, author_id, max_id, min_id=min_id))
    return pages


def ids(pages: list[Hits]) -> list[int]:
    return [int(raw["id"]) for page in pages for raw in page.messages]
