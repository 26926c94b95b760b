"""An echo that is online in a sandbox, and its voice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import nextcord

from echo.discord.hearing import Hearing
from echo.discord.voice import Voice
from echo.ports import Line
from echo.sandbox.permissions import Permission
from echo.sandbox.records import Channel, Message, Overwrite
from echo.sandbox.world import World
from states.board import Board
from states.events import Event
from states.model import MachineKey, ProfileSnapshot, ProfileState, SessionSnapshot, SessionState
from tests.discord.stand import CUTOFF, NOON, Stand, asking, stand, talk

EXECUTE = "/webhooks/{webhook_id}/{webhook_token}"
WEBHOOKS = "/channels/{channel_id}/webhooks"
MESSAGES = "/channels/{channel_id}/messages"
P = Permission


def small() -> World:
    return World.populate(
        5,
        "Somewhere",
        [
            *talk("general", ["Bo", "Mara", "Bo"], start=9000),
            *talk("plans", ["Bo", "Mara"], start=80 * 86400, parent="general"),
        ],
        manager="Bo",
    )


@dataclass(slots=True)
class Scene:
    """A voice for Mara's echo, which is online in #general."""

    stand: Stand
    world: World
    voice: Voice
    board: Board
    hearing: Hearing
    profile: ProfileSnapshot
    session: SessionSnapshot

    def line(self, text: str, part: int = 0, generation: int = 1, channel: Channel | None = None) -> Line:
        session = self.session if channel is None else replace(self.session, channel_id=channel.id)
        return Line(session, self.profile, text, generation, part)

    def message(self, message_id: int, channel: Channel | None = None) -> Message:
        found = self.world.message(self.session.channel_id if channel is None else channel.id, message_id)
        assert found is not None
        return found

    def asked(self, method: str, route: str) -> int:
        return len(self.stand.asked(method, route))

    def fresh(self) -> Voice:
        """The voice of another process: it remembers nothing."""
        return Voice(self.stand.client, Hearing(self.board, ignore, lambda: NOON), self.board)


def ignore(key: MachineKey, event: Event) -> None:
    """Takes what nobody listens to."""


def general(world: World) -> Channel:
    found = world.find_channel("general")
    assert found is not None
    return found


@asynccontextmanager
async def scene(world: World, intents: nextcord.Intents | None = None, **settings: Any) -> AsyncIterator[Scene]:
    board = Board()
    profile = replace(asking(world, "Mara", CUTOFF), id=7, state=ProfileState.READY)
    session = SessionSnapshot(
        4, 1, SessionState.COMPOSING, profile.id, world.guild.id, general(world).id, profile.user_id, NOON
    )
    board.show(profile)
    board.show(session)
    async with stand(world, intents, **settings) as found:
        hearing = Hearing(board, ignore, lambda: NOON)
        voice = Voice(found.client, hearing, board)
        try:
            yield Scene(found, world, voice, board, hearing, profile, session)
        finally:
            await voice.close()


def deny(world: World, *permissions: Permission) -> None:
    """Take permissions from the bot in #general."""
    world.set_overwrite(general(world).id, Overwrite(world.bot.id, 1, 0, sum(permissions)))


async def heard(on: Scene, event: str) -> None:
    """Wait until the client has taken in what was told before this: a message posted now comes after it."""
    marker = on.world.post_message(
        on.session.channel_id, on.world.guild.owner_id, f"after {event}", now=NOON.timestamp()
    )
    await on.stand.client.wait_for("message", check=lambda message: message.id == marker.id, timeout=60)
