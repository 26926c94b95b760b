"""Servers that collectings get into trouble at, and what makes the trouble begin midway."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from echo.sandbox.records import FORUM, Channel
from echo.sandbox.world import World
from states.board import Progress
from tests.discord.collecting import collector, crowd, nothing, world_of
from tests.discord.stand import Store, stand, store, talk
from tests.support.kept import Kept

STALL = 2.0
"""Seconds without an answer after which these tests have the connection given up: more than a busy machine takes."""
SOON = 0.4
"""The same where it is no matter whether it is given up too early."""
ENDLESS = 1_000_000
"""Requests: more than anybody makes."""


_undisturbed: dict[Callable[[], World], Kept] = {}


def a_server(every: int = 7) -> World:
    """Two channels, an active thread and a forum with two posts, of nine pages."""
    world = world_of(
        talk("general", crowd(450, every), start=90_000),
        talk("random", crowd(250, every), start=80_000),
        talk("plans", crowd(120, every), start=70_000, parent="general"),
        talk("first", crowd(30, every), start=60_000, parent="ideas"),
        talk("second", crowd(130, every), start=50_000, parent="ideas"),
    )
    ideas = place(world, "ideas")
    world.delete_message(ideas.id, world.messages[ideas.id].ids()[0])
    ideas.kind = FORUM
    return world


def to_search() -> World:
    """A server where searching is cheaper than reading all."""
    return world_of(
        talk("general", crowd(2500, 120), start=150_000),
        talk("random", crowd(1500, 120), start=95_000),
        talk("plans", crowd(1500, 120), start=90_000, parent="random"),
    )


def place(world: World, name: str) -> Channel:
    """The channel or thread of this name."""
    found = world.find_channel(name)
    assert found is not None
    return found


async def all_of(kept: Store) -> Kept:
    """What is kept now."""
    return await Kept.of(kept.corpus, kept.profile.id)


async def undisturbed(server: Callable[[], World]) -> Kept:
    """What is kept of such a server where nothing goes wrong: always the same, so that it is collected only once."""
    if server not in _undisturbed:
        world = server()
        with TemporaryDirectory() as folder:
            async with stand(world) as stage, store(Path(folder), world) as kept:
                await collector(stage, kept).collect(kept.profile, nothing)
                _undisturbed[server] = await all_of(kept)
    return _undisturbed[server]


class Midway:
    """Progress at which something is done, once, after so many requests were made since the first page was stored."""

    def __init__(self, act: Callable[[], object], requests: int = 2) -> None:
        self._act = act
        self._left = requests
        self.came = False

    def __call__(self, progress: Progress) -> None:
        if progress.detail.endswith(" 0 messages found") or self.came:
            return
        self._left -= 1
        if self._left <= 0:
            self.came = True
            self._act()
