"""What nextcord and the network raise, as Echo's own errors: mapped here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import aiohttp
import nextcord

from echo.discord.translate import MALFORMED
from echo.errors import EchoError, NoPermission, ServiceUnavailable
from echo.ports import ChannelGone


class OutOfReach(NoPermission):
    """Discord answered 403 or 404: the thing is gone, or not for Echo. `code` is Discord's own (0: none)."""

    def __init__(self, sentence: str, code: int = 0) -> None:
        super().__init__(sentence)
        self.code = code

    @property
    def is_gone(self) -> bool:
        """Whether it is not there any more; else it is, and only Echo can't see or change it."""
        return self.code in _UNKNOWN


_UNKNOWN: Final = frozenset({10003, 10004, 10008})
"""Discord's codes for a channel, server or message that it does not know."""


class Rejected(NoPermission):
    """Discord understood the request and rejects what it asks for. `code` is Discord's own (0: none)."""

    def __init__(self, sentence: str, code: int = 0) -> None:
        super().__init__(sentence)
        self.code = code


@contextmanager
def mapped(doing: str) -> Iterator[None]:
    """Within this, Discord's failures are Echo's: OutOfReach, NoPermission, Rejected or ServiceUnavailable.

    `doing` ends the sentence "Discord does not let Echo ...".
    """
    try:
        yield
    except nextcord.HTTPException as error:
        raise refusal(error.status, error.code, doing) from error
    except (aiohttp.ClientError, OSError) as error:
        # asyncio.TimeoutError is an OSError since Python 3.11.
        raise ServiceUnavailable(f"Discord could not be reached to {doing}; Echo will try again.") from error


def refusal(status: int, code: int, doing: str) -> EchoError:
    """The error for an answer of Discord with this HTTP status (400 to 599) and this code of its own (0: none)."""
    why = f" (HTTP {status}, code {code})"
    if status == 401:
        return NoPermission(f"Discord does not accept Echo's token{why}: set DISCORD_TOKEN to the bot's token.")
    if status in (403, 404):
        return OutOfReach(
            f"Discord does not let Echo {doing}{why}: check that it still exists and that Echo's role may.", code
        )
    if status == 429 or status >= 500:
        return ServiceUnavailable(f"Discord is too busy to let Echo {doing}{why}; Echo will try again.")
    return Rejected(f"Discord does not let Echo {doing}{why}.", code)


@contextmanager
def understood(what: str) -> Iterator[None]:
    """Within this, an answer of another form than Discord describes is ServiceUnavailable.

    `what` begins the sentence "... came in a form that Discord does not describe".
    """
    try:
        yield
    except MALFORMED as error:
        # Not chained: what these raise may quote the answer, and so what people wrote.
        raise ServiceUnavailable(
            f"{what} came in a form that Discord does not describe ({type(error).__name__}): something between Echo "
            "and Discord changes it, or Discord has changed; Echo will try again."
        ) from None


@contextmanager
def lasting() -> Iterator[None]:
    """Around `mapped`, where something is said: what will not pass is ChannelGone, as the port `Chat` has it."""
    try:
        yield
    except (OutOfReach, Rejected) as error:
        raise ChannelGone(str(error)) from error
