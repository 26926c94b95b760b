"""The input of the chat pane: what was sent comes back, letters go to it, keys lead to it and from it."""

from __future__ import annotations

from textual.widgets import Input

from console.widgets.composer import Composer
from console.widgets.said import Press, Said
from tests.console import stories
from tests.console.test_chat import chatting
from tests.support.console import paste, see, type_in, unsee, until


async def test_what_was_sent_can_be_recalled_and_a_draft_survives_it() -> None:
    async with chatting() as (room, pilot):
        for text in ("one", "two"):
            await paste(pilot, text)
            await pilot.press("enter")
            await until(pilot, lambda: room.typed == "")
        await paste(pilot, "draft")
        await pilot.press("up")
        assert room.typed == "two"
        await pilot.press("up", "up")
        assert room.typed == "one"
        await pilot.press("down", "down", "down")
        assert room.typed == "draft"


async def test_replies_name_what_they_answer_and_one_author_stands_once() -> None:
    async with chatting() as (room, pilot):
        first = await room.stage.people.say("Bo", "general", "what is **this**?")
        await room.stage.people.say("Bo", "general", "really")
        await room.stage.people.say("Ada", "general", "a heron", reply_to=first["id"])
        await see(pilot, "╭ Bo: what is this?", "a heron", "really")
        heads = [str(said.query("Static").last().render()).split("\n")[0] for said in room.app.query(Said)]
        assert heads[-2] == "really" and heads[-1].startswith("Ada")


async def test_page_up_goes_back_in_the_channel_while_one_types() -> None:
    async with chatting() as (room, pilot):
        for number in range(40):
            await room.stage.people.say("Bo", "general", f"line {number}")
        await see(pilot, "line 39")
        await paste(pilot, "hm")
        await pilot.press("pageup", "pageup")
        await unsee(pilot, "line 39")
        assert room.typed == "hm"
        await pilot.press("enter")
        await see(pilot, "hm", "line 39")


async def test_tab_in_an_empty_input_stays_there_while_there_is_nothing_to_fill_in() -> None:
    async with chatting() as (room, pilot):
        stories.collecting(room.board)
        await see(pilot, "Reading what")
        await pilot.press("tab")
        assert isinstance(room.app.focused, Composer)
        await type_in(pilot, "hello")
        assert room.typed == "hello"


async def test_letters_go_to_the_input_and_to_nothing_else() -> None:
    async with chatting() as (room, pilot):
        letters = "qynhfx?!"
        await type_in(pilot, letters)
        assert room.typed == letters
        assert isinstance(room.app.focused, Input)


async def test_the_palette_speaks_as_people_and_goes_to_channels() -> None:
    async with chatting((120, 40)) as (_, pilot):
        await pilot.press("ctrl+p")
        await paste(pilot, "speak cy")
        await see(pilot, "Speak as Cy Day")
        await pilot.press("enter")
        await see(pilot, "Cy Day in #general")
        await pilot.press("ctrl+p")
        await paste(pilot, "plans")
        await pilot.press("enter")
        await see(pilot, "Cy Day in #plans")


async def test_escape_leads_from_a_list_or_a_button_back_to_the_input() -> None:
    async with chatting() as (room, pilot):
        await paste(pilot, "/ask")
        await pilot.press("enter")
        await see(pilot, "Whisper")
        await pilot.press("f4")
        assert isinstance(room.app.focused, Press)
        await pilot.press("escape")
        assert isinstance(room.app.focused, Composer)
