"""Menus of messages in the console: a subject strikes lines of their card by keys."""

from __future__ import annotations

from pathlib import Path

from textual.widgets import SelectionList

from console.app import EchoConsole
from console.logs import LogRing
from console.screens.pick import PickScreen
from console.widgets.said import Said
from tests.support.console import paste, see, until
from tests.support.running import Running, running
from tests.support.settlers import gardeners

CHANNEL, SUBJECT = "garden", "Ines"


async def test_lines_of_a_card_are_struck_by_keys(tmp_path: Path) -> None:
    async with running(tmp_path, gardeners()) as echo:
        await echo.agreed(SUBJECT, CHANNEL, "01.06.2026")
        profile = await echo.ready()
        app = EchoConsole(echo.board, echo.echo.operator, echo.people, echo.clock, "Echo - sandbox", LogRing())
        async with app.run_test(size=(120, 50), notifications=True) as pilot:
            await see(pilot, f"{SUBJECT} (manager)")
            whole = await keys_of(echo, profile.id)
            await paste(pilot, "/echo card")
            await pilot.press("enter")
            await see(pilot, "Ban words and topics", "▾")
            await pilot.press("f4", "enter")
            await until(pilot, lambda: isinstance(app.screen, PickScreen))
            await pilot.press("space", "ctrl+s")
            await until(pilot, lambda: not isinstance(app.screen, PickScreen))
            await until(pilot, lambda: any("is not like that" in str(one.view["content"]) for one in app.query(Said)))
            assert await keys_of(echo, profile.id) == whole[1:]
            # The menu shows what was picked, so that picking more does not take it back.
            await pilot.press("f4", "enter")
            await until(pilot, lambda: isinstance(app.screen, PickScreen))
            assert app.screen.query_one(SelectionList).selected == whole[:1]


async def keys_of(echo: Running, profile_id: int) -> list[str]:
    """The lines of the card that are not struck."""
    card = await echo.echo.operator.card(profile_id)
    assert not isinstance(card, str)
    return [trait.key for trait in card]
