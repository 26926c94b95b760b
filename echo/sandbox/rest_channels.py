"""Channels over REST: reading, making, changing and deleting them, and who may what in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from echo.sandbox import asked, payloads
from echo.sandbox.answers import Refusal, answer, body, invalid, missing_permissions, nothing, unknown
from echo.sandbox.context import Context
from echo.sandbox.permissions import Permission
from echo.sandbox.records import ANNOUNCEMENT, CATEGORY, DM, FORUM, TEXT, Channel, Overwrite

P = Permission
KINDS = (TEXT, CATEGORY, ANNOUNCEMENT, FORUM)
"""The kinds of channels that can be made here."""
ARCHIVE_MINUTES = (60, 1440, 4320, 10080)
LONGEST_TOPIC, LONGEST_NAME, LONGEST_SLOWMODE = 1024, 100, 21600


class Channels:
    """The handlers, over one sandbox's context."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def get(self, request: web.Request) -> web.Response:
        """GET a channel, thread or direct-message channel."""
        return answer(payloads.channel(self._ctx.world, asked.channel(self._ctx, request)))

    async def modify(self, request: web.Request) -> web.Response:
        """PATCH a channel or a thread."""
        ctx = self._ctx
        channel = asked.channel(ctx, request)
        if channel.kind == DM:
            raise Refusal(403, 50024, "Cannot execute action on this channel type")
        data = await body(request)
        changes = _thread_changes(data) if channel.is_thread else _channel_changes(data)
        self._may_modify(channel, changes)
        return answer(payloads.channel(ctx.world, ctx.world.modify_channel(channel.id, now=ctx.clock(), **changes)))

    async def delete(self, request: web.Request) -> web.Response:
        """DELETE a channel or a thread. Closing a direct-message channel keeps it and what was said."""
        ctx = self._ctx
        channel = asked.channel(ctx, request)
        if channel.kind == DM:
            return answer(payloads.channel(ctx.world, channel))
        wanted = P.MANAGE_THREADS if channel.is_thread else P.MANAGE_CHANNELS
        if not ctx.world.may(channel.id, ctx.world.bot.id, wanted):
            raise missing_permissions()
        shown = payloads.channel(ctx.world, channel)
        ctx.world.delete_channel(channel.id)
        return answer(shown)

    async def create(self, request: web.Request) -> web.Response:
        """POST a channel of the server."""
        ctx = self._ctx
        asked.guild(ctx, request)
        asked.needs_in_guild(ctx, P.MANAGE_CHANNELS)
        data = await body(request)
        kind = data.get("type", TEXT)
        if kind not in KINDS:
            raise invalid("type", "BASE_TYPE_CHOICES", f"Value must be one of {KINDS}.")
        changes = _channel_changes({**data, "name": asked.text(data, "name", 1, LONGEST_NAME)})
        parent = data.get("parent_id")
        parent_id = None if parent is None else asked.snowflake(parent, "parent_id")
        made = ctx.world.create_channel(
            changes["name"], now=ctx.clock(), kind=kind, topic=changes.get("topic"), parent_id=parent_id
        )
        return answer(payloads.channel(ctx.world, made), status=201)

    async def listed(self, request: web.Request) -> web.Response:
        """GET the server's channels, without threads."""
        asked.guild(self._ctx, request)
        return answer([payloads.channel(self._ctx.world, one) for one in self._ctx.world.guild_channels()])

    async def set_overwrite(self, request: web.Request) -> web.Response:
        """PUT what a role or a member may in the channel."""
        ctx = self._ctx
        channel = asked.allowed_channel(ctx, request, P.MANAGE_ROLES)
        data = await body(request)
        kind = data.get("type")
        if kind not in (0, 1):
            raise invalid("type", "BASE_TYPE_CHOICES", "Value must be one of (0, 1).")
        overwrite = Overwrite(asked.in_path(request, "overwrite_id"), kind, _bits(data, "allow"), _bits(data, "deny"))
        if overwrite.id not in (ctx.world.roles if kind == 0 else ctx.world.members):
            raise unknown("Overwrite")
        ctx.world.set_overwrite(channel.id, overwrite)
        return nothing()

    async def delete_overwrite(self, request: web.Request) -> web.Response:
        """DELETE such an exception."""
        channel = asked.allowed_channel(self._ctx, request, P.MANAGE_ROLES)
        overwrite_id = asked.in_path(request, "overwrite_id")
        if overwrite_id not in channel.overwrites:
            raise unknown("Overwrite")
        self._ctx.world.delete_overwrite(channel.id, overwrite_id)
        return nothing()

    def _may_modify(self, channel: Channel, changes: dict[str, Any]) -> None:
        """Threads: their owner may rename and archive them, and anybody who may write opens an unlocked one again."""
        world = self._ctx.world
        if not channel.is_thread:
            if not world.may(channel.id, world.bot.id, P.MANAGE_CHANNELS):
                raise missing_permissions()
            return
        if world.may(channel.id, world.bot.id, P.MANAGE_THREADS):
            return
        opens = changes == {"archived": False} and not channel.locked and world.may_send(channel.id, world.bot.id)
        own = channel.owner_id == world.bot.id and not {"locked", "slowmode"} & changes.keys()
        if not opens and not own:
            raise missing_permissions()


def _channel_changes(data: dict[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if "name" in data:
        changes["name"] = asked.text(data, "name", 1, LONGEST_NAME).casefold().replace(" ", "-")
    if "topic" in data:
        topic = data["topic"]
        if topic is not None and (not isinstance(topic, str) or len(topic) > LONGEST_TOPIC):
            raise invalid("topic", "BASE_TYPE_MAX_LENGTH", f"Must be {LONGEST_TOPIC} or fewer in length.")
        changes["topic"] = topic or None
    if "nsfw" in data:
        changes["nsfw"] = bool(data["nsfw"])
    if isinstance(data.get("position"), int):
        changes["position"] = data["position"]
    return changes | _slowmode(data)


def _thread_changes(data: dict[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {name: bool(data[name]) for name in ("archived", "locked", "invitable") if name in data}
    if "name" in data:
        changes["name"] = asked.text(data, "name", 1, LONGEST_NAME)
    if data.get("auto_archive_duration") is not None:
        changes["auto_archive"] = archive_minutes(data)
    return changes | _slowmode(data)


def archive_minutes(data: dict[str, Any]) -> int:
    """After how many minutes without a message the thread is archived, a week if not said. Raises `Refusal`."""
    minutes = data.get("auto_archive_duration", ARCHIVE_MINUTES[-1])
    if minutes not in ARCHIVE_MINUTES:
        raise invalid("auto_archive_duration", "BASE_TYPE_CHOICES", f"Value must be one of {ARCHIVE_MINUTES}.")
    return int(minutes)


def _slowmode(data: dict[str, Any]) -> dict[str, Any]:
    seconds = data.get("rate_limit_per_user")
    if seconds is None:
        return {}
    if not isinstance(seconds, int) or not 0 <= seconds <= LONGEST_SLOWMODE:
        raise invalid("rate_limit_per_user", "NUMBER_TYPE_MAX", f"Must be between 0 and {LONGEST_SLOWMODE}.")
    return {"slowmode": seconds}


def _bits(data: dict[str, Any], name: str) -> int:
    text = str(data.get(name) or 0)
    if not text.isascii() or not text.isdecimal() or len(text) > 20:
        raise invalid(name, "BITFIELD_TYPE_CONVERT", "Not a valid bit set.")
    return int(text)


def routes(ctx: Context) -> Iterable[web.RouteDef]:
    """All routes of this module."""
    on, base = Channels(ctx), "/channels/{channel_id}"
    return (
        web.get(base, on.get),
        web.patch(base, on.modify),
        web.delete(base, on.delete),
        web.put(f"{base}/permissions/{{overwrite_id}}", on.set_overwrite),
        web.delete(f"{base}/permissions/{{overwrite_id}}", on.delete_overwrite),
        web.get("/guilds/{guild_id}/channels", on.listed),
        web.post("/guilds/{guild_id}/channels", on.create),
    )
