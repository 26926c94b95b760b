"""Webhooks over REST: making and listing them, speaking through them, changing and deleting what they said."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from echo.sandbox import asked, payloads
from echo.sandbox.answers import Refusal, answer, body, invalid, missing_permissions, nothing, unknown
from echo.sandbox.context import Context
from echo.sandbox.message_forms import SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS, message_form, refuse_empty
from echo.sandbox.permissions import Permission
from echo.sandbox.records import FORUM, Channel, Message, Webhook

P = Permission
MOST = 15
"""Webhooks that a channel may have."""
LONGEST_NAME = 80
FORBIDDEN = ("clyde", "discord")
"""Words that a webhook may not have in its name, whatever their case."""


class Webhooks:
    """The handlers, over one sandbox's context."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def create(self, request: web.Request) -> web.Response:
        """POST a webhook of a channel."""
        ctx = self._ctx
        channel = asked.allowed_channel(ctx, request, P.MANAGE_WEBHOOKS)
        if channel.is_thread or channel.guild_id is None:
            raise Refusal(400, 50024, "Cannot execute action on this channel type")
        data = await body(request)
        name = checked_name(data.get("name"))
        if len(self._of(channel.id)) >= MOST:
            raise Refusal(400, 30007, f"Maximum number of webhooks reached ({MOST})")
        avatar = self._kept(data.get("avatar"))
        made = ctx.world.create_webhook(channel.id, name, ctx.world.bot.id, now=ctx.clock(), avatar=avatar)
        return answer(payloads.webhook(ctx.world, made, with_token=True))

    async def of_channel(self, request: web.Request) -> web.Response:
        """GET a channel's webhooks."""
        channel = asked.allowed_channel(self._ctx, request, P.MANAGE_WEBHOOKS)
        return self._listed(self._of(channel.id))

    async def of_guild(self, request: web.Request) -> web.Response:
        """GET the server's webhooks."""
        asked.guild(self._ctx, request)
        asked.needs_in_guild(self._ctx, P.MANAGE_WEBHOOKS)
        return self._listed(list(self._ctx.world.webhooks.values()))

    async def get(self, request: web.Request) -> web.Response:
        """GET a webhook; by its token without its user."""
        found = self._managed(request)
        shown = payloads.webhook(self._ctx.world, found, with_token=True)
        if "webhook_token" in request.match_info:
            shown.pop("user", None)
        return answer(shown)

    async def modify(self, request: web.Request) -> web.Response:
        """PATCH a webhook's name, picture or (with permission) its channel."""
        ctx = self._ctx
        found = self._managed(request)
        data = await body(request)
        changes: dict[str, Any] = {}
        if "name" in data:
            changes["name"] = checked_name(data["name"])
        if "avatar" in data:
            changes["avatar"] = self._kept(data["avatar"])
        if "channel_id" in data and "webhook_token" not in request.match_info:
            changes["channel_id"] = asked.snowflake(data["channel_id"], "channel_id")
            if not ctx.world.may(changes["channel_id"], ctx.world.bot.id, P.MANAGE_WEBHOOKS):
                raise missing_permissions()
        changed = ctx.world.modify_webhook(found.id, **changes)
        return answer(payloads.webhook(ctx.world, changed, with_token=True))

    async def delete(self, request: web.Request) -> web.Response:
        """DELETE a webhook."""
        self._ctx.world.delete_webhook(self._managed(request).id)
        return nothing()

    async def execute(self, request: web.Request) -> web.Response:
        """POST a message through a webhook; it comes back only with `wait=true`. Webhooks can't answer a message."""
        ctx = self._ctx
        webhook = asked.webhook(ctx, request)
        data = await body(request)
        channel = self._place(webhook, request, data)
        form = message_form(data)
        refuse_empty(form)
        username = data.get("username")
        message = ctx.world.post_message(
            channel.id,
            webhook,
            form.content or "",
            now=ctx.clock(),
            embeds=form.embeds or (),
            components=form.components or (),
            allowed_mentions=form.allowed_mentions,
            flags=(form.flags or 0) & (SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS),
            author_name=None if username is None else checked_name(username, "username"),
            avatar=data.get("avatar_url"),
            tts=form.tts,
        )
        if request.query.get("wait", "false").lower() not in ("true", "1"):
            return nothing()
        return answer(payloads.message(ctx.world, message))

    async def message(self, request: web.Request) -> web.Response:
        """GET a message that the webhook sent."""
        _, said = self._said(request)
        return answer(payloads.message(self._ctx.world, said))

    async def edit_message(self, request: web.Request) -> web.Response:
        """PATCH a message that the webhook sent."""
        ctx = self._ctx
        channel, said = self._said(request)
        form = message_form(await body(request))
        changed = ctx.world.edit_message(
            channel.id,
            said.id,
            now=ctx.clock(),
            content=form.content,
            embeds=form.embeds,
            components=form.components,
            allowed_mentions=form.allowed_mentions,
        )
        return answer(payloads.message(ctx.world, changed))

    async def delete_message(self, request: web.Request) -> web.Response:
        """DELETE a message that the webhook sent."""
        channel, said = self._said(request)
        self._ctx.world.delete_message(channel.id, said.id)
        return nothing()

    def _kept(self, given: Any) -> str | None:
        """Keep a picture; the hash that names it, None for none. Raises `Refusal` for what Discord takes for none."""
        if given is None:
            return None
        head, _, coded = str(given).partition(",")
        try:
            content = base64.b64decode(coded, validate=True)
        except ValueError:
            content = b""
        if not content or head not in (f"data:image/{kind};base64" for kind in ("png", "jpeg", "gif")):
            raise invalid("avatar", "BASE_TYPE_BAD_IMAGE", "Invalid image data")
        named = hashlib.blake2b(content, digest_size=16).hexdigest()
        self._ctx.world.pictures[named] = content
        return named

    def _of(self, channel_id: int) -> list[Webhook]:
        return [one for one in self._ctx.world.webhooks.values() if one.channel_id == channel_id]

    def _listed(self, found: list[Webhook]) -> web.Response:
        return answer([payloads.webhook(self._ctx.world, one, with_token=True) for one in found])

    def _managed(self, request: web.Request) -> Webhook:
        """The request's webhook: by its token, or else with the permission to manage it."""
        found = asked.webhook(self._ctx, request)
        by_token = "webhook_token" in request.match_info
        if not by_token and not self._ctx.world.may(found.channel_id, self._ctx.world.bot.id, P.MANAGE_WEBHOOKS):
            raise missing_permissions()
        return found

    def _place(self, webhook: Webhook, request: web.Request, data: Mapping[str, Any]) -> Channel:
        """Where the webhook speaks: its channel, or with `thread_id` a thread of it, which that opens again."""
        ctx = self._ctx
        thread_id = asked.in_query(request, "thread_id")
        channel = ctx.world.channels[webhook.channel_id]
        if channel.kind == FORUM and thread_id is None:
            if not data.get("thread_name"):
                raise Refusal(400, 220001, "Webhooks posted to forum channels must have a thread_name or thread_id")
            name = asked.text(dict(data), "thread_name", 1, 100)
            return ctx.world.create_thread(channel.id, name, webhook.id, now=ctx.clock())
        if data.get("thread_name"):
            raise Refusal(400, 220003, "Webhooks can only create threads in forum channels")
        if thread_id is None:
            return channel
        thread = ctx.world.channels.get(thread_id)
        if thread is None or thread.parent_id != channel.id:
            raise unknown("Channel")
        if thread.archived:
            if thread.locked:
                raise Refusal(400, 50083, "Thread is archived")
            ctx.world.modify_channel(thread.id, now=ctx.clock(), archived=False)
        return thread

    def _said(self, request: web.Request) -> tuple[Channel, Message]:
        ctx = self._ctx
        webhook = asked.webhook(ctx, request)
        place = asked.in_query(request, "thread_id") or webhook.channel_id
        channel = ctx.world.channels.get(place)
        if channel is None or webhook.channel_id not in (channel.id, channel.parent_id):
            raise unknown("Channel")
        found = asked.message(ctx, request, channel)
        if found.webhook_id != webhook.id:
            raise unknown("Message")
        return channel, found


def checked_name(name: Any, path: str = "name") -> str:
    """A webhook's name by Discord's rules. Raises `Refusal`."""
    found = asked.text({path: name}, path, 1, LONGEST_NAME)
    for word in FORBIDDEN:
        if word in found.casefold():
            raise invalid(path, "USERNAME_INVALID_CONTAINS", f'Username cannot contain "{word}"')
    return found


def routes(ctx: Context) -> Iterable[web.RouteDef]:
    """All routes of this module."""
    on, by_id = Webhooks(ctx), "/webhooks/{webhook_id}"
    by_token = f"{by_id}/{{webhook_token}}"
    message = f"{by_token}/messages/{{message_id}}"
    return (
        web.post("/channels/{channel_id}/webhooks", on.create),
        web.get("/channels/{channel_id}/webhooks", on.of_channel),
        web.get("/guilds/{guild_id}/webhooks", on.of_guild),
        *(route for path in (by_id, by_token) for route in _single(path, on)),
        web.post(by_token, on.execute),
        web.get(message, on.message),
        web.patch(message, on.edit_message),
        web.delete(message, on.delete_message),
    )


def _single(path: str, on: Webhooks) -> Iterable[web.RouteDef]:
    return web.get(path, on.get), web.patch(path, on.modify), web.delete(path, on.delete)
