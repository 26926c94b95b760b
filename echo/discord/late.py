"""What came of a long job, told to who asked after Discord took no answer to their command any more."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import nextcord

from echo.discord.failures import mapped
from echo.errors import EchoError

log = logging.getLogger(__name__)

PRIVATELY: Final = "What you asked for in <#{channel}>, which took longer than Discord lets one answer there: {text}"
HERE: Final = (
    "<@{user}>: what you asked Echo for here is done, but it took longer than Discord lets one answer to you alone, "
    "and your direct messages are closed; `/echo status` shows how it stands."
)


class Letters(Protocol):
    """Writes to people (`echo.discord.letters.Letters`)."""

    async def send(self, user_id: int, text: str) -> bool: ...


def teller(client: nextcord.Client, letters: Letters) -> Callable[[int, int, str], Awaitable[None]]:
    """Tells once: by a direct message, for the answer was for them alone, or that there is one where they asked."""

    async def tell(user_id: int, channel_id: int, text: str) -> None:
        try:
            if await letters.send(user_id, PRIVATELY.format(channel=channel_id, text=text)[:2000]):
                return
            route = nextcord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=channel_id)
            pinged = {"parse": [], "users": [str(user_id)]}
            body = {"content": HERE.format(user=user_id), "allowed_mentions": pinged}
            with mapped("tell somebody what came of it"):
                await client.http.request(route, json=body)
        except EchoError as error:
            log.info("What came of a command could not be told: %s", error)

    return tell
