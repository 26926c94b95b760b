"""Servers to collect from, and collectors at them."""

from __future__ import annotations

from echo.corpus.written import Written
from echo.discord.collecting.collector import Collector
from echo.sandbox.permissions import Permission
from echo.sandbox.records import Overwrite
from echo.sandbox.world import World
from tests.discord.stand import Stand, Store, at

MESSAGES = "/channels/{channel_id}/messages"
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


def collector(stage: Stand, kept: Store, context: int = 12, most: int = 10_000) -> Collector:
    return Collector(stage.client, kept.corpus, context_messages=context, most=most)


def nothing(done: int, total: int | None) -> None:
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
