"""The real person comes first: where they write, or begin to, their echo is quiet."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

from states.model import Deadline, SessionState
from tests.support.running import PATIENCE, Running, running, until
from tests.support.settlers import gardeners

CHANNEL, SUBJECT, OTHER = "garden", "Ines", "Mara"


async def online(echo: Running) -> None:
    await echo.agreed(SUBJECT, CHANNEL, "01.06.2026")
    await echo.ready()
    await echo.command(SUBJECT, CHANNEL, "echo online")


async def called(echo: Running) -> None:
    """Somebody calls the echo, which has an answer ready and waits for its moment."""
    await echo.people.say(OTHER, CHANNEL, "Ines (echo): how are the beans?")
    await until(echo.board, lambda: Deadline.SPEAK in echo.session().due)


def gives_way(echo: Running) -> bool:
    return echo.session().state is SessionState.COOLING and Deadline.QUIET in echo.session().due


async def moved_on(echo: Running, name: str) -> None:
    """Move the clock to a deadline, and wait until that has come to something."""
    before = echo.session()
    echo.clock.move(max(0.0, (before.due[name] - echo.clock()).total_seconds()))
    await until(echo.board, lambda: echo.session().version > before.version)


async def test_an_echo_drops_its_answer_and_is_quiet_until_its_person_has_been_away(tmp_path: Path) -> None:
    async with running(tmp_path, gardeners(), quiet_seconds=120) as echo:
        await online(echo)
        await called(echo)
        await echo.people.type(SUBJECT, CHANNEL)
        await until(echo.board, lambda: gives_way(echo))
        quiet = echo.session()
        assert quiet.due[Deadline.QUIET] - echo.clock() == timedelta(seconds=120)

        await echo.people.say(OTHER, CHANNEL, "Ines (echo): are you there?")
        await until(echo.board, lambda: echo.session().version > quiet.version)
        await echo.people.say(SUBJECT, CHANNEL, "I am here myself")
        await until(echo.board, lambda: echo.session().version > quiet.version + 2)
        assert gives_way(echo) and not echo.session().pending
        await moved_on(echo, Deadline.QUIET)
        assert echo.session().state is SessionState.LISTENING and echo.said(CHANNEL) == []

        await echo.tell(OTHER, CHANNEL, "Ines (echo): and now?")
        assert echo.said(CHANNEL), "it goes on by what is said then"


async def test_what_is_on_its_way_when_its_person_begins_to_write_is_taken_back(tmp_path: Path) -> None:
    async with running(tmp_path, gardeners()) as echo:
        await online(echo)
        await called(echo)
        seen: list[str] = []
        news = asyncio.Event()

        def told(update: dict[str, object]) -> None:
            seen.append(str(update["type"]))
            news.set()

        stop = echo.people.subscribe(told)
        assert echo.echo.sandbox is not None
        faults = echo.echo.sandbox.faults
        faults.set({"held": 1, "match": "/webhooks/"})
        while Deadline.SPEAK in echo.session().due:
            await moved_on(echo, min(echo.session().due, key=lambda name: echo.session().due[name]))
        async with asyncio.timeout(PATIENCE):
            await faults.used_up("held")
            await echo.people.type(SUBJECT, CHANNEL)
            await until(echo.board, lambda: gives_way(echo))
            faults.clear()
            while "deleted" not in seen:
                news.clear()
                await news.wait()
        stop()
        assert "message" in seen and echo.said(CHANNEL) == [] and gives_way(echo)
