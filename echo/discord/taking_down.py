"""Taking down what a forgotten echo said on Discord, one message after another, and the webhooks that only it used."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

import nextcord
from nextcord.http import Route

from db.erased import GONE, REMOVED, Erasures, Post
from echo.discord.failures import OutOfReach, Rejected, mapped
from echo.discord.webhooks import Webhook, Webhooks
from echo.errors import EchoError, ServiceUnavailable
from states.board import Board
from states.model import ProfileSnapshot, SessionSnapshot

log = logging.getLogger(__name__)

NO_CHANNEL: Final = "Echo can no longer see the channel"
NOT_ALLOWED: Final = "Discord does not let Echo delete it (no webhook and no Manage Messages there)"
REJECTED: Final = "Discord refused to delete it"
UNKNOWN_CHANNEL: Final = 10003
UNKNOWN_MESSAGE: Final = 10008


class TakingDown:
    """Deletes messages by the webhook that said them, or as the bot. What came of each is kept at once, so that after a
    crash none is tried twice. nextcord waits where Discord asks for it."""

    def __init__(self, client: nextcord.Client, board: Board, erasures: Erasures) -> None:
        self._client = client
        self._board = board
        self._erasures = erasures
        self._webhooks = Webhooks(client)

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
        """Delete the profile's webhooks, and all of Echo's where no other echo speaks; how many there were.

        What can't be deleted now stays: it holds nothing of anybody.
        """
        sessions = self._board.sessions.values()
        own = {self._host(s) for s in sessions if s.profile_id == profile.id}
        others = {self._host(s) for s in sessions if s.profile_id != profile.id and self._is_used(s)}
        deleted = 0
        for channel_id in own:
            try:
                deleted += await self._delete_webhooks(channel_id, None if channel_id not in others else profile.id)
            except EchoError as error:
                log.info("The webhook of channel %d stays: %s", channel_id, error)
        return {"webhooks": deleted} if deleted else {}

    def _is_used(self, session: SessionSnapshot) -> bool:
        profile = self._board.profiles.get(session.profile_id)
        return profile is not None and profile.is_living

    def _host(self, session: SessionSnapshot) -> int:
        channel = self._client.get_channel(session.channel_id)
        return channel.parent_id if isinstance(channel, nextcord.Thread) else session.channel_id

    async def _delete_webhooks(self, channel_id: int, profile_id: int | None) -> int:
        """Delete those of Echo's in a channel, or of one profile alone; how many."""
        if not self._may(channel_id).manage_webhooks:
            return 0
        self._webhooks.forget(channel_id)
        deleted = 0
        for webhook in await self._webhooks.all_in(channel_id):
            if profile_id in (None, webhook.profile_id):
                with mapped("delete its webhook"):
                    route = Route("DELETE", "/webhooks/{webhook_id}", webhook_id=webhook.id)
                    await self._client.http.request(route, reason="Its echo speaks here no more")
                deleted += 1
        self._webhooks.forget(channel_id)
        return deleted

    async def _delete(self, post: Post, by: int) -> str:
        """REMOVED or GONE. Raises OutOfReach, Rejected, ServiceUnavailable."""
        channel = self._client.get_channel(post.channel_id)
        host = channel.parent_id if isinstance(channel, nextcord.Thread) else post.channel_id
        may = self._may(host)
        thread = post.channel_id if host != post.channel_id else None
        for webhook in await self._webhooks_in(host, by) if not may.manage_messages and may.manage_webhooks else ():
            if await self._deleted(_by_webhook(webhook, post.message_id, thread)):
                return REMOVED
            # Said by the bot itself, or through another webhook.
        return REMOVED if await self._deleted(_as_bot(post)) else GONE

    async def _webhooks_in(self, host: int, first: int) -> list[Webhook]:
        try:
            return await self._webhooks.all_in(host, first)
        except (OutOfReach, Rejected):
            return []

    async def _deleted(self, route: Route) -> bool:
        """Whether it was deleted; False where it is not there."""
        try:
            with mapped("delete a message"):
                await self._client.http.request(route, reason="Its echo was forgotten")
        except OutOfReach as refused:
            if refused.code != UNKNOWN_MESSAGE:
                # Not chained: what lies below may name the webhook's token.
                raise OutOfReach(str(refused), refused.code) from None
            return False
        return True

    def _may(self, host: int) -> nextcord.Permissions:
        channel = self._client.get_channel(host)
        if not isinstance(channel, nextcord.abc.GuildChannel) or channel.guild.me is None:
            return nextcord.Permissions.none()
        return channel.permissions_for(channel.guild.me)


def _by_webhook(webhook: Webhook, message_id: int, thread: int | None) -> Route:
    path = "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"
    if thread is not None:
        path += f"?thread_id={thread}"
    return Route("DELETE", path, webhook_id=webhook.id, webhook_token=webhook.token, message_id=message_id)


def _as_bot(post: Post) -> Route:
    path = "/channels/{channel_id}/messages/{message_id}"
    return Route("DELETE", path, channel_id=post.channel_id, message_id=post.message_id)


def _why(refused: OutOfReach | Rejected) -> str:
    if isinstance(refused, OutOfReach):
        return NO_CHANNEL if refused.code == UNKNOWN_CHANNEL else f"{NOT_ALLOWED}, code {refused.code}"
    return f"{REJECTED}, code {refused.code}"
