"""Where an echo could speak."""

from __future__ import annotations

import nextcord


def speakable_channels(client: nextcord.Client, server_id: int) -> list[tuple[int, str]]:
    """Id and name of the text channels and threads of a server in which the bot may see and write."""
    guild = client.get_guild(server_id)
    if guild is None:
        return []
    found: list[tuple[int, str]] = []
    for place in (*guild.text_channels, *guild.threads):
        may = place.permissions_for(guild.me)
        if may.view_channel and (may.send_messages_in_threads if place in guild.threads else may.send_messages):
            found.append((place.id, place.name))
    return found
