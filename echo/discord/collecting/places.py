"""Where in a server Echo may read: channels and threads in which it has View Channel and Read Message History."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import nextcord

from echo.discord.failures import OutOfReach, mapped, understood
from echo.errors import NoPermission, ServiceUnavailable

log = logging.getLogger(__name__)

LISTED = 100
"""Threads: the most that Discord gives in one answer."""
PRIVATE_THREAD = 12

Holder = nextcord.TextChannel | nextcord.VoiceChannel | nextcord.ForumChannel
"""What holds messages, threads or both. Announcement channels are text channels to nextcord."""
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """A channel or thread that can be read. `newest` is the id of its last message, as far as is known."""

    channel_id: int
    newest: int | None


def guild_of(client: nextcord.Client, server_id: int) -> nextcord.Guild:
    """The server. Raises NoPermission where Echo is no member, ServiceUnavailable while it is out of reach."""
    if client.is_closed():
        raise ServiceUnavailable("Echo is not connected to Discord at the moment; it will try again.")
    guild = client.get_guild(server_id)
    if guild is None and client.is_ready():
        raise NoPermission("Echo is no member of this server any more: invite it again, then retry.")
    if guild is None or guild.unavailable or guild.me is None:
        raise ServiceUnavailable("Discord has not made this server available to Echo yet; it will try again.")
    return guild


async def readable_places(client: nextcord.Client, guild: nextcord.Guild, before: int) -> list[Place]:
    """All channels and threads made before the id `before` that Echo may read, channels first.

    A channel made later costs no request. Raises ServiceUnavailable; a channel whose threads can't be listed is
    passed over.
    """
    holders = [channel for channel in guild.channels if isinstance(channel, Holder) and _is_readable(channel)]
    holders = [channel for channel in holders if channel.id < before]
    found = {c.id: Place(c.id, c.last_message_id) for c in holders if not isinstance(c, nextcord.ForumChannel)}
    if holders:
        with understood("The list of threads"):
            async for thread in _threads(client, guild, holders):
                thread_id, newest = int(thread["id"]), thread.get("last_message_id")
                if thread_id < before:
                    found.setdefault(thread_id, Place(thread_id, None if newest is None else int(newest)))
    return list(found.values())


def _is_readable(channel: Holder) -> bool:
    may = channel.permissions_for(channel.guild.me)
    enters = may.connect if isinstance(channel, nextcord.VoiceChannel) else True
    return bool(may.view_channel and may.read_message_history and enters)


async def _threads(client: nextcord.Client, guild: nextcord.Guild, holders: list[Holder]) -> AsyncIterator[Json]:
    readable = {channel.id for channel in holders}
    with mapped("list the threads of this server"):
        active: Json = await client.http.get_active_threads(guild.id)  # type: ignore[assignment]
    for thread in active["threads"]:
        if int(thread["parent_id"]) in readable:
            yield thread
    for channel in holders:
        for listing in _archives(client, channel):
            try:
                async for thread in listing:
                    yield thread
            except OutOfReach as error:
                log.info("The archived threads of channel %d are passed over (code %d).", channel.id, error.code)


def _archives(client: nextcord.Client, channel: Holder) -> Iterator[AsyncIterator[Json]]:
    """The listings of archived threads that Echo may ask for in a channel."""
    if isinstance(channel, nextcord.VoiceChannel):
        return
    yield _paged(client.http.get_public_archived_threads, channel.id, _before_archiving)
    if isinstance(channel, nextcord.ForumChannel) or channel.is_news():
        return
    # Only who may manage threads sees all the private ones; others see those that they were invited to.
    if channel.permissions_for(channel.guild.me).manage_threads:
        yield _paged(client.http.get_private_archived_threads, channel.id, _before_archiving)
    else:
        yield _paged(client.http.get_joined_private_archived_threads, channel.id, _before_id)


async def _paged(
    ask: Callable[..., Awaitable[Any]], channel_id: int, bound: Callable[[Json, bool], str]
) -> AsyncIterator[Json]:
    seen: set[str] = set()
    before: str | None = None
    while True:
        with mapped("list the archived threads of a channel"):
            page = await ask(channel_id, before=before, limit=LISTED)
        threads = page["threads"]
        fresh = [thread for thread in threads if thread["id"] not in seen]
        seen.update(thread["id"] for thread in fresh)
        for thread in fresh:
            yield thread
        if not threads or not page["has_more"]:
            return
        following = bound(threads[-1], bool(fresh))
        if following == before:
            following = bound(threads[-1], False)
        if following == before:
            return
        before = following


def _before_archiving(thread: Json, had_news: bool) -> str:
    """The bound of the next page: a moment after this one, so that threads archived at the same time are not missed.

    When a whole page brought nothing new, the time itself: then everything of that moment is known.
    """
    archived = datetime.fromisoformat(thread["thread_metadata"]["archive_timestamp"])
    return (archived + timedelta(milliseconds=1) if had_news else archived).isoformat()


def _before_id(thread: Json, had_news: bool) -> str:
    return str(thread["id"])
