"""What the console is, how one gets to a talking echo, and what the keys do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from console import keys

IN_SANDBOX = (
    "A Discord inside this process, with people of its own: speak as any of them.",
    "/echo create asks somebody for an echo; as that person, press I agree, then I agree to this. Echo collects "
    "what they wrote and trains on it. /echo online brings the echo into the channel: talk to it. /echo offline "
    "takes it out, /echo forget erases it.",
    "In the input, Tab completes commands, Up recalls what was sent, Page Up scrolls.",
)
ON_DISCORD = (
    "This shows what stands where: echoes on the left, what happened under Journal, and the log.",
    "People use /echo create, online, offline, status, list and forget in Discord. The keys below do the same from "
    "here, about the echo that is highlighted on the left.",
)
KEYS = (
    (keys.HELP, "this help"),
    (keys.SPEAKER, "speak as the next person"),
    (keys.CHANNEL, "go to the next channel"),
    (keys.BUTTONS, "go to the newest message's buttons; arrows move, Enter presses"),
    (keys.ONLINE, "bring the highlighted echo online"),
    (keys.OFFLINE, "take it offline"),
    (keys.RETRY, "try again what stands still"),
    (keys.FORGET, "erase it, after a question"),
    (keys.PORTRAIT, "how its person writes, and how alike the echo was in its test"),
    (keys.MEASURES, "what answers take: times, tokens, drafts, failures"),
    (keys.PANE, "go from Chat to Journal to Log"),
    (keys.PALETTE, "find whatever is possible now by its name"),
    (keys.QUIT, "quit"),
)
CHAT_KEYS = (keys.SPEAKER, keys.CHANNEL, keys.BUTTONS)


class HelpScreen(ModalScreen[None]):
    """Closed by Escape, Enter or the key that opened it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding(f"escape,enter,{keys.HELP}", "dismiss", "Close")]

    def __init__(self, in_sandbox: bool) -> None:
        super().__init__()
        self._in_sandbox = in_sandbox

    def compose(self) -> ComposeResult:
        """Paragraphs, then keys."""
        with VerticalScroll(classes="dialog help") as dialog:
            dialog.border_title = "Help"
            dialog.border_subtitle = "Escape closes"
            for paragraph in IN_SANDBOX if self._in_sandbox else ON_DISCORD:
                yield Static(paragraph, markup=False, classes="paragraph")
            yield Static(_table([one for one in KEYS if self._in_sandbox or one[0] not in CHAT_KEYS]))


def _table(rows: Sequence[tuple[str, str]]) -> Content:
    lines = (Content.assemble((keys.shown(key).rjust(7), "bold $text-primary"), f"  {what}") for key, what in rows)
    return Content("\n").join(lines)
