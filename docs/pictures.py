"""Draws the pictures of the documentation from the running program: `make pictures`.

A whole Echo over the sandbox, driven by keys as a newcomer would drive it, with a clock that stands at a fixed time, so
that a picture changes only where the program does.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from functools import partial
from pathlib import Path
from typing import Final

from textual.pilot import Pilot

from console.app import EchoConsole
from console.logs import LogRing
from tests.support.console import see, type_in, until
from tests.support.running import Running, running

HERE: Final = Path(__file__).parent
SIZE: Final = (112, 34)
"""Columns and lines."""
QUESTIONS: Final = ("Mara (echo), how is the boat coming along?", "and the garden, Mara (echo)?")


async def main() -> None:
    """Write console.svg beside this file."""
    with tempfile.TemporaryDirectory() as home:
        async with running(Path(home)) as echo:
            app = EchoConsole(echo.board, echo.echo.operator, echo.people, echo.clock, "Echo - sandbox", LogRing())
            async with app.run_test(size=SIZE) as pilot:
                await _meet_an_echo(pilot, echo)
                picture = app.export_screenshot(title="Echo")
    # The fonts' addresses are of no use to who reads this offline; without them the reader's own are taken.
    picture = re.sub(r"@font-face \{.*?\}\n?", "", picture, flags=re.DOTALL)
    # Not every reader takes the runs of no-break spaces for what they are.
    picture = picture.replace("<svg ", '<svg xml:space="preserve" ', 1)
    (HERE / "console.svg").write_text(picture, encoding="utf-8")


async def _meet_an_echo(pilot: Pilot[None], echo: Running) -> None:
    await see(pilot, "press Enter (Tab fills it in)")
    await pilot.press("tab", "enter")
    await see(pilot, "press F4")
    await pilot.press("f4", "enter")
    await see(pilot, "is ready: type /echo online")
    await pilot.press("tab", "enter")
    await see(pilot, "listening")
    await pilot.press("f2")
    for question in QUESTIONS:
        before = echo.session().version
        await type_in(pilot, question)
        await pilot.press("enter")
        await until(pilot, partial(_moved_on, echo, before))
        await echo.let_it_speak()
    await see(pilot, echo.said("general")[-1]["shown"][:20], "Say something to", "^q Quit")


def _moved_on(echo: Running, before: int) -> bool:
    return echo.session().version != before


if __name__ == "__main__":
    asyncio.run(main())
