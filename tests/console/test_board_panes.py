"""The console on Discord itself: what stands on the board can be read, and keys do what is possible."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

import pytest

from console.app import DRAWN_EVERY, TICK, EchoConsole
from console.logs import LogRing
from console.widgets.echoes import Echoes, bar
from states.board import Board, Fault, Progress
from states.decide import Refusal
from states.events import EverythingForgotten, ForgetAsked, OfflineAsked, RetryAsked
from states.policy import Refused
from tests.console import stories
from tests.support.clock import HandClock
from tests.support.console import AnyPilot, RecordingOperator, screen_text, see, type_in, unsee, until, words
from tests.support.snapshots import ASKER, CHANNEL, NOON

SMALL, LARGE = (80, 24), (120, 40)


class Desk:
    """A console over a board, and all that its operator does."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.operator = RecordingOperator()
        self.clock = HandClock(NOON)
        self.ring = LogRing()
        self.app = EchoConsole(board, self.operator, None, self.clock, "Echo", self.ring)


@asynccontextmanager
async def shown(board: Board, size: tuple[int, int] = SMALL) -> AsyncIterator[tuple[Desk, AnyPilot]]:
    desk = Desk(board)
    async with desk.app.run_test(size=size, notifications=True) as pilot:
        await see(pilot, "Echoes", "Journal")
        yield desk, pilot


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_profiles_show_state_progress_messages_and_reason(size: tuple[int, int]) -> None:
    board = stories.board()
    stories.stuck(board, 1)
    profile = stories.training(board, 2, ASKER)
    board.advance(profile.key, Progress("training", 62, 100, "%"))
    async with shown(board, size) as (_, pilot):
        await see(pilot, "Mara stands still", "12 messages", "before 01.06.2026", "Only 12 messages")
        await see(pilot, "Petr training", "62 %", "━━━━━━━")


async def test_sessions_show_channel_state_and_the_next_deadline() -> None:
    board = stories.board()
    session = stories.composing(board, stories.online(board, stories.ready(board)))
    async with shown(board) as (desk, pilot):
        await see(pilot, "Mara in #general", "composing", "answers in 12 s", "1 echo, 1 online")
        desk.clock.move(9)
        await see(pilot, "answers in 3 s")
        stories.happen(board, session, OfflineAsked(NOON, 0, "The operator took it offline."))
        await see(pilot, "offline", "1 echo, 0 online")


async def test_a_retry_is_counted_down() -> None:
    board = stories.board()
    stories.failing(board)
    async with shown(board) as (desk, pilot):
        await see(pilot, "Discord is out of reach.", "tries again in")
        desk.clock.move(60)
        await see(pilot, "tries again now")


async def test_the_guidance_line_follows_the_board() -> None:
    board = stories.board()
    async with shown(board) as (_, pilot):
        await see(pilot, "Nobody is echoed yet", "/echo create")
        stories.ready(board)
        await see(pilot, "The echo of Mara is ready: F5 brings it online")
        board.set_condition("discord", "Discord is out of reach; Echo connects again by itself.")
        await see(
            pilot, "Discord is out of reach; Echo connects again by itself.", "disconnected", "F5 brings it online"
        )


async def test_what_comes_while_the_journal_is_hidden_is_as_wide_as_the_pane() -> None:
    board = stories.board()
    profile = stories.ready(board)
    async with shown(board) as (desk, pilot):
        await pilot.press("f9", "f9", "f9")
        drawn = desk.app.drawings
        board.refuse(Refusal(profile.key, RetryAsked(NOON, 0), Refused.NOT_NOW))
        await until(pilot, lambda: desk.app.drawings > drawn)
        await pilot.press("f9")
        await see(pilot, "RetryAsked")
        assert "refused: That is not" in next(one for one in screen_text(desk.app).splitlines() if "RetryAsked" in one)


async def test_the_journal_shows_steps_and_refusals_as_they_come() -> None:
    board = stories.board()
    async with shown(board, LARGE) as (desk, pilot):
        profile = stories.collecting(board)
        await see(pilot, "12:00:00 Mara ConsentGiven awaiting consent → collecting")
        board.refuse(Refusal(profile.key, RetryAsked(NOON, 0), Refused.NOT_NOW))
        await see(pilot, "RetryAsked refused: That is not possible while it stands as it does")
        assert words(desk.app).count("ConsentGiven") == 1


async def test_a_thousand_changes_are_few_drawings_and_none_is_missed_at_the_end() -> None:
    board = stories.board()
    profile = stories.collecting(board)
    async with shown(board) as (desk, pilot):
        before, began = desk.app.drawings, perf_counter()
        for number in range(1, 1001):
            board.advance(profile.key, Progress("collecting", number, None, "messages"))
        await see(pilot, "1,000 messages read")
        at_most = (perf_counter() - began) * (1 / DRAWN_EVERY + 1 / TICK) + 3
        assert desk.app.drawings - before <= at_most


async def test_the_log_shows_lines_in_batches() -> None:
    async with shown(stories.board(), LARGE) as (desk, pilot):
        await pilot.press("f9")
        for number in range(300):
            desk.ring.handle(logging.LogRecord("echo", logging.WARNING, "x.py", 1, f"line [{number}]", (), None))
        await see(pilot, "line [299]")


async def test_a_fault_is_told_once_and_counted() -> None:
    board = stories.board()
    async with shown(board) as (desk, pilot):
        board.report(Fault(NOON, "collecting", "Something [odd] broke."))
        await see(pilot, "collecting: Something [odd] broke.", "1 fault: see Log")
        assert len(desk.app._notifications) == 1
        stories.ready(board)
        await see(pilot, "Mara ready")
        assert len(desk.app._notifications) == 1


async def test_only_keys_that_do_something_are_in_the_footer() -> None:
    board = stories.board()
    async with shown(board) as (desk, pilot):
        await see(pilot, "F1 Help", "^q Quit", "^p Palette")
        assert not any(name in screen_text(desk.app) for name in ("Online", "Forget", "Person"))
        stories.ready(board)
        await see(pilot, "F5 Online", "F8 Forget")
        stories.online(board, board.profiles[1])
        await see(pilot, "F6 Offline")


async def test_online_asks_for_the_channel_and_tells_how_it_went() -> None:
    board = stories.board()
    stories.ready(board)
    async with shown(board) as (desk, pilot):
        desk.operator.places = [(CHANNEL, "general"), (CHANNEL + 1, "workshop")]
        await see(pilot, "F5 Online")
        await pilot.press("f5")
        await see(pilot, "Where is Mara (echo) to come online?", "#workshop")
        await pilot.press("down", "enter")
        await see(pilot, "The echo is online.")
        assert desk.operator.acts == [("online", 1, CHANNEL + 1)]


async def test_without_a_channel_to_speak_in_one_is_told_what_to_do() -> None:
    board = stories.board()
    stories.ready(board)
    async with shown(board) as (desk, pilot):
        await see(pilot, "F5 Online")
        await pilot.press("f5")
        await see(pilot, "no channel in this server in which Echo may write")
        assert desk.operator.acts == []


async def test_offline_of_an_echo_in_two_channels_asks_for_which() -> None:
    board = stories.board()
    profile = stories.ready(board)
    stories.online(board, profile, 1)
    stories.online(board, profile, 2, CHANNEL + 1)
    async with shown(board) as (desk, pilot):
        await see(pilot, "F6 Offline")
        await pilot.press("f6")
        await see(pilot, "Where is Mara (echo) to go offline?")
        await pilot.press("escape", "f6", "down", "enter")
        await until(pilot, lambda: desk.operator.acts)
        assert desk.operator.acts == [("offline", 2, None)]


async def test_retry_is_one_key() -> None:
    board = stories.board()
    stories.stuck(board)
    async with shown(board) as (desk, pilot):
        await see(pilot, "F7 Retry")
        await pilot.press("f7")
        await see(pilot, "It is tried again.")
        assert desk.operator.acts == [("retry", 1, None)]


async def test_collecting_is_paused_and_resumed_by_one_key_and_cancelled_after_a_question() -> None:
    board = stories.board()
    profile = stories.collecting(board)
    board.advance(profile.key, Progress("collecting", 105, 210, "requests", "by search, about 210 requests, 1 min"))
    async with shown(board) as (desk, pilot):
        await see(pilot, "F7 Pause", "F10 Cancel", "105 of 210 requests", "50 %", "by search, about 210")
        await pilot.press("f7")
        await see(pilot, "Collecting rests.")
        stories.paused(board, profile)
        await see(pilot, "F7 Resume", "F7 goes on, F8 forgets this echo.")
        await pilot.press("f7")
        await see(pilot, "Collecting goes on.")
        await pilot.press("f10")
        await see(pilot, "Cancel collecting for Mara?", "What was read is kept until it is forgotten.")
        await pilot.press("enter", "f10", "right", "enter")
        await see(pilot, "It is cancelled.")
        assert desk.operator.acts == [("pause", 1, None), ("resume", 1, None), ("cancel", 1, None)]


async def test_what_an_echo_does_not_know_yet_is_shown_and_when_it_is_renewed() -> None:
    board = stories.board()
    stories.changed(board, stories.ready(board))
    async with shown(board) as (_, pilot):
        await see(pilot, "3 messages changed", "renewed in 15 min")


async def test_forgetting_says_what_goes_and_enter_alone_keeps_it() -> None:
    board = stories.board()
    stories.online(board, stories.ready(board))
    async with shown(board) as (desk, pilot):
        await see(pilot, "F8 Forget")
        await pilot.press("f8")
        await see(pilot, "Forget Mara?", "1,240 messages and what was learned from them", "goes offline in #general")
        await see(pilot, "y: yes", "n or Escape: no")
        await pilot.press("enter")
        await unsee(pilot, "Forget Mara?")
        await pilot.press("f8", "escape", "f8", "n")
        await unsee(pilot, "Forget Mara?")
        assert desk.operator.acts == []
        await pilot.press("f8", "right", "enter")
        await see(pilot, "Everything of this echo is being erased.")
        assert desk.operator.acts == [("forget", 1, None)]


async def test_a_forgotten_echo_leaves_the_list_and_the_next_one_is_highlighted() -> None:
    board = stories.board()
    stories.ready(board, 1)
    second = stories.ready(board, 2, ASKER)
    async with shown(board) as (desk, pilot):
        await see(pilot, "Petr ready")
        leaving = stories.happen(board, second, ForgetAsked(NOON, 0, "The operator erased it."))
        stories.happen(board, leaving, EverythingForgotten(NOON, 9))
        await see(pilot, "The echo of Petr is forgotten. The operator erased it.")
        assert desk.app.query_one(Echoes).selected == 1
        await see(pilot, "The echo of Mara is ready")


async def test_the_keys_are_about_the_highlighted_echo() -> None:
    board = stories.board()
    stories.stuck(board, 1)
    stories.ready(board, 2, ASKER)
    async with shown(board) as (desk, pilot):
        await see(pilot, "The echo of Petr is ready")
        desk.app.query_one(Echoes).focus()
        await pilot.press("up")
        await see(pilot, "Only 12 messages", "F7 Retry")
        await pilot.press("f7")
        await until(pilot, lambda: desk.operator.acts == [("retry", 1, None)])


async def test_the_palette_offers_only_what_is_possible_now() -> None:
    board = stories.board()
    stories.ready(board)
    async with shown(board, LARGE) as (desk, pilot):
        await see(pilot, "F8 Forget")
        titles = [offer.title for offer in desk.app.offers()]
        assert {"Bring Mara online", "Refresh Mara", "Forget Mara", "Show Log", "Help", "Quit"} <= set(titles)
        assert not any(title.startswith(("Take", "Retry", "Speak")) for title in titles)
        await pilot.press("ctrl+p")
        await type_in(pilot, "refresh")
        await see(pilot, "collect what is new and train anew")
        await pilot.press("enter")
        await see(pilot, "It is collected and trained anew.")
        assert desk.operator.acts == [("refresh", 1, None)]


async def test_help_explains_the_keys_and_closes_again() -> None:
    async with shown(stories.board(), LARGE) as (_, pilot):
        await pilot.press("f1")
        await see(pilot, "Help", "F8 erase it, after a question")
        await pilot.press("f1")
        await unsee(pilot, "after a question")


async def test_quitting_asks_only_while_somebody_is_online() -> None:
    board = stories.board()
    stories.online(board, stories.ready(board))
    async with shown(board) as (desk, pilot):
        await pilot.press("ctrl+q")
        await see(pilot, "Quit?", "1 echo is online in #general", "y: yes", "n or Escape: no")
        await pilot.press("enter")
        await unsee(pilot, "Quit?")
        assert desk.app.is_running
        await pilot.press("ctrl+q", "y")
        await until(pilot, lambda: not desk.app.is_running)
    async with shown(stories.board()) as (desk, pilot):
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not desk.app.is_running)
        assert desk.app.return_code == 0


async def test_after_it_is_closed_it_looks_at_the_board_no_more() -> None:
    board = stories.board()
    async with shown(board) as (desk, pilot):
        stories.awaiting(board)
        await see(pilot, "Mara awaiting consent")
    drawn = desk.app.drawings
    stories.ready(board)
    assert desk.app.drawings == drawn


async def test_a_narrow_terminal_gives_the_list_up_for_the_pane() -> None:
    desk = Desk(stories.board())
    async with desk.app.run_test(size=(60, 20)) as pilot:
        await see(pilot, "Journal", "Nobody is echoed yet")
        assert "Echoes" not in screen_text(desk.app)


def test_a_progress_bar_is_as_long_as_its_width() -> None:
    assert [tuple(map(len, bar(share, 10))) for share in (-1, 0, 0.5, 1, 7)] == [
        (0, 10),
        (0, 10),
        (5, 5),
        (10, 0),
        (10, 0),
    ]
