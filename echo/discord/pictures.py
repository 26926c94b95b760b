"""Getting the pictures of echoes' people, and drawing the badge into them. They are held in memory alone, and few."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import nextcord

from echo.discord.badge import LOOK, badge_alone, badged

log = logging.getLogger(__name__)

HOSTS: Final = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
"""Where Discord keeps pictures (Discord API reference, "Image Formatting"); a sandbox keeps them where its API is."""
SHORT: Final = aiohttp.ClientTimeout(total=2.0)
"""Seconds: nobody is kept from speaking for longer by a picture."""
LARGEST: Final = 4 * 1024 * 1024
"""Bytes of a picture that are read."""
CHUNK: Final = 64 * 1024
KEPT: Final = 32
"""Pictures that are held, as the webhooks of several channels may need the same."""
DRAWING: Final = 2
"""Pictures that are drawn at a time."""


class Pictures:
    """Gives badged pictures by the address of a person's own."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._drawing = asyncio.Semaphore(DRAWING)

    def of(self, profile_id: int, avatar_url: str | None) -> Pictured:
        """The picture of an echo whose person has theirs at an address (None: nobody knows)."""
        return Pictured(self, profile_id, avatar_url)

    def forget(self) -> None:
        """Hold none any more."""
        self._kept.clear()

    async def drawn(self, avatar_url: str) -> bytes | None:
        """The picture there with the badge, as PNG; None where it can't be had within SHORT, or is none."""
        known = self._kept.get(avatar_url)
        if known is not None:
            return known
        picture = await _fetched(avatar_url)
        if picture is None:
            return None
        async with self._drawing:
            drawn = await asyncio.to_thread(badged, picture)
        if drawn is None:
            log.info("The picture of an echo's person can't be drawn on; the badge stands alone.")
            return None
        self._kept[avatar_url] = drawn
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return drawn


@dataclass(frozen=True, slots=True)
class Pictured:
    """What the webhook of one echo is to look like."""

    pictures: Pictures
    profile_id: int
    avatar_url: str | None

    @property
    def key(self) -> str:
        """Names this picture with this badge: another picture, or another drawing of the badge, has another name."""
        return hashlib.blake2b(f"{LOOK} {self.avatar_url}".encode(), digest_size=6).hexdigest()

    async def drawn(self) -> bytes | None:
        """The picture as PNG; None where it can't be had now."""
        return None if self.avatar_url is None else await self.pictures.drawn(self.avatar_url)

    def alone(self) -> bytes:
        """The badge without a picture, as PNG."""
        return _alone()


@lru_cache(maxsize=1)
def _alone() -> bytes:
    return badge_alone()


async def _fetched(avatar_url: str) -> bytes | None:
    url = _where(avatar_url)
    if url is None:
        return None
    held = bytearray()
    try:
        async with (
            aiohttp.ClientSession(timeout=SHORT) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            if response.status != 200:
                return None
            async for chunk in response.content.iter_chunked(CHUNK):
                held += chunk
                if len(held) > LARGEST:
                    return None
    except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
        log.info("The picture of an echo's person was not to be had (%s).", type(error).__name__)
        return None
    return bytes(held)


def _where(avatar_url: str) -> str | None:
    """The address to ask: Discord's, or in a sandbox the same at the sandbox; None for any other."""
    place, api = urlsplit(avatar_url), urlsplit(nextcord.http.Route.BASE)
    if place.scheme != "https" or place.hostname not in HOSTS:
        return None
    if api.hostname == "discord.com":
        return avatar_url
    return urlunsplit((api.scheme, api.netloc, place.path, place.query, ""))
