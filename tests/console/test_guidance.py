"""The guidance line: whatever stands on the board, it says what to do next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from console.guidance import Guidance, Scene, Tone, guide, suggested_day
from states.board import Board, Progress
from states.events import EverythingForgotten, ForgetAsked, ForgettingFailed, OfflineAsked
from states.model import ProfileState
from tests.console import stories
from tests.support.snapshots import ASKER, CHANNEL, NOON, SUBJECT

PEOPLE = ("Ines", "Mara", "Petr")
ASKED = frozenset({777})
MARA = Scene("Mara", SUBJECT, True, "general", CHANNEL, PEOPLE, ASKED)
PETR = Scene("Petr", ASKER, False, "general", CHANNEL, PEOPLE, ASKED)


def line(board: Board, scene: Scene | None = MARA, now: datetime = NOON, selected: int | None = None) -> Guidance:
    return guide(board, selected, scene, now, UTC)


def test_at_first_it_names_the_command_that_asks_mara() -> None:
    first = line(stories.board())
    assert first.type_in == "/echo create user:@Mara before:01.06.2026"
    assert first.type_in in first.text and "press Enter" in first.text


def test_whoever_may_not_ask_for_others_is_told_to_speak_as_her() -> None:
    assert line(stories.board(), PETR).text.startswith("Speak as Mara (F2), then type /echo create user:@Mara")
    assert line(stories.board(), PETR).type_in == ""


def test_in_an_imported_town_it_names_the_speaker_and_today() -> None:
    scene = Scene("old hand", 9, True, "ubuntu", CHANNEL, ("old hand", "newbie"))
    assert line(stories.board(), scene).type_in == "/echo create user:@old hand before:15.06.2026"


def test_no_day_in_the_future_is_ever_proposed() -> None:
    assert suggested_day("Mara", datetime(2026, 5, 2, tzinfo=UTC), UTC) == "02.05.2026"
    auckland = ZoneInfo("Pacific/Auckland")
    assert suggested_day("Petr", datetime(2026, 6, 30, 23, tzinfo=UTC), auckland) == "01.07.2026"


def test_on_discord_itself_it_sends_one_there() -> None:
    assert "in your Discord server, type /echo create" in line(stories.board(), None).text


def test_while_the_question_is_being_put_it_says_so() -> None:
    board = stories.board()
    stories.asked(board)
    assert "is being put in #general" in line(board).text


def test_who_is_asked_is_led_to_the_button() -> None:
    board = stories.board()
    stories.awaiting(board)
    assert line(board).text == "Mara is asked for a yes: press F4, then Enter on I agree."
    assert "speak as Mara (F2), press F4" in line(board, PETR).text
    elsewhere = replace(PETR, channel="workshop", channel_id=CHANNEL + 1)
    assert "go to #general (F3)" in line(board, elsewhere).text
    assert "before they press I agree there" in line(board, None).text


def test_where_the_question_is_gone_one_is_told_how_it_is_put_anew() -> None:
    board = stories.board()
    stories.awaiting(board)
    lost = line(board, replace(MARA, pressable=frozenset({778})))
    assert lost.type_in == "/echo create user:@Mara before:01.06.2026"
    assert f"look in #general, or type {lost.type_in} again" in lost.text and "F4" not in lost.text
    petrs = line(board, replace(PETR, pressable=frozenset()))
    assert f"or speak as Mara (F2) and type {lost.type_in} again" in petrs.text
    assert petrs.type_in == ""


def test_work_is_shown_with_how_far_it_is() -> None:
    board = stories.board()
    profile = stories.collecting(board)
    board.advance(profile.key, Progress("collecting", 1240, None, "messages"))
    assert line(board) == Guidance("Reading what Mara wrote… 1,240 messages read", Tone.WAIT)
    board = stories.board()
    board.advance(stories.training(board).key, Progress("training", 62, 100, "%"))
    assert line(board).text == "Learning how Mara writes… 62 %"


def test_what_is_stuck_says_why_and_which_key_helps() -> None:
    board = stories.board()
    stories.stuck(board)
    told = line(board)
    assert told.tone is Tone.TROUBLE
    assert "Only 12 messages" in told.text and "38 more are needed" in told.text
    assert "F7 tries again, F8 forgets this echo." in told.text


def test_what_is_tried_again_by_itself_says_when() -> None:
    board = stories.board()
    stories.failing(board)
    assert "Discord is out of reach. It is tried again in " in line(board).text


def test_a_ready_echo_is_to_be_brought_online() -> None:
    board = stories.board()
    stories.ready(board)
    assert line(board).type_in == "/echo online"
    assert "F5 brings it online in #general" in line(board, PETR).text
    assert "F5 brings it online" in line(board, None).text


def test_of_several_ready_echoes_the_command_names_the_one_that_is_meant() -> None:
    board = stories.board()
    stories.ready(board, 1)
    stories.ready(board, 2, ASKER)
    assert line(board, selected=1).type_in == "/echo online profile:Mara"
    assert line(board, selected=2).type_in == "/echo online profile:Petr"


def test_one_is_told_to_talk_and_how_to_end_it() -> None:
    board = stories.board()
    stories.online(board, stories.ready(board))
    assert "Say something to Mara (echo)" in line(board, PETR).text
    assert "/echo offline" in line(board, replace(PETR, is_manager=True)).text
    assert "Mara (echo)" in line(board, PETR).type_in
    assert "as somebody else (F2)" in line(board, MARA).text
    assert "F6 takes it offline" in line(board, None).text


def test_who_may_not_take_it_offline_is_told_of_the_operators_key_and_not_of_the_command() -> None:
    board = stories.board()
    stories.online(board, stories.ready(board))
    assert line(board, PETR).text == "Say something to Mara (echo); F6 takes it offline when you have had enough."


def test_who_looks_elsewhere_is_sent_to_where_the_echo_is() -> None:
    board = stories.board()
    stories.online(board, stories.ready(board), channel_id=CHANNEL + 1)
    assert "is online in #workshop: go there with F3" in line(board, PETR).text


def test_while_the_echo_composes_one_learns_when_it_answers() -> None:
    board = stories.board()
    session = stories.composing(board, stories.online(board, stories.ready(board)))
    assert line(board, PETR).text.startswith("Mara (echo) answers in 12 s")
    assert line(board, PETR, NOON + timedelta(seconds=9)).text.startswith("Mara (echo) answers in 3 s")
    stories.typing(board, session)
    assert line(board, PETR).text == "Mara (echo) is typing…"


def test_after_going_offline_it_can_be_brought_online_again() -> None:
    board = stories.board()
    session = stories.online(board, stories.ready(board))
    stories.happen(board, session, OfflineAsked(NOON, 0, "The operator took it offline."))
    assert line(board).type_in == "/echo online"


def test_after_forgetting_it_begins_anew() -> None:
    board = stories.board()
    leaving = stories.happen(board, stories.ready(board), ForgetAsked(NOON, 0, "The operator erased it."))
    assert line(board).text == "Erasing everything of Mara…"
    stuck = stories.happen(board, leaving, ForgettingFailed(NOON, "Ollama may still have models."))
    assert line(board).text.startswith("Mara: Ollama may still have models. It is tried again in ")
    stories.happen(board, stuck, EverythingForgotten(NOON, 1300))
    assert line(board).type_in.startswith("/echo create")


def test_what_is_wrong_outside_does_not_hide_what_to_do_next() -> None:
    board = stories.board()
    stories.ready(board)
    board.set_condition("discord", "Discord is out of reach; Echo connects again by itself.")
    assert line(board).type_in == "/echo online"


@pytest.mark.parametrize("scene", [MARA, PETR, None], ids=["manager", "member", "discord"])
def test_in_every_state_there_is_something_to_read(scene: Scene | None) -> None:
    for state in ProfileState:
        board = stories.board()
        board.show(replace(stories.ready(board), state=state))
        assert line(board, scene).text
        assert line(board, scene).text.endswith((".", "…", "%", "ends it."))
