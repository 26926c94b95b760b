"""Threads over REST: opening them, their members, and the lists of active and archived ones."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from echo.sandbox import asked, payloads
from echo.sandbox.answers import Refusal, answer, body, invalid, missing_permissions, nothing, unknown
from echo.sandbox.context import Context
from echo.sandbox.permissions import Permission
from echo.sandbox.records import ANNOUNCEMENT_THREAD, DM, PRIVATE_THREAD, PUBLIC_THREAD, Channel
from echo.sandbox.rest_channels import LONGEST_NAME, archive_minutes

P = Permission
PAGE, DEFAULT_PAGE = 100, 50


class Threads:
    """The handlers, over one sandbox's context."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def create(self, request: web.Request) -> web.Response:
        """POST a thread without a message to start from; private unless told otherwise, as Discord has it."""
        parent = self._parent(request)
        data = await body(request)
        kind = data.get("type", PRIVATE_THREAD)
        if kind not in (PUBLIC_THREAD, PRIVATE_THREAD):
            raise invalid("type", "BASE_TYPE_CHOICES", "Value must be one of (11, 12).")
        private = kind == PRIVATE_THREAD
        self._may(parent, P.CREATE_PRIVATE_THREADS if private else P.CREATE_PUBLIC_THREADS)
        return self._opened(parent, data, private=private, from_message=None)

    async def create_from_message(self, request: web.Request) -> web.Response:
        """POST a thread that starts from a message; it has that message's id."""
        ctx = self._ctx
        parent = self._parent(request)
        message = asked.message(ctx, request, parent)
        self._may(parent, P.CREATE_PUBLIC_THREADS)
        if message.id in ctx.world.channels:
            raise Refusal(400, 160004, "A thread has already been created for this message")
        return self._opened(parent, await body(request), private=False, from_message=message.id)

    async def active(self, request: web.Request) -> web.Response:
        """GET the server's active threads that the bot can see, newest first."""
        asked.guild(self._ctx, request)
        found = [one for one in self._ctx.world.threads() if not one.archived and self._sees(one)]
        return self._listed(found, has_more=False)

    async def archived_public(self, request: web.Request) -> web.Response:
        """GET a channel's archived public threads, by time of archiving, newest first."""
        channel = asked.allowed_channel(self._ctx, request, P.READ_MESSAGE_HISTORY)
        return self._archived(request, channel, (PUBLIC_THREAD, ANNOUNCEMENT_THREAD))

    async def archived_private(self, request: web.Request) -> web.Response:
        """GET a channel's archived private threads, for who may manage threads."""
        channel = asked.allowed_channel(self._ctx, request, P.READ_MESSAGE_HISTORY | P.MANAGE_THREADS)
        return self._archived(request, channel, (PRIVATE_THREAD,))

    async def archived_joined(self, request: web.Request) -> web.Response:
        """GET the archived private threads that the bot has joined, by id, newest first."""
        world = self._ctx.world
        channel = asked.allowed_channel(self._ctx, request, P.READ_MESSAGE_HISTORY)
        limit, before = asked.limit(request, DEFAULT_PAGE, PAGE), asked.in_query(request, "before")
        found = [
            one
            for one in world.threads(channel.id)
            if one.archived and one.kind == PRIVATE_THREAD and world.bot.id in one.thread_members
            if before is None or one.id < before
        ]
        return self._listed(found[:limit], has_more=len(found) > limit)

    async def join(self, request: web.Request) -> web.Response:
        """PUT the bot (@me) or a member into a thread."""
        thread = self._thread(request)
        self._ctx.world.join_thread(thread.id, self._whom(request), now=self._ctx.clock())
        return nothing()

    async def leave(self, request: web.Request) -> web.Response:
        """DELETE the bot (@me) or, with Manage Threads, a member from a thread."""
        thread = self._thread(request)
        whom = self._whom(request)
        if whom != self._ctx.world.bot.id:
            self._may(thread, P.MANAGE_THREADS)
        self._ctx.world.leave_thread(thread.id, whom)
        return nothing()

    async def members(self, request: web.Request) -> web.Response:
        """GET a thread's members."""
        thread = asked.channel(self._ctx, request)
        return answer([payloads.thread_member(thread, one) for one in thread.thread_members])

    async def member(self, request: web.Request) -> web.Response:
        """GET one member of a thread."""
        thread = asked.channel(self._ctx, request)
        whom = self._whom(request)
        if whom not in thread.thread_members:
            raise unknown("Member")
        return answer(payloads.thread_member(thread, whom))

    def _parent(self, request: web.Request) -> Channel:
        channel = asked.channel(self._ctx, request)
        if channel.is_thread or channel.kind == DM:
            raise Refusal(400, 50024, "Cannot execute action on this channel type")
        return channel

    def _thread(self, request: web.Request) -> Channel:
        channel = asked.channel(self._ctx, request)
        if not channel.is_thread:
            raise Refusal(400, 50024, "Cannot execute action on this channel type")
        if channel.archived:
            raise Refusal(400, 50083, "Thread is archived")
        return channel

    def _whom(self, request: web.Request) -> int:
        given = request.match_info.get("user_id", "@me")
        return self._ctx.world.bot.id if given == "@me" else asked.member(self._ctx, request).user_id

    def _may(self, channel: Channel, wanted: Permission) -> None:
        if not self._ctx.world.may(channel.id, self._ctx.world.bot.id, wanted):
            raise missing_permissions()

    def _sees(self, thread: Channel) -> bool:
        return self._ctx.world.may(thread.id, self._ctx.world.bot.id, P.VIEW_CHANNEL)

    def _opened(
        self, parent: Channel, data: dict[str, Any], *, private: bool, from_message: int | None
    ) -> web.Response:
        ctx = self._ctx
        thread = ctx.world.create_thread(
            parent.id,
            asked.text(data, "name", 1, LONGEST_NAME),
            ctx.world.bot.id,
            now=ctx.clock(),
            private=private,
            from_message=from_message,
            auto_archive=archive_minutes(data),
        )
        return answer(payloads.channel(ctx.world, thread), status=201)

    def _archived(self, request: web.Request, channel: Channel, kinds: tuple[int, ...]) -> web.Response:
        limit, before = asked.limit(request, DEFAULT_PAGE, PAGE, least=2), _moment(request)
        found = [
            one
            for one in self._ctx.world.threads(channel.id)
            if one.archived and one.kind in kinds and (before is None or one.archived_at < before)
        ]
        found.sort(key=lambda one: (-one.archived_at, -one.id))
        return self._listed(found[:limit], has_more=len(found) > limit)

    def _listed(self, found: list[Channel], *, has_more: bool) -> web.Response:
        world = self._ctx.world
        members = [payloads.thread_member(one, world.bot.id) for one in found if world.bot.id in one.thread_members]
        threads = [payloads.channel(world, one) for one in found]
        return answer({"threads": threads, "members": members, "has_more": has_more})


def _moment(request: web.Request) -> float | None:
    """The query's `before`, an ISO 8601 time, as seconds since the epoch, UTC."""
    text = request.query.get("before")
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise invalid("before", "DATE_TIME_TYPE_PARSE", f"Could not parse {text[:40]}. Should be ISO8601.") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def routes(ctx: Context) -> Iterable[web.RouteDef]:
    """All routes of this module."""
    on, base = Threads(ctx), "/channels/{channel_id}"
    return (
        web.post(f"{base}/threads", on.create),
        web.post(f"{base}/messages/{{message_id}}/threads", on.create_from_message),
        web.get("/guilds/{guild_id}/threads/active", on.active),
        web.get(f"{base}/threads/archived/public", on.archived_public),
        web.get(f"{base}/threads/archived/private", on.archived_private),
        web.get(f"{base}/users/@me/threads/archived/private", on.archived_joined),
        web.get(f"{base}/thread-members", on.members),
        web.put(f"{base}/thread-members/@me", on.join),
        web.delete(f"{base}/thread-members/@me", on.leave),
        web.get(f"{base}/thread-members/{{user_id}}", on.member),
        web.put(f"{base}/thread-members/{{user_id}}", on.join),
        web.delete(f"{base}/thread-members/{{user_id}}", on.leave),
    )
