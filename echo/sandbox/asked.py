"""What a request asks for, and whether the bot may: shared by all routes. Everything here raises `Refusal`."""

from __future__ import annotations

from aiohttp import web

from echo.sandbox.answers import Refusal, invalid, missing_access, missing_permissions, unknown
from echo.sandbox.context import Context
from echo.sandbox.permissions import Permission
from echo.sandbox.records import CATEGORY, POSTS, TALKED_IN_CALLS, Channel, Member, Message, Webhook
from echo.sandbox.snowflakes import LARGEST

P = Permission


def snowflake(text: object, path: str) -> int:
    """The id that a field or a part of the path spells. Short numbers are ids too, of things that don't exist."""
    spelt = str(text)
    if not spelt.isascii() or not spelt.isdecimal() or len(spelt) > 20 or int(spelt) > LARGEST:
        raise invalid(path, "NUMBER_TYPE_COERCE", f'Value "{spelt[:30]}" is not snowflake.')
    return int(spelt)


def in_path(request: web.Request, name: str) -> int:
    """The id that stands in the request's path under this name."""
    return snowflake(request.match_info[name], name)


def in_query(request: web.Request, name: str) -> int | None:
    """The id that stands in the request's query under this name; None if none does."""
    text = request.query.get(name)
    return None if text is None else snowflake(text, name)


def limit(request: web.Request, default: int, most: int, least: int = 1) -> int:
    """The query's `limit`."""
    return whole(request, "limit", default, most, least)


def whole(request: web.Request, name: str, default: int, most: int, least: int) -> int:
    """The whole number that stands in the query under this name."""
    text = request.query.get(name)
    if text is None:
        return default
    if not text.lstrip("-").isdecimal() or not text.isascii() or len(text) > 9:
        raise invalid(name, "NUMBER_TYPE_COERCE", f'Value "{text[:30]}" is not int.')
    if int(text) < least:
        raise invalid(name, "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {least}.")
    if int(text) > most:
        raise invalid(name, "NUMBER_TYPE_MAX", f"int value should be less than or equal to {most}.")
    return int(text)


def truth(request: web.Request, name: str) -> bool:
    """Whether the query says yes under this name."""
    return request.query.get(name, "false").lower() in ("true", "1")


def ids_in_query(request: web.Request, name: str, most: int) -> tuple[int, ...]:
    """All ids that stand in the query under this name, each once; at most so many."""
    found = tuple(dict.fromkeys(snowflake(text, name) for text in request.query.getall(name, ())))
    if len(found) > most:
        raise invalid(name, "BASE_TYPE_BAD_LENGTH", f"Must be between 0 and {most} in length.")
    return found


def guild(ctx: Context, request: web.Request) -> None:
    """Makes sure that the request's server is the one here, and that the bot is in it."""
    if in_path(request, "guild_id") != ctx.world.guild.id:
        raise unknown("Guild")
    if ctx.world.bot.id not in ctx.world.members:
        raise missing_access()


def channel(ctx: Context, request: web.Request) -> Channel:
    """The request's channel, which the bot must see."""
    found = ctx.world.channels.get(in_path(request, "channel_id"))
    if found is None:
        raise unknown("Channel")
    if not ctx.world.may(found.id, ctx.world.bot.id, P.VIEW_CHANNEL):
        raise missing_access()
    return found


def history(ctx: Context, request: web.Request) -> Channel:
    """The request's channel, whose messages the bot may ask for: forums and categories hold none, and where people talk
    in calls it takes Connect as well."""
    found = channel(ctx, request)
    if found.kind == CATEGORY or found.kind in POSTS:
        raise Refusal(400, 50024, "Cannot execute action on this channel type")
    if found.kind in TALKED_IN_CALLS and not ctx.world.may(found.id, ctx.world.bot.id, P.CONNECT):
        raise missing_access()
    return found


def allowed_channel(ctx: Context, request: web.Request, wanted: Permission) -> Channel:
    """The request's channel, in which the bot must have these permissions."""
    found = channel(ctx, request)
    if not ctx.world.may(found.id, ctx.world.bot.id, wanted):
        raise missing_permissions()
    return found


def message(ctx: Context, request: web.Request, place: Channel) -> Message:
    """The request's message, which must be in the channel's history."""
    found = ctx.world.messages[place.id].get(in_path(request, "message_id"))
    if found is None:
        raise unknown("Message")
    return found


def member(ctx: Context, request: web.Request) -> Member:
    """The request's member: 10013 if there is no such account at all, 10007 if it is no member."""
    user_id = in_path(request, "user_id")
    found = ctx.world.members.get(user_id)
    if found is None:
        raise unknown("Member" if user_id in ctx.world.users else "User")
    return found


def needs_in_guild(ctx: Context, wanted: Permission) -> None:
    """Makes sure that the bot has these permissions in the server."""
    if ctx.world.guild_permissions(ctx.world.bot.id) & wanted != wanted:
        raise missing_permissions()


def webhook(ctx: Context, request: web.Request) -> Webhook:
    """The request's webhook; where the path has a token it must be the right one."""
    found = ctx.world.webhooks.get(in_path(request, "webhook_id"))
    if found is None:
        raise unknown("Webhook")
    token = request.match_info.get("webhook_token")
    if token is not None and token != found.token:
        raise Refusal(401, 50027, "Invalid Webhook Token")
    return found


def text(data: dict[str, object], path: str, least: int, most: int) -> str:
    """A text field of so many characters."""
    found = data.get(path)
    if not isinstance(found, str):
        raise invalid(path, "BASE_TYPE_REQUIRED" if found is None else "STRING_TYPE_CONVERT", "Could not read a text.")
    if not least <= len(found.strip()) <= most:
        raise invalid(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")
    return found.strip()
