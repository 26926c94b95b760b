"""What answers take, as the operator sees it: by echo, up to date, and nothing where nothing was asked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.widgets import Sparkline

from console.screens.measures import Course, MeasuresScreen
from states.events import ForgetAsked
from states.measures import Measures, Spread, Summary
from tests.console import stories
from tests.console.test_board_panes import LARGE, SMALL, shown
from tests.support.console import AnyPilot, screen_text, see, type_in, unsee, until
from tests.support.snapshots import ASKER, NOON

HOUR = Summary(
    outcomes=(("answered", 9), ("silent", 2), ("stood_in", 1), ("failed", 1)),
    failures=(("model_missing", 2),),
    first_token=Spread(0.42, 1.3),
    seconds=Spread(3.1, 8.0),
    wait=Spread(0.0, 0.25),
    drafts=36,
    rejected=12,
    tokens=342,
    token_seconds=10.0,
    prompt_tokens=1000,
    evaluated=120,
)
DAY = replace(
    HOUR, outcomes=(*HOUR.outcomes[:3], ("failed", 5)), failures=(("busy", 4), ("model_missing", 2)), tokens=330
)
OLLAMA = Measures(HOUR, DAY, (2.0, 4.5, 12.25), (33.0, 34.0, 31.5))
EMBEDDED = Measures(Summary(), Summary(outcomes=(("answered", 1),), seconds=Spread(0.05, 0.05)), (0.05,))


def drawn(pilot: AnyPilot) -> list[list[float]]:
    """What the lines that can be seen are drawn of."""
    lines = pilot.app.screen.query(Sparkline)
    return [list(line.data or ()) for line in lines if isinstance(line.parent, Course) and line.parent.display]


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_ctrl_t_shows_times_tokens_drafts_and_failures_of_hour_and_day(size: tuple[int, int]) -> None:
    board = stories.board()
    stories.ready(board)
    board.measure(1, OLLAMA)
    async with shown(board, size) as (_, pilot):
        await pilot.press("ctrl+t")
        await see(pilot, "Mara (echo), version 1", "last hour", "last day", "9 of 13", "9 of 17")
        await see(pilot, "0.42, 1.30 s", "3.10, 8.00 s", "0.00, 0.25 s", "34.2", "33.0", "12%")
        await see(pilot, "3.0 each, 33% rejected", "2 nothing passed", "1 by the embedded engine")
        lines = screen_text(pilot.app).splitlines()  # type: ignore[arg-type]
        assert [line.split("│")[-2].split() for line in lines if "busy" in line] == [["busy", "-", "4"]]
        assert [line.split("│")[-2].split() for line in lines if "model missing" in line] == [
            ["model", "missing", "2", "2"]
        ]
        await pilot.press("end")
        await see(pilot, "2.00 to 12.2 s, the newest 12.2 s", "31.5 to 34.0, the newest 31.5", "█")
        assert drawn(pilot) == [[2.0, 4.5, 12.25], [33.0, 34.0, 31.5]]
        await pilot.press("ctrl+t")
        await unsee(pilot, "last hour")


async def test_it_keeps_up_with_the_board_and_leaves_out_what_is_not_known() -> None:
    board = stories.board()
    profile, other = stories.ready(board), stories.ready(board, 2, ASKER)
    async with shown(board, LARGE) as (_, pilot):
        await pilot.press("ctrl+t")
        await see(pilot, "No answer was asked of any echo within a day")
        board.measure(2, EMBEDDED)
        await see(pilot, "Petr (echo), version 1", "whole answer", "0.05, 0.05 s")
        assert "first word" not in screen_text(pilot.app) and drawn(pilot) == []  # type: ignore[arg-type]
        board.measure(2, replace(EMBEDDED, answer_times=(0.05, 0.07)))
        await until(pilot, lambda: drawn(pilot) == [[0.05, 0.07]])
        board.measure(1, OLLAMA)
        await see(pilot, "Mara (echo), version 1", "34.2")
        stories.happen(board, other, ForgetAsked(NOON, 0, "The operator erased it."))
        await unsee(pilot, "Petr (echo), version 1")
        stories.happen(board, profile, ForgetAsked(NOON, 0, "The operator erased it."))
        await see(pilot, "No answer was asked of any echo within a day")


async def test_the_highlighted_echo_comes_first_and_the_palette_leads_there_too() -> None:
    board = stories.board()
    stories.ready(board)
    stories.ready(board, 2, ASKER)
    board.measure(1, EMBEDDED)
    board.measure(2, EMBEDDED)
    async with shown(board, LARGE) as (desk, pilot):
        # The newest echo is highlighted at first.
        await see(pilot, "The echo of Petr is ready")
        await pilot.press("ctrl+p")
        await type_in(pilot, "answers take")
        await see(pilot, "Show what answers take")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(desk.app.screen, MeasuresScreen))
        await see(pilot, "Petr (echo), version 1", "Mara (echo), version 1")
        text = screen_text(desk.app)
        assert text.index("Petr (echo), version") < text.index("Mara (echo), version")
