"""The top line: what runs, how many echoes there are, and whether anything is amiss."""

from __future__ import annotations

from typing import Final

from textual.content import Content
from textual.widgets import Static

from console.theme import MUTED
from console.wording import count, living
from states.board import Board

DISCORD: Final = "discord"
"""The condition that tells of the connection to Discord."""


class StatusLine(Static):
    """Repainted only when it changes."""

    def __init__(self, title: str) -> None:
        super().__init__(id="status")
        self._title = title
        self._shown: tuple[object, ...] = ()

    def show(self, board: Board) -> None:
        """Sum the board up."""
        amiss = "disconnected" if DISCORD in board.conditions else "see below" if board.troubles else ""
        facts = (len(living(board)), len(board.sessions_online()), len(board.faults), amiss, board.news)
        if facts == self._shown or not self.is_mounted:
            return
        self._shown = facts
        echoes, online, faults, amiss, news = facts
        parts: list[tuple[str, str] | str] = [
            (self._title, "bold"),
            ("   ", ""),
            count(echoes, "echoes") if echoes != 1 else "1 echo",
        ]
        parts.append((f", {online} online", "$text-success" if online else MUTED))
        if faults:
            parts.append((f"   ▲ {count(faults, 'faults')}: see Log", "bold $text-error"))
        if amiss:
            parts.append((f"   ▲ {amiss}", "bold $text-warning"))
        for sentence in news:
            parts.append((f"   {sentence}", MUTED))
        self.update(Content.assemble(*parts))
