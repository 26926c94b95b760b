"""Taking down what a forgotten echo said on Discord, one message after another, and the webhooks that only it used."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

import nextcord
from nextcord.http import Route

from db.erased import GONE, REMOVED, Erasures, Post
from echo.discord.failures import OutOfReach, Rejected, mapped, understood
from echo.discord.webhooks import GONE as GONE_WEBHOOK
from echo.discord.webhooks import UNKNOWN_MESSAGE, Webhooks, whose
from echo.errors import ServiceUnavailable
from states.board import Board
from states.model import ProfileSnapshot, SessionSnapshot

log = logging.getLogger(__name__)

NO_CHANNEL: Final = "Echo can no longer see the channel"
NOT_ALLOWED: Final = "Discord does not let Echo delete it (no webhook and no Manage Messages there)"
REJECTED: Final = "Discord refused to delete it"
UNKNOWN_CHANNEL: Final = 10003
REASON: Final = "Its echo was forgotten"


class TakingDown:
    """Deletes messages by the webhook that said them, or as the bot. What came of each is kept at once, so that after a
    crash none is tried twice. nextcord waits where Discord asks for it."""

    def __init__(self, client: nextcord.Client, board: Board, erasures: Erasures, webhooks: Webhooks) -> None:
        self._client = client
        self._board = board
        self._erasures = erasures
        self._webhooks = webhooks

    async def take_down(self, profile: ProfileSnapshot) -> None:
        """Take down all that is left. Raises ServiceUnavailable where Discord is out of reach, StorageError."""
        left = await self._erasures.posts_left(profile.id)
        for number, post in enumerate(left):
            self._board.set_condition(
                f"posts {profile.id}", f"Messages of a forgotten echo are taken down: {len(left) - number:,} are left."
            )
            try:
                done = await self._delete(post, profile.id)
            except (OutOfReach, Rejected) as refused:
                done = _why(refused)
            except ServiceUnavailable:
                self._board.set_condition(f"posts {profile.id}", None)
                raise
            await self._erasures.note_post(profile.id, post.message_id, done)
        self._board.set_condition(f"posts {profile.id}", None)

    async def release(self, profile: ProfileSnapshot) -> Mapping[str, int]:
        """Delete the webhooks that bear the person's picture, and shared ones where no other echo speaks; how many.

        What can't be deleted because Echo may not stays. Raises ServiceUnavailable where Discord is out of reach.
        """
        sessions = self._board.sessions.values()
        others = {self._host(s) for s in sessions if s.profile_id != profile.id and self._is_used(s)}
        deleted = 0
        try:
            with mapped("see a server's webhooks"):
                listed: Any = await self._client.http.guild_webhooks(profile.server_id)
            with understood("The list of webhooks"):
                found = [(int(raw["id"]), int(raw["channel_id"]), whose(raw)) for raw in listed if self._is_own(raw)]
            for webhook_id, channel_id, profile_id in found:
                if profile_id == profile.id or (profile_id == 0 and channel_id not in others):
                    deleted += await self._delete_webhook(webhook_id)
                    self._webhooks.forget(channel_id)
        except (OutOfReach, Rejected) as refused:
            log.info("The webhooks of a forgotten echo stay where Echo may not delete them (code %d).", refused.code)
        return {"webhooks": deleted} if deleted else {}

    def _is_own(self, raw: Mapping[str, Any]) -> bool:
        return self._client.user is not None and str(raw.get("application_id")) == str(self._client.user.id)

    def _is_used(self, session: SessionSnapshot) -> bool:
        profile = self._board.profiles.get(session.profile_id)
        return profile is not None and profile.is_living

    def _host(self, session: SessionSnapshot) -> int:
        channel = self._client.get_channel(session.channel_id)
        return channel.parent_id if isinstance(channel, nextcord.Thread) else session.channel_id

    async def _delete_webhook(self, webhook_id: int) -> bool:
        try:
            with mapped("delete its webhook"):
                route = Route("DELETE", "/webhooks/{webhook_id}", webhook_id=webhook_id)
                await self._client.http.request(route, reason="The echo that it spoke for was forgotten")
        except OutOfReach as refused:
            if refused.code not in GONE_WEBHOOK:
                raise
            return False
        return True

    async def _delete(self, post: Post, profile_id: int) -> str:
        """REMOVED or GONE. Raises OutOfReach, Rejected, ServiceUnavailable."""
        channel = self._client.get_channel(post.channel_id)
        host = channel.parent_id if isinstance(channel, nextcord.Thread) else post.channel_id
        may, thread = self._may(host), post.channel_id if host != post.channel_id else None
        if may.manage_webhooks and not may.manage_messages:
            for webhook in await self._webhooks.all_in(host, profile_id):
                try:
                    await self._webhooks.delete(webhook, post.message_id, thread)
                    return REMOVED
                except OutOfReach as refused:
                    if refused.code not in (*GONE_WEBHOOK, UNKNOWN_MESSAGE):
                        raise
        # Said by the bot itself, or through a webhook that is no more.
        try:
            with mapped("delete a message"):
                await self._client.http.delete_message(post.channel_id, post.message_id, reason=REASON)
        except OutOfReach as refused:
            if refused.code != UNKNOWN_MESSAGE:
                raise
            return GONE
        return REMOVED

    def _may(self, host: int) -> nextcord.Permissions:
        channel = self._client.get_channel(host)
        if not isinstance(channel, nextcord.abc.GuildChannel) or channel.guild.me is None:
            return nextcord.Permissions.none()
        return channel.permissions_for(channel.guild.me)


def _why(refused: OutOfReach | Rejected) -> str:
    if isinstance(refused, OutOfReach):
        return NO_CHANNEL if refused.code == UNKNOWN_CHANNEL else f"{NOT_ALLOWED}, code {refused.code}"
    return f"{REJECTED}, code {refused.code}"
