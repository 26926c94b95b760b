"""A choice of some among several, as a message's menu offers it."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, SelectionList, Static
from textual.widgets.selection_list import Selection

from console.ports import Json


class PickScreen(ModalScreen[list[str] | None]):
    """Gives the values of what was picked, in the menu's order; None where it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close"),
        Binding("ctrl+s", "done", "Done", tooltip="Take what is picked"),
    ]

    def __init__(self, menu: Json) -> None:
        """`menu` is a component with `label`, `options` (`label`, `value`, `chosen`), `min_values`, `max_values`."""
        super().__init__()
        self._menu = menu

    def compose(self) -> ComposeResult:
        """The menu's options with a box each, and a button below."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Content(str(self._menu["label"]))
            dialog.border_subtitle = "Space picks   Ctrl+S takes it   Escape leaves it"
            yield SelectionList(
                *(
                    Selection(Content(str(one["label"])), str(one["value"]), bool(one.get("chosen")))
                    for one in self._menu["options"]
                )
            )
            yield Static("", id="fault", markup=False)
            yield Button("Done", variant="primary", compact=True)

    @on(Button.Pressed)
    def action_done(self) -> None:
        """Take what is picked, if the menu lets so many be."""
        picks: SelectionList[Any] = self.query_one(SelectionList)
        picked = [str(one["value"]) for one in self._menu["options"] if str(one["value"]) in picks.selected]
        fewest, most = int(self._menu["min_values"]), int(self._menu["max_values"])
        if fewest <= len(picked) <= most:
            self.dismiss(picked)
        else:
            many = f"{fewest}" if fewest == most else f"{fewest} to {most}"
            self.query_one("#fault", Static).update(f"Pick {many}, not {len(picked)}.")

    def action_close(self) -> None:
        """Pick nothing."""
        self.dismiss(None)
