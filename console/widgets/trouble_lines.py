"""What is amiss with outside things, one line for each; not there while all is well."""

from __future__ import annotations

from collections.abc import Sequence

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
        told = tuple(one for one in dict.fromkeys(board.troubles) if not _is_told(one, board.troubles))
        if told == self._shown or not self.is_mounted:
            return
        self._shown = told
        self.display = bool(self._shown)
        lines = (Content.assemble((MARKS[Tone.TROUBLE], "bold"), sentence) for sentence in self._shown)
        self.update(Content("\n").join(lines))


def _is_told(sentence: str, others: Sequence[str]) -> bool:
    """Whether another one says the same and more."""
    return any(one != sentence and one.startswith(sentence.removesuffix(".")) for one in others)
