"""Where everything of the sandbox's server is found: lookups over the records, no changes."""

from __future__ import annotations

from collections.abc import Iterator

from echo.sandbox import permissions
from echo.sandbox.files import LARGEST_FILE, Attachment
from echo.sandbox.permissions import Permission
from echo.sandbox.records import DM, PRIVATE_THREAD, Channel, Guild, History, Member, Message, Role, User, Webhook
from echo.sandbox.snowflakes import Sequence, parse_snowflake

BOT_NAME = "Echo"


class Directory:
    """The one server and all that is in it, by id.

    `channels` holds text channels, threads and direct-message channels; `messages` has a `History` for each of them.
    `ephemeral` holds the answers that only one person sees, which are in no history. `files` holds what was uploaded,
    which is served under `address`; `largest_file` is in bytes. `pictures` holds webhooks' own, by
    hash.
    """

    def __init__(self, guild: Guild, bot: User) -> None:
        self.guild = guild
        self.bot = bot
        self.users: dict[int, User] = {bot.id: bot}
        self.members: dict[int, Member] = {}
        self.roles: dict[int, Role] = {}
        self.channels: dict[int, Channel] = {}
        self.messages: dict[int, History] = {}
        self.webhooks: dict[int, Webhook] = {}
        self.ephemeral: dict[int, Message] = {}
        self.files: dict[int, Attachment] = {}
        self.pictures: dict[str, bytes] = {}
        self.largest_file = LARGEST_FILE
        self.address = "http://127.0.0.1"
        self.ids = Sequence()

    @property
    def application_id(self) -> int:
        """The application's id, which is its bot's user id, as for every application of today."""
        return self.bot.id

    def people(self) -> Iterator[User]:
        """The server's members who are no bots, in the order in which they joined the directory."""
        return (self.users[user_id] for user_id in self.members if not self.users[user_id].bot)

    def find_user(self, text: str) -> User | None:
        """The user whom `text` names: an id, a mention, or a name with or without @, whatever its case."""
        wanted = text.strip().removeprefix("<@").removeprefix("!").removesuffix(">")
        number = parse_snowflake(wanted)
        if number is not None and number in self.users:
            return self.users[number]
        name = text.strip().removeprefix("@").casefold()
        found = [user for user in self.users.values() if name in (user.name.casefold(), user.display_name.casefold())]
        return found[0] if found else None

    def find_channel(self, text: str) -> Channel | None:
        """The channel or thread that `text` names: an id, a mention, or a name with or without #, whatever its case."""
        wanted = text.strip().removeprefix("<#").removesuffix(">")
        number = parse_snowflake(wanted)
        if number is not None and number in self.channels:
            return self.channels[number]
        name = text.strip().removeprefix("#").casefold()
        return next((channel for channel in self.channels.values() if channel.name.casefold() == name), None)

    def guild_channels(self) -> list[Channel]:
        """The server's channels without threads, in their order."""
        return sorted(
            (c for c in self.channels.values() if c.guild_id is not None and not c.is_thread),
            key=lambda channel: (channel.position, channel.id),
        )

    def threads(self, parent_id: int | None = None) -> list[Channel]:
        """The threads (of one channel, if given), newest first."""
        found = (c for c in self.channels.values() if c.is_thread and parent_id in (None, c.parent_id))
        return sorted(found, key=lambda channel: -channel.id)

    def message(self, channel_id: int, message_id: int) -> Message | None:
        """A message of the channel's history, or an ephemeral one of that channel; None if there is none."""
        history = self.messages.get(channel_id)
        found = history.get(message_id) if history is not None else None
        return found or self._ephemeral_in(channel_id, message_id)

    def glance(self, channel_id: int, message_id: int) -> Message | None:
        """The same message, only to be read."""
        history = self.messages.get(channel_id)
        found = history.peek(message_id) if history is not None else None
        return found or self._ephemeral_in(channel_id, message_id)

    def _ephemeral_in(self, channel_id: int, message_id: int) -> Message | None:
        found = self.ephemeral.get(message_id)
        return found if found is not None and found.channel_id == channel_id else None

    def guild_permissions(self, user_id: int) -> int:
        """What a member may before any channel's overwrites; 0 for who is no member."""
        member = self.members.get(user_id)
        if member is None:
            return 0
        if user_id == self.guild.owner_id:
            return permissions.ALL
        held = (self.roles[role].permissions for role in member.roles if role in self.roles)
        return permissions.in_guild(self.roles[self.guild.id].permissions, held)

    def permissions_in(self, channel_id: int, user_id: int) -> int:
        """What a user may in a channel or thread: in a thread what they may in its parent; 0 where they see nothing."""
        channel = self.channels.get(channel_id)
        if channel is None:
            return 0
        if channel.kind == DM:
            return permissions.EVERYONE if user_id in channel.recipients or user_id == self.bot.id else 0
        held = self._in_guild_channel(channel, user_id)
        if channel.kind == PRIVATE_THREAD and not held & Permission.MANAGE_THREADS:
            return held if user_id in channel.thread_members else 0
        return held

    def may(self, channel_id: int, user_id: int, wanted: Permission) -> bool:
        """Whether the user has all the wanted permissions in the channel."""
        return self.permissions_in(channel_id, user_id) & wanted == wanted

    def may_send(self, channel_id: int, user_id: int) -> bool:
        """Whether the user may write there: threads have a permission of their own for that."""
        channel = self.channels.get(channel_id)
        is_thread = channel is not None and channel.is_thread
        return self.may(
            channel_id, user_id, Permission.SEND_MESSAGES_IN_THREADS if is_thread else Permission.SEND_MESSAGES
        )

    def _in_guild_channel(self, channel: Channel, user_id: int) -> int:
        base = self.guild_permissions(user_id)
        member = self.members.get(user_id)
        if member is None or user_id == self.guild.owner_id:
            return base
        place = self.channels.get(channel.parent_id or 0, channel) if channel.is_thread else channel
        return permissions.in_channel(base, place, self.guild.id, user_id, member.roles)
