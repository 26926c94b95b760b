"""Search Guild Messages: one author's messages (or anybody's) from all channels that the bot may read.

Source: Discord API reference, "Search Guild Messages", and the operation `guild_search` of Discord's OpenAPI.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, Final

from aiohttp import web

from echo.sandbox import asked, payloads
from echo.sandbox.answers import answer, invalid, missing_access
from echo.sandbox.context import Context
from echo.sandbox.intents import Intent
from echo.sandbox.permissions import Permission
from echo.sandbox.records import DM, TALKED_IN_CALLS, Channel, Message
from echo.sandbox.search_index import Query

PAGE: Final = 25
FURTHEST: Final = 9975
"""The largest `offset`."""
MOST_AUTHORS, MOST_CHANNELS, LONGEST_WORDS = 100, 500, 1024
INDEX_NOT_READY: Final = 110000
INDEXING_WAIT: Final = 2
"""Seconds that a 202 asks to wait, where no fault says otherwise."""
_SPOKEN: Final = frozenset(
    {
        "author_id",
        "channel_id",
        "content",
        "include_nsfw",
        "limit",
        "max_id",
        "min_id",
        "offset",
        "sort_by",
        "sort_order",
    }
)
_READABLE: Final = Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY


class Search:
    """The handler, over one sandbox's context."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def search(self, request: web.Request) -> web.Response:
        """GET what fits the query, newest first unless `sort_order` is `asc`; sorting by relevance is by time too.

        Refused without the Message Content intent, and for filters that the sandbox does not know.
        """
        ctx = self._ctx
        asked.guild(ctx, request)
        if ctx.faults.search_forbidden and ctx.faults.hit(request.path):
            raise missing_access()
        if not ctx.gateway.granted & Intent.MESSAGE_CONTENT:
            raise missing_access()
        query, only = self._query(request), asked.ids_in_query(request, "channel_id", MOST_CHANNELS)
        limit = asked.whole(request, "limit", PAGE, PAGE, 1)
        offset = asked.whole(request, "offset", 0, FURTHEST, 0)
        if ctx.faults.take("indexing", request.path):
            return answer(self._not_ready(), 202)
        places = self._places(only, nsfw=asked.truth(request, "include_nsfw"))
        if ctx.faults.take("search_short", request.path):
            # Any number from one to all, so that nobody can count on it.
            limit = 1 + ctx.faults.search_short % limit
        total, found = query.page((ctx.world.messages[one.id] for one in places), offset, limit)
        return answer(self._page(total, found))

    def _query(self, request: web.Request) -> Query:
        unknown = next((name for name in request.query if name not in _SPOKEN), None)
        if unknown is not None:
            raise invalid(unknown[:50], "BASE_TYPE_CHOICES", "This server does not search by that.")
        words = request.query.get("content", "")
        if len(words) > LONGEST_WORDS:
            raise invalid("content", "BASE_TYPE_MAX_LENGTH", f"Must be {LONGEST_WORDS} or fewer in length.")
        _one_of(request, "sort_by", ("timestamp", "relevance"))
        order = _one_of(request, "sort_order", ("desc", "asc"))
        after, before = asked.in_query(request, "min_id"), asked.in_query(request, "max_id")
        return Query(
            authors=asked.ids_in_query(request, "author_id", MOST_AUTHORS),
            after=-1 if after is None else after,
            before=1 << 64 if before is None else before,
            words=tuple(words.casefold().split()),
            oldest_first=order == "asc",
        )

    def _places(self, only: tuple[int, ...], *, nsfw: bool) -> Iterator[Channel]:
        world = self._ctx.world
        for channel in world.channels.values():
            if channel.kind == DM or (only and channel.id not in only):
                continue
            parent = world.channels.get(channel.parent_id or 0, channel) if channel.is_thread else channel
            wanted = _READABLE | Permission.CONNECT if channel.kind in TALKED_IN_CALLS else _READABLE
            if (nsfw or not parent.nsfw) and world.may(channel.id, world.bot.id, wanted):
                yield channel

    def _page(self, total: int, found: list[Message]) -> dict[str, Any]:
        world = self._ctx.world
        places = dict.fromkeys(one.channel_id for one in found)
        threads = [world.channels[one] for one in places if world.channels[one].is_thread]
        joined = [one for one in threads if world.bot.id in one.thread_members]
        return {
            "messages": [[self._hit(one)] for one in found],
            "doing_deep_historical_index": False,
            "total_results": total,
            "threads": [payloads.channel(world, one) for one in threads],
            "members": [payloads.thread_member(one, world.bot.id) for one in joined],
        }

    def _hit(self, message: Message) -> dict[str, Any]:
        found = {**payloads.message(self._ctx.world, message), "hit": True}
        found.pop("reactions", None)
        return found

    def _not_ready(self) -> dict[str, Any]:
        wait = self._ctx.faults.retry_after
        return {
            "message": "Index not yet available. Try again later",
            "code": INDEX_NOT_READY,
            "documents_indexed": 0,
            "retry_after": INDEXING_WAIT if wait is None else math.ceil(wait),
        }


def _one_of(request: web.Request, name: str, choices: tuple[str, ...]) -> str:
    """The query's word under this name, by default the first of the choices."""
    found = request.query.get(name, choices[0])
    if found not in choices:
        raise invalid(name, "BASE_TYPE_CHOICES", f"Value must be one of {choices}.")
    return found


def routes(ctx: Context) -> Iterable[web.RouteDef]:
    """The one route of this module."""
    return (web.get("/guilds/{guild_id}/messages/search", Search(ctx).search),)
