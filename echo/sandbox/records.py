"""What a Discord server consists of, as plain records. Ids are snowflakes, times seconds since the epoch, UTC."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from echo.sandbox.history import History, Message, Reaction

__all__ = [
    "ANNOUNCEMENT",
    "ANNOUNCEMENT_THREAD",
    "CATEGORY",
    "DM",
    "EPHEMERAL",
    "FORUM",
    "KINDS",
    "MEDIA",
    "POSTS",
    "PRIVATE_THREAD",
    "PUBLIC_THREAD",
    "STAGE",
    "TALKED_IN_CALLS",
    "TEXT",
    "THREADS",
    "VOICE",
    "Channel",
    "Dispatch",
    "Guild",
    "History",
    "Member",
    "Message",
    "Overwrite",
    "Reaction",
    "Role",
    "User",
    "Webhook",
]

TEXT, DM, VOICE, CATEGORY, ANNOUNCEMENT, STAGE, FORUM, MEDIA = 0, 1, 2, 4, 5, 13, 15, 16
ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD = 10, 11, 12
THREADS = frozenset({ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD})
POSTS = frozenset({FORUM, MEDIA})
"""Channels that hold no messages themselves, only threads."""
TALKED_IN_CALLS = frozenset({VOICE, STAGE})
KINDS = {
    "text": TEXT,
    "voice": VOICE,
    "category": CATEGORY,
    "announcement": ANNOUNCEMENT,
    "stage": STAGE,
    "forum": FORUM,
    "media": MEDIA,
    "thread": PUBLIC_THREAD,
    "private_thread": PRIVATE_THREAD,
    "announcement_thread": ANNOUNCEMENT_THREAD,
    "dm": DM,
}
"""Discord's types of channels, by name."""
EPHEMERAL = 1 << 6
"""The message flag of an answer that only one person sees; such messages are in no channel's history."""

Json = Mapping[str, Any]


@dataclass(slots=True)
class User:
    """An account. `name` is the unique user name, `global_name` what people see, `is_closed` that it takes no direct
    messages from the members of its servers."""

    id: int
    name: str
    global_name: str | None = None
    bot: bool = False
    is_closed: bool = False

    @property
    def display_name(self) -> str:
        """The name that people see."""
        return self.global_name or self.name

    @property
    def picture(self) -> str:
        """The hash by which their picture is named, as Discord names pictures."""
        return hashlib.blake2b(f"picture {self.id}".encode(), digest_size=16).hexdigest()


@dataclass(slots=True)
class Member:
    """A user in the server. `roles` holds role ids without @everyone."""

    user_id: int
    joined_at: float
    roles: list[int] = field(default_factory=list)
    nick: str | None = None


@dataclass(slots=True)
class Role:
    """A role; `permissions` is a bit set of `echo.sandbox.permissions`. @everyone is the role with the guild's id."""

    id: int
    name: str
    permissions: int
    position: int
    color: int = 0
    managed: bool = False
    mentionable: bool = False
    bot_id: int | None = None


@dataclass(slots=True)
class Guild:
    """The one server."""

    id: int
    name: str
    owner_id: int


@dataclass(slots=True)
class Overwrite:
    """What a role (`kind` 0) or a member (`kind` 1) may more (`allow`) or less (`deny`) in one channel."""

    id: int
    kind: int
    allow: int = 0
    deny: int = 0


@dataclass(slots=True)
class Channel:
    """A text channel, a thread (`parent_id` is its channel) or a direct-message channel (`recipients`, no guild).

    `archived_at` is when the thread's archive status last changed. `auto_archive` is in minutes.
    """

    id: int
    kind: int
    name: str
    guild_id: int | None
    parent_id: int | None = None
    position: int = 0
    topic: str | None = None
    nsfw: bool = False
    slowmode: int = 0
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    recipients: tuple[int, ...] = ()
    pins: list[int] = field(default_factory=list)
    owner_id: int | None = None
    archived: bool = False
    locked: bool = False
    invitable: bool = True
    archived_at: float = 0.0
    auto_archive: int = 10080
    thread_members: dict[int, float] = field(default_factory=dict)
    last_message_id: int | None = None

    @property
    def is_thread(self) -> bool:
        """Whether this is a thread of another channel."""
        return self.kind in THREADS


@dataclass(slots=True)
class Webhook:
    """An incoming webhook. `token` is a secret: who has it may speak."""

    id: int
    token: str
    channel_id: int
    name: str
    creator_id: int
    avatar: str | None = None
    application_id: int | None = None


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Something that happened: a gateway event with its data as Discord's JSON.

    `only_user` is the one person who may see it (an ephemeral answer), None for all who can see the channel.
    """

    event: str
    data: Json
    guild_id: int | None = None
    channel_id: int | None = None
    only_user: int | None = None


Rows = Sequence[Json]
