"""One use of a command, menu, form or button in a server."""

from __future__ import annotations

from dataclasses import dataclass

import nextcord

from echo.discord.access import Asker
from echo.discord.replies import Reply


@dataclass(frozen=True, slots=True)
class Asking:
    """One use of a command, menu, form or button.

    `here` is what Echo may do there; in a thread, `send_messages` says whether it may write in threads.
    `message_id` is the message whose button was pressed (0: none was).
    """

    asker: Asker
    reply: Reply
    server: nextcord.Guild
    here: nextcord.Permissions
    echo_id: int
    message_id: int = 0
