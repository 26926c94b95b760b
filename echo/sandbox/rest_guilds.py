"""The server over REST: itself, its roles and its members."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from echo.sandbox import asked, payloads
from echo.sandbox.answers import answer, body, invalid, missing_permissions, nothing, required, unknown
from echo.sandbox.context import Context
from echo.sandbox.guild_state import members_named
from echo.sandbox.permissions import Permission
from echo.sandbox.records import Member

P = Permission
MOST_MEMBERS = 1000
LONGEST_NICK = 32


class Guilds:
    """The handlers, over one sandbox's context."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def get(self, request: web.Request) -> web.Response:
        """GET the server."""
        asked.guild(self._ctx, request)
        found = payloads.guild(self._ctx.world, self._ctx.world.guild)
        if request.query.get("with_counts", "false").lower() in ("true", "1"):
            count = len(self._ctx.world.members)
            found |= {"approximate_member_count": count, "approximate_presence_count": count}
        return answer(found)

    async def roles(self, request: web.Request) -> web.Response:
        """GET the roles, lowest first."""
        asked.guild(self._ctx, request)
        found = sorted(self._ctx.world.roles.values(), key=lambda role: role.position)
        return answer([payloads.role(one) for one in found])

    async def role(self, request: web.Request) -> web.Response:
        """GET one role."""
        asked.guild(self._ctx, request)
        found = self._ctx.world.roles.get(asked.in_path(request, "role_id"))
        if found is None:
            raise unknown("Role")
        return answer(payloads.role(found))

    async def members(self, request: web.Request) -> web.Response:
        """GET members by id: up to `limit` after the id `after`."""
        asked.guild(self._ctx, request)
        limit, after = asked.limit(request, 1, MOST_MEMBERS), asked.in_query(request, "after") or 0
        found = sorted((one for one in self._ctx.world.members.values() if one.user_id > after), key=_by_id)
        return answer([payloads.member(self._ctx.world, one) for one in found[:limit]])

    async def search(self, request: web.Request) -> web.Response:
        """GET the members whose names start with `query`."""
        asked.guild(self._ctx, request)
        query = request.query.get("query")
        if not query:
            raise required("query")
        limit = asked.limit(request, 1, MOST_MEMBERS)
        found = members_named(self._ctx.world, query, limit)
        return answer([payloads.member(self._ctx.world, one) for one in found])

    async def member(self, request: web.Request) -> web.Response:
        """GET one member."""
        asked.guild(self._ctx, request)
        return answer(payloads.member(self._ctx.world, asked.member(self._ctx, request)))

    async def modify_member(self, request: web.Request) -> web.Response:
        """PATCH a member's nickname or roles."""
        asked.guild(self._ctx, request)
        found = asked.member(self._ctx, request)
        changes = self._changes(await body(request))
        wanted = (P.MANAGE_NICKNAMES if "nick" in changes else P(0)) | (P.MANAGE_ROLES if "roles" in changes else P(0))
        asked.needs_in_guild(self._ctx, wanted)
        self._outranks(found)
        changed = self._ctx.world.modify_member(found.user_id, **changes)
        return answer(payloads.member(self._ctx.world, changed))

    async def modify_self(self, request: web.Request) -> web.Response:
        """PATCH the bot's own nickname."""
        asked.guild(self._ctx, request)
        changes = self._changes(await body(request))
        changes.pop("roles", None)
        asked.needs_in_guild(self._ctx, P.CHANGE_NICKNAME)
        changed = self._ctx.world.modify_member(self._ctx.world.bot.id, **changes)
        return answer(payloads.member(self._ctx.world, changed))

    async def kick(self, request: web.Request) -> web.Response:
        """DELETE a member from the server."""
        asked.guild(self._ctx, request)
        found = asked.member(self._ctx, request)
        asked.needs_in_guild(self._ctx, P.KICK_MEMBERS)
        self._outranks(found)
        self._ctx.world.kick(found.user_id)
        return nothing()

    def _changes(self, data: dict[str, Any]) -> dict[str, Any]:
        changes: dict[str, Any] = {}
        if "nick" in data:
            nick = data["nick"]
            if nick is not None and (not isinstance(nick, str) or len(nick) > LONGEST_NICK):
                raise invalid("nick", "BASE_TYPE_MAX_LENGTH", f"Must be {LONGEST_NICK} or fewer in length.")
            changes["nick"] = nick or None
        if isinstance(data.get("roles"), list):
            roles = [asked.snowflake(one, "roles") for one in data["roles"]]
            if any(one not in self._ctx.world.roles for one in roles):
                raise unknown("Role")
            changes["roles"] = roles
        return changes

    def _outranks(self, other: Member) -> None:
        """The bot can act on members whose highest role is below its own, and never on the owner."""
        world = self._ctx.world
        if other.user_id == world.guild.owner_id or self._rank(other) >= self._rank(world.members[world.bot.id]):
            raise missing_permissions()

    def _rank(self, member: Member) -> int:
        roles = self._ctx.world.roles
        return max((roles[one].position for one in member.roles if one in roles), default=0)


def _by_id(member: Member) -> int:
    return member.user_id


def routes(ctx: Context) -> Iterable[web.RouteDef]:
    """All routes of this module."""
    on, base = Guilds(ctx), "/guilds/{guild_id}"
    return (
        web.get(base, on.get),
        web.get(f"{base}/roles", on.roles),
        web.get(f"{base}/roles/{{role_id}}", on.role),
        web.get(f"{base}/members", on.members),
        web.get(f"{base}/members/search", on.search),
        web.patch(f"{base}/members/@me", on.modify_self),
        web.get(f"{base}/members/{{user_id}}", on.member),
        web.patch(f"{base}/members/{{user_id}}", on.modify_member),
        web.delete(f"{base}/members/{{user_id}}", on.kick),
    )
