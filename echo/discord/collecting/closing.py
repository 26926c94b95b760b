"""What an empty page means: that nothing stands there, or that Echo may not read it, which Discord does not tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from nextcord.http import HTTPClient

from echo.discord.collecting.access import Json, Membership, obstacle
from echo.discord.collecting.asking import Asking
from echo.discord.failures import understood


async def why_empty(asking: Asking, http: HTTPClient, me: Membership, channel_id: int) -> str | None:
    """Why Echo may not read a place that showed nothing, in a sentence; None where nothing stands there.

    Raises what `Asking.ask` raises.
    """
    if await asking.ask("read a channel's messages", lambda: http.logs_from(channel_id, 1)):
        return None
    with understood("A channel"):
        channel = await _channel(asking, http, channel_id)
        if "thread_metadata" in channel:
            channel = await _channel(asking, http, int(channel["parent_id"]))
        return obstacle(channel, (await membership_now(asking, http, me)).in_channel(channel))


async def membership_now(asking: Asking, http: HTTPClient, me: Membership) -> Membership:
    """What Echo is in the server at this moment, which the gateway may tell only later. Raises as `Asking.ask` does."""
    member: Any = await asking.ask("look at its own roles", lambda: http.get_member(me.server_id, me.user_id))
    roles: Any = await asking.ask("look at its own roles", lambda: http.get_roles(me.server_id))
    with understood("A list of roles"):
        held = frozenset(int(one) for one in member["roles"])
        base = 0
        for role in roles:
            if int(role["id"]) in held | {me.server_id}:
                base |= int(role["permissions"])
    return replace(me, roles=held, base=base)


async def _channel(asking: Asking, http: HTTPClient, channel_id: int) -> Json:
    found: Any = await asking.ask("look at a channel", lambda: http.get_channel(channel_id))
    return found  # type: ignore[no-any-return]
