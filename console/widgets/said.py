"""One message of the chat: who said it and when, its text, and its buttons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from typing import ClassVar, Final
from zlib import crc32

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static

from console.markup import styled
from console.ports import Json
from console.theme import MUTED

COLOURS: Final = ("$text-primary", "$text-success", "$text-warning", "$text-error", "$text-secondary", "$foreground")
"""What names of people are set in; an echo's is always in the accent."""
TOGETHER: Final = 420.0
"""Seconds within which messages of one author stand under one name."""

ROW: Final = 48
"""Cells that a row of buttons may take."""
LEAST_WIDE: Final = 16
"""Cells of the narrowest button."""
MENUS: Final = ("select", "channel")
PRESSABLE: Final = ("button", *MENUS)
"""Kinds of components that can be pressed."""
AROUND: Final = 4
"""Cells around a button's label and between two buttons."""


class Press(Button):
    """A button of a message, or a menu: then `menu` is its component."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
    ]

    def __init__(self, message_id: str, component: Json, is_main: bool) -> None:
        super().__init__(
            Content(_label(component)),
            variant="primary" if is_main else "default",
            disabled=bool(component.get("disabled")),
            compact=True,
        )
        self.message_id = message_id
        self.custom_id = str(component["custom_id"])
        self.is_dangerous = bool(component.get("danger"))
        self.menu = component if component.get("kind") in MENUS else None

    def remember(self, picked: Sequence[str]) -> None:
        """Show the menu with these picked from now on, as Discord's clients do until the message changes."""
        if self.menu is not None:
            options = [{**one, "chosen": str(one["value"]) in picked} for one in self.menu["options"]]
            self.menu = {**self.menu, "options": options}


class Said(Vertical):
    """A message as `Town.messages` gives it."""

    def __init__(self, view: Json, zone: tzinfo, before: Json | None = None, answered: Json | None = None) -> None:
        """`before` is the message above it, `answered` the one it replies to, where these are known."""
        super().__init__(classes=kind_of(view))
        self.view = view
        self._zone = zone
        self._before = before
        self._answered = answered

    def compose(self) -> ComposeResult:
        """What it answers, name and text, buttons."""
        moment = datetime.fromtimestamp(float(self.view["ts"]), self._zone)
        is_new_day = self._is_new_day(moment)
        if is_new_day:
            yield Static(Content.styled(f"── {moment:%A, %d.%m.%Y} ──", MUTED))
        # An answer that one reader alone gets stands under what they did; saying what it answers is noise.
        answered = None if kind_of(self.view) == "-whisper" else self._answered
        if answered is not None:
            words = " ".join(styled(str(answered["shown"])).plain.split())
            yield Static(Content(f"╭ {answered['author']}: {words}"), classes="answered")
        is_headed = is_new_day or answered is not None or not self._continues()
        yield Static(self._content(moment, is_headed))
        pressable = [one for one in self.view.get("components") or () if one.get("kind", "button") in PRESSABLE]
        for row in _rows(pressable):
            with Horizontal(classes="buttons"):
                for one in row:
                    is_main = one is pressable[0] and len(pressable) > 1
                    yield Press(str(self.view["id"]), one, is_main)

    async def change(self, view: Json) -> None:
        """Show the message as it is now."""
        self.view = view
        await self.recompose()

    def _content(self, moment: datetime, is_headed: bool) -> Content:
        shown = str(self.view["shown"])
        text = styled(shown) if shown else Content.styled("…", MUTED)
        return Content("\n").join([_header(self.view, moment), text] if is_headed else [text])

    def _is_new_day(self, moment: datetime) -> bool:
        if self._before is None:
            return True
        return datetime.fromtimestamp(float(self._before["ts"]), self._zone).date() != moment.date()

    def _continues(self) -> bool:
        """Whether it stands under the name above it."""
        before = self._before
        return (
            before is not None
            and kind_of(before) == kind_of(self.view)
            and before["author_id"] == self.view["author_id"]
            and float(self.view["ts"]) - float(before["ts"]) < TOGETHER
        )


def _rows(components: Sequence[Json]) -> Iterator[list[Json]]:
    """Buttons in rows that fit the narrowest pane."""
    row: list[Json] = []
    width = 0
    for one in components:
        taken = max(len(_label(one)), LEAST_WIDE) + AROUND
        if row and width + taken > ROW:
            yield row
            row, width = [], 0
        row.append(one)
        width += taken
    if row:
        yield row


def _label(component: Json) -> str:
    label = str(component.get("label") or component["custom_id"])
    return f"{label} ▾" if component.get("kind") in MENUS else label


def kind_of(view: Json) -> str:
    """The CSS class of a message: only for one reader, an echo's, or anybody else's."""
    if view.get("ephemeral"):
        return "-whisper"
    return "-echo" if view.get("webhook") else "-plain"


def _header(view: Json, moment: datetime) -> Content:
    kind = kind_of(view)
    colour = "$text-accent" if kind == "-echo" else COLOURS[crc32(str(view["author"]).encode()) % len(COLOURS)]
    parts: list[Content | tuple[str, str]] = [
        (str(view["author"]), f"bold {colour}"),
        (f"  {moment:%H:%M}", MUTED),
    ]
    if view.get("edited"):
        parts.append((" edited", MUTED))
    if kind == "-whisper":
        parts.append(("  only you see this", f"italic {MUTED}"))
    return Content.assemble(*parts)
