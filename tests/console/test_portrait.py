"""The card and the tests of an echo, as the operator reads them."""

from __future__ import annotations

import pytest

from console.ports import Trait
from console.screens.portrait import PortraitScreen, thought_shown
from states.feedback import Tally
from states.scores import Axis, AxisKey, Better, Scorecard, with_guesses
from tests.console import stories
from tests.console.test_board_panes import LARGE, SMALL, shown
from tests.support.console import see, unsee
from tests.support.snapshots import NOON

TRAITS = [
    Trait("capitals", "Rarely begins with a capital letter.", "3 %, others 61 %"),
    Trait("laughs", "Often laughs in writing.", "27 %"),
]
AXES = (
    Axis(AxisKey.ATTRIBUTION, 0.97, 0.98, 0.04, Better.HIGHER),
    Axis(AxisKey.LENGTH, 0.19, 0.09, 0.5, Better.LOWER),
)


def scorecard(version: int, *, passed: bool = True) -> Scorecard:
    return Scorecard(version, AXES, AxisKey.LENGTH, passed, "Weakest: its messages come out short.", 90, 4.0, NOON)


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_f12_shows_how_the_person_writes_and_how_alike_the_echo_is(size: tuple[int, int]) -> None:
    board = stories.board()
    profile = stories.ready(board)
    board.score(profile.id, (scorecard(1, passed=False), with_guesses(scorecard(2), 12, 20)))
    async with shown(board, size) as (desk, pilot):
        desk.operator.traits = TRAITS
        await pilot.press("f12")
        await see(pilot, "Mara (echo)", "Rarely begins with a capital letter.", "3 %, others 61 %")
        await see(pilot, "recognised by style", "0.97 (person 0.98)", "weakest", "its messages come out short")
        await see(pilot, "By version: 1:", "refused", "people who were fooled", "0.40")
        await pilot.press("escape")
        await unsee(pilot, "Rarely begins")


async def test_enter_on_a_line_shows_where_it_is_to_be_seen() -> None:
    board = stories.board()
    stories.ready(board)
    async with shown(board, LARGE) as (desk, pilot):
        desk.operator.traits = TRAITS
        await pilot.press("f12")
        await see(pilot, "Often laughs")
        await pilot.press("down", "enter")
        await see(pilot, "https://discord.com/channels/1/2/31")
        assert ("evidence of laughs", 1, None) in desk.operator.acts


async def test_an_echo_without_card_and_test_says_why() -> None:
    board = stories.board()
    stories.ready(board)
    async with shown(board) as (_, pilot):
        await pilot.press("f12")
        await see(pilot, "There is nothing to describe yet.", "No test has been run")


async def test_where_no_echo_could_have_a_card_the_key_does_nothing() -> None:
    board = stories.board()
    stories.collecting(board)
    async with shown(board) as (desk, pilot):
        await pilot.press("f12")
        await pilot.pause()
        assert not any(isinstance(one, PortraitScreen) for one in desk.app.screen_stack)


def test_what_people_think_is_shown_by_version_the_newest_first() -> None:
    told = thought_shown((Tally(1, likes=3, dislikes=1), Tally(2, likes=1, unlike=2))).plain
    assert told.splitlines()[1:] == [
        "Version 2: 1 up, 0 down; its person: 2 not like them",
        "Version 1: 3 up, 1 down",
    ]
    assert "None yet" in thought_shown(()).plain
