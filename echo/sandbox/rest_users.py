"""Accounts, direct-message channels, the application and the gateway's address over REST."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from echo.sandbox import asked, payloads
from echo.sandbox.answers import Refusal, answer, body, required, unknown
from echo.sandbox.context import Context
from echo.sandbox.guild_state import application_flags


class Users:
    """The handlers, over one sandbox's context."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def me(self, _: web.Request) -> web.Response:
        """GET the bot's own account."""
        return answer(payloads.own_user(self._ctx.world.bot))

    async def get(self, request: web.Request) -> web.Response:
        """GET an account."""
        found = self._ctx.world.users.get(asked.in_path(request, "user_id"))
        if found is None:
            raise unknown("User")
        return answer(payloads.user(found))

    async def my_guilds(self, _: web.Request) -> web.Response:
        """GET the bot's servers: the one."""
        world = self._ctx.world
        if world.bot.id not in world.members:
            return answer([])
        shown: dict[str, Any] = {
            "id": str(world.guild.id),
            "name": world.guild.name,
            "icon": None,
            "banner": None,
            "owner": world.guild.owner_id == world.bot.id,
            "permissions": str(world.guild_permissions(world.bot.id)),
            "features": [],
        }
        return answer([shown])

    async def open_dm(self, request: web.Request) -> web.Response:
        """POST a direct-message channel with an account."""
        ctx = self._ctx
        recipient = (await body(request)).get("recipient_id")
        if recipient is None:
            raise required("recipient_id")
        user = ctx.world.users.get(asked.snowflake(recipient, "recipient_id"))
        if user is None:
            raise unknown("User")
        if user.bot:
            raise Refusal(400, 50007, "Cannot send messages to this user")
        channel = ctx.world.open_dm(user.id, now=ctx.clock())
        return answer(payloads.channel(ctx.world, channel))

    async def application(self, _: web.Request) -> web.Response:
        """GET the bot's application."""
        return answer(self._application())

    async def gateway(self, _: web.Request) -> web.Response:
        """GET the gateway's address."""
        return answer({"url": self._ctx.gateway.address})

    async def gateway_of_bot(self, _: web.Request) -> web.Response:
        """GET the gateway's address with the number of shards to use: one."""
        starts = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
        return answer({"url": self._ctx.gateway.address, "shards": 1, "session_start_limit": starts})

    def _application(self) -> dict[str, Any]:
        world = self._ctx.world
        flags = application_flags(self._ctx.gateway.granted)
        return {
            "id": str(world.application_id),
            "name": world.bot.name,
            "icon": None,
            "description": "",
            "type": None,
            "bot": payloads.user(world.bot),
            "bot_public": False,
            "bot_require_code_grant": False,
            "verify_key": f"{world.application_id:064x}",
            "flags": flags,
            "flags_new": str(flags),
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "owner": payloads.user(world.users[world.guild.owner_id]),
            "approximate_guild_count": 1,
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
            "explicit_content_filter": 0,
            "team": None,
            "eligible_oauth2_scopes": ["bot", "applications.commands"],
            "summary": "",
            "rpc_origins": [],
            "tags": [],
        }


def routes(ctx: Context) -> Iterable[web.RouteDef]:
    """All routes of this module."""
    on = Users(ctx)
    return (
        web.get("/users/@me", on.me),
        web.get("/users/@me/guilds", on.my_guilds),
        web.post("/users/@me/channels", on.open_dm),
        web.get("/users/{user_id}", on.get),
        web.get("/oauth2/applications/@me", on.application),
        web.get("/applications/@me", on.application),
        web.get("/gateway", on.gateway),
        web.get("/gateway/bot", on.gateway_of_bot),
    )
