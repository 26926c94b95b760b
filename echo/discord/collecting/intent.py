"""Whether Echo has the Message Content intent, where the messages themselves leave it in doubt."""

from __future__ import annotations

from typing import Any, Final

from nextcord.http import HTTPClient

from echo.discord.collecting.asking import Asking
from echo.discord.collecting.walk import WITHHELD
from echo.discord.failures import understood
from echo.errors import NoPermission

GRANTED: Final = 1 << 18 | 1 << 19
"""The flags of an application of which either stands for the intent: that of one in many servers, that of one in few.

Source: Discord API reference, "Application Flags".
"""


async def require_intent(asking: Asking, http: HTTPClient) -> None:
    """Ask Discord. Raises NoPermission where Echo has not the intent, and what `Asking.ask` raises."""
    found: Any = await asking.ask("look at its own application", http.application_info)
    with understood("Echo's own application"):
        flags = int(found["flags"])
    if not flags & GRANTED:
        raise NoPermission(WITHHELD)
