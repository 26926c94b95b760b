"""What an answer costs besides the engine: heard, decided, recorded, said; against a bot that answers by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

import nextcord

from bench.figures import Figure, Scale, by_turns
from echo.app import SANDBOX_TOKEN, Serving, open_echo
from echo.config import load
from echo.engines.embedded import EmbeddedEngine
from echo.ports import Answer, Moment, Why
from echo.sandbox.invented import invent
from echo.sandbox.people import People
from states.model import SessionState
from tests.support.clock import HandClock
from tests.support.running import Running, export, until

ANSWERS: Final = 100
SUBJECT, ASKER = "Mara", "Petr"
OURS, PLAIN = "garden", "workshop"


class AtOnce(EmbeddedEngine):
    """Learns as ever, and answers without a thought."""

    async def chance(self, model: bytes, version: str, moment: Moment, chattiness: float) -> float:
        """Always sure."""
        return 1.0

    async def answer(
        self, model: bytes, version: str, moment: Moment, chattiness: float, *, speak: bool | None = None
    ) -> Answer:
        """The same to everything, at once."""
        return Answer(("so it is",), 0.0, (), 1.0, Why.ADDRESSED)


async def measure(scale: Scale, folder: Path) -> list[Figure]:
    """Milliseconds from a message to its answer in the channel, at a loopback Discord in the same process."""
    written = [one for one in invent(1) if one.channel in (OURS, PLAIN) and one.parent is None]
    source = export(folder / "talk.jsonl", written)
    environ = {"ECHO_DATA_DIR": str(folder), "ECHO_SANDBOX_PACE_SCALE": "0", "ECHO_MESSAGE_GENERATION_COOLDOWN": "0"}
    loaded = load(environ=environ | {"ECHO_GUILD_READY_TIMEOUT": "0.05"}, cwd=folder)
    clock, count = HandClock(), scale.of(ANSWERS, 5)
    async with open_echo(loaded, Serving(source=source), clock, AtOnce()) as echo:
        assert echo.sandbox is not None
        running = Running(echo, echo.sandbox.people, clock)
        await running.agreed(SUBJECT, OURS, "01.06.2026")
        await running.ready()
        await running.command(SUBJECT, OURS, "echo online")
        async with _plain_bot():

            async def ours() -> float:
                return await _answered(running.people, OURS, count, lambda: _is_free(running))

            async def plain() -> float:
                return await _answered(running.people, PLAIN, count, lambda: asyncio.sleep(0))

            echo_times, plain_times = await by_turns(scale.runs, ours, plain)
    return [Figure("an answer without the engine, p50", "ms", echo_times, "a bot that answers by itself", plain_times)]


async def _answered(people: People, channel: str, count: int, settled: Callable[[], Awaitable[None]]) -> float:
    """The median of milliseconds until an answer stands there."""
    times: list[float] = []
    for number in range(count):
        answered = asyncio.Event()

        def see(update: dict[str, Any], answered: asyncio.Event = answered) -> None:
            message = update.get("message")
            if isinstance(message, dict) and message["webhook"]:
                answered.set()

        unsubscribe = people.subscribe(see)
        began = time.perf_counter()
        await people.say(ASKER, channel, f"{SUBJECT} (echo): is it so? {number}")
        await answered.wait()
        times.append((time.perf_counter() - began) * 1000)
        unsubscribe()
        await settled()
    return median(times)


async def _is_free(running: Running) -> None:
    await until(running.board, lambda: running.session().state is SessionState.LISTENING)


@asynccontextmanager
async def _plain_bot() -> AsyncIterator[None]:
    """A bot that hears a channel and answers in it through a webhook, with nothing recorded."""
    client = nextcord.Client(intents=nextcord.Intents.all())
    ready = asyncio.Event()
    webhooks: dict[str, nextcord.Webhook] = {}

    async def on_ready() -> None:
        channel = next(one for one in client.get_all_channels() if one.name == PLAIN)
        assert isinstance(channel, nextcord.TextChannel)
        webhooks[PLAIN] = await channel.create_webhook(name="plain")
        ready.set()

    async def on_message(message: nextcord.Message) -> None:
        if message.webhook_id is None and getattr(message.channel, "name", "") == PLAIN:
            await webhooks[PLAIN].send("so it is", wait=True)

    client.event(on_ready)
    client.event(on_message)
    serving = asyncio.create_task(client.start(SANDBOX_TOKEN))
    try:
        await ready.wait()
        yield
    finally:
        await client.close()
        await asyncio.wait((serving,))
