"""The journal: every step and every refusal, newest at the bottom. Names, times and counts; never what was said."""

from __future__ import annotations

from collections import deque
from datetime import datetime, tzinfo
from typing import TypeVar

from rich.text import Text
from textual.widgets import RichLog

from console.messages import BoardChanged
from console.wording import journal_words, machine_words
from states.board import Board, JournalLine
from states.decide import Refusal

T = TypeVar("T")


class JournalPane(RichLog):
    """Writes only what is new since the last time, all at once."""

    def __init__(self, zone: tzinfo) -> None:
        super().__init__(id="journal", max_lines=1000, wrap=True, min_width=20)
        self._zone = zone
        self._last_line: JournalLine | None = None
        self._last_refusal: Refusal | None = None

    def on_show(self) -> None:
        """Ask for what came while it was hidden."""
        self.post_message(BoardChanged())

    def show(self, board: Board) -> None:
        """Write what was recorded and refused since the last time; a hidden pane, whose width is unknown, waits."""
        if not self.scrollable_content_region.width:
            return
        lines = _after(board.journal, self._last_line)
        refusals = _after(board.refusals, self._last_refusal)
        self._last_line = lines[-1] if lines else self._last_line
        self._last_refusal = refusals[-1] if refusals else self._last_refusal
        fresh = [(line.at, self._step(board, line)) for line in lines]
        fresh += [(refusal.event.at, self._refused(board, refusal)) for refusal in refusals]
        fresh.sort(key=lambda one: one[0])
        if fresh:
            self.write(Text("\n").join(text for _, text in fresh))

    def _step(self, board: Board, line: JournalLine) -> Text:
        who, event, moved = journal_words(board, line)
        return Text.assemble(
            (f"{self._time(line.at)}  ", "dim"), (f"{who}  ", "bold"), f"{event}  ", (moved, "cyan"), no_wrap=False
        )

    def _refused(self, board: Board, refusal: Refusal) -> Text:
        who, event = machine_words(board, refusal.key), type(refusal.event).__name__
        return Text.assemble(
            (f"{self._time(refusal.event.at)}  ", "dim"),
            (f"{who}  ", "bold"),
            f"{event}  ",
            (f"refused: {refusal.sentence}", "yellow"),
        )

    def _time(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._zone):%H:%M:%S}"


def _after(items: deque[T], last: T | None) -> list[T]:
    """The items after the last one seen; all of them where that one is gone already."""
    fresh: list[T] = []
    for item in reversed(items):
        if item is last:
            break
        fresh.append(item)
    return fresh[::-1]
