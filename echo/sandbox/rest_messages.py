"""Messages over REST: reading pages, sending, changing, deleting, pinning, typing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from echo.sandbox import asked, payloads
from echo.sandbox.answers import (
    Refusal,
    answer,
    body,
    body_with_files,
    invalid,
    missing_permissions,
    nothing,
    spelt_out,
    written,
)
from echo.sandbox.context import Context
from echo.sandbox.intents import Intent, without_content
from echo.sandbox.message_forms import SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS, message_form, nonce, refuse_empty
from echo.sandbox.pages import Pages
from echo.sandbox.permissions import Permission
from echo.sandbox.records import DM, Channel, Message
from echo.sandbox.snowflakes import timestamp_of

P = Permission
PAGE, DEFAULT_PAGE = 100, 50
BULK_AGE = 14 * 86400.0
"""Seconds: older messages can't be deleted in bulk."""


class Messages:
    """The handlers, over one sandbox's context."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._written = Pages(ctx.world)
        self._pages: dict[int, bytes] = {}
        """The page that was answered last, by channel: a fault gives it once more."""

    async def page(self, request: web.Request) -> web.Response:
        """GET messages. Without Read Message History the answer is an empty list, not a refusal."""
        ctx = self._ctx
        channel = asked.history(ctx, request)
        limit = asked.limit(request, DEFAULT_PAGE, PAGE)
        bounds = {name: asked.in_query(request, name) for name in ("before", "after", "around")}
        given = [name for name, value in bounds.items() if value is not None]
        if len(given) > 1:
            raise invalid(given[1], "BASE_TYPE_CHOICES", "before, after and around exclude each other.")
        if not ctx.world.may(channel.id, ctx.world.bot.id, P.READ_MESSAGE_HISTORY):
            return answer([])
        history = ctx.world.messages[channel.id]
        places = history.span(limit, **bounds)
        if shows_content(ctx, channel):
            text = self._written.text(history, places)
        else:
            text = written([seen(ctx, channel, one) for one in history.at(places)])
        if channel.id in self._pages and ctx.faults.take("repeat_pages", request.path):
            return spelt_out(self._pages[channel.id])
        self._pages[channel.id] = text
        return spelt_out(text)

    async def one(self, request: web.Request) -> web.Response:
        """GET one message."""
        asked.history(self._ctx, request)
        channel = asked.allowed_channel(self._ctx, request, P.READ_MESSAGE_HISTORY)
        return answer(seen(self._ctx, channel, asked.message(self._ctx, request, channel)))

    async def send(self, request: web.Request) -> web.Response:
        """POST a message."""
        ctx = self._ctx
        channel = asked.history(ctx, request)
        data, uploads = await body_with_files(request)
        form = message_form(data)
        if not uploads:
            refuse_empty(form)
        self._may_send(channel)
        if uploads and not ctx.world.may(channel.id, ctx.world.bot.id, P.ATTACH_FILES):
            raise missing_permissions()
        if channel.is_thread and channel.archived:
            if channel.locked:
                raise Refusal(400, 50083, "Thread is archived")
            ctx.world.modify_channel(channel.id, now=ctx.clock(), archived=False)
        links = ctx.world.may(channel.id, ctx.world.bot.id, P.EMBED_LINKS)
        message = ctx.world.post_message(
            channel.id,
            ctx.world.bot.id,
            form.content or "",
            now=ctx.clock(),
            reply_to=self._reply_to(channel, data.get("message_reference")),
            embeds=form.embeds or () if links else (),
            components=form.components or (),
            allowed_mentions=form.allowed_mentions,
            flags=(form.flags or 0) & (SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS),
            nonce=nonce(data),
            enforce_nonce=bool(data.get("enforce_nonce")),
            tts=form.tts,
            attachments=[ctx.world.keep_file(channel.id, one, now=ctx.clock()) for one in uploads],
        )
        return answer(payloads.message(ctx.world, message))

    async def edit(self, request: web.Request) -> web.Response:
        """PATCH a message: the bot's own."""
        ctx = self._ctx
        channel = asked.channel(ctx, request)
        message = asked.message(ctx, request, channel)
        if message.author_id != ctx.world.bot.id:
            raise Refusal(403, 50005, "Cannot edit a message authored by another user")
        form = message_form(await body(request))
        changed = ctx.world.edit_message(
            channel.id,
            message.id,
            now=ctx.clock(),
            content=form.content,
            embeds=form.embeds,
            components=form.components,
            allowed_mentions=form.allowed_mentions,
            flags=None if form.flags is None else form.flags & SUPPRESS_EMBEDS,
        )
        return answer(payloads.message(ctx.world, changed))

    async def delete(self, request: web.Request) -> web.Response:
        """DELETE a message: one's own, or with Manage Messages."""
        ctx = self._ctx
        channel = asked.channel(ctx, request)
        message = asked.message(ctx, request, channel)
        own = message.author_id == ctx.world.bot.id
        if not own and (channel.kind == DM or not ctx.world.may(channel.id, ctx.world.bot.id, P.MANAGE_MESSAGES)):
            raise missing_permissions()
        ctx.world.delete_message(channel.id, message.id)
        return nothing()

    async def delete_bulk(self, request: web.Request) -> web.Response:
        """POST bulk-delete: 2 to 100 messages, none older than two weeks."""
        ctx = self._ctx
        channel = asked.allowed_channel(ctx, request, P.MANAGE_MESSAGES)
        listed = (await body(request)).get("messages")
        if not isinstance(listed, list) or not 2 <= len(listed) <= 100:
            raise invalid("messages", "BASE_TYPE_BAD_LENGTH", "Must be between 2 and 100 in length.")
        ids = [asked.snowflake(one, "messages") for one in listed]
        if any(ctx.clock() - timestamp_of(one) > BULK_AGE for one in ids):
            raise Refusal(400, 50034, "A message provided was too old to bulk delete")
        ctx.world.delete_messages(channel.id, ids)
        return nothing()

    async def typing(self, request: web.Request) -> web.Response:
        """POST typing."""
        channel = asked.channel(self._ctx, request)
        self._may_send(channel)
        self._ctx.world.start_typing(channel.id, self._ctx.world.bot.id, now=self._ctx.clock())
        return nothing()

    async def pins(self, request: web.Request) -> web.Response:
        """GET pinned messages, the older route: a plain list."""
        channel = asked.allowed_channel(self._ctx, request, P.READ_MESSAGE_HISTORY)
        return answer([seen(self._ctx, channel, one) for one in self._pinned(channel)])

    async def pins_paged(self, request: web.Request) -> web.Response:
        """GET pinned messages, the newer route: with the time of pinning, here the message's own."""
        channel = asked.allowed_channel(self._ctx, request, P.READ_MESSAGE_HISTORY)
        items = [
            {"pinned_at": payloads.time_text(one.edited_at or one.ts), "message": seen(self._ctx, channel, one)}
            for one in self._pinned(channel)
        ]
        return answer({"items": items, "has_more": False})

    async def pin(self, request: web.Request) -> web.Response:
        """PUT a pin."""
        channel = asked.allowed_channel(self._ctx, request, P.MANAGE_MESSAGES)
        self._ctx.world.pin(channel.id, asked.message(self._ctx, request, channel).id, pinned=True)
        return nothing()

    async def unpin(self, request: web.Request) -> web.Response:
        """DELETE a pin."""
        channel = asked.allowed_channel(self._ctx, request, P.MANAGE_MESSAGES)
        self._ctx.world.pin(channel.id, asked.message(self._ctx, request, channel).id, pinned=False)
        return nothing()

    def _pinned(self, channel: Channel) -> list[Message]:
        found = (self._ctx.world.messages[channel.id].get(one) for one in reversed(channel.pins))
        return [one for one in found if one is not None]

    def _may_send(self, channel: Channel) -> None:
        world = self._ctx.world
        if channel.kind == DM:
            if any(world.users[one].is_closed for one in channel.recipients):
                raise Refusal(403, 50007, "Cannot send messages to this user")
        elif not world.may_send(channel.id, world.bot.id):
            raise missing_permissions()

    def _reply_to(self, channel: Channel, reference: Any) -> int | None:
        if reference is None:
            return None
        if not isinstance(reference, dict) or "message_id" not in reference:
            raise invalid("message_reference", "BASE_TYPE_REQUIRED", "This field is required")
        message_id = asked.snowflake(reference["message_id"], "message_reference.message_id")
        world = self._ctx.world
        if not world.may(channel.id, world.bot.id, P.READ_MESSAGE_HISTORY):
            raise Refusal(403, 160002, "Cannot reply without permission to read message history")
        elsewhere = str(reference.get("channel_id", channel.id)) != str(channel.id)
        if not elsewhere and message_id in world.messages[channel.id]:
            return message_id
        if reference.get("fail_if_not_exists", True):
            raise invalid("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        return None


def shows_content(ctx: Context, channel: Channel) -> bool:
    """Whether the bot gets to read what others say there."""
    return channel.kind == DM or bool(ctx.gateway.granted & Intent.MESSAGE_CONTENT)


def seen(ctx: Context, channel: Channel, message: Message) -> dict[str, Any]:
    """The message as the bot gets to read it: without content where its application lacks that intent."""
    found = payloads.message(ctx.world, message)
    return found if shows_content(ctx, channel) else without_content(found, ctx.world.bot.id)


def routes(ctx: Context) -> Iterable[web.RouteDef]:
    """All routes of this module."""
    on, base = Messages(ctx), "/channels/{channel_id}"
    return (
        web.get(f"{base}/messages", on.page),
        web.post(f"{base}/messages", on.send),
        web.get(f"{base}/messages/pins", on.pins_paged),
        web.put(f"{base}/messages/pins/{{message_id}}", on.pin),
        web.delete(f"{base}/messages/pins/{{message_id}}", on.unpin),
        web.post(f"{base}/messages/bulk-delete", on.delete_bulk),
        web.get(f"{base}/messages/{{message_id}}", on.one),
        web.patch(f"{base}/messages/{{message_id}}", on.edit),
        web.delete(f"{base}/messages/{{message_id}}", on.delete),
        web.get(f"{base}/pins", on.pins),
        web.put(f"{base}/pins/{{message_id}}", on.pin),
        web.delete(f"{base}/pins/{{message_id}}", on.unpin),
        web.post(f"{base}/typing", on.typing),
    )
