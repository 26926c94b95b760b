"""What could stand where somebody is typing a command: a short list above the input."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from console.completing import Proposal
from console.theme import MUTED


class Proposals(OptionList, can_focus=False):
    """Hidden while there is nothing to propose. The input keeps the focus and moves the highlight."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._proposals: Sequence[Proposal] = ()
        self.was_moved = False
        self.display = False

    @property
    def chosen(self) -> Proposal | None:
        """The highlighted proposal."""
        if not self.display or self.highlighted is None:
            return None
        return self._proposals[self.highlighted]

    def offer(self, proposals: Sequence[Proposal]) -> None:
        """Propose these; the first is highlighted."""
        self.was_moved = False
        if list(proposals) != list(self._proposals):
            self._proposals = tuple(proposals)
            width = max((len(one.shown) for one in proposals), default=0)
            self.set_options([Option(_line(one, width)) for one in proposals])
        self.highlighted = 0 if proposals else None
        self.display = bool(proposals)

    def move(self, down: bool) -> None:
        """Highlight the next or the previous proposal."""
        self.was_moved = True
        if down:
            self.action_cursor_down()
        else:
            self.action_cursor_up()


def _line(proposal: Proposal, width: int) -> Content:
    return Content.assemble(
        (proposal.shown.ljust(width), "bold"), (f"  {proposal.about}" if proposal.about else "", MUTED)
    )
