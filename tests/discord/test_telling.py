"""The message that asked: it shows how the making goes on, and what comes last stays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from echo.discord.telling import Telling
from states import events as ev
from states.board import Progress
from states.model import OPEN_END, ProfileSnapshot
from tests.discord.edge import NOON, Edge, edge_at

HOW = "by search, about 210 requests, 1 min"


@asynccontextmanager
async def told(here: Edge) -> AsyncIterator[asyncio.Semaphore]:
    """Somebody tells; each release of the semaphore is one more look."""
    looks = asyncio.Semaphore(0)

    async def pause() -> None:
        await looks.acquire()

    telling = asyncio.create_task(Telling(here.board, here.notices, here.notices.words, pause).run())
    try:
        yield looks
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)


async def collecting(here: Edge) -> ProfileSnapshot:
    """Bo agreed."""
    await here.agree("Bo", await here.asked())
    await here.until(lambda: "being made" in standing(here))
    return here.profile("Bo")


def standing(here: Edge) -> str:
    """What the message that asked says now."""
    return str(here.standing(here.profile("Bo").consent_message_id)["content"])


def changes(here: Edge) -> int:
    return sum(method == "PATCH" for method, _ in here.requests)


async def test_the_message_shows_the_plan_and_then_how_far_it_is(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as here, told(here) as looks:
        profile = await collecting(here)
        here.board.advance(profile.key, Progress("collecting", 21, 210, "requests", HOW))
        looks.release()
        await here.until(lambda: f"({HOW}): ▰▱▱▱▱▱▱▱▱▱▱▱ 10 %" in standing(here))
        here.board.advance(profile.key, Progress("collecting", 105, 210, "requests", HOW))
        looks.release()
        await here.until(lambda: "▰▰▰▰▰▰▱▱▱▱▱▱ 50 %" in standing(here))
        assert "`/echo offline` silences it" in standing(here)


async def test_it_goes_on_when_the_commands_own_time_is_long_over(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as here, told(here) as looks:
        profile = await collecting(here)
        # An interaction's token lives for fifteen minutes (Discord API reference, "Receiving and Responding").
        here.clock.move(16 * 60)
        here.board.advance(profile.key, Progress("collecting", 105, 210, "requests", HOW))
        looks.release()
        await here.until(lambda: "50 %" in standing(here))


async def test_what_says_nothing_new_is_no_request(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as here, told(here) as looks:
        profile = await collecting(here)
        here.board.advance(profile.key, Progress("collecting", 21, 210, "requests", HOW))
        looks.release()
        await here.until(lambda: "10 %" in standing(here))
        before = changes(here)
        here.board.advance(profile.key, Progress("collecting", 21, 210, "requests", HOW))
        looks.release()
        here.board.advance(profile.key, Progress("collecting", 210, 210, "requests", HOW))
        looks.release()
        await here.until(lambda: "100 %" in standing(here))
        assert changes(here) == before + 1


async def test_progress_never_covers_what_came_of_it(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as here, told(here) as looks:
        profile = await collecting(here)
        here.board.advance(profile.key, Progress("collecting", 21, 210, "requests", HOW))
        looks.release()
        await here.until(lambda: "10 %" in standing(here))
        await here.router.ask(profile.key, ev.CollectionFinished(NOON, 12, 50))
        await here.until(lambda: "stands still" in standing(here))
        before = changes(here)
        here.board.advance(profile.key, Progress("collecting", 42, 210, "requests", HOW))
        looks.release()
        await here.notices.show_progress(here.profile("Bo"))
        assert changes(here) == before and "stands still" in standing(here)


async def test_the_message_says_that_the_reading_rests_and_that_it_goes_on(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as here, told(here) as looks:
        profile = await collecting(here)
        here.board.advance(profile.key, Progress("collecting", 21, 210, "requests", HOW))
        looks.release()
        await here.until(lambda: "10 %" in standing(here))
        await here.router.ask(profile.key, ev.PauseAsked(NOON, 0))
        looks.release()
        await here.until(lambda: "Reading is paused" in standing(here) and "being read" not in standing(here))
        assert f"stands still ({HOW}): ▰▱" in (await here.command("Ada", "echo status"))["content"]
        await here.router.ask(profile.key, ev.ResumeAsked(NOON, 0))
        looks.release()
        await here.until(lambda: "10 %" in standing(here))


async def test_without_a_day_the_echo_is_of_what_they_write_from_now_on_too(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as here:
        asked = await here.command("Ada", "echo create", user="Bo")
        assert "from now on, as you write it" in asked["content"]
        assert here.profile("Bo").cutoff == OPEN_END
        await here.agree("Bo", asked)
        await here.until(lambda: "wrote, and write from now on" in standing(here))
        assert "(number 1, from now on too)" in (await here.command("Ada", "echo status"))["content"]
        assert "from now on too: is reading" in (await here.command("Ada", "echo list"))["content"]


async def test_a_renewed_echo_says_when_it_learned_anew(tmp_path: Path) -> None:
    async with edge_at(tmp_path) as here:
        profile = await here.ready("Bo", 1204)
        await here.until(lambda: "is ready since" in standing(here))
        again = ev.TrainingFinished(NOON, "another", 2, 1204, 1.0)
        for event in (ev.RefreshAsked(NOON, 0), ev.CollectionFinished(NOON, 1204, 50), again):
            await here.give(profile.id, event)
        await here.until(lambda: "learned anew at 15.06.2026" in standing(here))
