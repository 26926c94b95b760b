"""The webhooks that echoes speak through: one for each echo and channel, with its badged picture, and a shared one.

What a webhook is for and which picture it bears stands in its name, so that it is found again after a restart; its
token is held in memory alone. A channel has at most OWN of Echo's, of the MOST that Discord allows, and there is always
room left for the one that all others share.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final, Protocol

import nextcord
from nextcord.http import Route

from echo.discord.executing import GONE, UNKNOWN_MESSAGE, Executing, Webhook
from echo.discord.failures import Rejected, mapped, understood
from echo.errors import EchoError

__all__ = ["GONE", "MOST", "UNKNOWN_MESSAGE", "Dress", "Webhook", "Webhooks"]

log = logging.getLogger(__name__)

NAME: Final = "Echo"
"""Of the shared one; another's is followed by the number of its profile and by what names its picture."""
INCOMING: Final = 1
MOST: Final = 15
"""Webhooks that a channel may have."""
OWN: Final = 8
"""Of these, at most so many are Echo's: others' programs need some, too."""
FULL: Final = 30007
"""Discord's code for a channel that has as many."""
AGAIN: Final = 600.0
"""Seconds before something that could not be had is asked for again: a picture, or room in a channel."""
PLAIN: Final = "plain"
"""Names the badge alone."""
_NAMED: Final = re.compile(r"Echo (\d{1,18}) ([0-9a-z]{5,16})")


class Dress(Protocol):
    """What the webhook of one echo is to look like (`echo.discord.pictures.Pictured`); of profile 0: the shared one."""

    @property
    def profile_id(self) -> int:
        """Whose it is."""

    @property
    def key(self) -> str:
        """Names the picture: 5 to 16 signs of 0-9 and a-z, never PLAIN."""

    async def drawn(self) -> bytes | None:
        """The picture as PNG; None where it can't be had now."""

    def alone(self) -> bytes:
        """The badge without a picture, as PNG."""


class Webhooks(Executing):
    """The webhooks of Echo's application, by channel and profile."""

    def __init__(self, client: nextcord.Client) -> None:
        super().__init__()
        self._client = client
        self._known: dict[int, dict[int, Webhook]] = {}
        self._ids: dict[int, int] = {}
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tried: dict[tuple[int, int], float] = {}

    def is_own(self, raw: Mapping[str, Any]) -> bool:
        """Whether a message came through a webhook of Echo's."""
        if raw.get("webhook_id") is None:
            return False
        ours = str(raw.get("application_id")) == str(self._echo_id)
        return ours or int(raw["webhook_id"]) in self._ids

    def profile_of(self, raw: Mapping[str, Any]) -> int:
        """For which profile the webhook of a message speaks, as far as that is known; 0 for any, or for nobody."""
        return self._ids.get(int(raw.get("webhook_id") or 0), 0)

    async def all_in(self, channel_id: int, first: int = 0) -> list[Webhook]:
        """Echo's webhooks of a channel, that of profile `first` first, then the shared one.

        Raises OutOfReach where Echo may not see webhooks.
        """
        async with self._locks[channel_id]:
            if channel_id not in self._known:
                await self._look(channel_id)
            known = self._known.get(channel_id, {})
        return sorted(known.values(), key=lambda one: (one.profile_id != first, one.profile_id))

    async def find(self, channel_id: int) -> Webhook | None:
        """One of the channel's webhooks, if there is any. Raises as `all_in` does."""
        return next(iter(await self.all_in(channel_id)), None)

    async def obtain(self, channel_id: int, dress: Dress) -> Webhook | None:
        """The webhook of an echo, made where there is none; else the shared one, which bears the badge alone.

        None while the channel can't take another one. Raises OutOfReach where Echo may not make webhooks, else
        ServiceUnavailable. A picture that can't be had is no bar.
        """
        async with self._locks[channel_id]:
            known = self._known.get(channel_id, {})
            if dress.profile_id in known:
                return await self._dressed(channel_id, known[dress.profile_id], dress)
            if 0 in known and not self._is_due(channel_id, dress.profile_id):
                return await self._dressed(channel_id, known[0], dress)
            number = await self._look(channel_id)
            known = self._known.get(channel_id, {})
            if dress.profile_id in known:
                return await self._dressed(channel_id, known[dress.profile_id], dress)
            room = MOST - (0 in known) - number
            if len([one for one in known if one]) < OWN - 1 and room >= (1 if 0 in known else 2):
                await self._make(channel_id, dress.profile_id, dress)
            elif 0 not in known and room >= 1:
                await self._make(channel_id, 0, dress)
            self._note_tried(channel_id, dress.profile_id)
            known = self._known.get(channel_id, {})
            found = known.get(dress.profile_id) or known.get(0)
            return None if found is None else await self._dressed(channel_id, found, dress)

    def forget(self, channel_id: int) -> None:
        """A webhook of the channel is no more: look again before the next use."""
        for webhook in self._known.pop(channel_id, {}).values():
            self._tried.pop((channel_id, webhook.profile_id), None)

    @property
    def _echo_id(self) -> int:
        return self._client.user.id if self._client.user else 0

    async def _look(self, channel_id: int) -> int:
        """Know the channel's webhooks of Echo's; how many the channel has in all."""
        with mapped("see a channel's webhooks"):
            listed: Any = await self._client.http.channel_webhooks(channel_id)
        with understood("The list of webhooks"):
            self._known[channel_id] = {}
            for raw in listed:
                ours = str(raw.get("application_id")) == str(self._echo_id)
                if ours and raw["type"] == INCOMING and raw.get("token"):
                    self._keep(channel_id, raw)
            return len(listed)

    async def _make(self, channel_id: int, profile_id: int, dress: Dress) -> None:
        """Make one, with the best picture that can be had."""
        drawn = await dress.drawn() if profile_id else None
        kinds: list[tuple[str, bytes | None]] = [(dress.key, drawn)] if drawn else []
        for key, picture in (*kinds, (PLAIN, dress.alone()), (PLAIN, None)):
            try:
                with mapped("make a webhook"):
                    made = await self._client.http.request(
                        Route("POST", "/channels/{channel_id}/webhooks", channel_id=channel_id),
                        json=_form(profile_id, key, picture),
                        reason="For the echoes",
                    )
            except Rejected as error:
                if error.code == FULL:
                    return
                if picture is None:
                    raise
                # Discord takes not every picture; none is no reason to be silent.
                log.info("Discord did not take the picture of a webhook (code %d).", error.code)
            else:
                with understood("The new webhook"):
                    self._keep(channel_id, made)
                return

    async def _dressed(self, channel_id: int, webhook: Webhook, dress: Dress) -> Webhook | None:
        """The webhook with the picture that it is to bear, or with the badge alone where that can't be had.

        The shared one, if there is any, where neither can be put on it.
        """
        if webhook.picture == (dress.key if webhook.profile_id else PLAIN):
            return webhook
        # Another picture than the person's own of today may be anybody's: that one is never spoken with.
        instead = webhook if webhook.picture == PLAIN else self._known[channel_id].get(0)
        if not self._is_due(channel_id, webhook.profile_id):
            return instead
        self._note_tried(channel_id, webhook.profile_id)
        picture = await dress.drawn() if webhook.profile_id else None
        if picture is None and webhook.picture == PLAIN:
            return webhook
        key, picture = (dress.key, picture) if picture is not None else (PLAIN, dress.alone())
        try:
            with mapped("change the picture of its webhook"):
                changed = await self._client.http.request(
                    Route("PATCH", "/webhooks/{webhook_id}", webhook_id=webhook.id),
                    json=_form(webhook.profile_id, key, picture),
                    reason="Its person has another picture",
                )
            with understood("The changed webhook"):
                self._keep(channel_id, changed)
        except EchoError as error:
            log.info("The picture of a webhook could not be changed: %s", error)
            return instead
        return self._known[channel_id][webhook.profile_id]

    def _is_due(self, channel_id: int, profile_id: int) -> bool:
        tried = self._tried.get((channel_id, profile_id))
        return tried is None or asyncio.get_running_loop().time() - tried > AGAIN

    def _note_tried(self, channel_id: int, profile_id: int) -> None:
        self._tried[channel_id, profile_id] = asyncio.get_running_loop().time()

    def _keep(self, channel_id: int, raw: Mapping[str, Any]) -> None:
        named = _NAMED.fullmatch(str(raw.get("name") or ""))
        profile_id, picture = (int(named[1]), named[2]) if named else (0, PLAIN if raw.get("avatar") else "")
        webhook = Webhook(int(raw["id"]), raw["token"], profile_id, picture)
        self._known.setdefault(channel_id, {}).setdefault(profile_id, webhook)
        if self._known[channel_id][profile_id].id == webhook.id:
            self._known[channel_id][profile_id] = webhook
        self._ids[webhook.id] = profile_id


def whose(raw: Mapping[str, Any]) -> int:
    """For which profile a webhook of Echo's speaks, by its name; 0: for any."""
    named = _NAMED.fullmatch(str(raw.get("name") or ""))
    return int(named[1]) if named else 0


def _form(profile_id: int, key: str, picture: bytes | None) -> dict[str, str]:
    form = {"name": f"{NAME} {profile_id} {key}" if profile_id else NAME}
    if picture is not None:
        form["avatar"] = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    return form
