"""A newcomer's whole way by keys alone: nothing is typed that the console has not said."""

from __future__ import annotations

from pathlib import Path

from console.app import EchoConsole
from console.logs import LogRing
from console.widgets.said import Said
from states.model import ProfileState, SessionState
from tests.support.console import paste, see, type_in, until
from tests.support.running import running
from tests.support.settlers import everybody

NEWEST = 1000
"""Of what the invented people wrote: enough for Mara to be learnt quickly, as it is the way that matters here."""


async def test_from_the_first_screen_to_a_talking_echo_and_back_to_nothing(tmp_path: Path) -> None:
    async with running(tmp_path, everybody()[-NEWEST:]) as echo:
        app = EchoConsole(echo.board, echo.echo.operator, echo.people, echo.clock, "Echo - sandbox", LogRing())
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            await see(pilot, "Type /echo create user:@Mara before:01.06.2026 and press Enter")
            await type_in(pilot, "/ec")
            await see(pilot, "/echo create Ask somebody")
            await pilot.press("tab")
            await see(pilot, "@Mara", "@Ines")
            await pilot.press("tab", "space")
            await see(pilot, "before: Only what was written before this day")
            await pilot.press("tab")
            await see(pilot, "01.06.2026", "today, the latest")
            await pilot.press("tab", "enter")

            await see(pilot, "Mara is asked for a yes: press F4, then Enter on I agree.", "Mara awaiting consent")
            await pilot.press("f4", "enter")
            await see(pilot, "Mara may choose now: press F4, then Enter on I agree to this.")
            await pilot.press("f4", "enter")
            await see(pilot, "only you see this", "Thank you.")
            await see(pilot, "The echo of Mara is ready: type /echo online", "messages")

            await pilot.press("tab", "enter")
            await see(pilot, "Mara in #general", "listening", "1 online", "Say something to Mara (echo)")
            await pilot.press("f2")
            await see(pilot, "Kofi in #general")
            await paste(pilot, "Mara (echo), how is the boat coming along?")
            await pilot.press("enter")
            await see(pilot, "Mara (echo) answers in", "composing, answers in")
            await echo.let_it_speak()
            await see(pilot, "Say something to Mara (echo)")
            await until(pilot, lambda: app.query("Said.-echo"))
            said = [str(one.view["content"]) for one in app.query(Said) if one.has_class("-echo")]
            assert said == [message["content"] for message in echo.said("general")]

            await pilot.press("f6")
            await see(pilot, "The echo is offline.", "Mara in #general offline")
            assert echo.session().state is SessionState.OFFLINE
            await pilot.press("f8", "y")
            await see(pilot, "The echo of Mara is forgotten.", "0 echoes")
            assert echo.board.profiles[1].state is ProfileState.FORGOTTEN
            await see(pilot, "Speak as Mara (F2), then type /echo create user:@Mara")


async def test_a_question_that_is_gone_is_put_anew_by_what_the_console_says(tmp_path: Path) -> None:
    async with running(tmp_path, everybody()[-NEWEST:]) as echo:
        app = EchoConsole(echo.board, echo.echo.operator, echo.people, echo.clock, "Echo - sandbox", LogRing())
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            await see(pilot, "Type /echo create user:@Mara")
            await pilot.press("tab", "enter")
            await see(pilot, "press F4, then Enter on I agree", "Mara awaiting consent")
            await pilot.press("f3")
            await see(pilot, "go to #general (F3), press F4")
            lost = echo.board.profiles[1]
            assert echo.echo.sandbox is not None and lost.consent_message_id is not None
            echo.echo.sandbox.world.delete_message(lost.channel_id, lost.consent_message_id)
            await see(pilot, "look in #general, or type /echo create user:@Mara before:01.06.2026 again")
            await pilot.press("tab", "enter")
            await see(pilot, "press F4, then Enter on I agree")
