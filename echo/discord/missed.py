"""What was said while Echo was not connected."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Final

from nextcord.http import HTTPClient

from echo.discord.failures import mapped
from echo.discord.translate import Raw
from echo.errors import EchoError

log = logging.getLogger(__name__)

LOOKED_BACK: Final = 50
"""Messages of each channel that are read again."""


async def hear_missed(http: HTTPClient, missable: Mapping[int, int], see: Callable[[Raw], None]) -> None:
    """Hand `see` what stands in the channels of `missable` after the id that each has there, oldest first.

    A channel that can't be read is left out: what was said there stays unheard.
    """
    for channel_id, after in missable.items():
        try:
            with mapped("read what was said meanwhile"):
                page = await http.logs_from(channel_id, LOOKED_BACK)
        except EchoError as error:
            log.info("What was said meanwhile in channel %d was not heard: %s", channel_id, error)
            continue
        for raw in sorted(page, key=lambda one: int(one["id"])):
            if int(raw["id"]) > after:
                # Messages that are asked for carry no server's id, unlike those that Discord sends by itself.
                see({**raw, "guild_id": raw.get("guild_id", channel_id)})
