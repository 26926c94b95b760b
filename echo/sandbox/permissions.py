"""Who may do what, and where. Bits and the order of overwrites: Discord's API reference, "Permissions"."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntFlag

from echo.sandbox.records import Channel, Overwrite


class Permission(IntFlag):
    """The permission bits that the sandbox knows by name."""

    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    CONNECT = 1 << 20
    CHANGE_NICKNAME = 1 << 26
    MANAGE_NICKNAMES = 1 << 27
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38


ALL = (1 << 50) - 1
"""What an owner and an administrator may: every bit that Discord has given a meaning so far."""

P = Permission
EVERYONE = int(
    P.ADD_REACTIONS
    | P.VIEW_CHANNEL
    | P.SEND_MESSAGES
    | P.EMBED_LINKS
    | P.ATTACH_FILES
    | P.READ_MESSAGE_HISTORY
    | P.USE_EXTERNAL_EMOJIS
    | P.CONNECT
    | P.CHANGE_NICKNAME
    | P.USE_APPLICATION_COMMANDS
    | P.CREATE_PUBLIC_THREADS
    | P.SEND_MESSAGES_IN_THREADS
)
"""What @everyone may in a new server."""
BOT = int(P.MANAGE_WEBHOOKS | P.MANAGE_MESSAGES | P.MANAGE_THREADS | P.CREATE_PRIVATE_THREADS)
"""What the bot's own role adds."""
MANAGER = int(P.MANAGE_GUILD | P.MANAGE_CHANNELS | P.MANAGE_ROLES | P.KICK_MEMBERS | P.MANAGE_MESSAGES)
"""What the role of who may administer the server adds."""


def in_guild(everyone: int, roles: Iterable[int]) -> int:
    """A member's permissions before any channel: @everyone's and those of each of their roles."""
    held = everyone
    for bits in roles:
        held |= bits
    return ALL if held & P.ADMINISTRATOR else held


def in_channel(base: int, channel: Channel, guild_id: int, user_id: int, roles: Iterable[int]) -> int:
    """`base` after the channel's overwrites: @everyone's first, then all roles' together, then the member's own.

    Without View Channel nothing else holds either; without Send Messages the bits that need it fall as well.
    """
    if base & P.ADMINISTRATOR:
        return ALL
    held = _apply(base, channel.overwrites.get(guild_id))
    of_roles = [channel.overwrites[role] for role in roles if role in channel.overwrites]
    denied, allowed = 0, 0
    for overwrite in of_roles:
        denied |= overwrite.deny
        allowed |= overwrite.allow
    held = _apply((held & ~denied) | allowed, channel.overwrites.get(user_id))
    if not held & P.VIEW_CHANNEL:
        return 0
    if not held & P.SEND_MESSAGES:
        held &= ~int(P.MENTION_EVERYONE | P.ATTACH_FILES | P.EMBED_LINKS)
    return held


def _apply(held: int, overwrite: Overwrite | None) -> int:
    return held if overwrite is None else (held & ~overwrite.deny) | overwrite.allow
