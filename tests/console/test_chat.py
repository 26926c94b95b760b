"""The chat pane over the real sandbox with a real bot: speaking, commands completed, buttons, forms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from textual.widgets import Button, Select

from console.app import EchoConsole
from console.logs import LogRing
from console.widgets.composer import Composer
from console.widgets.said import Press, Said
from states.board import Board
from tests.support.bot import Stage, connected
from tests.support.console import AnyPilot, RecordingOperator, paste, see, type_in, unsee, until
from tests.support.talkative import dress


class Room:
    """A console over a sandbox in which a bot listens."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

        def clock() -> datetime:
            return datetime.fromtimestamp(stage.clock(), UTC)

        self.board = Board()
        self.app = EchoConsole(self.board, RecordingOperator(), stage.people, clock, "Echo - sandbox", LogRing())

    @property
    def typed(self) -> str:
        return self.app.query_one(Composer).value

    def said(self, channel: str) -> list[tuple[str, str]]:
        return [(one["author"], one["content"]) for one in self.stage.people.messages(channel)]


@asynccontextmanager
async def chatting(size: tuple[int, int] = (80, 24)) -> AsyncIterator[tuple[Room, AnyPilot]]:
    async with connected(dress) as stage:
        room = Room(stage)
        async with room.app.run_test(size=size, notifications=True) as pilot:
            await see(pilot, "Ada in #general", "morning all")
            yield room, pilot


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_one_begins_as_a_manager_with_the_newest_messages_in_sight(size: tuple[int, int]) -> None:
    async with chatting(size) as (_, pilot):
        await see(pilot, "Ada (manager)", "#general", "hello ada", "Type /echo create user:@Ada before:28.05.2026")


async def test_what_is_typed_is_said_by_whom_one_speaks_as() -> None:
    async with chatting() as (room, pilot):
        await type_in(pilot, "good [b]morning[/b] qjk?")
        await pilot.press("enter")
        await see(pilot, "good [b]morning[/b] qjk?")
        await pilot.press("f2")
        await see(pilot, "Bo in #general")
        await paste(pilot, "you too, @Ada")
        await pilot.press("enter")
        await see(pilot, "you too, @Ada")
        assert [author for author, _ in room.said("general")[-2:]] == ["Ada", "Bo"]
        assert room.typed == ""


async def test_of_several_pasted_lines_none_is_lost() -> None:
    async with chatting() as (room, pilot):
        await type_in(pilot, "so ")
        await paste(pilot, "first line\n\nsecond line\n")
        assert room.typed == "so first line second line"
        await pilot.press("enter")
        await see(pilot, "so first line second line")


async def test_channels_and_threads_are_one_key_away() -> None:
    async with chatting() as (_, pilot):
        await pilot.press("f3")
        await see(pilot, "Ada in #random", "anyone?")
        await pilot.press("f3")
        await see(pilot, "Ada in #plans", "a thread of its own")
        await pilot.press("f3")
        await see(pilot, "Ada in #general", "hello ada")


async def test_others_messages_edits_and_deletions_appear_as_they_happen() -> None:
    async with chatting() as (room, pilot):
        world = room.stage.world
        general = world.find_channel("general")
        bo = world.find_user("Bo")
        assert general is not None and bo is not None
        view = await room.stage.people.say("Bo", "general", "first words")
        await see(pilot, "first words")
        world.edit_message(general.id, int(view["id"]), now=room.stage.clock(), content="better words")
        await see(pilot, "better words", "edited")
        world.start_typing(general.id, bo.id, now=room.stage.clock())
        await see(pilot, "Bo is typing…")
        world.delete_message(general.id, int(view["id"]))
        await unsee(pilot, "better words")


async def test_a_command_is_completed_from_its_first_letters_to_its_end() -> None:
    async with chatting() as (room, pilot):
        await type_in(pilot, "/echo cr")
        await see(pilot, "/echo create", "Make one")
        await pilot.press("tab")
        await see(pilot, "@Cy Day")
        assert room.typed == "/echo create user:@"
        await type_in(pilot, "cy")
        await unsee(pilot, "@Bo")
        await pilot.press("tab")
        await see(pilot, "today, the latest")
        assert room.typed == "/echo create user:@Cy Day before:"
        await pilot.press("tab", "enter")
        await see(pilot, "before 28.05.2026")
        assert room.typed == ""


async def test_what_the_bot_proposes_is_offered_and_its_value_sent() -> None:
    async with chatting() as (room, pilot):
        await type_in(pilot, "/echo online profile:ad")
        await see(pilot, "adam")
        await pilot.press("down", "enter")
        assert room.typed == "/echo online profile:adam"
        await pilot.press("enter")
        await see(pilot, "online adam")


async def test_what_is_wrong_is_told_in_one_sentence_and_the_text_is_kept() -> None:
    async with chatting() as (room, pilot):
        for text, sentence in (
            ("/echo create user:@Bo", "/echo create also needs before:"),
            ("/ecco", "There is no such command; there are: /"),
            ("/echo create user:@Nobody before:x", "Nobody here is called"),
        ):
            await paste(pilot, text)
            await pilot.press("enter")
            await see(pilot, sentence)
            assert room.typed == text
            room.app.query_one(Composer).put("")


async def test_a_new_refusal_takes_the_place_of_the_one_before() -> None:
    async with chatting() as (room, pilot):
        for text, sentence in (
            ("/ecco", "There is no such command"),
            ("/echo create", "/echo create also needs user:"),
            ("/echo create user:@Bo", "/echo create also needs before:"),
        ):
            room.app.query_one(Composer).put(text)
            await pilot.press("enter")
            await see(pilot, sentence)
            assert len(room.app.screen.query("Toast")) == 1


async def test_who_may_not_use_a_command_is_told_so() -> None:
    async with chatting() as (room, pilot):
        await pilot.press("f2")
        await see(pilot, "Bo in #general")
        await paste(pilot, "/manage")
        await pilot.press("enter")
        await see(pilot, "Bo may not use /manage")
        await until(pilot, lambda: room.typed == "/manage")


async def test_buttons_are_reached_moved_along_and_pressed_by_keys() -> None:
    async with chatting() as (room, pilot):
        await paste(pilot, "/ask")
        await pilot.press("enter")
        await see(pilot, "Well?", "Quietly", "F4 Buttons")
        assert [one.disabled for one in room.app.query(Press)].count(True) == 1
        await pilot.press("f4", "f4", "f4")
        focused = room.app.focused
        assert isinstance(focused, Press) and str(focused.label) == "Whisper"
        await pilot.press("enter")
        await see(pilot, "psst", "only you see this")
        assert isinstance(room.app.focused, Composer)
        await pilot.press("f2")
        await see(pilot, "Bo in #general")
        await unsee(pilot, "psst")
        await pilot.press("f4", "enter")
        await see(pilot, "agreed by")


@pytest.mark.parametrize("pane", [[], ["f9"]])
async def test_an_older_messages_button_and_what_it_answers_come_into_sight(pane: list[str]) -> None:
    async with chatting() as (room, pilot):
        await paste(pilot, "/ask")
        await pilot.press("enter")
        for number in range(20):
            await room.stage.people.say("Bo", "general", f"meanwhile {number}")
        await see(pilot, "meanwhile 19")
        await unsee(pilot, "Whisper")
        await pilot.press(*pane)
        await pilot.press("f4")
        await see(pilot, "I agree")
        await pilot.press("f4", "f4")
        await pilot.press("enter")
        await see(pilot, "psst")


@pytest.mark.parametrize("closing", ["escape", "enter"])
async def test_a_closed_list_of_people_leaves_one_at_the_input(closing: str) -> None:
    async with chatting() as (room, pilot):
        room.app.query_one("#speaker", Select).focus()
        await pilot.press("enter")
        await see(pilot, "Cy Day")
        await pilot.press(closing)
        await until(pilot, lambda: isinstance(room.app.focused, Composer))
        await type_in(pilot, "hello")
        assert room.typed == "hello"


async def test_a_button_can_be_clicked() -> None:
    async with chatting() as (room, pilot):
        await paste(pilot, "/ask")
        await pilot.press("enter")
        await see(pilot, "Whisper")
        whisper = next(one for one in room.app.query(Press) if str(one.label) == "Whisper")
        await pilot.click(whisper)
        await see(pilot, "psst")


async def test_a_form_is_filled_in_and_what_does_not_fit_is_said() -> None:
    async with chatting() as (room, pilot):
        await paste(pilot, "/form")
        await pilot.press("enter")
        await see(pilot, "About you", "Name", "More (may stay empty)")
        await pilot.press("A", "enter")
        await see(pilot, "Name takes at least 2 characters.")
        await pilot.press("d", "a", "enter")
        await see(pilot, "Ada//")
        assert not room.app.screen.query("FormScreen Input")


async def test_a_form_can_be_closed_unsent() -> None:
    async with chatting() as (room, pilot):
        await paste(pilot, "/form")
        await pilot.press("enter")
        await see(pilot, "About you")
        await pilot.press("escape")
        await unsee(pilot, "About you")
        await see(pilot, "Ada in #general")
        assert not room.app.query(Button).filter("#send")


async def test_a_command_of_the_user_menu_can_be_called() -> None:
    async with chatting() as (_, pilot):
        await paste(pilot, "/make an echo user:@Bo")
        await pilot.press("enter")
        await see(pilot, "of ")


async def test_leaving_while_an_answer_is_awaited_breaks_nothing() -> None:
    async with chatting() as (_, pilot):
        await paste(pilot, "/slow mute")
        await pilot.press("enter")
        await see(pilot, "Echo is working on it")


async def test_a_deferred_answer_is_awaited_and_its_embed_shown() -> None:
    async with chatting() as (_, pilot):
        await paste(pilot, "/slow deferred")
        await pilot.press("enter")
        await see(pilot, "thought about it", "Depth: great", "and more")


async def test_a_button_that_cannot_be_taken_back_asks_once_more() -> None:
    async with chatting() as (room, pilot):
        await paste(pilot, "/ask")
        await pilot.press("enter")
        await see(pilot, "Burn it")
        for answer in ("n", "y"):
            await pilot.press("f4")
            await until(pilot, lambda: isinstance(room.app.focused, Press))
            while not (isinstance(room.app.focused, Press) and str(room.app.focused.label) == "Burn it"):
                await pilot.press("f4")
            await pilot.press("enter")
            await see(pilot, "Press “Burn it”?")
            await pilot.press(answer)
            await unsee(pilot, "Press “Burn it”?")
            if answer == "n":
                assert not any("burnt" in str(one.view["content"]) for one in room.app.query(Said))
        await see(pilot, "burnt")
