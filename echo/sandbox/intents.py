"""Which gateway events a bot gets to see, and what it sees of messages without the Message Content intent. Pure.

Source: Discord API reference, "Gateway Intents".
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntFlag
from typing import Any


class Intent(IntFlag):
    """The intents that the sandbox's events ask for."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_WEBHOOKS = 1 << 5
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15


PRIVILEGED = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT
"""The intents that an application must have been granted."""
EVERY = (1 << 26) - 1
"""All bits that Discord has given a meaning; others are invalid."""


def needed(event: str, *, in_guild: bool) -> int:
    """The intents of which any one lets the event through; 0 where none is needed."""
    if event.startswith("MESSAGE_REACTION"):
        return Intent.GUILD_MESSAGE_REACTIONS if in_guild else Intent.DIRECT_MESSAGE_REACTIONS
    if event.startswith("MESSAGE_"):
        return Intent.GUILD_MESSAGES if in_guild else Intent.DIRECT_MESSAGES
    if event == "TYPING_START":
        return Intent.GUILD_MESSAGE_TYPING if in_guild else Intent.DIRECT_MESSAGE_TYPING
    if event == "WEBHOOKS_UPDATE":
        return Intent.GUILD_WEBHOOKS
    if event.startswith("GUILD_MEMBER_"):
        return Intent.GUILD_MEMBERS
    if event.startswith(("CHANNEL_", "THREAD_", "GUILD_")):
        return Intent.GUILDS if in_guild else 0
    return 0


def without_content(message: Mapping[str, Any], bot_id: int) -> dict[str, Any]:
    """The message as a bot without the Message Content intent sees it.

    Its own messages, those that mention it and direct messages keep their content.
    """
    found = dict(message)
    if isinstance(found.get("referenced_message"), dict):
        found["referenced_message"] = without_content(found["referenced_message"], bot_id)
    own = str(bot_id) in (found["author"]["id"], found.get("application_id"))
    mentioned = any(who["id"] == str(bot_id) for who in found["mentions"])
    if not own and not mentioned:
        found |= {"content": "", "embeds": [], "attachments": [], "components": []}
        found.pop("poll", None)
        if "message_snapshots" in found:
            found["message_snapshots"] = [{"message": _emptied(one["message"])} for one in found["message_snapshots"]]
    return found


def _emptied(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    return {**snapshot, "content": "", "embeds": [], "attachments": [], "components": []}
