"""A whole real chat from the export to nothing left, once: every part real, reading at Discord's own rate limits."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import nextcord

from bench.chats import most_active, read, small_chat, whole_chat
from bench.figures import Figure, Scale, quantile
from echo.corpus.written import Written
from echo.sandbox.ratelimits import Rate, RateLimits
from echo.sandbox.snowflakes import snowflake_at
from echo.sandbox.world import World
from states.model import ProfileState
from tests.support.recorded import Recorded, recorded
from tests.support.running import until
from tests.support.traces import Traces

MESSAGES: Final = 10_000
BEFORE: Final = "01.06.2026"
CUTOFF: Final = 1_780_272_000.0
"""The start of that day in UTC, in seconds since the epoch."""
QUESTIONS: Final = 20
WHAT: Final = (
    "how would you test that?",
    "and what would it cost at run time?",
    "is that still so with the newest version?",
    "would you rather write it by hand?",
)
LIFTED: Final = {
    ("POST", "/webhooks/{webhook_id}/{webhook_token}"): Rate(1000, 1.0),
    ("POST", "/channels/{channel_id}/typing"): Rate(1000, 1.0),
}
"""The limits that speaking would meet only because the clock is moved by hand."""
Add = Callable[..., None]


async def measure(scale: Scale, folder: Path) -> list[Figure]:
    """Seconds and speeds of each stage. One run, however many are asked for: it takes minutes."""
    found: list[Figure] = []

    def add(name: str, unit: str, value: float, against: str = "", plain: float | None = None, note: str = "") -> None:
        found.append(Figure(name, unit, (value,), against, () if plain is None else (plain,), note))

    chat = scale.of(whole_chat, small_chat)(folder)
    began = time.perf_counter()
    written = read(chat)
    world = World.populate(1, "A whole chat", written)
    filled = time.perf_counter() - began
    add(
        "filling the sandbox", "s", filled, "json.loads of every line", _parsed(chat.path), f"{len(written):,} messages"
    )
    life = _Life(most_active(written), most_active(written, 1), world.guild_channels()[0].name, written)
    most = scale.of(MESSAGES, 300)
    limits = RateLimits(time.monotonic, rates=LIFTED)
    async with recorded(folder / "data", world, limits=limits, max_messages_per_analysis=most) as echo:
        await _made(echo, life, add)
        _grepped(echo, life, add, "while it is ready")
        said = await _talked(echo, life, add, scale.of(QUESTIONS, 2))
        began = time.perf_counter()
        await echo.running.command(life.subject, life.channel, "echo forget")
        profiles = echo.running.board.profiles
        await until(echo.running.board, lambda: profiles[1].state is ProfileState.FORGOTTEN)
        add("forgetting", "s", time.perf_counter() - began)
        _grepped(echo, life, add, "after forgetting", said)
    return found


@dataclass(frozen=True, slots=True)
class _Life:
    subject: str
    other: str
    channel: str
    written: Sequence[Written]


async def _made(echo: Recorded, life: _Life, add: Add) -> None:
    """Asked, agreed, collected, trained; then the plain loop over what was read."""
    asked = await echo.running.people.command(
        life.subject, life.channel, "echo create", {"user": life.subject, "before": BEFORE}
    )
    began = time.perf_counter()
    await echo.running.agree(life.subject, asked["responses"][0])
    await _becomes(echo, ProfileState.TRAINING, ProfileState.READY)
    collected = time.perf_counter() - began
    await _becomes(echo, ProfileState.READY)
    trained, profile = time.perf_counter() - began - collected, echo.running.board.profiles[1]
    pages = echo.requests.of_history
    looped = await _looped(echo, pages)
    named, note = "a history() loop over as many pages", f"{profile.messages:,} messages of one person on {pages} pages"
    add("collecting, rate limits and all", "messages/s", pages * 100 / collected, named, pages * 100 / looped, note)
    add("training", "s", trained)


async def _looped(echo: Recorded, pages: int) -> float:
    """Seconds that the plain loop takes for so many pages on the same connection."""
    channel = echo.running.echo.client.get_channel(echo.sandbox.world.guild_channels()[0].id)
    assert isinstance(channel, nextcord.TextChannel)
    began = time.perf_counter()
    async for _ in channel.history(limit=pages * 100, before=nextcord.Object(snowflake_at(CUTOFF))):
        pass
    return time.perf_counter() - began


async def _talked(echo: Recorded, life: _Life, add: Add, questions: int) -> list[str]:
    """Ask, and measure what an answer costs besides the waiting, which the hand clock skips; all that was said."""
    await echo.running.command(life.subject, life.channel, "echo online")
    times: list[float] = []
    for number in range(questions):
        began = time.perf_counter()
        question = f"{life.subject}: {WHAT[number % len(WHAT)]}"
        await echo.running.tell(life.other, life.channel, question)
        times.append((time.perf_counter() - began) * 1000)
    said: list[dict[str, Any]] = echo.running.said(life.channel)
    assert said, "it never answered"
    note = f"{questions} questions, {len(said)} messages in answer; the first loads the model"
    add("from question to answer, no waiting, p50", "ms", quantile(times, 0.5), note=note)
    add("from question to answer, no waiting, p95", "ms", quantile(times, 0.95))
    return [str(one["content"]) for one in said]


def _grepped(echo: Recorded, life: _Life, add: Add, when: str, said: Sequence[str] = ()) -> None:
    traces = Traces([*(one.text for one in life.written), *said])
    size = sum(path.stat().st_size for path in echo.home.rglob("*") if path.is_file())
    began = time.perf_counter()
    found = traces.under(echo.home)
    assert not found, f"sentences stand in {found}"
    note = f"{len(traces):,} sentences looked for in {size / 1e6:.1f} MB, none found"
    add(f"looking for their words {when}", "s", time.perf_counter() - began, note=note)


async def _becomes(echo: Recorded, *states: ProfileState) -> None:
    """Wait until the profile is in one of these states; an end that it gives a reason for fails the benchmark."""
    profiles = echo.running.board.profiles
    await until(echo.running.board, lambda: profiles[1].state in states or profiles[1].reason)
    assert profiles[1].state in states, profiles[1].reason


def _parsed(path: Path) -> float:
    began = time.perf_counter()
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            json.loads(line)
    return time.perf_counter() - began
