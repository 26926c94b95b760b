"""Versions and base models in the console: one key back, and lists to choose from."""

from __future__ import annotations

from functools import partial

from states.board import FETCHED, LOADED, Board
from states.events import BaseChosen, CollectionFinished, CorpusChanged, RefreshAsked, TrainingFinished, VersionRejected
from states.model import ProfileSnapshot
from tests.console import stories
from tests.console.test_board_panes import LARGE, SMALL, Desk, shown
from tests.support.console import see, type_in, unsee, until, words
from tests.support.snapshots import NOON

MODELS = [("", "llama3.2:3b, as the settings say"), ("gemma3:1b", "gemma3:1b, 1B, Q4_K_M, 815 MB")]


def renewing(board: Board) -> ProfileSnapshot:
    collecting = stories.happen(board, stories.ready(board), RefreshAsked(NOON, 0))
    return stories.happen(board, collecting, CollectionFinished(NOON, 1240, 50))


def renewed(board: Board, *, tuned: bool = False) -> ProfileSnapshot:
    """Version 2 speaks and version 1 is kept."""
    return stories.happen(board, renewing(board), TrainingFinished(NOON, "models/1-2.model", 2, 1240, 2.0, tuned))


def take(desk: Desk, title: str) -> None:
    """Take what the palette offers under a title."""
    next(offer for offer in desk.app.offers() if offer.title == title).do()


async def test_one_key_goes_back_to_the_version_before_as_long_as_it_is_kept() -> None:
    board = stories.board()
    profile = renewed(board)
    async with shown(board, (160, 40)) as (desk, pilot):
        await see(pilot, "^r Roll back", "version 2, version 1 kept")
        await pilot.press("ctrl+r")
        await see(pilot, "Version 1 speaks again.")
        stories.happen(board, profile, CorpusChanged(NOON, 1239, 0, 0, 1))
        await unsee(pilot, "Roll back")
        await pilot.press("ctrl+r")
        assert desk.operator.acts == [("roll back", 1, None)]


async def test_a_note_of_an_echo_that_is_ready_is_no_trouble() -> None:
    board = stories.board()
    stories.happen(board, renewing(board), VersionRejected(NOON, 2, "In its test it copied."))
    async with shown(board) as (_, pilot):
        await see(pilot, "Mara ready", "In its test it copied.", "The echo of Mara is ready: F5 brings it online")


async def test_a_base_model_is_chosen_for_one_echo_or_for_its_server() -> None:
    board = stories.board()
    profile = renewed(board, tuned=True)
    async with shown(board, LARGE) as (desk, pilot):
        desk.operator.models = MODELS
        await see(pilot, "version 2, fine-tuned, version", "1 kept")
        for move, act in (((), ("by gemma3:1b", 1, None)), (("down",), ("all by gemma3:1b", profile.server_id, None))):
            take(desk, "Choose a model for Mara")
            await see(pilot, "Which model is Mara (echo) to speak by?", "Its fine-tuned model rests", "815 MB")
            await pilot.press("down", "enter")
            await see(pilot, "for whom?", "Mara (echo) alone", "all echoes of Somewhere, and those to come")
            await pilot.press(*move, "enter")
            await until(pilot, partial(desk.operator.acts.__contains__, act))
        stories.happen(board, profile, BaseChosen(NOON, 0, "gemma3:1b"))
        await see(pilot, "version 2, by gemma3:1b")


async def test_where_no_models_can_be_told_it_says_why_and_where_there_are_none_it_offers_none() -> None:
    board = stories.board()
    stories.ready(board)
    async with shown(board, LARGE) as (desk, pilot):
        take(desk, "Choose a model for Mara")
        await see(pilot, "Ollama does not answer.")
        desk.operator.has_bases = False
        assert not [offer for offer in desk.app.offers() if "model" in offer.title]


async def test_a_model_is_pulled_by_its_name_and_the_top_line_says_how_far_that_is() -> None:
    board = stories.board()
    async with shown(board, SMALL) as (desk, pilot):
        await pilot.press("ctrl+p")
        await type_in(pilot, "pull")
        await see(pilot, "Pull a model")
        await pilot.press("enter")
        await see(pilot, "Its name in Ollama's library")
        await type_in(pilot, "gemma3")
        await pilot.press("enter")
        await see(pilot, "gemma3 is there.")
        assert desk.operator.acts == [("fetch gemma3", 0, None)]
        board.set_condition(FETCHED, "gemma3:1b: 43% of 815 MB")
        await see(pilot, "43% of 815 MB", "Nobody is echoed yet")
        board.set_condition(FETCHED, None)
        board.set_condition(LOADED, "llama3.2:3b 2.0 GB loaded")
        await see(pilot, "2.0 GB loaded")
        await unsee(pilot, "▲")
        board.set_condition("ollama", "Ollama does not answer.")
        await see(pilot, "▲ see below", "Ollama does not answer.")


async def test_all_that_is_amiss_outside_is_told_line_by_line_beside_what_to_do_next() -> None:
    board = stories.board()
    away = "Ollama at http://127.0.0.1:11434 does not answer: start it; Echo leaves it out until it answers again."
    async with shown(board, SMALL) as (desk, pilot):
        board.set_condition("ollama http://127.0.0.1:11434", away)
        board.set_condition("ollama", "Meanwhile echoes speak by the embedded engine.")
        board.set_condition(LOADED, "llama3.2:3b 2.0 GB loaded on 127.0.0.1:11435 (1 persona)")
        await see(pilot, away, "▲ Meanwhile echoes speak by the embedded engine.", "▶ Nobody is echoed yet")
        await see(pilot, "loaded on 127.0.0.1:11435 (1 persona)")
        # What is to be done there and can't be has the same reason.
        for name in ("model 1", "model 2"):
            board.set_condition(name, away.partition(";")[0] + ".")
        board.set_condition("model 3", "The disk is full.")
        await see(pilot, "The disk is full.")
        assert words(desk.app).count("does not answer") == 1
        for name in tuple(board.conditions):
            board.set_condition(name, None)
        await unsee(pilot, "▲")
