"""Where an echo could speak."""

from __future__ import annotations

import nextcord


def speakable_channels(client: nextcord.Client, server_id: int) -> list[tuple[int, str]]:
    """Id and name of the text channels and threads of a server in which the bot may see and write."""
    guild = client.get_guild(server_id)
    if guild is None:
        return []
    found = [(c.id, c.name) for c in guild.text_channels if _may_speak(c.permissions_for(guild.me), False)]
    return found + [(t.id, t.name) for t in guild.threads if _may_speak(t.permissions_for(guild.me), True)]


def _may_speak(may: nextcord.Permissions, in_thread: bool) -> bool:
    return may.view_channel and (may.send_messages_in_threads if in_thread else may.send_messages)
