"""Reactions over REST."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from echo.sandbox import asked, payloads
from echo.sandbox.answers import answer, missing_permissions, nothing, unknown
from echo.sandbox.context import Context
from echo.sandbox.permissions import Permission
from echo.sandbox.records import Channel, Message
from echo.sandbox.snowflakes import parse_snowflake

P = Permission
LONGEST_EMOJI = 40
"""Characters: no Unicode emoji is longer, with all its joiners."""
PAGE, DEFAULT_PAGE = 100, 25


class Reactions:
    """The handlers, over one sandbox's context."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def add(self, request: web.Request) -> web.Response:
        """PUT the bot's reaction."""
        ctx = self._ctx
        channel, message = self._place(request)
        name, emoji_id = _emoji(request)
        known = ctx.world.reaction(message, name, emoji_id) is not None
        if not known and not ctx.world.may(channel.id, ctx.world.bot.id, P.ADD_REACTIONS):
            raise missing_permissions()
        ctx.world.add_reaction(channel.id, message.id, ctx.world.bot.id, name, emoji_id)
        return nothing()

    async def remove(self, request: web.Request) -> web.Response:
        """DELETE a reaction: the bot's own (@me), or somebody's with Manage Messages."""
        ctx = self._ctx
        channel, message = self._place(request)
        whose = ctx.world.bot.id if "user_id" not in request.match_info else asked.in_path(request, "user_id")
        if whose != ctx.world.bot.id:
            self._may_manage(channel)
        ctx.world.remove_reaction(channel.id, message.id, whose, *_emoji(request))
        return nothing()

    async def clear(self, request: web.Request) -> web.Response:
        """DELETE all reactions, or all of one emoji."""
        channel, message = self._place(request)
        self._may_manage(channel)
        chosen = _emoji(request) if "emoji_name" in request.match_info else (None, None)
        self._ctx.world.clear_reactions(channel.id, message.id, *chosen)
        return nothing()

    async def users(self, request: web.Request) -> web.Response:
        """GET who reacted with one emoji, by id."""
        world = self._ctx.world
        _, message = self._place(request)
        limit, after = asked.limit(request, DEFAULT_PAGE, PAGE), asked.in_query(request, "after") or 0
        reaction = world.reaction(message, *_emoji(request))
        who = sorted(one for one in (reaction.users if reaction else ()) if one > after and one in world.users)
        return answer([payloads.user(world.users[one]) for one in who[:limit]])

    def _place(self, request: web.Request) -> tuple[Channel, Message]:
        channel = asked.allowed_channel(self._ctx, request, P.READ_MESSAGE_HISTORY)
        return channel, asked.message(self._ctx, request, channel)

    def _may_manage(self, channel: Channel) -> None:
        if not self._ctx.world.may(channel.id, self._ctx.world.bot.id, P.MANAGE_MESSAGES):
            raise missing_permissions()


def _emoji(request: web.Request) -> tuple[str, int | None]:
    """The path's emoji: a Unicode one, or `name:id`."""
    given = request.match_info["emoji_name"]
    name, _, number = given.partition(":")
    if number:
        emoji_id = parse_snowflake(number)
        if emoji_id is None or not name:
            raise unknown("Emoji")
        return name, emoji_id
    if name.isascii() or len(name) > LONGEST_EMOJI:
        raise unknown("Emoji")
    return name, None


def routes(ctx: Context) -> Iterable[web.RouteDef]:
    """All routes of this module."""
    on, base = Reactions(ctx), "/channels/{channel_id}/messages/{message_id}/reactions"
    return (
        web.delete(base, on.clear),
        web.get(f"{base}/{{emoji_name}}", on.users),
        web.delete(f"{base}/{{emoji_name}}", on.clear),
        web.put(f"{base}/{{emoji_name}}/@me", on.add),
        web.delete(f"{base}/{{emoji_name}}/@me", on.remove),
        web.delete(f"{base}/{{emoji_name}}/{{user_id}}", on.remove),
    )
