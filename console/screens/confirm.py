"""A question before something that can't be undone, or that others would notice."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Static


class ConfirmScreen(ModalScreen[bool]):
    """Gives whether it was agreed to. Enter alone means no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "answer(False)", "No"),
        Binding("y", "answer(True)", "Yes"),
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
    ]

    def __init__(self, question: str, consequence: str, yes: str, no: str) -> None:
        """`yes` and `no` are what the buttons say."""
        super().__init__()
        self._question = question
        self._consequence = consequence
        self._yes = yes
        self._no = no

    def compose(self) -> ComposeResult:
        """The question, what would happen, and two buttons, of which No has the focus."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_subtitle = "y: yes, n or Escape: no"
            yield Static(self._question, classes="question", markup=False)
            yield Static(self._consequence, markup=False)
            with Horizontal(classes="buttons"):
                yield Button(Content(self._no), id="no", variant="primary", compact=True)
                yield Button(Content(self._yes), id="yes", variant="error", compact=True)

    def on_mount(self) -> None:
        """Make the harmless answer the near one."""
        self.query_one("#no").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, answer: bool) -> None:
        """Answer by key."""
        self.dismiss(answer)
