"""Letters: what Echo tells one person privately, as a direct message."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import nextcord

from echo.discord.consent import Button
from echo.discord.failures import OutOfReach, Rejected, mapped, understood
from echo.discord.replies import view_of

log = logging.getLogger(__name__)

LONGEST: Final = 2000
"""Characters: the most that Discord takes in a message."""
KEPT: Final = 500
"""Channels whose ids are remembered, so that a second letter to somebody takes one request."""


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that goes with a letter."""

    name: str
    content: bytes


class Letters:
    """Writes to people. Nobody is written to unasked: a letter answers what they did, or concerns their own consent."""

    def __init__(self, client: nextcord.Client) -> None:
        self._client = client
        self._places: dict[int, int] = {}

    async def send(
        self, user_id: int, text: str, files: Sequence[Enclosure] = (), buttons: Sequence[Button] = ()
    ) -> bool:
        """Write to somebody; False where their direct messages are closed to Echo, or they are nobody any more.

        `text` has at most 2000 characters. Nobody is pinged by it. Raises ServiceUnavailable where Discord is out of
        reach, and NoPermission where it does not know Echo.
        """
        return await self.post(user_id, text, files, buttons) is not None

    async def post(
        self, user_id: int, text: str, files: Sequence[Enclosure] = (), buttons: Sequence[Button] = ()
    ) -> tuple[int, int] | None:
        """The same; the ids of the channel and the message, None where they take none."""
        try:
            with mapped("write to somebody privately"):
                channel_id = await self._place(user_id)
                posted = await self._post(channel_id, text, buttons, files)
        except (OutOfReach, Rejected) as error:
            self._places.pop(user_id, None)
            log.info("Somebody takes no direct messages from Echo (code %d).", error.code)
            return None
        with understood("The answer to a direct message"):
            return channel_id, int(posted["id"])

    async def _place(self, user_id: int) -> int:
        """The channel of the two of them: asked for again it is the same one."""
        if user_id not in self._places:
            opened: Any = await self._client.http.start_private_message(str(user_id))
            while len(self._places) >= KEPT:
                del self._places[next(iter(self._places))]
            with understood("The channel of a direct message"):
                self._places[user_id] = int(opened["id"])
        return self._places[user_id]

    async def _post(self, channel_id: int, text: str, buttons: Sequence[Button], files: Sequence[Enclosure]) -> Any:
        message: dict[str, Any] = {"content": text[:LONGEST], "allowed_mentions": {"parse": []}}
        if buttons:
            message["components"] = view_of(buttons).to_components()
        if files:
            return await self._client.http.send_files(channel_id, files=[_file(one) for one in files], **message)
        route = nextcord.http.Route("POST", "/channels/{channel_id}/messages", channel_id=channel_id)
        return await self._client.http.request(route, json=message)


def _file(enclosure: Enclosure) -> nextcord.File:
    return nextcord.File(io.BytesIO(enclosure.content), enclosure.name)
