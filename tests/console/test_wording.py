"""Counts, spans, deadlines, progress and names as people read them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from console.acts import Acts, possible
from console.wording import count, due_words, journal_words, machine_words, name_of, progress_words, span
from states.board import JournalLine, Progress
from states.model import Deadline, MachineKey, MachineKind
from tests.console import stories
from tests.support.snapshots import CHANNEL, NOON


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-4, "0 s"), (0.4, "0 s"), (3, "3 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (604_800, "7 days")],
)
def test_spans_are_told_in_the_largest_fitting_unit(seconds: float, said: str) -> None:
    assert span(seconds) == said


def test_counts_have_separators_and_a_singular() -> None:
    assert [count(1, "messages"), count(1240, "messages"), count(62, "%")] == ["1 message", "1,240 messages", "62 %"]


def test_of_several_deadlines_the_one_that_people_wait_for_is_told() -> None:
    due = {Deadline.TYPE.value: NOON + timedelta(seconds=1), Deadline.SPEAK.value: NOON + timedelta(seconds=3)}
    assert due_words(due, NOON) == "answers in 3 s"
    assert due_words(due, NOON + timedelta(seconds=5)) == "answers now"
    assert due_words({}, NOON) is None


def test_progress_without_a_total_is_told_too() -> None:
    assert progress_words(Progress("collecting", 1240, None, "messages")) == "1,240 messages read"
    assert progress_words(Progress("training", 62, 100, "%")) == "62 %"
    assert progress_words(Progress("training", 300, 1500, "steps")) == "300 of 1,500 steps"


def test_who_has_no_name_is_told_by_number() -> None:
    board = stories.board()
    assert name_of(board, 12345) == "12345"
    assert machine_words(board, MachineKey(MachineKind.SESSION, 9)) == "session:9"
    assert machine_words(board, None) == "nobody"


def test_the_journal_names_people_and_channels() -> None:
    board = stories.board()
    stories.online(board, stories.ready(board))
    told = [journal_words(board, one) for one in board.journal]
    assert told[0] == ("Mara", "EchoAsked", "awaiting consent")
    assert told[-2] == ("Mara", "TrainingFinished", "training → ready")
    assert told[-1] == ("Mara in #general", "OnlineAsked", "listening")


def test_the_journal_says_why_an_echo_was_silent() -> None:
    board = stories.board()
    line = JournalLine(
        NOON, MachineKey(MachineKind.SESSION, 9), 3, "SilenceChosen", None, "listening", '{"why": "share"}'
    )
    assert journal_words(board, line)[1] == "SilenceChosen (share)"
    assert journal_words(board, replace(line, facts='{"why": ""}'))[1] == "SilenceChosen"


def test_only_what_can_be_done_is_offered() -> None:
    board = stories.board()
    assert possible(board, None) == possible(board, 5) == Acts()
    stories.awaiting(board)
    assert possible(board, 1) == Acts(forget=True)
    stories.collecting(board)
    assert possible(board, 1) == Acts(pause=True, cancel=True, forget=True)
    stories.paused(board, board.profiles[1])
    assert possible(board, 1) == Acts(resume=True, cancel=True, forget=True)
    stories.failing(board)
    assert possible(board, 1) == Acts(retry=True, pause=True, cancel=True, forget=True)
    stories.stuck(board)
    assert possible(board, 1) == Acts(retry=True, forget=True)
    profile = stories.ready(board)
    assert possible(board, 1, CHANNEL) == Acts(online=True, refresh=True, forget=True, portrait=True)
    stories.online(board, profile)
    assert possible(board, 1, CHANNEL) == Acts(offline=(1,), refresh=True, forget=True, portrait=True)
    assert possible(board, 1, CHANNEL + 1).online
