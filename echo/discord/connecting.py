"""What a connection needs from Discord, and what it is told when it does not get it."""

from __future__ import annotations

from typing import Any, Final

import aiohttp
import nextcord

from echo.discord import forms
from echo.discord.failures import mapped
from echo.errors import ConfigError, EchoError, ServiceUnavailable

WRONG_TOKEN: Final = 4004
"""Gateway close code "Authentication failed" (Discord API reference, "Opcodes and Status Codes")."""
TOKEN_REFUSED: Final = (
    "Discord does not accept the token: copy the bot's token from https://discord.com/developers/applications (your "
    "application, Bot, Reset Token) into DISCORD_TOKEN."
)
INTENT_REFUSED: Final = (
    "Discord does not let this bot read messages: switch on Message Content Intent at "
    "https://discord.com/developers/applications (your application, Bot, Privileged Gateway Intents), then start Echo "
    "again."
)


def needed_intents() -> nextcord.Intents:
    """No more than is needed: servers with their channels, messages in them, what those say, what is put under them,
    and who begins to write."""
    intents = nextcord.Intents.none()
    intents.guilds = True
    intents.guild_messages = True
    intents.guild_reactions = True
    intents.guild_typing = True
    intents.message_content = True
    return intents


async def register(http: nextcord.http.HTTPClient, application_id: int) -> None:
    """Register all commands at once, and look whether they are there. Raises ServiceUnavailable or NoPermission."""
    with mapped("register its commands"):
        await http.bulk_upsert_global_commands(application_id, forms.COMMANDS)
        found: Any = await http.get_global_commands(application_id)
    missing = forms.signatures(forms.COMMANDS) - forms.signatures(found)
    if missing:
        raise ServiceUnavailable(
            f"Discord did not register all of Echo's commands (missing: {', '.join(sorted(missing))}): start Echo "
            "again, and invite the bot with the scope applications.commands if that does not help."
        )


def shut(client: nextcord.Client) -> None:
    """Let a client that is closed, or about to be, open no session any more.

    nextcord 3 would open one for whatever is requested late, and nobody would close that one. What is requested late
    fails as at a Discord that is out of reach.
    """
    http: Any = client.http
    http.recreate = _refuse


async def _refuse() -> None:
    raise aiohttp.ClientConnectionError("The connection to Discord was closed.")


def closed_for_good(code: int) -> EchoError:
    """The error for a gateway close code after which nextcord does not connect again."""
    if code == WRONG_TOKEN:
        return ConfigError(TOKEN_REFUSED)
    return ServiceUnavailable(
        f"Discord has closed the connection for good (code {code}): start Echo again, and update nextcord if it "
        "happens again."
    )
