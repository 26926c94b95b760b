"""Who reads where at this moment, by what the gateway told last of roles, channels and their overwrites."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import nextcord

from echo.discord.audience import Ground, Overwrite, Overwrites, Place, Server, is_private, may_recall
from echo.discord.known_places import KnownPlaces


@dataclass(slots=True)
class _Seen:
    """A server as it was when this was found out of it."""

    server: Server
    found: dict[tuple[Place, Place], bool] = field(default_factory=dict)


class Listeners:
    """Tells what may be recalled where. What was found out holds until anything of roles or channels changes."""

    def __init__(self, client: nextcord.Client, places: KnownPlaces) -> None:
        self._client = client
        self._places = places
        self._seen: dict[int, _Seen] = {}

    def recallable(self, server_id: int, here_id: int, source_ids: Iterable[int]) -> frozenset[int]:
        """Those of the channels and threads that everybody who may read `here_id` may surely read as well."""
        server = self._server(server_id)
        here = self._place(server_id, here_id)
        if server is None or here is None:
            return frozenset()
        seen = self._seen.get(server_id)
        if seen is None or seen.server != server:
            seen = self._seen[server_id] = _Seen(server)
        return frozenset(one for one in source_ids if self._may(seen, here, self._place(server_id, one)))

    def _may(self, seen: _Seen, here: Place, source: Place | None) -> bool:
        if source is None:
            return False
        known = seen.found.get((here, source))
        if known is None:
            known = seen.found[here, source] = may_recall(seen.server, here, source)
        return known

    def _place(self, server_id: int, place_id: int) -> Place | None:
        thread = self._places.thread(server_id, place_id)
        if thread is not None:
            return Place(thread.parent_id, place_id, is_private(thread.type))
        return Place(place_id) if self._places(server_id, place_id) == place_id else None

    def _server(self, server_id: int) -> Server | None:
        guild = self._client.get_guild(server_id)
        if guild is None or guild.unavailable:
            return None
        roles = {role.id: role.permissions.value for role in guild.roles}
        return Server(server_id, roles, {one.id: _ground(one) for one in guild.channels})


def _ground(channel: Any) -> Ground:
    """A channel of nextcord's. Its public list of overwrites leaves out members whom it does not know."""
    roles: dict[int, Overwrite] = {}
    members: dict[int, Overwrite] = {}
    for one in channel._overwrites:
        (members if one.is_member() else roles)[one.id] = (one.deny, one.allow)
    return Ground(int(channel.type.value), bool(getattr(channel, "nsfw", False)), Overwrites(roles, members))
