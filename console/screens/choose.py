"""A choice of one among several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option


class ChooseScreen(ModalScreen[int | None]):
    """Gives the number of what was chosen; None where nothing was."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Close")]

    def __init__(self, question: str, choices: Sequence[tuple[int, str]], hint: str = "") -> None:
        """`choices` are numbers and what stands for them; `hint` stands below."""
        super().__init__()
        self._question = question
        self._choices = choices
        self._hint = hint

    def compose(self) -> ComposeResult:
        """The choices in a list."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Content(self._question)
            dialog.border_subtitle = Content(self._hint)
            yield OptionList(*(Option(Content(name)) for _, name in self._choices))

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._choices[event.option_index][0])

    def action_close(self) -> None:
        """Choose nothing."""
        self.dismiss(None)
