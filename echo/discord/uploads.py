"""Files that people give with a command: fetched into memory, never onto the disk, and never from anywhere else."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import nextcord

from echo.discord.failures import mapped, refusal
from echo.discord.translate import Upload
from echo.errors import UsageError

HOSTS: Final = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
"""Where Discord keeps files (Discord API reference, "Attachment Object"); a sandbox keeps them where its API is."""
CHUNK: Final = 64 * 1024
MEGABYTE: Final = 1024 * 1024
_TIMEOUT: Final = aiohttp.ClientTimeout(total=600, sock_connect=10, sock_read=30)
"""Seconds: a large file may take long, silence may not; after 15 minutes nobody could be told any more."""


def check_size(upload: Upload, megabytes: int) -> None:
    """Raises UsageError for a file larger than that."""
    if upload.size > megabytes * MEGABYTE:
        raise UsageError(
            f"This file has {-(-upload.size // MEGABYTE):,} MB, and at most {megabytes:,} are taken: pack the folders "
            "messages and account of the package into a new ZIP, or ask whoever runs this bot to import it."
        )


async def fetched(upload: Upload, megabytes: int) -> io.BytesIO:
    """The file, in memory. Raises UsageError where it is larger or lies elsewhere, ServiceUnavailable or NoPermission
    where Discord does not give it."""
    check_size(upload, megabytes)
    _check_place(upload.url)
    held = io.BytesIO()
    with mapped("fetch this file"):
        # Whoever answers must not send Echo anywhere else.
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.get(upload.url, allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise refusal(max(400, response.status), 0, "fetch this file")
            async for chunk in response.content.iter_chunked(CHUNK):
                held.write(chunk)
                # Discord's own figure is not taken on trust.
                check_size(replace(upload, size=held.tell()), megabytes)
    held.seek(0)
    return held


def _check_place(url: str) -> None:
    place, api = urlsplit(url), urlsplit(nextcord.http.Route.BASE)
    of_discord = place.scheme == "https" and place.hostname in HOSTS
    of_sandbox = api.hostname != "discord.com" and (place.scheme, place.netloc) == (api.scheme, api.netloc)
    if not (of_discord or of_sandbox):
        raise UsageError("This file lies where Discord keeps none, so it was not fetched: upload it with the command.")
