"""What is amiss with outside things, one line for each; not there while all is well."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from console.guidance import Tone
from console.widgets.guidance_line import MARKS
from states.board import Board


class TroubleLines(Static):
    """Repainted only when it changes. What to do next stands on a line of its own, so that neither hides the other."""

    def __init__(self) -> None:
        super().__init__(id="troubles")
        self.display = False
        self._shown: tuple[str, ...] = ()

    def show(self, board: Board) -> None:
        """Say all that is amiss."""
        if board.troubles == self._shown:
            return
        self._shown = board.troubles
        self.display = bool(self._shown)
        lines = (Content.assemble((MARKS[Tone.TROUBLE], "bold"), sentence) for sentence in self._shown)
        self.update(Content("\n").join(lines))
