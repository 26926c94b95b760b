"""Strangers choose names and words: the console shows them as they are, and does nothing that they say."""

from __future__ import annotations

import re
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Button, Select

from console.app import EchoConsole
from console.logs import LogRing
from echo.corpus.written import Written
from tests.support.running import Running, running

BROKEN = "[/] [red]Bo[@click=app.quit]"
"""Markup of Textual's that closes what is not open, colours, and would do something when clicked."""
CONTROL = "Cy\x1b]0;title\x07"
"""A terminal's own control signs, which would rename its window."""


def talk() -> list[Written]:
    authors = (BROKEN, CONTROL)
    return [
        Written(authors[i % 2], ("[bold]talk", "[/b]")[i % 2], 1_700_000_000.0 + 30 * i, f"[/] {i} \x1b[2J[@click=x]y")
        for i in range(8)
    ]


async def shown(pilot: Pilot[None], *keys: str) -> str:
    """What stands on the screen after these keys, as the words of the picture that Textual makes of it."""
    await pilot.press(*keys)
    await pilot.pause(0.3)
    return re.sub("<[^>]*>", "", pilot.app.export_screenshot()).replace("&#160;", " ")


def console_of(echo: Running) -> EchoConsole:
    return EchoConsole(echo.board, echo.echo.operator, echo.people, echo.clock, "Echo", LogRing())


async def test_names_with_markup_and_control_signs_are_shown_and_not_obeyed(tmp_path: Path) -> None:
    async with running(tmp_path, talk()) as echo:
        person = next(one for one in echo.people.people() if one["name"] == BROKEN)
        place = echo.people.channels()[0]
        await echo.people.command(
            person["id"], place["id"], "echo create", {"user": person["id"], "before": "01.06.2026"}
        )
        app = console_of(echo)
        async with app.run_test(size=(150, 40)) as pilot:
            await pilot.pause(0.3)
            label = str(app.query_one("#speaker", Select).query_one("#label").render())
            assert label.startswith(BROKEN)
            assert "\x1b" not in await shown(pilot, "f2", "f3")
            assert f"Forget {BROKEN}" in await shown(pilot, "ctrl+p", *"forg")
            await shown(pilot, "escape")
            await shown(pilot, "f8")
            assert str(app.screen.query_one("#yes", Button).label) == f"Yes, erase {BROKEN}"
            await shown(pilot, "n")
            assert echo.board.profiles[1].reason is None
