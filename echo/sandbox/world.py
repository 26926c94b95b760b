"""The sandbox's world: one Discord server, its people and everything in it. REST handlers and the people API both
change it by the methods here (and in `Talk`, their other half: messages); each change is told to the subscribers."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from echo.corpus.written import Written
from echo.sandbox import payloads
from echo.sandbox.population import Population, populated
from echo.sandbox.records import (
    ANNOUNCEMENT,
    ANNOUNCEMENT_THREAD,
    DM,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    TEXT,
    Channel,
    History,
    Member,
    Overwrite,
    User,
    Webhook,
)
from echo.sandbox.talk import Talk


class World(Talk):
    """All of the sandbox's state. Nothing here asks for permissions: who calls does.

    Methods that make something take `now` (seconds since the epoch, UTC), from which its id comes.
    """

    @classmethod
    def populate(cls, seed: int, guild_name: str, written: Iterable[Written], *, manager: str | None = None) -> World:
        """A server in which all this was written: the same arguments give the same ids each time.

        Authors become members, channels become text channels, `parent` makes threads (archived when quiet for a
        week before the server's last message), `reply_to` keys become replies. `manager` names the owner, who may
        administer the server: by default the most active author. Raises `ImportRefused` for nothing written, for
        a time that no Discord id can carry, and for a manager who wrote nothing.
        """
        return cls._of(populated(seed, guild_name, written, manager))

    @classmethod
    def _of(cls, found: Population) -> World:
        world = cls(found.guild, found.bot)
        world.users |= {user.id: user for user in found.users}
        world.members = {member.user_id: member for member in found.members}
        world.roles = {role.id: role for role in found.roles}
        for channel in found.channels:
            world.channels[channel.id] = channel
            history = History(channel.id, found.rows.get(channel.id, ()))
            world.messages[channel.id] = history
            channel.last_message_id = history.last_id
            world.ids.observe(history.last_id or channel.id)
        return world

    def create_channel(
        self,
        name: str,
        *,
        now: float,
        kind: int = TEXT,
        topic: str | None = None,
        parent_id: int | None = None,
        nsfw: bool = False,
        overwrites: Iterable[Overwrite] = (),
    ) -> Channel:
        """Makes a channel of the server."""
        position = len(self.guild_channels())
        channel = Channel(self.ids.next(now), kind, name, self.guild.id, parent_id, position, topic, nsfw)
        channel.overwrites = {one.id: one for one in overwrites}
        self._open(channel)
        self._tell("CHANNEL_CREATE", channel)
        return channel

    def modify_channel(self, channel_id: int, *, now: float, **changes: Any) -> Channel:
        """Sets fields of the channel or thread by their names in `Channel`. Raises KeyError for no such channel."""
        channel = self.channels[channel_id]
        if changes.get("archived", channel.archived) != channel.archived:
            channel.archived_at = now
        for name, value in changes.items():
            setattr(channel, name, value)
        self._tell("THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE", channel)
        return channel

    def delete_channel(self, channel_id: int) -> Channel:
        """Takes a channel away with its threads and webhooks. Of a channel's threads nothing is told but the channel's
        own deletion, as on Discord. Raises KeyError for no such channel."""
        channel = self.channels[channel_id]
        if channel.is_thread:
            data = {k: v for k, v in payloads.channel(self, channel).items() if k in _THREAD_KEY}
            self.emit("THREAD_DELETE", data, channel)
        else:
            self._tell("CHANNEL_DELETE", channel)
        for thread in self.threads(channel_id):
            del self.channels[thread.id], self.messages[thread.id]
        for webhook in [one for one in self.webhooks.values() if one.channel_id == channel_id]:
            del self.webhooks[webhook.id]
        del self.channels[channel_id], self.messages[channel_id]
        return channel

    def create_thread(
        self,
        parent_id: int,
        name: str,
        owner_id: int,
        *,
        now: float,
        private: bool = False,
        from_message: int | None = None,
        auto_archive: int = 10080,
    ) -> Channel:
        """Opens a thread; one that starts from a message has that message's id. Raises KeyError for no such parent."""
        parent = self.channels[parent_id]
        public = ANNOUNCEMENT_THREAD if parent.kind == ANNOUNCEMENT else PUBLIC_THREAD
        kind = PRIVATE_THREAD if private else public
        thread = Channel(from_message or self.ids.next(now), kind, name, parent.guild_id, parent_id)
        thread.owner_id, thread.archived_at, thread.auto_archive = owner_id, now, auto_archive
        thread.thread_members[owner_id] = now
        self._open(thread)
        self.emit("THREAD_CREATE", {**payloads.channel(self, thread), "newly_created": True}, thread)
        return thread

    def join_thread(self, thread_id: int, user_id: int, *, now: float) -> None:
        """Makes a user a member of the thread. Raises KeyError for no such thread."""
        thread = self.channels[thread_id]
        thread.thread_members.setdefault(user_id, now)
        self._tell_thread_members(thread, added=[payloads.thread_member(thread, user_id)])

    def leave_thread(self, thread_id: int, user_id: int) -> None:
        """Ends a user's membership of the thread. Raises KeyError for no such thread."""
        thread = self.channels[thread_id]
        if thread.thread_members.pop(user_id, None) is not None:
            self._tell_thread_members(thread, removed=[str(user_id)])

    def open_dm(self, user_id: int, *, now: float) -> Channel:
        """The bot's direct-message channel with a user, made at the first call. Raises KeyError for no such user."""
        known = next((c for c in self.channels.values() if c.kind == DM and c.recipients == (user_id,)), None)
        if known is not None:
            return known
        name = self.users[user_id].name
        channel = Channel(self.ids.next(now), DM, name, None, recipients=(user_id,))
        self._open(channel)
        self._tell("CHANNEL_CREATE", channel)
        return channel

    def set_overwrite(self, channel_id: int, overwrite: Overwrite) -> None:
        """Sets what a role or a member may in a channel. Raises KeyError for no such channel."""
        channel = self.channels[channel_id]
        channel.overwrites[overwrite.id] = overwrite
        self._tell("CHANNEL_UPDATE", channel)

    def delete_overwrite(self, channel_id: int, overwrite_id: int) -> None:
        """Takes such an exception away. Raises KeyError where there is none."""
        channel = self.channels[channel_id]
        del channel.overwrites[overwrite_id]
        self._tell("CHANNEL_UPDATE", channel)

    def join(self, user: User, *, now: float) -> Member:
        """Makes a user a member of the server."""
        self.users[user.id] = user
        member = self.members[user.id] = Member(user.id, now)
        self.emit("GUILD_MEMBER_ADD", {**payloads.member(self, member), "guild_id": str(self.guild.id)})
        return member

    def rename(self, user_id: int, name: str) -> User:
        """Gives an account another name for people to see. Raises KeyError for no such account."""
        user = self.users[user_id]
        user.global_name = name
        self.version += 1
        if user_id in self.members:
            self.modify_member(user_id)
        return user

    def modify_member(self, user_id: int, **changes: Any) -> Member:
        """Sets `nick` or `roles` of a member. Raises KeyError for no such member."""
        member = self.members[user_id]
        for name, value in changes.items():
            setattr(member, name, value)
        self.emit("GUILD_MEMBER_UPDATE", {**payloads.member(self, member), "guild_id": str(self.guild.id)})
        return member

    def kick(self, user_id: int) -> None:
        """Ends a membership; what they wrote stays. To the bot itself the server is gone. Raises KeyError as above."""
        del self.members[user_id]
        if user_id == self.bot.id:
            self.emit("GUILD_DELETE", {"id": str(self.guild.id)})
            return
        data = {"guild_id": str(self.guild.id), "user": payloads.user(self.users[user_id])}
        self.emit("GUILD_MEMBER_REMOVE", data)

    def create_webhook(
        self, channel_id: int, name: str, creator_id: int, *, now: float, avatar: str | None = None
    ) -> Webhook:
        """Makes a webhook with a secret token of its own. Raises KeyError for no such channel."""
        channel = self.channels[channel_id]
        bots_own = self.application_id if creator_id == self.bot.id else None
        webhook = Webhook(self.ids.next(now), secrets.token_urlsafe(51), channel.id, name, creator_id)
        webhook.application_id, webhook.avatar = bots_own, avatar
        self.webhooks[webhook.id] = webhook
        self._tell_webhooks(channel_id)
        return webhook

    def modify_webhook(self, webhook_id: int, **changes: Any) -> Webhook:
        """Sets `name`, `avatar` or `channel_id` of a webhook. Raises KeyError for no such webhook."""
        webhook = self.webhooks[webhook_id]
        for name, value in changes.items():
            setattr(webhook, name, value)
        self._tell_webhooks(webhook.channel_id)
        return webhook

    def delete_webhook(self, webhook_id: int) -> None:
        """Takes a webhook away; what it said stays. Raises KeyError for no such webhook."""
        webhook = self.webhooks.pop(webhook_id)
        self._tell_webhooks(webhook.channel_id)

    def _open(self, channel: Channel) -> None:
        self.channels[channel.id] = channel
        self.messages[channel.id] = History(channel.id)

    def _tell(self, event: str, channel: Channel) -> None:
        self.emit(event, payloads.channel(self, channel), channel)

    def _tell_webhooks(self, channel_id: int) -> None:
        data = {"guild_id": str(self.guild.id), "channel_id": str(channel_id)}
        self.emit("WEBHOOKS_UPDATE", data, self.channels[channel_id])

    def _tell_thread_members(
        self, thread: Channel, added: list[dict[str, Any]] | None = None, removed: list[str] | None = None
    ) -> None:
        data: dict[str, Any] = {
            "id": str(thread.id),
            "guild_id": str(self.guild.id),
            "member_count": min(len(thread.thread_members), 50),
        }
        if added:
            data["added_members"] = added
        if removed:
            data["removed_member_ids"] = removed
        self.emit("THREAD_MEMBERS_UPDATE", data, thread)


_THREAD_KEY = frozenset({"id", "guild_id", "parent_id", "type"})
