"""Search Guild Messages: one author's messages in a whole server, page by page, newest first.

Source of the route, its parameters and answers: Discord API reference, "Search Guild Messages".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import nextcord
from nextcord.http import Route

from echo.discord.failures import OutOfReach, Rejected, mapped
from echo.discord.translate import MALFORMED
from echo.errors import EchoError

LIMIT = 25
"""Messages: the most that Discord gives in one answer to a search."""
INDEXING = 110_000
"""Discord's code of a server that it has yet to index (HTTP 202)."""
PATIENCE = 60.0
"""Seconds that are waited in all for a server to be indexed."""
LEAST_WAIT = 1.0
"""Seconds: Discord may answer that one should wait for 0, which asks for "a short delay"."""
MOST_HIDDEN = 100
"""Hits that may be missing from an answer before it is taken for the end although Discord counts more."""

Raw = Mapping[str, Any]


class SearchUnavailable(EchoError):
    """Discord offers no search here that could be trusted; the channels have to be read instead."""


@dataclass(frozen=True, slots=True)
class Hits:
    """One page of a search. `messages` are the author's, newest first, each once; `threads` those they stand in.

    Discord counts `total` messages from here on, not always rightly. The next page is to be asked below `following`;
    None: there is nothing older.
    """

    messages: tuple[Raw, ...]
    threads: tuple[Raw, ...]
    total: int
    following: int | None


class Search:
    """Asks Discord's search with a client that is logged in.

    `take` is awaited before every request, for its turn among all requests; `wait` (seconds) while Discord indexes.
    """

    def __init__(
        self,
        client: nextcord.Client,
        take: Callable[[], Awaitable[None]],
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._take = take
        self._wait = wait

    async def page(
        self, guild_id: int, author_id: int, max_id: int, *, min_id: int = 0, include_nsfw: bool = False
    ) -> Hits:
        """The newest of an author's messages with min_id <= id < max_id.

        There may be fewer than LIMIT though more follow: only `following` tells. Raises SearchUnavailable, or
        ServiceUnavailable (may pass), or NoPermission where Discord does not know Echo.
        """
        asked = _query(max_id, min_id, include_nsfw) | {"author_id": author_id, "limit": LIMIT}
        for offset in range(0, MOST_HIDDEN, LIMIT):
            body = await self._answer(guild_id, asked | ({"offset": offset} if offset else {}))
            with _described():
                hits = _hits(body, guild_id, author_id, range(min_id, max_id))
            # Discord drops what may not be shown after it has counted: a page of such only must not end the search.
            if hits.following is not None or hits.total <= offset + LIMIT:
                break
        return hits

    async def count(
        self,
        guild_id: int,
        max_id: int,
        *,
        author_id: int | None = None,
        min_id: int = 0,
        include_nsfw: bool = False,
    ) -> int:
        """How many messages with min_id <= id < max_id an author (None: everybody) has there. Raises as `page`."""
        asked = _query(max_id, min_id, include_nsfw) | {"limit": 1}
        body = await self._answer(guild_id, asked | ({} if author_id is None else {"author_id": author_id}))
        with _described():
            return _total(body)

    async def _answer(self, guild_id: int, query: Mapping[str, str | int]) -> Raw:
        """Discord's answer, once it has indexed the server."""
        waited = 0.0
        while True:
            body = await self._ask(guild_id, query)
            with _described():
                pause = _pause(body)
                if pause is None:
                    return _whole(body)
            waited += pause
            if waited > PATIENCE:
                raise SearchUnavailable(
                    "Discord has yet to index this server for its search, so Echo reads the channels instead."
                )
            await self._wait(pause)

    async def _ask(self, guild_id: int, query: Mapping[str, str | int]) -> Raw:
        await self._take()
        route = Route("GET", "/guilds/{guild_id}/messages/search", guild_id=guild_id)
        try:
            with _described(), mapped("search this server"):
                body = await self._client.http.request(route, params=dict(query))
        except (OutOfReach, Rejected) as error:
            raise SearchUnavailable(f"{str(error).rstrip('.')}; until then Echo reads the channels instead.") from error
        if not isinstance(body, Mapping):
            raise SearchUnavailable(_UNKNOWN)
        return body


@contextmanager
def _described() -> Iterator[None]:
    """Within this, an answer of another form than Discord describes is SearchUnavailable."""
    try:
        yield
    except MALFORMED:
        # Not chained: what these raise may quote the answer, and so what people wrote.
        raise SearchUnavailable(_UNKNOWN) from None


_UNKNOWN = (
    "Discord's search answered in a form that Discord does not describe, so Echo reads the channels instead; "
    "something between Echo and Discord changes it, or Discord has changed."
)


def _query(max_id: int, min_id: int, include_nsfw: bool) -> dict[str, str | int]:
    asked: dict[str, str | int] = {
        "max_id": max_id,
        "sort_by": "timestamp",
        "sort_order": "desc",
        "include_nsfw": "true" if include_nsfw else "false",
    }
    # Discord gives what is newer than `min_id`.
    return asked | {"min_id": min_id - 1} if min_id > 0 else asked


def _pause(body: Raw) -> float | None:
    """Seconds to wait until the server is indexed; None for an answer. nextcord does not tell a 202 from a 200."""
    if body.get("code") != INDEXING:
        return None
    # What is no number loses every comparison, and infinity exceeds all patience.
    return max(LEAST_WAIT, float(body.get("retry_after") or 0))


def _whole(body: Raw) -> Raw:
    """The answer, once it is known to be about all that was ever written."""
    if body.get("doing_deep_historical_index"):
        raise SearchUnavailable(
            "Discord is still indexing this server's older messages, so that its search would miss some; "
            "Echo reads the channels instead."
        )
    return body


def _total(body: Raw) -> int:
    total = body["total_results"]
    if not isinstance(total, int) or total < 0:
        raise ValueError("total_results")
    return total


def _hits(body: Raw, guild_id: int, author_id: int, wanted: range) -> Hits:
    total = _total(body)
    found = {int(raw["id"]): raw for group in body["messages"] for raw in group if int(raw["id"]) in wanted}
    # With a hit there may come what stands around it, by anybody; older than the last hit, it must not move the window.
    own = {key: raw for key, raw in found.items() if int(raw["author"]["id"]) == author_id}
    if found and not own:
        # The author was passed over: going on would read the whole server, 25 messages at a time.
        raise ValueError("author")
    return Hits(
        messages=tuple(own[key] for key in sorted(own, reverse=True) if _is_there(own[key], guild_id)),
        threads=tuple(dict(thread) for thread in body.get("threads") or ()),
        total=total,
        following=min(own) if own else None,
    )


def _is_there(raw: Raw, guild_id: int) -> bool:
    """Whether it stands in the server. Raises KeyError where it stands in no channel."""
    place = raw.get("guild_id")
    return int(raw["channel_id"]) > 0 and (place is None or int(place) == guild_id)
