"""Waiting until the connection stands, and ending in order what runs on it."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from echo.discord.client import EchoClient
from echo.errors import EchoError
from echo.interpreter import Interpreter
from echo.router import Router
from echo.tasks import Tasks
from states.effects import Announce, AskConsent, DropVersions, Say

STOP_WITHIN = 5.0
"""Seconds that each stage of stopping gets."""
SEND_WITHIN = 2.0
"""Seconds that a message gets, when Echo stops, to be sent and noted."""


async def until_available(client: EchoClient, gateway: asyncio.Task[None]) -> None:
    """Return once connected with commands registered; raise what ended the connection if that comes first."""
    available = asyncio.create_task(client.wait_available(), name="available")
    try:
        await asyncio.wait((available, gateway), return_when=asyncio.FIRST_COMPLETED)
    finally:
        # Also where the start is given up.
        is_over = not available.cancel()
    if not is_over:
        await gateway
        raise EchoError("The connection to Discord ended before it began: look at the log, then start Echo again.")
    await available


async def stop_work(router: Router, interpreter: Interpreter, tasks: Tasks) -> None:
    """Begin nothing more, interrupt what is under way, and deal with what is in the mailboxes.

    Before the connection closes, so that its end is no failure of any work: that is taken up at the next start.
    """
    interpreter.hold()
    # What is just being sent is better sent and noted than looked for at the next start, and what is to go should go.
    await interpreter.finish((Say, AskConsent, Announce, DropVersions), SEND_WITHIN)
    await tasks.end(STOP_WITHIN)
    await router.close(STOP_WITHIN)
    # What the mailboxes asked for meanwhile: settling rows.
    await tasks.end(STOP_WITHIN)


async def stop_gateway(client: EchoClient, gateway: asyncio.Task[None]) -> None:
    """Close the connection; where that takes too long, cut it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(STOP_WITHIN):
            await client.close()
    await asyncio.wait((gateway,), timeout=STOP_WITHIN)
    if not gateway.cancel() and not gateway.cancelled():
        # Whoever serves was told of an end that came by itself; this one is of the closing's own making.
        gateway.exception()
