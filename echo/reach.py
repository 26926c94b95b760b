"""Whether what is known of a subject may go to where the engine is."""

from __future__ import annotations

from dataclasses import dataclass

from db.consents import Consents
from echo.discord.consent_texts import GOING
from echo.errors import NoPermission


@dataclass(frozen=True, slots=True)
class Reach:
    """Asked before anything that a subject wrote is given to an engine. `stays`: it runs on this computer."""

    consents: Consents
    stays: bool

    async def check(self, profile_id: int) -> None:
        """Raises NoPermission where the engine is elsewhere and the subject agreed that nothing goes there."""
        if self.stays:
            return
        held = (one.given for one in await self.consents.of(profile_id) if one.ended_at is None)
        if any(given.text_version in GOING for given in held):
            return
        raise NoPermission(
            "This person agreed that nothing leaves this computer, and the engine is elsewhere now: set engine or "
            "ollama_host back, or forget this echo and ask them anew."
        )
