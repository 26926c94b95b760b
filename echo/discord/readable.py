"""Which channels all who see a channel can read, asked of Discord itself: for what is shown word for word."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import nextcord

from echo.discord.audience import readable_by_all_here
from echo.discord.failures import mapped, understood


async def readable_here(client: nextcord.Client, server_id: int, channel_id: int) -> set[int]:
    """The channels that everybody who sees this one can read, as things stand at this moment. Raises EchoError."""
    with mapped("see who may read which channel"):
        channels = await client.http.get_all_guild_channels(server_id)
        roles = await client.http.get_roles(server_id)
        here = channel_id
        if not any(int(one["id"]) == channel_id for one in channels):
            # A thread: whoever sees it sees its channel.
            thread: Mapping[str, Any] = await client.http.get_channel(channel_id)
            here = int(thread.get("parent_id") or 0)
    with understood("The lists of channels and roles"):
        return await asyncio.to_thread(readable_by_all_here, channels, roles, server_id, here)
