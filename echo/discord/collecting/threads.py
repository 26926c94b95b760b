"""The threads of a server: Discord lists the active ones in one answer, and each channel's archived ones in pages."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from nextcord.http import HTTPClient

from echo.discord.collecting.abreast import abreast
from echo.discord.collecting.access import MANAGE_THREADS, TEXT, WITH_THREADS, Json, Membership
from echo.discord.collecting.asking import Asking, Troubled
from echo.discord.failures import OutOfReach, understood

LISTED = 100
"""Threads: the most that Discord gives in one answer."""
ABREAST = 8
"""Channels whose lists are asked for at the same time."""

Thread = dict[str, Any]
Page = Callable[[str | None], Any]
"""Asks for the page of a list that comes before the given bound."""


@dataclass(slots=True)
class Listed:
    """All threads, some perhaps twice, and for which channels the list is not whole: why, in a sentence."""

    threads: list[Thread] = field(default_factory=list)
    incomplete: dict[int, str] = field(default_factory=dict)


class Threads:
    """Lists threads with the requests of one collecting."""

    def __init__(self, http: HTTPClient, asking: Asking, me: Membership) -> None:
        self._http = http
        self._asking = asking
        self._me = me

    async def of(self, channels: Iterable[Json]) -> Listed:
        """The threads of these channels, and the active ones of the whole server.

        A thread that wakes up while the archives are listed may be in no list before: hence the active ones last,
        besides first, because one may also fall asleep. Raises ServiceUnavailable or NoPermission.
        """
        found = Listed(await self._active())
        holders = [one for one in channels if one["type"] in WITH_THREADS]
        if holders:
            await self._archived(holders, found)
            found.threads += await self._active()
        return found

    async def _active(self) -> list[Thread]:
        page = await self._asking.ask(
            "list the threads of this server", lambda: self._http.get_active_threads(self._me.server_id)
        )
        with understood("The list of threads"):
            threads: list[Thread] = page["threads"]  # type: ignore[assignment]
            return threads

    async def _archived(self, holders: list[Json], found: Listed) -> None:
        left = iter(holders)

        async def work() -> None:
            for channel in left:
                await self._of_channel(channel, found)

        await abreast(work() for _ in range(min(ABREAST, len(holders))))

    async def _of_channel(self, channel: Json, found: Listed) -> None:
        for pages in self._archives(channel):
            try:
                async for thread in pages:
                    found.threads.append(thread)
            except (OutOfReach, Troubled) as error:
                found.incomplete[int(channel["id"])] = f"Its archived threads are not all known. {error}"

    def _archives(self, channel: Json) -> Iterable[AsyncIterator[Thread]]:
        """The lists of archived threads that Echo may ask for in a channel."""
        http, channel_id = self._http, int(channel["id"])

        def public(before: str | None) -> Any:
            return http.get_public_archived_threads(channel_id, before=before, limit=LISTED)

        def private(before: str | None) -> Any:
            return http.get_private_archived_threads(channel_id, before=before, limit=LISTED)

        def joined(before: str | None) -> Any:
            return http.get_joined_private_archived_threads(channel_id, before=before, limit=LISTED)

        yield self._paged(public, _before_archiving)
        if channel["type"] != TEXT:
            return
        # Only who may manage threads sees all the private ones; others see those that they were invited to.
        if self._me.in_channel(channel) & MANAGE_THREADS:
            yield self._paged(private, _before_archiving)
        else:
            yield self._paged(joined, _before_id)

    async def _paged(self, ask: Page, bound: Callable[[Thread, bool], str]) -> AsyncIterator[Thread]:
        seen: set[str] = set()
        before: str | None = None
        while True:
            page = await self._asking.ask("list the archived threads of a channel", functools.partial(ask, before))
            with understood("The list of archived threads"):
                threads, more = list(page["threads"]), bool(page["has_more"])
                fresh = [thread for thread in threads if thread["id"] not in seen]
                seen.update(thread["id"] for thread in fresh)
                following = bound(threads[-1], bool(fresh)) if threads else before
                if following == before and threads:
                    following = bound(threads[-1], False)
            for thread in fresh:
                yield thread
            if not threads or not more or following == before:
                return
            before = following


def _before_archiving(thread: Thread, had_news: bool) -> str:
    """The bound of the next page: a moment after this one, so that threads archived at the same time are not missed.

    When a whole page brought nothing new, the time itself: then everything of that moment is known.
    """
    archived = datetime.fromisoformat(thread["thread_metadata"]["archive_timestamp"])
    return (archived + timedelta(milliseconds=1) if had_news else archived).isoformat()


def _before_id(thread: Thread, had_news: bool) -> str:
    return str(thread["id"])
