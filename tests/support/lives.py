"""Lives of a process that collects, each killed at a chosen moment, and a Discord that outlives them all."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from db.stored import Range
from echo.sandbox.server import Sandbox
from echo.sandbox.world import World
from tests.discord.collecting import MESSAGES, SEARCH
from tests.discord.stand import NOON
from tests.support import collecting_life
from tests.support.bot import Ticking
from tests.support.collecting_life import PATIENCE, Order
from tests.support.zygote import Zygote, zygote_of


@dataclass(frozen=True, slots=True)
class Fate:
    """When a life ends: at the `count`-th of what `kind` names.

    "request": any request, before its answer is sent; "page": a page of messages or of a search, `delay` seconds after
    it is answered; the others are those of `Order`.
    """

    kind: str
    count: int
    delay: float = 0.0

    @classmethod
    def drawn(cls, chance: random.Random) -> Fate:
        """One of many moments: while it connects or lists, between fetching and storing, within a transaction."""
        kind = chance.choice(("request", "page", "page", "statement", "statement", "commit", "stored"))
        most = {"request": 24, "page": 8, "statement": 250, "commit": 6, "stored": 5}[kind]
        return cls(kind, chance.randint(1, most), chance.choice((0.0, chance.uniform(0, 0.008))))


@dataclass(frozen=True, slots=True)
class Asked:
    """A page that was asked for: its place (a server for a search; 0 where the page was empty), and its bound."""

    place: int
    before: int


@dataclass(slots=True)
class Life:
    """What is known of one life: the pages that it asked for, and what the file said of what was read before it."""

    known: Mapping[int, list[Range]]
    fate: Fate | None
    status: int = 0
    requests: int = 0
    searches: list[Asked] = field(default_factory=list)
    pages: list[Asked] = field(default_factory=list)

    def asked_again(self) -> list[Asked]:
        """Pages of channels that were read and stored already when this life began."""
        return _within(self.pages, self.known)

    def searched_again(self) -> list[Asked]:
        """Pages of the search that were stored already."""
        return _within(self.searches, self.known)


def _within(asked: list[Asked], known: Mapping[int, list[Range]]) -> list[Asked]:
    return [
        one for one in asked if any(each.before_id < one.before <= each.top_id for each in known.get(one.place, ()))
    ]


class Lives:
    """Lives one after another at one sandbox. `deaths` counts by kind of fate those that were killed."""

    def __init__(self, world: World, log: Path) -> None:
        self.sandbox = Sandbox(world, clock=Ticking(NOON.timestamp()), rate_limits=False, record=self._recorded)
        self.deaths: Counter[str] = Counter()
        self._log = log
        self._zygote: Zygote
        self._life: Life | None = None
        self._process = 0
        self._kill_at = 0

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Within this lives can be led."""
        async with zygote_of(collecting_life.__name__, self._log) as self._zygote:
            try:
                async with self.sandbox:
                    yield
            finally:
                self._kill()

    async def lead(self, home: Path, fate: Fate | None) -> Life:
        """One life in a folder, to its end."""
        life = self._life = Life(stored_ranges(home), fate)
        own = fate is not None and fate.kind not in ("request", "page")
        order = Order(
            f"{self.sandbox.address}/api/v10",
            str(home),
            fate.kind if fate and own else "",
            fate.count if fate and own else 0,
        )
        async with asyncio.timeout(PATIENCE):
            self._zygote.order(order.line())
            self._process = await self._number()
            life.status = await self._number()
        self._process, self._life = 0, None
        self._zygote.forget()
        assert life.status in (0, -signal.SIGKILL), self._log.read_text()
        if life.status:
            assert fate is not None
            self.deaths[fate.kind] += 1
        return life

    async def _number(self) -> int:
        return int(await self._zygote.line())

    def _recorded(
        self, method: str, route: str, query: Mapping[str, str], sent: Any, status: int, answered: Any
    ) -> None:
        life = self._life
        if life is None:
            return
        life.requests += 1
        is_page = status == 200 and (route == SEARCH or (method == "GET" and route == MESSAGES and "before" in query))
        if is_page and route == MESSAGES:
            place = int(answered[0]["channel_id"]) if answered else 0
            life.pages.append(Asked(place, int(query["before"])))
        elif is_page and query["limit"] != "1":
            life.searches.append(Asked(self.sandbox.world.guild.id, int(query["max_id"])))
        fate = life.fate
        if fate is None:
            return
        if fate.kind == "request" and life.requests == fate.count:
            self._kill()
        if fate.kind == "page" and is_page and len(life.pages) + len(life.searches) == fate.count:
            asyncio.get_running_loop().call_later(fate.delay, self._end, life)

    def _end(self, life: Life) -> None:
        if life is self._life:
            self._kill()

    def _kill(self) -> None:
        if self._process:
            os.kill(self._process, signal.SIGKILL)


@asynccontextmanager
async def lives_at(world: World, folder: Path) -> AsyncIterator[Lives]:
    """Lives at a sandbox of this world."""
    lives = Lives(world, folder / "lives.log")
    async with lives.opened():
        yield lives


def stored_ranges(home: Path) -> dict[int, list[Range]]:
    """What the file in a folder says was read, by place; looked at from outside."""
    found: dict[int, list[Range]] = {}
    for channel_id, top_id, before_id in rows_of(home, "SELECT channel_id, top_id, before_id FROM collection_ranges"):
        found.setdefault(channel_id, []).append(Range(top_id, before_id))
    return found


def rows_of(home: Path, query: str) -> list[tuple[Any, ...]]:
    """What a query of the file in a folder finds; looked at from outside, without mending what a death left."""
    with closing(sqlite3.connect(f"file:{home / 'echo.db'}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()
