"""Discord's REST for application commands: global ones and those of the server."""

from __future__ import annotations

import json
from collections.abc import Iterable

from aiohttp import web

from echo.sandbox.answers import Refusal, answer, missing_access, nothing, unknown
from echo.sandbox.commands import GLOBAL, Scope
from echo.sandbox.context import Context


class _Commands:
    """The handlers, over one sandbox's context."""

    def __init__(self, ctx: Context) -> None:
        self._world = ctx.world
        self._registry = ctx.interactions.commands

    async def listed(self, request: web.Request) -> web.Response:
        return answer(self._registry.listed(self._scope(request)))

    async def overwrite(self, request: web.Request) -> web.Response:
        return answer(self._registry.overwrite(self._scope(request), await _json(request)))

    async def create(self, request: web.Request) -> web.Response:
        command, is_new = self._registry.create(self._scope(request), await _json(request))
        return answer(command, 201 if is_new else 200)

    async def get(self, request: web.Request) -> web.Response:
        return answer(self._registry.get(self._scope(request), _command_id(request)))

    async def edit(self, request: web.Request) -> web.Response:
        return answer(self._registry.edit(self._scope(request), _command_id(request), await _json(request)))

    async def delete(self, request: web.Request) -> web.Response:
        self._registry.delete(self._scope(request), _command_id(request))
        return nothing()

    async def permissions(self, request: web.Request) -> web.Response:
        """Nobody has set any: the server's owner would, by hand, in Discord's settings."""
        self._scope(request)
        return answer([])

    def _scope(self, request: web.Request) -> Scope:
        if request.match_info["application_id"] != str(self._world.application_id):
            raise Refusal(403, 20012, "You are not authorized to perform this action on this application")
        guild_id = request.match_info.get("guild_id")
        if guild_id is None:
            return GLOBAL
        if guild_id != str(self._world.guild.id):
            raise missing_access()
        return self._world.guild.id


def routes(ctx: Context) -> Iterable[web.RouteDef]:
    """All routes of this module."""
    handlers = _Commands(ctx)
    for base in ("/applications/{application_id}", "/applications/{application_id}/guilds/{guild_id}"):
        yield web.get(f"{base}/commands", handlers.listed)
        yield web.put(f"{base}/commands", handlers.overwrite)
        yield web.post(f"{base}/commands", handlers.create)
        if "guild_id" in base:
            yield web.get(f"{base}/commands/permissions", handlers.permissions)
        yield web.get(f"{base}/commands/{{command_id}}", handlers.get)
        yield web.patch(f"{base}/commands/{{command_id}}", handlers.edit)
        yield web.delete(f"{base}/commands/{{command_id}}", handlers.delete)


def _command_id(request: web.Request) -> int:
    text = request.match_info["command_id"]
    if not text.isdecimal():
        raise unknown("Application Command")
    return int(text)


async def _json(request: web.Request) -> object:
    try:
        found: object = json.loads(await request.text())
    except (ValueError, RecursionError):
        raise Refusal(400, 50109, "The request body contains invalid JSON.") from None
    return found
