"""A form that the bot has opened."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, TextArea

from console.ports import Json


class FormScreen(ModalScreen[dict[str, str] | None]):
    """Gives what was filled in, by custom id; None where it was closed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Close")]

    def __init__(self, form: Json) -> None:
        """`form` is what `Town.command` answers under `modal`: `custom_id, title, fields`."""
        super().__init__()
        self._form = form

    def compose(self) -> ComposeResult:
        """A label and an input for every field."""
        with VerticalScroll(classes="dialog", can_focus=False) as dialog:
            dialog.border_title = Content(str(self._form["title"]))
            for index, field in enumerate(self._form["fields"]):
                needed = "" if field["required"] else " (may stay empty)"
                yield Label(f"{field['label']}{needed}", markup=False)
                if field["long"]:
                    yield TextArea(str(field["value"]), id=f"field-{index}")
                else:
                    placeholder = str(field["placeholder"])
                    yield Input(str(field["value"]), placeholder, id=f"field-{index}", max_length=field["max_length"])
            with Horizontal(classes="buttons"):
                yield Button("Send", variant="primary", id="send", compact=True)
                yield Button("Close", id="close", compact=True)

    @on(Input.Submitted)
    @on(Button.Pressed, "#send")
    def _send(self) -> None:
        values: dict[str, str] = {}
        for index, field in enumerate(self._form["fields"]):
            widget = self.query_one(f"#field-{index}")
            value = widget.text if isinstance(widget, TextArea) else widget.value if isinstance(widget, Input) else ""
            wrong = _fault(field, value)
            if wrong:
                self.app.clear_notifications()
                self.notify(wrong, severity="warning", markup=False)
                widget.focus()
                return
            values[str(field["custom_id"])] = value
        self.dismiss(values)

    @on(Button.Pressed, "#close")
    def action_close(self) -> None:
        """Send nothing."""
        self.dismiss(None)


def _fault(field: Json, value: str) -> str:
    """What is wrong with a value, in one sentence; nothing where it fits."""
    if field["required"] and not value.strip():
        return f"{field['label']} can't stay empty: fill it in, or close the form with Escape."
    if value and len(value) < int(field["min_length"]):
        return f"{field['label']} takes at least {field['min_length']} characters."
    if len(value) > int(field["max_length"]):
        return f"{field['label']} takes at most {field['max_length']} characters, and this has {len(value)}."
    return ""
