"""Which threads belong to which channel, also those that are archived, of which the gateway tells nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import nextcord

from echo.discord.failures import mapped, understood
from echo.errors import EchoError, ServiceUnavailable

log = logging.getLogger(__name__)

AT_ONCE: Final = 100
"""Threads that are looked up in one go at most; what is left stays unknown until the next."""
TRIED: Final = 5_000
"""Places that could not be found and are not looked for again, at most."""


@dataclass(frozen=True, slots=True)
class KnownThread:
    """A thread: its server, the channel that it belongs to, and its type as Discord numbers them."""

    server_id: int
    parent_id: int
    type: int


class KnownPlaces:
    """Knows threads from the gateway, and asks Discord once for those of which it told nothing. Ids only."""

    def __init__(self, client: nextcord.Client) -> None:
        self._client = client
        self._found: dict[int, KnownThread] = {}
        self._missing: set[int] = set()
        self._one = asyncio.Lock()

    def __call__(self, server_id: int, channel_id: int) -> int | None:
        """The channel by which a place goes: a thread by the channel that it belongs to, a channel by itself.

        None where nobody knows: it is gone, elsewhere, or was not looked up yet.
        """
        guild = self._client.get_guild(server_id)
        if guild is not None and guild.get_channel(channel_id) is not None:
            return channel_id
        thread = self.thread(server_id, channel_id)
        return None if thread is None else thread.parent_id

    def thread(self, server_id: int, thread_id: int) -> KnownThread | None:
        """What is known of a thread of that server."""
        guild = self._client.get_guild(server_id)
        found = guild.get_thread(thread_id) if guild is not None else None
        if found is not None:
            return KnownThread(server_id, found.parent_id, found.type.value)
        known = self._found.get(thread_id)
        return known if known is not None and known.server_id == server_id else None

    async def learn(self, server_id: int, channel_ids: Iterable[int]) -> None:
        """Look up the places that are not known. Does not raise; what can't be found stays unknown."""
        unknown = [one for one in channel_ids if one > 0 and one not in self._missing]
        unknown = [one for one in unknown if self(server_id, one) is None][:AT_ONCE]
        async with self._one:
            for channel_id in unknown:
                if channel_id not in self._found:
                    await self._look_up(channel_id)

    async def _look_up(self, channel_id: int) -> None:
        try:
            with understood("An answer"), mapped("look at a channel"):
                found: Any = await self._client.http.get_channel(channel_id)
                if "thread_metadata" in found:
                    parts = int(found["guild_id"]), int(found["parent_id"]), int(found["type"])
                    self._found[channel_id] = KnownThread(*parts)
                    return
        except ServiceUnavailable as error:
            log.info("Place %d is looked up later: %s", channel_id, error)
            return
        except EchoError as error:
            log.info("Place %d could not be looked up: %s", channel_id, error)
        if len(self._missing) < TRIED:
            self._missing.add(channel_id)
