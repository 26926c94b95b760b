"""Servers to collect from, and collectors at them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from echo.corpus.written import Written
from echo.discord.collecting.budget import Budget
from echo.discord.collecting.collection import Manner
from echo.discord.collecting.collector import Collector
from echo.discord.collecting.places import Exclusions
from echo.discord.collecting.run import CorpusPort
from echo.sandbox.permissions import Permission
from echo.sandbox.records import Overwrite
from echo.sandbox.world import World
from states.board import Progress
from tests.discord.stand import NOON, Stand, Store, at
from tests.support.snapshots import named

MESSAGES = "/channels/{channel_id}/messages"
SEARCH = "/guilds/{guild_id}/messages/search"
YEAR = 365 * 86400.0


def world_of(*parts: list[Written]) -> World:
    """A server with these messages; what stands there a year before keeps its channels old."""
    written = [one for part in parts for one in part]
    channels = {one.parent or one.channel for one in written}
    old = [Written("Zoe", channel, at(YEAR), "the first words here") for channel in sorted(channels)]
    return World.populate(3, "Somewhere", [*old, *written], manager="Zoe")


def crowd(count: int, every: int = 10) -> list[str]:
    """Authors of `count` messages, of which one in `every` is Mara's, the first of them never."""
    return ["Mara" if number % every == every - 1 else ("Bo", "Cy")[number % 2] for number in range(count)]


async def at_once(seconds: float) -> None:
    """Waits for nothing."""


def collector(
    stage: Stand,
    kept: Store,
    context: int = 12,
    most: int = 10_000,
    *,
    corpus: CorpusPort | None = None,
    search: bool = False,
    **manner: Any,
) -> Collector:
    """A collector of the stand's server that waits for nothing; it walks, unless the server may be searched."""
    if not search:
        stage.sandbox.faults.set({"search_forbidden": True})
    exclusions = Exclusions(manner.pop("nsfw", False), manner.pop("excluded", ()))
    return Collector(
        stage.client,
        corpus or kept.corpus,
        Budget(None),
        replace(Manner(context, most, stall=20.0, exclusions=exclusions), **manner),
        people_of=named("Mara"),
        clock=lambda: NOON,
        pause=at_once,
    )


def nothing(progress: Progress) -> None:
    """Progress that nobody looks at."""


async def texts(kept: Store, own: bool = True) -> list[str]:
    return [row.text for row in await kept.corpus.read(kept.profile.id, 100_000) if row.own is own]


def forbid(world: World, channel: str, *permissions: Permission) -> None:
    """Take permissions from the bot in a channel."""
    found = world.find_channel(channel)
    assert found is not None
    denied = 0
    for one in permissions:
        denied |= one
    world.set_overwrite(found.id, Overwrite(world.bot.id, 1, 0, denied))
