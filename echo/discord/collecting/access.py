"""What Echo may do in a channel, by Discord's own JSON: nextcord knows neither every kind of channel nor the newest.

Sources: Discord API reference, "Channel Types" and "Permission Overwrites".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import nextcord

Json = Mapping[str, Any]

TEXT, VOICE, CATEGORY, ANNOUNCEMENT, STAGE, FORUM, MEDIA = 0, 2, 4, 5, 13, 15, 16
PRIVATE_THREAD: Final = 12
WITH_MESSAGES: Final = (TEXT, VOICE, ANNOUNCEMENT, STAGE)
WITH_THREADS: Final = (TEXT, ANNOUNCEMENT, FORUM, MEDIA)
READABLE: Final = (*WITH_MESSAGES, FORUM, MEDIA)
"""The types of channel that hold messages, threads or both."""

VIEW_CHANNEL: Final = nextcord.Permissions.view_channel.flag
READ_MESSAGE_HISTORY: Final = nextcord.Permissions.read_message_history.flag
CONNECT: Final = nextcord.Permissions.connect.flag
MANAGE_THREADS: Final = nextcord.Permissions.manage_threads.flag
ADMINISTRATOR: Final = nextcord.Permissions.administrator.flag


@dataclass(frozen=True, slots=True)
class Membership:
    """What Echo is in a server: its user id, its roles' ids, and its permissions before any channel.

    `everyone` are the permissions of whoever has no role.
    """

    server_id: int
    user_id: int
    roles: frozenset[int]
    base: int
    everyone: int = 0

    @classmethod
    def of(cls, guild: nextcord.Guild) -> Membership:
        """As the gateway told last."""
        me, everyone = guild.me, guild.default_role.permissions.value
        return cls(guild.id, me.id, frozenset(role.id for role in me.roles), me.guild_permissions.value, everyone)

    def is_public(self, channel: Json) -> bool:
        """Whether everybody in the server may see that there is such a channel."""
        held = self.everyone
        for one in channel.get("permission_overwrites") or ():
            if int(one["id"]) == self.server_id:
                held = held & ~int(one["deny"]) | int(one["allow"])
        return bool(held & (VIEW_CHANNEL | ADMINISTRATOR))

    def in_channel(self, channel: Json) -> int:
        """The permissions after the channel's overwrites: everyone's, then all roles' together, then Echo's own."""
        if self.base & ADMINISTRATOR:
            return -1
        everyone, roles, own = [0, 0], [0, 0], [0, 0]
        grades = {self.server_id: everyone, **dict.fromkeys(self.roles - {self.server_id}, roles), self.user_id: own}
        for one in channel.get("permission_overwrites") or ():
            grade = grades.get(int(one["id"]))
            if grade is not None:
                grade[0] |= int(one["deny"])
                grade[1] |= int(one["allow"])
        held = self.base
        for deny, allow in (everyone, roles, own):
            held = held & ~deny | allow
        return held


def obstacle(channel: Json, held: int) -> str | None:
    """Why Echo can't read the channel with the permissions `held`, in a sentence; None where it can."""
    if not held & VIEW_CHANNEL:
        return "Echo's role may not see it: give it View Channel there."
    if not held & READ_MESSAGE_HISTORY:
        return "Echo's role may not read what was said there: give it Read Message History there."
    if channel["type"] in (VOICE, STAGE) and not held & CONNECT:
        return "Echo's role may not enter it: give it Connect there."
    return None
